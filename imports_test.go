package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "nkhost"

// services are the rooms that do the host's work for one kind of thing each.
var services = []string{
	"host/account", "host/chat", "host/group", "host/leaderboard", "host/match", "host/matchmaker", "host/notification",
	"host/party", "host/providers", "host/purchase", "host/session", "host/social", "host/storage", "host/wallet",
}

// mayImport is the table of docs/design.md: which rooms of this module each room
// may import. Tests may import more.
var mayImport = map[string][]string{
	".":               {"host", "host/config", "host/logging", "lua", "modules", "nkshim/check", "nkshim/types", "nktest/cover", "nktest/spec"},
	"host":            append([]string{"host/api", "host/realtime", "host/netio", "host/record", "host/config", "host/query", "host/db", "nkshim", "lua", "modules"}, services...),
	"host/api":        services,
	"host/realtime":   append([]string{"host/netio"}, services...),
	"host/netio":      nil,
	"nkshim":          append([]string{"host/cron", "host/spelling", "lua", "lua/glua"}, services...),
	"nkshim/check":    {"host/spelling", "lua", "lua/glua", "nkshim"},
	"nkshim/types":    {"nkshim"},
	"host/record":     {"host/match"},
	"host/match":      {"host/delayed", "host/query", "host/session", "host/spelling"},
	"host/matchmaker": {"host/query"},
	"host/party":      {"host/cursor", "host/delayed", "host/matchmaker", "host/query"},
	"host/delayed":    nil,
	"host/account":    {"host/db", "host/providers"},
	"host/providers":  nil,
	"host/logging":    {"host/config"},
	"host/session":    nil,
	"host/query":      nil,
	"host/cron":       nil,
	"host/cursor":     nil,
	"host/db":         nil,
	"host/export":     nil,
	"host/db/dbtest":  {"host/db"},
	"host/config":     {"host/spelling"},
	"host/spelling":   nil,
	"lua":             {"lua/glua"},
	"lua/glua":        nil,
	"modules":         nil,
	"conformance":     nil,
	"bench":           nil,
	"nktest/spec":     {"nktest", "lua", "lua/glua"},
	"nktest":          {"host", "host/config", "host/match", "host/record", "host/storage", "lua", "nktest/cover"},
	"nktest/cover":    {"lua"},

	"host/chat":         {"host/cursor", "host/db", "host/export"},
	"host/group":        {"host/cursor", "host/db", "host/export", "host/notification"},
	"host/leaderboard":  {"host/cron", "host/cursor", "host/db", "host/export"},
	"host/notification": {"host/cursor", "host/db", "host/export"},
	"host/purchase":     {"host/cursor", "host/db", "host/providers"},
	"host/social":       {"host/cursor", "host/db", "host/export", "host/notification", "host/providers"},
	"host/storage":      {"host/cursor", "host/db", "host/export", "host/query"},
	"host/wallet":       {"host/cursor", "host/db"},
}

// seesLua are the rooms that may see Lua's values and syntax.
var seesLua = []string{"lua", "lua/glua", "nkshim", "nkshim/check", "nktest/spec"}

// goFile is a source file that belongs to the program.
type goFile struct {
	room   string // its folder, "." for the top
	path   string
	syntax *ast.File
}

func (f goFile) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, name)
		}
	}
	return paths
}

func sources(t *testing.T) []goFile {
	var files []goFile
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); base != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, goFile{room: path.Dir(name), path: name, syntax: syntax})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestImportsRunDownwards(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t) {
		allowed, known := mayImport[file.room]
		if !known {
			t.Errorf("%s is in no room of docs/design.md: add %s to its table and to imports_test.go", file.path, file.room)
			continue
		}
		for _, name := range file.imports() {
			room, ours := strings.CutPrefix(name, module+"/")
			if ours && !slices.Contains(allowed, room) {
				t.Errorf("%s imports %s, but %s may import %s", file.path, name, file.room, list(allowed))
			}
			if (strings.HasPrefix(name, "github.com/yuin/gopher-lua") || name == module+"/lua/glua") && !slices.Contains(seesLua, file.room) {
				t.Errorf("%s imports %s, but only %s may see Lua values", file.path, name, strings.Join(seesLua, ", "))
			}
		}
	}
}

func list(rooms []string) string {
	if len(rooms) == 0 {
		return "nothing of this module"
	}
	return "only " + strings.Join(rooms, ", ")
}

// TestProgramIsSmall wants that the program does not bring in what makes every host
// larger by megabytes; see "Size" in docs/design.md.
func TestProgramIsSmall(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name := range strings.Lines(string(out)) {
		switch name = strings.TrimSpace(name); name {
		case "text/template", "html/template", "google.golang.org/grpc", "github.com/blevesearch/bleve/v2/search/query":
			t.Errorf("the program brings in %s", name)
		}
	}
}

// TestOnlyTheHostMakesServices wants that nobody but the composition root calls a
// service's constructor.
func TestOnlyTheHostMakesServices(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t) {
		if file.room == "host" || !strings.Contains(fmt.Sprint(file.imports()), module+"/") {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(selector.Sel.Name, "New") {
				return true
			}
			if name, ok := selector.X.(*ast.Ident); ok && slices.Contains(services, "host/"+name.Name) {
				t.Errorf("%s calls %s.%s, but services are made in host only", file.path, name.Name, selector.Sel.Name)
			}
			return true
		})
	}
}

// TestOnlyMainExits wants that the process ends, and its environment is read, at the
// top alone.
func TestOnlyMainExits(t *testing.T) {
	t.Parallel()
	refused := []string{"Exit", "Getenv", "LookupEnv", "Environ", "Args", "Stdout", "Stderr"}
	for _, file := range sources(t) {
		if file.room == "." || file.room == "bench" { // a program of its own
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if name, ok := selector.X.(*ast.Ident); ok && name.Name == "os" && slices.Contains(refused, selector.Sel.Name) {
				t.Errorf("%s uses os.%s, which only main.go may", file.path, selector.Sel.Name)
			}
			return true
		})
	}
}

// TestDesignNamesEveryRoom keeps docs/design.md and mayImport together.
func TestDesignNamesEveryRoom(t *testing.T) {
	t.Parallel()
	design, err := os.ReadFile("docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	for room := range mayImport {
		if room != "." && !strings.Contains(string(design), "| `"+room+"/` |") {
			t.Errorf("docs/design.md has no row for %s/", room)
		}
	}
}
