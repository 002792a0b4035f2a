package lua_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nkhost/lua"
)

// counted loads a module and returns its source with each line's count before it, where
// it has one.
func counted(t *testing.T, source string) string {
	t.Helper()
	coverage := lua.NewCoverage()
	load(t, coverage, source)
	return annotate(t, coverage, source)
}

func load(t *testing.T, coverage *lua.Coverage, source string) {
	t.Helper()
	modules, err := coverage.ReadModules(files{"m.lua": source}.tree())
	if err != nil {
		t.Fatal(err)
	}
	r := lua.NewRuntime(modules, lua.Options{})
	if err := r.NewVM().LoadAll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func annotate(t *testing.T, coverage *lua.Coverage, source string) string {
	t.Helper()
	covered := coverage.Files()
	if len(covered) != 1 || covered[0].Uncounted {
		t.Fatalf("counted are %+v", covered)
	}
	counts := map[int]uint64{}
	for _, line := range covered[0].Lines {
		counts[line.Line] = line.Count + 1
	}
	var text strings.Builder
	number := 0
	for line := range strings.Lines(source) {
		number++
		mark := " "
		if count := counts[number]; count > 0 {
			mark = fmt.Sprint(count - 1)
		}
		text.WriteString(mark + " " + line)
	}
	return text.String()
}

// TestCoverage wants, line by line, how often it ran; lines without a number have nothing
// to run.
func TestCoverage(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"plain statements": `
  -- a comment
1 local a
1 local b = 2
1 a = b
`,
		"a function that is called, and one that is not": `
1 local function called(n)
2   return n
  end
1 function uncalled()
0   return 1
  end
1 called(1)
1 called(2)
`,
		"functions in expressions": `
1 local t = {
    one = function()
1     return 1
    end,
    two = function()
0     return 2
    end,
  }
1 t.one((function()
1   return 3
  end)())
`,
		"statements of several lines": `
1 local t = {
    1,
    2,
  }
1 local n = t[1] +
    t[2]
1 tostring(
    n,
    n
  )
1 t
    .x
    = 1
`,
		"if, elseif, else": `
1 for n = 1, 4 do
4   if n == 1 then
1     n = 0
3   elseif n == 2 then
1     n = 0
2   elseif
      n == 9 then
0     n = 0
    else
2     n = 0
    end
  end
`,
		"a condition that is not reached": `
1 if true then
1   local never
0 elseif false then
  end
`,
		"loops": `
1 local n = 0
1 while n < 3 do
3   n = n + 1
  end
  repeat
2   n = n - 1
2 until n == 1
1 for _ in pairs({}) do
0   n = 0
  end
  repeat
1   local x = 1
1   if x then break end
0 until x
`,
		"blocks and labels": `
  do
1   local n = 0
    ::again::
3   n = n + 1
3   if n < 3 then goto again end
  end
1 for i = 1, 2 do
2   if i == 1 then goto continue end
1   i = 0
    ::continue::
  end
`,
		"several statements on a line": `
1 local a = 1; local b = a
1 for i = 1, 3 do
3   if i == 2 then b = 0 end a = i
  end
`,
		"returns": `
1 local function f(n)
2   if n then return 1 end
1   return
      2
  end
1 f(1) f()
1 return f
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want = strings.TrimPrefix(want, "\n")
			var source strings.Builder
			for line := range strings.Lines(want) {
				source.WriteString(line[2:])
			}
			if got := counted(t, source.String()); got != want {
				t.Errorf("counted\n%swant\n%s", got, want)
			}
		})
	}
}

// TestCoverageOfManyVMs wants that VMs of several runtimes add to the same counts.
func TestCoverageOfManyVMs(t *testing.T) {
	t.Parallel()
	const source = "local n = 0\nfor i = 1, 100 do\n  n = i\nend\n"
	coverage := lua.NewCoverage()
	var loading sync.WaitGroup
	for range 8 {
		loading.Go(func() { load(t, coverage, source) })
	}
	loading.Wait()
	if got, want := annotate(t, coverage, source), "8 local n = 0\n8 for i = 1, 100 do\n800   n = i\n  end\n"; got != want {
		t.Errorf("counted\n%swant\n%s", got, want)
	}
}

// TestCoverageChangesNothing wants that a program cannot tell, and that what is at the
// edge of a limit compiles and runs still.
func TestCoverageChangesNothing(t *testing.T) {
	t.Parallel()
	var locals strings.Builder
	for i := range 200 {
		fmt.Fprintf(&locals, "local v%d = %d\n", i, i)
	}
	deep := "local depth = 0\nlocal function down() depth = depth + 1 local ok = down() return ok end\npcall(down)\nreturn depth"
	for name, source := range map[string]string{
		"globals":     "local names = {}\nfor k in pairs(_G) do names[#names + 1] = tostring(k) end\ntable.sort(names)\nreturn table.concat(names, ' ')",
		"environment": "local f = function()\n  x = 1\n  return x\nend\nsetfenv(f, {})\nreturn f(), x",
		"position":    "return select(2, pcall(function()\n  local a = nil\n  return a.b\nend))",
		"level":       "local function raise()\n  error('here', 2)\nend\nreturn select(2, pcall(function()\n  raise()\nend))",
		"depth":       deep,
		"locals":      locals.String() + "return v199",
		"upvalues":    locals.String() + "return (function()\n  v0 = v199 + 1\n  return v0\nend)()",
		"varargs":     "return (function(...)\n  return select('#', ...)\nend)(1, nil, nil)",
		"tail call":   "local function count(n)\n  if n == 0 then\n    return 'done'\n  end\n  return count(n - 1)\nend\nreturn count(100000)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := files{"m.lua": source}.tree()
			plain, err := lua.ReadModules(tree)
			if err != nil {
				t.Fatal(err)
			}
			withCounts, err := lua.NewCoverage().ReadModules(tree)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := evaluated(t, withCounts), evaluated(t, plain); got != want {
				t.Errorf("with counters it returns %s, without %s", got, want)
			}
		})
	}
}

func evaluated(t *testing.T, modules *lua.Modules) string {
	t.Helper()
	results, err := lua.NewRuntime(modules, lua.Options{}).NewVM().Evaluate(t.Context(), modules, "m")
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(results))
	for i, v := range results {
		texts[i] = v.String()
	}
	return strings.Join(texts, " ")
}

// TestCoverageWithoutRoom wants that a file whose locals leave no room for a counter runs
// uncounted.
func TestCoverageWithoutRoom(t *testing.T) {
	t.Parallel()
	names := make([]string, 200)
	for i := range names {
		names[i] = fmt.Sprintf("v%d", i)
	}
	source := "local " + strings.Join(names, ", ") + "\nreturn v1"
	coverage := lua.NewCoverage()
	load(t, coverage, source)
	load(t, coverage, source)
	if got := coverage.Files(); len(got) != 1 || !got[0].Uncounted || len(got[0].Lines) != 0 {
		t.Errorf("counted are %+v", got)
	}
}

// TestCoverageNames wants that files have the names under which they were opened.
func TestCoverageNames(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "m.lua"), []byte("return 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	coverage := lua.NewCoverage()
	if _, err := coverage.ReadModules(root.FS()); err != nil {
		t.Fatal(err)
	}
	if _, err := coverage.ReadModules(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if _, err := coverage.ReadModules(files{"a/m.lua": "return 2", "empty.lua": ""}.tree()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range coverage.Files() {
		names = append(names, file.Name)
	}
	if got, want := strings.Join(names, " "), filepath.ToSlash(folder)+"/m.lua a/m.lua empty.lua"; got != want {
		t.Errorf("the files are %s, want %s", got, want)
	}
}
