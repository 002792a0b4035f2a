package cover_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nkhost/lua"
	"nkhost/nktest/cover"
)

func some() []lua.FileCoverage {
	return []lua.FileCoverage{
		{Name: "modules/a.lua", Lines: []lua.LineCount{{Line: 1, Count: 3}, {Line: 2}, {Line: 5}, {Line: 6, Count: 1}, {Line: 9}}},
		{Name: "modules/all.lua", Lines: []lua.LineCount{{Line: 1, Count: 1}}},
		{Name: "modules/empty.lua"},
		{Name: "modules/full.lua", Uncounted: true},
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write func(*strings.Builder) error
		want  string
	}{
		"lcov": {func(out *strings.Builder) error { return cover.WriteLCOV(out, some()) }, `TN:
SF:modules/a.lua
DA:1,3
DA:2,0
DA:5,0
DA:6,1
DA:9,0
LF:5
LH:2
end_of_record
TN:
SF:modules/all.lua
DA:1,1
LF:1
LH:1
end_of_record
TN:
SF:modules/empty.lua
LF:0
LH:0
end_of_record
`},
		"profile": {func(out *strings.Builder) error { return cover.WriteProfile(out, some()) }, `mode: count
./modules/a.lua:1.2,2.1 1 3
./modules/a.lua:2.1,3.1 1 0
./modules/a.lua:5.1,6.1 1 0
./modules/a.lua:6.1,7.1 1 1
./modules/a.lua:9.1,10.1 1 0
./modules/all.lua:1.2,2.1 1 1
`},
		"table": {func(out *strings.Builder) error { return cover.WriteTable(out, some()) }, `modules/a.lua       40.0 %  2 of 5 lines, not 2-5, 9
modules/all.lua    100.0 %  1 of 1 lines
modules/empty.lua  100.0 %  0 of 0 lines
modules/full.lua   not counted: a function has 200 local variables, which leaves no room
total               50.0 %  3 of 6 lines
`},
	} {
		var out strings.Builder
		if err := c.write(&out); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("%s:\n%swant\n%s", name, out.String(), c.want)
		}
	}
}

// TestGoTool wants that go tool cover shows a profile of Lua files.
func TestGoTool(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	source, profile, page := filepath.Join(folder, "a.lua"), filepath.Join(folder, "lua.out"), filepath.Join(folder, "page.html")
	if err := os.WriteFile(source, []byte("local a = 1\nlocal b = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := []lua.LineCount{{Line: 1, Count: 1}, {Line: 2}}
	if err := cover.Save(profile, []lua.FileCoverage{{Name: filepath.ToSlash(source), Lines: lines}}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "tool", "cover", "-html="+profile, "-o", page).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a.lua (50.0%)", `title="1">local a = 1`, `title="0">local b = 2`} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page lacks %q:\n%s", want, html)
		}
	}
}

func TestSaveNowhere(t *testing.T) {
	t.Parallel()
	if err := cover.Save(filepath.Join(t.TempDir(), "none", "lcov.info"), some()); err == nil || !strings.Contains(err.Error(), "write the coverage") {
		t.Errorf("the error is %v", err)
	}
}
