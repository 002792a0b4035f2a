package lua_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// hostLibrary is a module written in Go.
var hostLibrary = map[string]map[string]glua.LGFunction{"host": {
	"answer": func(L *glua.LState) int {
		L.PushNumber(float64(42))
		return 1
	},
}}

func function(t testing.TB, v glua.LValue) *glua.LFunction {
	t.Helper()
	fn, ok := v.(*glua.LFunction)
	if !ok {
		t.Fatalf("%v is no function", v)
	}
	return fn
}

// loadOrder loads all modules and returns what they noted.
func loadOrder(t *testing.T, modules files) (noted []string, err error) {
	t.Helper()
	note := func(L *glua.LState) int {
		noted = append(noted, L.CheckString(1))
		return 0
	}
	r := newRuntime(t, modules.tree(), lua.Options{Libraries: map[string]map[string]glua.LGFunction{"log": {"note": note}}})
	return noted, errors.Join(r.NewVM().LoadAll(t.Context()), nil)
}

func TestLoadOrder(t *testing.T) {
	t.Parallel()
	n := func(name, rest string) string { return `require("log").note("` + name + `") ` + rest }
	for name, c := range map[string]struct {
		modules files
		want    string
	}{
		"by dotted names, not by paths": {
			files{"b.lua": n("b", ""), "a/z.lua": n("a.z", ""), "a-.lua": n("a-", ""), "a.lua": n("a", ""), "B.lua": n("B", "")},
			"B a a- a.z b",
		},
		"what was required is not evaluated again": {
			files{"a.lua": n("a", `require("b")`), "b.lua": n("b", ""), "c.lua": n("c", `require("b")`)},
			"a b c",
		},
		"what sorts before its requirer is evaluated twice": {
			files{"lib.lua": n("lib", "return {}"), "main.lua": n("main", `require("lib")`), "zoo.lua": n("zoo", `require("lib")`)},
			"lib main lib zoo",
		},
		"a module in a folder": {
			files{"a/b/c.lua": n("c", ""), "main.lua": n("main", `require("a.b.c")`)},
			"c main c",
		},
		"other files are no modules": {
			files{"a.lua": n("a", ""), "b.txt": "no Lua", "c.LUA": n("c", "")},
			"a c",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loadOrder(t, c.modules)
			if err != nil || strings.Join(got, " ") != c.want {
				t.Errorf("evaluated %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	modules := files{
		"fails.lua":  `if not mended then error("broken") end return "mended"`,
		"a.lua":      `return require("b")`,
		"b.lua":      `return require("a")`,
		"self.lua":   `return require("self")`,
		"none.lua":   ``,
		"no.lua":     `return false`,
		"arg.lua":    `return {...}`,
		"own.lua":    `package.loaded[...] = "own"`,
		"many.lua":   `return 1, 2, 3`,
		"f/deep.lua": `return "deep"`,
	}
	for name, c := range map[string]struct{ piece, want string }{
		"always the same":             {`return require("arg") == require("arg")`, "true"},
		"gets its name":               {`return require("arg")[1]`, "arg"},
		"nothing is true":             {`return require("none")`, "true"},
		"one value":                   {`return require("many")`, "1"},
		"sets package.loaded itself":  {`return require("own")`, "own"},
		"dotted":                      {`return require("f.deep")`, "deep"},
		"a library":                   {`return require("string") == string`, "true"},
		"a library of the host":       {`return require("host").answer()`, "42"},
		"false is evaluated again":    {`return require("no"), package.loaded.no`, "false false"},
		"unknown":                     {`return pcall(require, "nowhere")`, "false piece.lua:1: module nowhere not found:\n\tno field package.preload['nowhere']"},
		"unknown, looking at loaders": {`local l = package.loaders return pcall(require, "nowhere")`, "false piece.lua:1: module nowhere not found:\n\tno field package.preload['nowhere']"},
		"a path":                      {`return (pcall(require, "f/deep"))`, "false"},
		"a loop": {
			`return (select(2, pcall(require, "a")):gsub("^.-: ", ""))`, "loop or previous error loading module: a",
		},
		"itself": {`return (select(2, pcall(require, "self")):gsub("^.-: ", ""))`, "loop or previous error loading module: self"},
		"fails for good": {
			`local _, first = pcall(require, "fails")
			mended = true
			local _, second = pcall(require, "fails")
			return first, second`,
			"fails.lua:1: broken piece.lua:3: loop or previous error loading module: fails",
		},
		"until it is forgotten": {
			`pcall(require, "fails")
			mended = true
			package.loaded.fails = nil
			return require("fails")`,
			"mended",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newWorld(t, worlds(t, modules, lua.Options{Libraries: hostLibrary})).want(t, c.piece, c.want)
		})
	}
}

// A start ends at the first module that raises, and says where.
func TestLoadAllFails(t *testing.T) {
	t.Parallel()
	noted, err := loadOrder(t, files{
		"a.lua": `require("log").note("a")`,
		"b.lua": "require('log').note('b')\nlocal function f()\n  local x = nil + 1\nend\nf()",
		"c.lua": `require("log").note("c")`,
	})
	var raised *lua.Error
	if !errors.As(err, &raised) {
		t.Fatalf("the error is %v", err)
	}
	if raised.File != "b.lua" || raised.Line != 3 || !slices.Equal(noted, []string{"a", "b"}) {
		t.Errorf("raised at %s:%d after %q", raised.File, raised.Line, noted)
	}
}

func TestSyntaxErrors(t *testing.T) {
	t.Parallel()
	_, err := lua.ReadModules(files{
		"good.lua":    `return 1`,
		"a.lua":       "local x = 1\nlocal y = = 2",
		"f/end.lua":   "function f()\n  return 1\n\n",
		"loop.lua":    "\nbreak\n",
		"b.lua":       `x = "unfinished`,
		"f/good2.lua": `return 2`,
	}.tree())
	if err == nil {
		t.Fatal("it compiled")
	}
	var places []string
	for _, fault := range err.(interface{ Unwrap() []error }).Unwrap() {
		var syntax *lua.SyntaxError
		if !errors.As(fault, &syntax) {
			t.Fatalf("%v is no syntax error", fault)
		}
		place, _, _ := strings.Cut(syntax.Error(), ": ")
		places = append(places, place)
	}
	if want := []string{"a.lua:2", "b.lua:1", "f/end.lua:2", "loop.lua:2"}; !slices.Equal(places, want) {
		t.Errorf("syntax errors at %q, want %q\n%v", places, want, err)
	}
}

func TestTwoFilesOfOneName(t *testing.T) {
	t.Parallel()
	for _, modules := range []files{{"a.b.lua": "", "a/b.lua": ""}, {"a.lua": "", "a.LUA": ""}} {
		_, err := lua.ReadModules(modules.tree())
		if err == nil || !strings.Contains(err.Error(), "would both be the Lua module") {
			t.Errorf("reading %v: %v", modules, err)
		}
		for file := range modules {
			if err != nil && !strings.Contains(err.Error(), file) {
				t.Errorf("%q does not name %s", err, file)
			}
		}
	}
}

// countingFS counts how often each file is opened.
type countingFS struct {
	fstest.MapFS
	opened map[string]int
}

func (c countingFS) ReadFile(name string) ([]byte, error) {
	c.opened[name]++
	return fs.ReadFile(c.MapFS, name)
}

// Each module is read and compiled once, when the modules are read, however many VMs
// load it: all have functions of the same prototype.
func TestCompiledOnce(t *testing.T) {
	t.Parallel()
	tree := countingFS{files{"m.lua": `return function() end`, "n.lua": `return require("m")`}.tree(), map[string]int{}}
	modules, err := lua.ReadModules(tree)
	if err != nil {
		t.Fatal(err)
	}
	protos := map[*glua.FunctionProto]bool{}
	for range 2 {
		r := lua.NewRuntime(modules, lua.Options{})
		for range 3 {
			vm := r.NewVM()
			if err := vm.LoadAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			fn, err := vm.Require(t.Context(), "n")
			if err != nil {
				t.Fatal(err)
			}
			protos[function(t, fn).Proto] = true
		}
	}
	if len(protos) != 1 || tree.opened["m.lua"] != 1 || tree.opened["n.lua"] != 1 {
		t.Errorf("%d prototypes, files read %v", len(protos), tree.opened)
	}
	if !modules.Has("m") || modules.Has("m.lua") || !slices.Equal(modules.Names(), []string{"m", "n"}) {
		t.Errorf("the modules are %q", modules.Names())
	}
}

// TestAFileHidesNoLibrary has a module with the name of a library of the host.
func TestAFileHidesNoLibrary(t *testing.T) {
	t.Parallel()
	answer := func(L *glua.LState) int {
		L.PushString("the host")
		return 1
	}
	r := worlds(t, files{"host.lua": `return {answer = function() return "the file" end}`},
		lua.Options{Libraries: map[string]map[string]glua.LGFunction{"host": {"answer": answer}}})
	got, err := newWorld(t, r).run(t, `return require("host").answer()`)
	if err != nil || got != "the host" {
		t.Errorf("%q, %v", got, err)
	}
}
