package lua_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// TestConcatenation joins texts wherever an expression may stand. Each is a module's
// function, which gets "a", "b" and 3.
func TestConcatenation(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return x .. y`:                                                           "ab",
		`return x .. y .. n .. x`:                                                 "ab3a",
		`return (x .. y)`:                                                         "ab",
		`return x .. y, n .. n`:                                                   "ab 33",
		`local s = x .. y return s`:                                               "ab",
		`local s, r = x .. y, y .. x return s, r`:                                 "ab ba",
		`x = x .. y return x`:                                                     "ab",
		`y = x .. y return y`:                                                     "ab",
		`n = n .. x return n`:                                                     "3a",
		`n, x = n .. x, x .. n return n, x`:                                       "3a a3a",
		`x, n = x .. n, n .. x return x, n`:                                       "a3 3a3",
		`local t = {} t.a, n = n .. x, n .. n return t.a, n`:                      "3a 33",
		`n, x = n .. x return n, x`:                                               "3a nil",
		`n = x .. n .. y return n`:                                                "a3b",
		`n = n .. n return n`:                                                     "33",
		`local f = function() x = x .. y end f() return x`:                        "ab",
		`t = x .. y local s = t t = nil return s`:                                 "ab",
		`local t = {x .. y, y .. x} return #t, t[1], t[2]`:                        "2 ab ba",
		`local t = {[x .. y] = y .. x} return t.ab`:                               "ba",
		`local t = {} t[x .. y] = y .. x return t.ab`:                             "ba",
		`local t = {ab = 1} t[x .. y] = t[x .. y] + 1 return t.ab`:                "2",
		`return select("#", x .. y)`:                                              "1",
		`return string.upper(x .. y)`:                                             "AB",
		`return (x .. y):upper()`:                                                 "AB",
		`return (x .. y):rep(2) .. (y .. x)`:                                      "ababba",
		`return x .. y == "ab", x .. y < "ac", #(x .. y)`:                         "true true 2",
		`return x .. y and 1 or 2, not (x .. y)`:                                  "1 false",
		`if x .. y == "ab" then return 1 end`:                                     "1",
		`while x .. y ~= "abb" do y = y .. "b" end return y`:                      "bb",
		`repeat x = x .. y until x .. y == "abbb" return x`:                       "abb",
		`for i = 1, #(x .. y) do n = n .. i end return n`:                         "312",
		`for c in (x .. y):gmatch(".") do n = n .. c end return n`:                "3ab",
		`return (x .. y) .. (y .. x), x .. (y .. (n .. x))`:                       "abba ab3a",
		`return 1 .. 2, n + 1 .. n - 1, -n .. n`:                                  "12 42 -33",
		`return x .. 1.5 .. n / 2, 1e15 .. x, 0/0 .. x == x`:                      "a1.51.5 1000000000000000a false",
		`return ("x" .. ("y" .. n)), "<" .. n .. ">"`:                             "xy3 <3>",
		`return (function(...) return ... .. x, (...) .. x end)(y)`:               "ba ba",
		`local function f(s) s = s .. x return s end return f(y)`:                 "ba",
		`local function f(s, r) r = r .. s return r end return f(x, y)`:           "ba",
		`local function f(self) return self .. x .. self end return f(y)`:         "bab",
		`local s = "" for i = 1, 3 do local p = s .. i s = p .. "," end return s`: "1,2,3,",
		`return ` + strings.Repeat(`x .. y .. `, 60) + `n`:                        strings.Repeat("ab", 60) + "3",
		`return ` + strings.Repeat(`"-" .. `, 100) + `n`:                          strings.Repeat("-", 100) + "3",
		`local order = ""
		local function note(s) order = order .. s return s end
		return note("1") .. note("2") .. note("3"), order`: "123 123",
		`local mt = {__concat = function(a, b)
			return "<" .. (type(a) == "table" and "t" or a) .. "|" .. (type(b) == "table" and "t" or b) .. ">"
		end}
		local o = setmetatable({}, mt)
		return o .. x, x .. o, x .. y .. o, o .. x .. y, o .. o, x .. o .. y`: "<t|a> <a|t> a<b|t> <t|ab> <t|t> a<t|b>",
		`local o = setmetatable({}, {__concat = function() return nil, 2 end}) return o .. x`: "nil",
	} {
		t.Run(body[:min(len(body), 40)], func(t *testing.T) {
			t.Parallel()
			modules := fstest.MapFS{"m.lua": {Data: []byte("return function(x, y, n)\n" + body + "\nend")}}
			for name, read := range map[string]func() (*lua.Modules, error){
				"plain":   func() (*lua.Modules, error) { return lua.ReadModules(modules) },
				"counted": func() (*lua.Modules, error) { return lua.NewCoverage().ReadModules(modules) },
			} {
				read, err := read()
				if err != nil {
					t.Fatal(err)
				}
				vm := lua.NewRuntime(read, lua.Options{}).NewVM()
				fn, err := vm.Require(t.Context(), "m")
				if err != nil {
					t.Fatal(err)
				}
				results, err := vm.Call(t.Context(), nil, fn.(*glua.LFunction), glua.LString("a"), glua.LString("b"), glua.LNumber(3))
				if err != nil {
					t.Fatal(err)
				}
				texts := make([]string, len(results))
				for i, v := range results {
					texts[i] = v.String()
				}
				if got := strings.Join(texts, " "); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestConcatenationRaises wants the same as of the interpreter's own instruction.
func TestConcatenationRaises(t *testing.T) {
	t.Parallel()
	for operands, want := range map[string]string{
		`"a" .. x`:                               "cannot perform concat operation between string and nil",
		`x .. y`:                                 "cannot perform concat operation between nil and nil",
		`z .. z .. x`:                            "cannot perform concat operation between string and nil",
		`x .. z .. z`:                            "cannot perform concat operation between nil and string",
		`z .. {} .. z`:                           "cannot perform concat operation between table and string",
		`z .. true`:                              "cannot perform concat operation between string and boolean",
		`z .. setmetatable({}, {__concat = {}})`: "cannot perform concat operation between string and table",
		`(z:rep(5e7)) .. (z:rep(5e7))`:           "concatenation would make a string of more than 67108864 bytes",
	} {
		source := "local z = 'z'\nlocal function join(x, y)\n  return " + operands + "\nend\nreturn function()\n  join()\nend"
		vm := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte(source)}}, lua.Options{Locals: true}).NewVM()
		fn, err := vm.Require(t.Context(), "m")
		if err != nil {
			t.Fatal(err)
		}
		_, err = vm.Call(t.Context(), nil, fn.(*glua.LFunction))
		var raised *lua.Error
		if !errors.As(err, &raised) || raised.Error() != "m.lua:3: "+want {
			t.Errorf("%s: raised %v, want %q", operands, err, want)
			continue
		}
		if want := "stack traceback:\n\tm.lua:3: in function 'join'\n\tm.lua:6: in function <m.lua:5>"; raised.Stack != want {
			t.Errorf("%s: the stack is %q, want %q", operands, raised.Stack, want)
		}
		if len(raised.Locals) != 2 || raised.Locals[0].Name != "x" {
			t.Errorf("%s: the locals are %v", operands, raised.Locals)
		}
	}
}

// TestConcatenationWithoutRoom has functions with as many variables as there may be.
func TestConcatenationWithoutRoom(t *testing.T) {
	t.Parallel()
	for locals := 190; locals <= 198; locals++ {
		names := make([]string, locals)
		for i := range names {
			names[i] = fmt.Sprintf("v%d", i)
		}
		source := "local " + strings.Join(names, ", ") + " = 1, 2\nreturn v0 .. v1"
		v, err := newRuntime(t, fstest.MapFS{"m.lua": {Data: []byte(source)}}, lua.Options{}).NewVM().Require(t.Context(), "m")
		if err != nil || v != glua.LString("12") {
			t.Errorf("%d locals: %v, %v", locals, v, err)
		}
	}
}
