package lua_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// puc is PUC Lua 5.1 in a process of its own, which lives as long as the tests.
type puc struct {
	mu      sync.Mutex
	in      io.Writer
	answers *bufio.Reader
}

// thePUC is one for all tests, as starting it would make fuzzing slow.
var thePUC = sync.OnceValues(startPUC)

func startPUC() (*puc, error) {
	path, err := exec.LookPath("lua5.1")
	if err != nil {
		return nil, fmt.Errorf("%w; `make setup` installs it", err)
	}
	peer := exec.Command(path, "testdata/peer.lua", "testdata/calls.lua")
	peer.Stderr = os.Stderr
	in, err := peer.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := peer.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := peer.Start(); err != nil {
		return nil, err
	}
	return &puc{in: in, answers: bufio.NewReader(out)}, nil
}

func (p *puc) call(args ...string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	request := make([]string, len(args))
	for i, arg := range args {
		request[i] = "." + hex.EncodeToString([]byte(arg))
	}
	if _, err := io.WriteString(p.in, strings.Join(request, " ")+"\n"); err != nil {
		return nil, fmt.Errorf("asking PUC Lua: %w", err)
	}
	answer, err := p.answers.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("hearing from PUC Lua: %w", err)
	}
	results := strings.Fields(answer)
	for i, field := range results {
		text, err := hex.DecodeString(field[1:])
		if err != nil {
			return nil, fmt.Errorf("PUC Lua answered %q: %w", answer, err)
		}
		results[i] = string(text)
	}
	return results, nil
}

// both makes calls of the string library under nkhost and under PUC Lua.
type both struct {
	puc *puc
	vm  *lua.VM
	fn  *glua.LFunction
}

func newBoth(t testing.TB) *both {
	t.Helper()
	peer, err := thePUC()
	if err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile("testdata/calls.lua")
	if err != nil {
		t.Fatal(err)
	}
	vm := newRuntime(t, files{"calls.lua": string(calls)}.tree(), lua.Options{}).NewVM()
	fn, err := vm.Require(t.Context(), "calls")
	if err != nil {
		t.Fatal(err)
	}
	return &both{peer, vm, fn.(*glua.LFunction)}
}

// call makes one call under both. The arguments are those of the function in calls.lua.
func (b *both) call(t testing.TB, args ...string) (ours, theirs []string) {
	t.Helper()
	values := make([]glua.LValue, len(args))
	for i, arg := range args {
		values[i] = glua.LString(arg)
	}
	results, err := b.vm.Call(t.Context(), nil, b.fn, values...)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range results {
		ours = append(ours, string(v.(glua.LString)))
	}
	if theirs, err = b.puc.call(args...); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// difference is a call to which nkhost answers other than PUC Lua, because modules find
// that answer on Nakama.
type difference struct {
	reason       string
	call         []string
	ours, theirs []string
}

func (b *both) checkDifference(t testing.TB, d difference) {
	t.Helper()
	ours, theirs := b.call(t, d.call...)
	if !slices.Equal(ours, d.ours) {
		t.Errorf("%q: nkhost returns %q, want %q: %s", d.call, ours, d.ours, d.reason)
	}
	if !slices.Equal(theirs, d.theirs) {
		t.Errorf("%q: PUC Lua returns %q, not %q", d.call, theirs, d.theirs)
	}
}
