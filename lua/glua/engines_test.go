package glua_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	gopher "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"nkhost/lua/glua"
)

func TestMain(m *testing.M) {
	gopher.MaxArrayIndex = glua.MaxArrayIndex
	os.Exit(m.Run())
}

const (
	callStackSize   = 200
	registrySize    = 1024
	registryMaxSize = 64 * 1024
	// So many ticks has a program; then each raises.
	maxTicks = 1000
	// So many lines of what it prints count.
	maxLines = 3000
	// So long is what cut returns at most.
	maxText = 40
)

// way is how the functions of the host do what may be done in several ways.
type way struct {
	// ownStack runs what pcall calls on a stack of its own. On the stack of its caller
	// gopher-lua takes the variables of all running functions from their closures when an
	// error is raised.
	ownStack bool
	// calledIterators makes pairs and ipairs return functions that loops have to call.
	calledIterators bool
}

// outcome is what a program did.
type outcome struct {
	text string
	// broken says that Go code has panicked in the interpreter.
	broken bool
}

// host collects what a program does.
type host struct {
	way    way
	out    strings.Builder
	ticks  int
	lines  int
	broken bool
	seen   map[string]int // addresses
	kept   []any
}

// withoutAddresses is for texts about what may be gone.
func withoutAddresses(text string) string { return address.ReplaceAllString(text, "$1") }

func newHost(w way) host { return host{way: w, seen: map[string]int{}} }

func (h *host) outcome() outcome { return outcome{h.out.String(), h.broken} }

var address = regexp.MustCompile(`(table|function|userdata): 0x[0-9a-f]+`)

// plain numbers the addresses in a text by their first appearance. What has them must stay
// alive, so that nothing else gets them.
func (h *host) plain(text string) string {
	return address.ReplaceAllStringFunc(text, func(found string) string {
		n, ok := h.seen[found]
		if !ok {
			n = len(h.seen) + 1
			h.seen[found] = n
		}
		kind, _, _ := strings.Cut(found, ":")
		return fmt.Sprintf("%s: %d", kind, n)
	})
}

// compare runs a program on both interpreters in all ways and returns the first
// difference as text, or "".
func compare(source string, ways ...way) (difference string, usable bool) {
	chunk, err := parse.Parse(strings.NewReader(source), "test.lua")
	if err != nil {
		return "", false
	}
	for _, w := range ways {
		want, ok := runGopher(source, w)
		if !ok || want.broken {
			return "", false
		}
		proto, err := glua.Compile(chunk, "test.lua", false)
		if err != nil {
			return fmt.Sprintf("%+v: only ours does not compile: %v", w, err), true
		}
		for range 2 { // the second time with what the instructions remember
			if got := runOurs(proto, w); got.text != want.text {
				return fmt.Sprintf("%+v:\n--- gopher-lua\n%s\n--- ours\n%s", w, want.text, got.text), true
			}
		}
	}
	return "", true
}

var everyWay = []way{{}, {ownStack: true}, {calledIterators: true}, {ownStack: true, calledIterators: true}}

func compile(t *testing.T, source string) *glua.FunctionProto {
	t.Helper()
	chunk, err := parse.Parse(strings.NewReader(source), "test.lua")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := glua.Compile(chunk, "test.lua", false)
	if err != nil {
		t.Fatal(err)
	}
	return proto
}

// runGopher returns false if the program does not compile.
func runGopher(source string, w way) (outcome, bool) {
	L := gopher.NewState(gopher.Options{
		CallStackSize: callStackSize, RegistrySize: registrySize, RegistryMaxSize: registryMaxSize, RegistryGrowStep: registrySize, SkipOpenLibs: true,
	})
	defer L.Close()
	fn, err := L.Load(strings.NewReader(source), "test.lua")
	if err != nil {
		return outcome{}, false
	}
	h := &gopherHost{newHost(w)}
	h.open(L)
	L.Push(fn)
	if err := L.PCall(0, gopher.MultRet, nil); err != nil {
		raised := h.raised(err)
		fmt.Fprintln(&h.out, "raised", raised.Type(), h.plain(raised.String()))
		return h.outcome(), true
	}
	for i := 1; i <= L.GetTop(); i++ {
		fmt.Fprintln(&h.out, "returned", h.plain(L.Get(i).String()))
	}
	return h.outcome(), true
}

func runOurs(proto *glua.FunctionProto, w way) outcome {
	h, L := openOurs(w)
	L.Push(glua.NewFunction(proto, h.globals))
	if err := L.PCall(0, glua.MultRet); err != nil {
		raised := h.raised(err)
		fmt.Fprintln(&h.out, "raised", raised.Type(), h.plain(raised.String()))
		return h.outcome()
	}
	for i := 1; i <= L.GetTop(); i++ {
		fmt.Fprintln(&h.out, "returned", h.plain(L.Get(i).String()))
	}
	return h.outcome()
}
