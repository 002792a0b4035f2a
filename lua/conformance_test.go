package lua_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// The recorded scenes and the modules that they exercise.
const conformance = "../conformance"

// luaModules hides the modules that need more of Nakama than fakeNakama has.
type luaModules struct{ fs.FS }

func (m luaModules) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(m.FS, name)
	if name != "." {
		return entries, err
	}
	var kept []fs.DirEntry
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "conf_lua") || strings.HasPrefix(entry.Name(), "conf_pure") {
			kept = append(kept, entry)
		}
	}
	return kept, err
}

// fakeNakama has what the modules of the scenes need when they are loaded and in the
// cases that are about the language.
type fakeNakama struct{ rpcs map[string]*glua.LFunction }

func (n *fakeNakama) functions() map[string]glua.LGFunction {
	return map[string]glua.LGFunction{
		"register_rpc": func(L *glua.LState) int {
			fn, id := L.CheckFunction(1), L.CheckString(2)
			if id == "" {
				L.ArgError(2, "id expected")
			}
			n.rpcs[strings.ToLower(id)] = fn
			return 0
		},
		"json_encode": func(L *glua.LState) int {
			text, err := lua.EncodeJSON(L.CheckAny(1))
			return result(L, glua.LString(text), err)
		},
		"json_decode": func(L *glua.LState) int {
			value, err := lua.DecodeJSON(L.CheckString(1))
			return result(L, value, err)
		},
		"base64_decode": func(L *glua.LState) int { return result(L, glua.LNil, errors.New("bad base64")) },
		"time":          func(L *glua.LState) int { return result(L, glua.LNumber(time.Now().UnixMilli()), nil) },
		"get_context": func(L *glua.LState) int {
			return result(L, lua.FromGo(map[string]string{"execution_mode": "run_once"}), nil)
		},
	}
}

func result(L *glua.LState, v glua.LValue, err error) int {
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	L.Push(v)
	return 1
}

type step struct {
	RPC     string `json:"rpc"`
	As      string `json:"as"`
	Payload any    `json:"payload"`
	Want    struct {
		Body   any `json:"body"`
		Status int `json:"status"`
	} `json:"want"`
	Exact  bool     `json:"exact"`
	Ignore []string `json:"ignore"`
}

func TestScenes(t *testing.T) {
	t.Parallel()
	testScenes(t, lua.ReadModules)
}

// TestScenesCounted wants that modules behave alike while their lines are counted.
func TestScenesCounted(t *testing.T) {
	t.Parallel()
	testScenes(t, lua.NewCoverage().ReadModules)
}

func testScenes(t *testing.T, read func(fs.FS) (*lua.Modules, error)) {
	t.Helper()
	modules, err := read(luaModules{os.DirFS(path.Join(conformance, "modules"))})
	if err != nil {
		t.Fatal(err)
	}
	nakama := &fakeNakama{rpcs: map[string]*glua.LFunction{}}
	r := lua.NewRuntime(modules, lua.Options{Libraries: map[string]map[string]glua.LGFunction{"nakama": nakama.functions()}})
	vm := r.NewVM()
	if err := vm.LoadAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	vm.Freeze()
	// What RPCs are told about their callers is not this package's.
	notHere := map[string]bool{"lua.context": true, "lua.get_context": true}
	for _, file := range []string{"lua", "pure"} {
		scenes, err := os.ReadDir(path.Join(conformance, "scenes", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, scene := range scenes {
			name := path.Join(file, scene.Name())
			if file == "pure" && !strings.HasPrefix(scene.Name(), "json_") {
				continue
			}
			for i, s := range readScene(t, path.Join(conformance, "scenes", name)) {
				if s.RPC == "" || notHere[s.RPC] {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d/%v", name, i+1, s.Payload), func(t *testing.T) { s.replay(t, vm, nakama) })
			}
		}
	}
}

func readScene(t *testing.T, file string) []step {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var scene struct{ Steps []step }
	text = []byte(strings.ReplaceAll(string(text), "${nonce}", path.Base(file)))
	if err := json.Unmarshal(text, &scene); err != nil {
		t.Fatal(err)
	}
	return scene.Steps
}

func (s *step) replay(t *testing.T, vm *lua.VM, nakama *fakeNakama) {
	fn := nakama.rpcs[strings.ToLower(s.RPC)]
	if fn == nil {
		t.Fatalf("no RPC %q", s.RPC)
	}
	payload, isText := s.Payload.(string)
	if !isText && s.Payload != nil {
		encoded, _ := json.Marshal(s.Payload)
		payload = string(encoded)
	}
	body, failed := callRPC(t.Context(), vm, fn, payload)
	want := s.Want.Body
	if failed != (s.Want.Status != 200) {
		t.Fatalf("answered %v, want %v", body, want)
	}
	if len(s.Ignore) > 0 {
		return
	}
	if failed && !s.Exact {
		body, want = body.(map[string]any)["code"], want.(map[string]any)["code"]
	}
	if !reflect.DeepEqual(body, want) {
		t.Errorf("answered %s\nwant     %s", text(body), text(want))
	}
}

func text(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// callRPC answers as the server does over REST with unwrap.
func callRPC(ctx context.Context, vm *lua.VM, fn *glua.LFunction, payload string) (body any, failed bool) {
	results, err := vm.Call(ctx, nil, fn, lua.FromGo(map[string]any{}), glua.LString(payload))
	if err != nil {
		return errorBody(err, fn), true
	}
	if len(results) == 0 || results[len(results)-1] == glua.LNil {
		return "", false
	}
	text, ok := lua.ToGo(results[len(results)-1]).(string)
	if !ok {
		return map[string]any{"code": 13.0}, true
	}
	if json.Unmarshal([]byte(text), &body) != nil {
		body = text
	}
	return body, false
}

func errorBody(err error, fn *glua.LFunction) map[string]any {
	var raised *lua.Error
	if !errors.As(err, &raised) {
		return map[string]any{"code": 13.0, "message": err.Error()}
	}
	value, code := raised.Value, 13
	if t, ok := value.(*glua.LTable); ok && t.Len() > 0 {
		value = t.RawGetInt(1)
		if n, ok := t.RawGetInt(2).(glua.LNumber); ok && n >= 1 && n < 17 {
			code = int(n)
		}
	}
	message := value.String()
	if strings.HasPrefix(message, fn.Proto.SourceName) {
		_, message, _ = strings.Cut(message, ": ")
	}
	return map[string]any{"code": float64(code), "message": message, "error": map[string]any{}}
}
