package lua_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// files are Lua modules by path.
type files map[string]string

func (f files) tree() fstest.MapFS {
	tree := fstest.MapFS{}
	for path, text := range f {
		tree[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

// world is a VM in which a test runs pieces of Lua.
type world struct {
	*lua.VM
	load *glua.LFunction
}

// newWorld makes a VM of the runtime, none of whose modules is loaded.
func newWorld(t testing.TB, r *lua.Runtime) world {
	t.Helper()
	vm := r.NewVM()
	load, err := vm.Require(t.Context(), "load")
	if err != nil {
		t.Fatal(err)
	}
	return world{vm, load.(*glua.LFunction)}
}

// worlds makes a runtime whose modules are those of f and one more, with which its
// worlds compile Lua.
func worlds(t testing.TB, f files, options lua.Options) *lua.Runtime {
	t.Helper()
	tree := f.tree()
	tree["load.lua"] = &fstest.MapFile{Data: []byte("return function(text) return assert(loadstring(text, 'piece.lua')) end")}
	return newRuntime(t, tree, options)
}

// oneWorld is the only world of a runtime without further modules.
func oneWorld(t testing.TB) world {
	t.Helper()
	return newWorld(t, worlds(t, nil, lua.Options{}))
}

// run runs a piece of Lua and returns its results, as tostring writes them, between
// spaces.
func (w world) run(t testing.TB, piece string) (string, error) {
	t.Helper()
	results, err := w.values(t, piece)
	texts := make([]string, len(results))
	for i, v := range results {
		texts[i] = v.String()
	}
	return strings.Join(texts, " "), err
}

func (w world) values(t testing.TB, piece string) ([]glua.LValue, error) {
	t.Helper()
	fn, err := w.Call(t.Context(), nil, w.load, glua.LString(piece))
	if err != nil {
		return nil, err
	}
	return w.Call(t.Context(), nil, fn[0].(*glua.LFunction))
}

// want runs a piece of Lua that must return want.
func (w world) want(t testing.TB, piece, want string) {
	t.Helper()
	got, err := w.run(t, piece)
	if err != nil {
		t.Errorf("%s\nraised %v", piece, err)
	} else if got != want {
		t.Errorf("%s\nreturned %q, want %q", piece, got, want)
	}
}

// wantRaise runs a piece of Lua that must raise a text with want in it.
func (w world) wantRaise(t testing.TB, piece, want string) {
	t.Helper()
	got, err := w.run(t, piece)
	if err == nil {
		t.Errorf("%s\nreturned %q, want a raise with %q", piece, got, want)
	} else if !strings.Contains(err.Error(), want) {
		t.Errorf("%s\nraised %q, want %q in it", piece, err, want)
	}
}
