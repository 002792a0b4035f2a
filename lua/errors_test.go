package lua_test

import (
	"errors"
	"strings"
	"testing"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// TestRaisedValues raises a value of every type through pcall and through VM.Call.
func TestRaisedValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, same, text string }{
		"nil":      {`nil`, `v == nil`, "piece.lua:1: (error object is a nil value)"},
		"false":    {`false`, `v == false`, "piece.lua:1: (error object is a boolean value)"},
		"true":     {`true`, `v == true`, "piece.lua:1: (error object is a boolean value)"},
		"number":   {`1.5`, `v == 1.5`, "1.5"},
		"string":   {`"text"`, `v == "piece.lua:1: text"`, "piece.lua:1: text"},
		"empty":    {`""`, `v == "piece.lua:1: "`, "piece.lua:1: "},
		"table":    {`{1, code = 2}`, `v[1] == 1 and v.code == 2`, "piece.lua:1: (error object is a table value)"},
		"function": {`print`, `v == print`, "piece.lua:1: (error object is a function value)"},
		"userdata": {`newproxy()`, `type(v) == "userdata"`, "piece.lua:1: (error object is a userdata value)"},
		"percent":  {`"100%d %s"`, `v == "piece.lua:1: 100%d %s"`, "piece.lua:1: 100%d %s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := oneWorld(t)
			w.want(t, `local ok, v = pcall(function() error(`+c.value+`) end) return ok, `+c.same, "false true")
			w.want(t, `local _, v = pcall(function() error(`+c.value+`) end)
				local _, again = pcall(function() error(v, 0) end) return rawequal(v, again)`, "true")
			_, err := w.run(t, `error(`+c.value+`)`)
			var raised *lua.Error
			if !errors.As(err, &raised) {
				t.Fatalf("Call returned %v", err)
			}
			if raised.Error() != c.text || raised.File != "piece.lua" || raised.Line != 1 {
				t.Errorf("raised %q at %s:%d, want %q", raised, raised.File, raised.Line, c.text)
			}
			same, err := w.values(t, `return function(v) return `+c.same+` end`)
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Call(t.Context(), nil, function(t, same[0]), raised.Value)
			if err != nil || got[0] != glua.LTrue {
				t.Errorf("the raised value is %v, %v", raised.Value, err)
			}
		})
	}
}

// A table keeps its identity and its metatable on the way out and in.
func TestRaisedTable(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	_, err := w.run(t, `fault = setmetatable({3}, {__tostring = function() return "named" end}) error(fault)`)
	var raised *lua.Error
	if !errors.As(err, &raised) {
		t.Fatal(err)
	}
	isFault, err := w.values(t, `return function(v) return v == fault and tostring(v) end`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Call(t.Context(), nil, function(t, isFault[0]), raised.Value)
	if err != nil || got[0] != glua.LString("named") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestErrorPlaces(t *testing.T) {
	t.Parallel()
	modules := files{"f/lib.lua": `
local lib = {}
function lib.check(v, level)
  if not v then error("unchecked", level) end
  return v
end
function lib.index(t) return t.x.y end
function lib.call(fn) fn() end
return lib`}
	r := worlds(t, modules, lua.Options{})
	const use = "local lib = require('f.lib')\n"
	for name, c := range map[string]struct {
		piece, text, file string
		line              int
	}{
		"where error is called": {use + "lib.check(false)", "f/lib.lua:4: unchecked", "f/lib.lua", 4},
		"level 1":               {use + "lib.check(false, 1)", "f/lib.lua:4: unchecked", "f/lib.lua", 4},
		// gopher-lua, and so Nakama, counts the running function twice.
		"level 2":       {use + "lib.check(false, 2)", "f/lib.lua:4: unchecked", "f/lib.lua", 4},
		"level 3":       {use + "lib.check(false, 3)", "piece.lua:2: unchecked", "f/lib.lua", 4},
		"level 0":       {use + "lib.check(false, 0)", "unchecked", "f/lib.lua", 4},
		"a wrong index": {use + "\nlib.index({})", "f/lib.lua:7: attempt to index a non-table object(nil) with key 'y'", "f/lib.lua", 7},
		"a Lua function in between": {
			use + "lib.call(function()\n  local x = 1 + {}\nend)", "piece.lua:3: cannot perform add operation between number and table", "piece.lua", 3,
		},
		"a function of a library": {"\n\nstring.rep()", "piece.lua:3: bad argument #1 to rep (string expected, got nil)", "piece.lua", 3},
		"assert":                  {"\nassert(false, 'no')", "piece.lua:2: no", "piece.lua", 2},
		"assert without a text":   {"\nassert(nil)", "piece.lua:2: assertion failed!", "piece.lua", 2},
		"an endless recursion":    {"local function f() return 1 + f() end\nf()", "stack overflow", "piece.lua", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newWorld(t, r).run(t, c.piece)
			var raised *lua.Error
			if !errors.As(err, &raised) {
				t.Fatalf("Call returned %v", err)
			}
			if !strings.Contains(raised.Error(), c.text) || raised.File != c.file || raised.Line != c.line {
				t.Errorf("raised %q at %s:%d, want %q at %s:%d", raised, raised.File, raised.Line, c.text, c.file, c.line)
			}
			if !strings.HasPrefix(raised.Stack, "stack traceback:\n") {
				t.Errorf("the stack is %q", raised.Stack)
			}
		})
	}
}

func TestTraceback(t *testing.T) {
	t.Parallel()
	r := worlds(t, files{"deep.lua": "local function inner()\n  error('deep')\nend\nlocal function outer()\n  inner()\n  return 1\nend\nreturn outer"}, lua.Options{})
	_, err := newWorld(t, r).run(t, "local outer = require('deep')\nouter()\nreturn 1")
	var raised *lua.Error
	if !errors.As(err, &raised) {
		t.Fatal(err)
	}
	rest := raised.Stack
	for _, want := range []string{"deep.lua:2: in ", "deep.lua:5: in ", "piece.lua:2: in "} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("no %q in its place in\n%s", want, raised.Stack)
		}
		rest = after
	}
}

func TestProtectedCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ piece, want string }{
		"all results":     {`return pcall(function(...) return ... end, 1, nil, 3)`, "true 1 nil 3"},
		"no results":      {`return pcall(function() end)`, "true"},
		"no function":     {`return pcall(1)`, "false attempt to call a number value"},
		"a callable":      {`return pcall(setmetatable({}, {__call = function(_, x) return x end}), 5)`, "true 5"},
		"a position":      {"return pcall(error, 'x')", "false piece.lua:1: x"},
		"no position":     {"return pcall(error, 'x', 0)", "false x"},
		"within another":  {`return pcall(pcall, error, "x", 0)`, "true false x"},
		"raised again":    {`return pcall(function() local _, e = pcall(error, "a", 0) error(e .. "b", 0) end)`, "false ab"},
		"after a raise":   {`local n = 0 for i = 1, 500 do if not pcall(error, {}) then n = n + 1 end end return n`, "500"},
		"too many":        {`local function f() return select(2, pcall(f)) end return (f():match("too many calls of pcall"))`, "too many calls of pcall"},
		"deep in another": {`local function f(n) if n == 0 then error("deep", 0) end local _, e = pcall(f, n - 1) error(e, 0) end return pcall(f, 20)`, "false deep"},
		"variables stay shared": {
			`local n = 0
			local function add() n = n + 1 end
			pcall(function() add() error("x") end)
			add()
			local get = function() return n end
			pcall(error, "y")
			n = n + 1
			return get()`, "3",
		},
		"a closure made before the raise": {
			`local get
			pcall(function() local x = 1 get = function() x = x + 1 return x end error("x") end)
			return get(), get()`, "2 3",
		},
		"xpcall's results":      {`return xpcall(function() return 1, 2 end, error)`, "true 1 2"},
		"a handler":             {`return xpcall(function() error("x", 0) end, function(e) return "<" .. e .. ">" end)`, "false <x>"},
		"a handler's one value": {`return xpcall(function() error("x", 0) end, function(e) return 1, 2 end)`, "false 1"},
		"a handler of a table":  {`return xpcall(function() error({7}) end, function(e) return e[1] end)`, "false 7"},
		"a handler of nothing":  {`return xpcall(function() error("x") end, function() end)`, "false nil"},
		"a handler that raises": {`return xpcall(function() error("x") end, function() error("y", 0) end)`, "false y"},
		"a handler in Go":       {`return xpcall(function() error(5) end, tostring)`, "false 5"},
		"no handler":            {`return pcall(function() xpcall(print) end)`, "false piece.lua:1: bad argument #2 to xpcall (function expected, got nil)"},
		"in a sort":             {`return pcall(table.sort, {3, 1, 2}, function() error("x", 0) end)`, "false x"},
		"in gsub":               {`return pcall(string.gsub, "abc", ".", function() error("x", 0) end)`, "false x"},
		"in a metamethod":       {`return pcall(function() return setmetatable({}, {__index = function() error("x", 0) end}).y end)`, "false x"},
		"in an iterator":        {`return pcall(function() for _ in function() error("x", 0) end do end end)`, "false x"},
		"in load's reader":      {`return pcall(load, function() error("x", 0) end)`, "false x"},
		"an assert of a table":  {`return pcall(function() assert(false, {}) end)`, "false piece.lua:1: bad argument #2 to assert (string expected, got table)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oneWorld(t).want(t, c.piece, c.want)
		})
	}
}

// A VM that raised runs on as before, and its other calls with it.
func TestCallsAfterRaise(t *testing.T) {
	t.Parallel()
	w := oneWorld(t)
	for range 50 {
		w.wantRaise(t, `count = (count or 0) + 1 error("again")`, "again")
	}
	w.want(t, `return count`, "50")
}
