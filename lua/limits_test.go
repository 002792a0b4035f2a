package lua_test

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// runaways are scripts that would hang the process or take all memory. Each must end in
// an error, of its own or of a limit.
var runaways = []struct {
	name, script string
	limit        bool // nothing but a limit of the call ends it
}{
	{"an endless loop", `while true do end`, true},
	{"an endless numeric loop", `for i = 1, math.huge do end`, true},
	{"an endless repeat", `repeat until false`, true},
	{"a loop by goto", `::again:: goto again`, true},
	{"a loop within pcall", `while true do pcall(function() while true do end end) end`, true},
	{"a loop of pcalls", `while true do pcall(error) end`, true},
	{"a loop in the handler of xpcall", `xpcall(error, function() while true do end end) while true do end`, true},
	{"pcalls that call each other", `local function f() pcall(f) pcall(f) end f()`, true},
	{"endless tail calls", `local function f() return f() end return f()`, true},
	{"tail calls through __call", `local t = setmetatable({}, {}) getmetatable(t).__call = function(self) return self() end t()`, true},
	{"calls without end", `local function f() end while true do f() end`, true},
	{"a loop of collections", `while true do collectgarbage() end`, true},
	{"a loop in a sort", `table.sort({1, 2, 3}, function() while true do end end)`, true},
	{"a loop in a substitution", `("x"):gsub("x", function() while true do end end)`, true},
	{"an iterator without end", `for x in function() return 1 end do end`, true},
	{"a loop in __index", `local t = setmetatable({}, {__index = function() while true do end end}) return t.x`, true},
	{"slow recursion", `local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(90)`, true},
	{"text that grows bit by bit", `local s = ("x"):rep(1e7) while true do s = s .. "x" end`, true},
	{"a table that grows", `local t = {} while true do t[#t + 1] = {} end`, true},
	{"a table of big texts", `local t = {} for i = 1, 1e6 do t[i] = ("x"):rep(1e6) .. i end`, true},
	{"a table of closures", `local t = {} for i = 1, 1e9 do t[i] = function() return i end end`, true},

	{"a pattern on a long text", `local s = ("a"):rep(3e7) return s:find("(.-)(.-)(.-)b")`, true},

	{"text that doubles", `local s = "x" while true do s = s .. s end`, false},
	{"text that grows by many at a time", `local s = ("x"):rep(1e6) while true do s = ` + strings.Repeat("s..", 100) + `s end`, false},
	{"a repeated text", `return ("x"):rep(1e11)`, false},
	{"a wide format", `return ("%1000000000s"):format("x")`, false},
	{"deep recursion", `local function f() return 1 + f() end return f()`, false},
	{"deep recursion through pcall", `local function f() local ok, text = pcall(f) error(text) end f()`, false},
	{"an overflow in a tail call", `local function f(...) return f(1, ...) end return f(1)`, false},
	{"results without end", `return unpack({}, 1, 1e8)`, false},
	{"a chunk that is too long", `assert(loadstring(("x = 1 "):rep(1e6)))`, false},
	{"a chunk that is too deep", `assert(loadstring("return " .. ("- "):rep(1e5) .. "1"))`, false},
	{"a chunk of powers", `assert(loadstring("return " .. ("x^"):rep(8e4) .. "x"))`, false},
	{"a reader without end", `assert(load(function() return "x = 1 " end))`, false},
	{"a module loop", `return require("absent")`, false},
	{"a pattern that backtracks", `return ("a"):rep(60):find(("a-"):rep(30) .. "b")`, false},
	{"a substitution that backtracks", `return ("a"):rep(60):gsub(("a-"):rep(30) .. "b", "")`, false},
}

func TestRunaways(t *testing.T) {
	limits := lua.Options{CallTimeout: 300 * time.Millisecond, CallMemory: 64 << 20}
	for _, test := range runaways {
		t.Run(test.name, func(t *testing.T) {
			r := newRuntime(t, fstest.MapFS{"bad.lua": {Data: []byte("return function()\n" + test.script + "\nend")}}, limits)
			vm := r.NewVM()
			defer vm.Close()
			bad, err := vm.Require(t.Context(), "bad")
			if err != nil {
				t.Fatal(err)
			}
			_, err = vm.Call(t.Context(), nil, bad.(*glua.LFunction))
			if err == nil {
				t.Fatal("it ended without an error")
			}
			if test.limit && !errors.Is(err, lua.ErrLimit) {
				t.Errorf("it ended with: %v", err)
			}
			var raised *lua.Error
			if test.limit && (!errors.As(err, &raised) || !strings.HasPrefix(err.Error(), "bad.lua:") || !strings.Contains(raised.Stack, "bad.lua:")) {
				t.Errorf("the error does not say where: %v", err)
			}
		})
	}
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if used := memory.HeapAlloc >> 20; used > 64 {
		t.Errorf("%d MB are still in use", used)
	}
}

// TestAfterALimitTheVMGoesOn stops a function and then calls it, and what it called,
// again: nothing of the stop may be left in them.
func TestAfterALimitTheVMGoesOn(t *testing.T) {
	t.Parallel()
	r := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte(`
		local function spin(n) for i = 1, n do end return n end
		return function(n) return spin(n) end`)}}, lua.Options{CallTimeout: 50 * time.Millisecond})
	vm := r.NewVM()
	fn, err := vm.Require(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := vm.Call(t.Context(), nil, fn.(*glua.LFunction), glua.LNumber(1e12)); !errors.Is(err, lua.ErrLimit) {
			t.Fatalf("a long call: %v", err)
		}
		results, err := vm.Call(t.Context(), nil, fn.(*glua.LFunction), glua.LNumber(7))
		if err != nil || results[0] != glua.LNumber(7) {
			t.Fatalf("a short call after it: %v, %v", results, err)
		}
	}
}

// TestGarbageIsNoBlame has a call bring more into use than it may, and keep it or not. What the
// last collection left is the same for both when the watchdog looks. Not parallel: what other
// tests take would count.
func TestGarbageIsNoBlame(t *testing.T) {
	for _, kept := range []bool{true, false} {
		runtime.GC() // so that the memory of tests before is not in use any more
		var text []byte
		take := func(L *glua.LState) int {
			lua.Wait(L, func() { // in which nothing is stopped
				text = make([]byte, 64<<20)
				runtime.GC()
				if !kept {
					text = nil
				}
			})
			if !kept {
				time.Sleep(100 * time.Millisecond) // so that the watchdog looks
			}
			L.Push(glua.LBool(kept))
			return 1
		}
		r := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte(`return function() local kept = require("host").take() repeat tostring(1) until not kept end`)}},
			lua.Options{CallMemory: 32 << 20, CallTimeout: time.Minute, Libraries: map[string]map[string]glua.LGFunction{"host": {"take": take}}})
		vm := r.NewVM()
		fn, err := vm.Require(t.Context(), "m")
		if err != nil {
			t.Fatal(err)
		}
		_, err = vm.Call(t.Context(), nil, fn.(*glua.LFunction))
		runtime.KeepAlive(text)
		text = nil // which the watchdog would else hold on to for a while
		if (err != nil && strings.Contains(err.Error(), "memory")) != kept {
			t.Errorf("kept is %v, and the call ended with %v", kept, err)
		}
	}
}

// TestLimitsAmongGarbage has calls that reach a limit while others make garbage all the time,
// so that every collection keeps some.
func TestLimitsAmongGarbage(t *testing.T) {
	var others sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		others.Go(func() {
			var made []byte
			for {
				select {
				case <-done:
					return
				default:
					made = append(made[:0:0], make([]byte, 1<<16)...)
				}
			}
		})
	}
	defer others.Wait()
	defer close(done)
	for name, c := range map[string]struct {
		body, want string
		limits     lua.Options
	}{
		"memory": {`local kept = {} while true do kept[#kept + 1] = {#kept} end`, "more than 32 MB", lua.Options{CallMemory: 32 << 20, CallTimeout: time.Minute}},
		"time":   {`while true do end`, "longer than 200ms", lua.Options{CallMemory: 32 << 20, CallTimeout: 200 * time.Millisecond}},
	} {
		r := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte("return function() " + c.body + " end")}}, c.limits)
		vm := r.NewVM()
		fn, err := vm.Require(t.Context(), "m")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = vm.Call(t.Context(), nil, fn.(*glua.LFunction)); !errors.Is(err, lua.ErrLimit) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the call ended with %v", name, err)
		}
	}
}

// TestWaitingDoesNotCount waits longer than a call may run.
func TestWaitingDoesNotCount(t *testing.T) {
	t.Parallel()
	wait := func(L *glua.LState) int {
		lua.Wait(L, func() { time.Sleep(150 * time.Millisecond) })
		return 0
	}
	r := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte(`return function() for i = 1, 2 do require("host").wait() end return "done" end`)}},
		lua.Options{CallTimeout: 100 * time.Millisecond, Libraries: map[string]map[string]glua.LGFunction{"host": {"wait": wait}}})
	vm := r.NewVM()
	fn, err := vm.Require(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if results, err := vm.Call(t.Context(), nil, fn.(*glua.LFunction)); err != nil || results[0] != glua.LString("done") {
		t.Errorf("%v, %v", results, err)
	}
}

// TestLongWorkOnValues has Go functions that Lua calls work on many values until the call is
// over its limit: the work then ends with the limit's error.
func TestLongWorkOnValues(t *testing.T) {
	t.Parallel()
	list := make([]any, 20_000)
	fields := map[string]any{}
	for i := range list {
		list[i] = i
		fields[fmt.Sprint("field", i)] = true
	}
	for name, work := range map[string]func(L *glua.LState) error{
		"encoding a list":      func(L *glua.LState) error { _, err := lua.EncodeJSONFor(L, lua.FromGo(list)); return err },
		"encoding an object":   func(L *glua.LState) error { _, err := lua.EncodeJSONFor(L, lua.FromGo(fields)); return err },
		"converting a list":    func(L *glua.LState) error { _, err := lua.ConvertToGoFor(L, lua.FromGo(list)); return err },
		"converting an object": func(L *glua.LState) error { _, err := lua.ConvertToGoFor(L, lua.FromGo(fields)); return err },
		"decoding": func(L *glua.LState) error {
			_, err := lua.DecodeJSONFor(L, "["+strings.Repeat("1,", 20_000)+"1]")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := errors.New("the work was not begun")
			host := func(L *glua.LState) int {
				for giveUp := time.Now().Add(time.Minute); time.Now().Before(giveUp); {
					if ended = work(L); ended != nil {
						break
					}
				}
				return 0
			}
			r := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte(`return require("host").work`)}},
				lua.Options{CallTimeout: 50 * time.Millisecond, Libraries: map[string]map[string]glua.LGFunction{"host": {"work": host}}})
			vm := r.NewVM()
			fn, err := vm.Require(t.Context(), "m")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := vm.Call(t.Context(), nil, fn.(*glua.LFunction)); !errors.Is(err, lua.ErrLimit) || !errors.Is(ended, lua.ErrLimit) {
				t.Errorf("the call ended with %v, the work with %v", err, ended)
			}
		})
	}
}

// TestTextsFollowTheMemory wants that no text takes more than half of what a call may.
func TestTextsFollowTheMemory(t *testing.T) {
	w := newWorld(t, worlds(t, nil, lua.Options{CallMemory: 64 << 20}))
	for piece, want := range map[string]string{
		`return ("x"):rep(4e7)`: "string.rep", `local s = ("x"):rep(2e7) return s .. s`: "concatenation",
		`local s = ("x"):rep(2e7) return table.concat({s, s})`: "table.concat", `local s = ("x"):rep(2e7) return ("%s%s"):format(s, s)`: "string.format",
	} {
		w.wantRaise(t, piece, want+" would make a string of more than 33554432 bytes")
	}
	w.want(t, `return #("x"):rep(3e7)`, "30000000")
}
