package glua_test

import (
	"strings"
	"testing"

	gopher "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"nkhost/lua/glua"
)

// TestLocals runs programs that call show, which lists the variables that are there.
func TestLocals(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{
		`local a = 1 show() local b show()`:                                                "a=1; a=1 b=nil",
		`do local a = 1 show() end show() local b = 2 show()`:                              "a=1; ; b=2",
		`local a = 1 for i = 1, 2 do local x = -i show() end local b = 2 show()`:           "a=1 i=1 x=-1; a=1 i=2 x=-2; a=1 b=2",
		`for i = 1, 0 do end local b = 2 show()`:                                           "b=2",
		`for k, v in next, {7} do show() end local b = 2 show()`:                           "k=1 v=7; b=2",
		`for i = 1, 1 do local function f() show() end f() show(1) end`:                    "; i=1 f=function",
		`repeat local a = true show() until show() or a local b = 2 show()`:                "a=true; a=true; b=2",
		`local n = 0 while n < 1 do local a = n n = 1 show() end show()`:                   "n=1 a=0; n=1",
		`if true then local a = 1 show() else local b = 2 show() end local c = 3 show()`:   "a=1; c=3",
		`if false then local a = 1 elseif true then local b = 2 show() end show()`:         "b=2; ",
		`local function f(a, b) local c = 3 show() end f(1, 2)`:                            "a=1 b=2 c=3",
		`local t = {} function t.f(a) show() end function t:g(a) show() end t.f(1) t:g(2)`: "a=1; self=table a=2",
		`local function f(a, ...) local c = 3 show() end f(1, 2)`:                          "a=1 arg=table c=3",
		`local a, b, c = 1, 2 show()`:                                                      "a=1 b=2 c=nil",
		`local a do local b show() end local c = 3 show()`:                                 "a=nil b=nil; a=nil c=3",
		`local a = 1 local a = 2 show()`:                                                   "a=1 a=2",
		`do local a = 1 end do local b = 2 show() do local c = 3 end show() end show()`:    "b=2; b=2; ",
		`local a = 1 goto on do local b = 2 end ::on:: show()`:                             "a=1",
		`local f = function(x) for _ = 1, 1 do local y = x show() end end f(5) show()`:     "x=5 _=1 y=5; f=function",
		`local t = {f = function(s) do local q = 1 end local r = 2 show() end} t.f(0)`:     "s=0 r=2",
		`local a = 1 return show()`:                                                        "a=1",
	} {
		var shown []string
		h, L := openOurs(way{})
		h.globals.RawSetString("next", &glua.LFunction{GFunction: h.next, Env: h.globals})
		h.globals.RawSetString("show", &glua.LFunction{Env: h.globals, GFunction: func(L *glua.LState) int {
			frame, ok := L.Frame(1)
			var locals []string
			for n := 1; ok; n++ {
				name, value := L.GetLocal(frame, n)
				if name == "" {
					break
				}
				text, _, _ := strings.Cut(value.String(), ":")
				if name[0] != '(' {
					locals = append(locals, name+"="+text)
				}
			}
			shown = append(shown, strings.Join(locals, " "))
			return 0
		}})
		L.Push(glua.NewFunction(compile(t, program), h.globals))
		if err := L.PCall(0, 0); err != nil {
			t.Errorf("%s\n\tended with %v", program, err)
		}
		if got := strings.Join(shown, "; "); got != want {
			t.Errorf("%s\n\tthe variables are %q, want %q", program, got, want)
		}
	}
}

// TestCompileErrors wants the lines in errors that gopher-lua gives them.
func TestCompileErrors(t *testing.T) {
	t.Parallel()
	for _, program := range []string{
		"do\n\ngoto nowhere\nend",
		"local function f()\nif true then\nbreak\nend\nend",
		"do\ngoto on\nlocal a\n::on::\na = 1\nend",
		"for i = 1, 2 do\n::twice::\n::twice::\nend",
		"local function f()\n" + strings.Repeat("local a\n", 300) + "end",
	} {
		chunk, err := parse.Parse(strings.NewReader(program), "test.lua")
		if err != nil {
			t.Fatal(err)
		}
		_, got := glua.Compile(chunk, "test.lua", false)
		_, want := gopher.NewState().LoadString(program)
		if got == nil || want == nil || !strings.Contains(want.Error(), strings.ReplaceAll(got.Error(), "test.lua", "<string>")) {
			t.Errorf("%.60q: the error is %v, want %v", program, got, want)
		}
	}
}

// TestDeepBlocks compiles programs that take long if the work grows faster than they do.
func TestDeepBlocks(t *testing.T) {
	t.Parallel()
	for _, program := range []string{
		"if x then" + strings.Repeat(" elseif x then local a = 1", 8000) + " end",
		strings.Repeat("do local a ", 150) + strings.Repeat("do local b end ", 8000) + strings.Repeat("end ", 150),
		strings.Repeat("local function f() do local a end end ", 100) + strings.Repeat("do local b end ", 8000),
	} {
		compile(t, program)
	}
}
