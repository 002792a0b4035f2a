package glua_test

import (
	"errors"
	"testing"

	"nkhost/lua/glua"
)

// TestMisuse runs programs that use a value of the wrong type, and wants to hear what they
// call it.
func TestMisuse(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{
		`missing()`:                                                  "missing is nil",
		`local t = {} t.run()`:                                       "t.run is nil",
		`local t = {} t:run(1, 2)`:                                   "t:run is nil",
		`local t = {a = {}} t.a.b.c()`:                               "t.a.b is nil",
		`local t = {a = {}} t.a.b:c()`:                               "t.a.b is nil",
		`local t = {a = {}} return t.a.b()`:                          "t.a.b is nil",
		`local t = {a = 1} t.a()`:                                    "t.a is a number",
		`local f = "text" f()`:                                       "f is a string",
		`local t = {} local function f() t.x() end f()`:              "t.x is nil",
		`local t local function f() return t.x end f()`:              "t is nil",
		`local t t.x = 1`:                                            "t is nil",
		`local t = {} t.a.b = 1`:                                     "t.a is nil",
		`local t = {} t["a"]["b"] = 1`:                               "t.a is nil",
		`local t, k = {}, "key" return t[k].x`:                       "t[k] is nil",
		`local function f(a, b) return a.x + b.x end f({x = 1}, {})`: "b.x is nil",
		`local function f(a, b) return a.x + b.x end f({}, {x = 1})`: "a.x is nil",
		`local t = {} t.n = t.n + 1`:                                 "t.n is nil",
		`local t = {n = "x"} return -t.n`:                            "t.n is a string",
		`local t = {} return #t.list`:                                "t.list is nil",
		`local t = {} return "a" .. t.name .. "b"`:                   "t.name is nil",
		`local name return "a" .. 1 .. name`:                         "name is nil",
		`local t = {} return {} .. t.name`:                           "",
		`local t = {} if t.n < 3 then end`:                           "t.n is nil",
		`local t = {} if 3 < t.n then end`:                           "t.n is nil",
		`local t = {} if t.n >= 3 then end`:                          "t.n is nil",
		`local t = {} return (t.a or t.b).c`:                         "",
		`(function() end)()()`:                                       "",
		`local f = function() end f().x = 1`:                         "",
		`for i = 1, 2 do i() end`:                                    "i is a number",
		`for _ in nil do end`:                                        "",
		`local function f(...) return (...)() end f()`:               "",
		`("x")()`:                        "",
		`do local a = 1 end local b b()`: "b is nil",
		`local a = 1 a = nil a()`:        "a is nil",
		`setmetatable({}, {__index = function(t, k) return k.x.y end}).z()`:          "k.x is nil",
		`local t = {} return (t.a and t.b).c`:                                        "",
		`local x, t = nil, {b = {}} return (x and t.b).c`:                            "",
		`local up = {} local function f() missing(function() return up end) end f()`: "missing is nil",
		`local up = {} up.missing(function() return up end)`:                         "up.missing is nil",
		`local t = {} for i = 1, #t.list do local x = i end`:                         "t.list is nil",
		`local t = {} for i = 1, t.n do local x = i end`:                             "t.n is nil",
		`local t = {} for i = t.n, 2 do local x = i end`:                             "t.n is nil",
		`local t = {} for i = 1, 2, t.n do local x = i end`:                          "t.n is nil",
		`local t = {} for i = 1, t.n + 1 do local x = i end`:                         "t.n is nil",
		`local t = {} for k, v in t:items() do local x = k end`:                      "t:items is nil",
		`local t = {} for k, v in t.items() do local x = k end`:                      "t.items is nil",
		`local t = {} for k, v in next, t.a.b do local x = k end`:                    "t.a is nil",
		`local t = {} for k, v in ipairs(t.list) do local x = k end`:                 "t.list is nil",
		`local t = {} table.insert(t.list, 1)`:                                       "t.list is nil",
		`local n = 5 return n:len()`:                                                 "n is a number",
		`return setmetatable(1, missing)`:                                            "",
		`pairs()`:                                                                    "",
		`local a, b = {}, 1 return b < a`:                                            "a is a table",
		`local a, b = {}, "x" return a < b`:                                          "a is a table",
		`local t = {{}} for i = 1, 2 do t[i].x = t[i].y.z end`:                       "t[i].y is nil",
		`k, t = 1, {} return t[k].x`:                                                 "",
		`error("other")`:                                                             "",
		`error({})`:                                                                  "",
	} {
		h, L := openOurs(way{})
		L.Push(glua.NewFunction(compile(t, program), h.globals))
		err := L.PCall(0, 0)
		var raised *glua.ApiError
		if !errors.As(err, &raised) {
			t.Errorf("%s\n\tended with %v", program, err)
			continue
		}
		got := ""
		if misuse := glua.MisuseOf(raised); misuse != nil {
			got = misuse.Error()
		}
		if got != want {
			t.Errorf("%s\n\tmisuse is %q, want %q", program, got, want)
		}
	}
}
