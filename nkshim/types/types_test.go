package types

import (
	"slices"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"nkhost/nkshim"
)

// declared parses the annotations, and returns each function's parameters.
func declared(t *testing.T) map[string][]string {
	t.Helper()
	chunk, err := parse.Parse(strings.NewReader(Annotations()), "nakama.lua")
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string][]string{}
	for _, stmt := range chunk {
		def, ok := stmt.(*ast.FuncDefStmt)
		if !ok {
			continue
		}
		name := def.Name.Func.(*ast.AttrGetExpr)
		if name.Object.(*ast.IdentExpr).Value != "nakama" || len(def.Func.Stmts) > 0 || def.Func.ParList.HasVargs {
			t.Errorf("line %d is no declaration of a function of nakama", def.Line())
		}
		functions[name.Key.(*ast.StringExpr).Value] = def.Func.ParList.Names
	}
	return functions
}

func TestEveryFunctionIsDeclared(t *testing.T) {
	t.Parallel()
	functions := declared(t)
	contract := nkshim.Contract()
	for _, f := range contract {
		names, ok := functions[f.Name]
		if !ok {
			t.Errorf("%s is absent", f.Name)
			continue
		}
		var want []string
		for _, param := range f.Params {
			want = append(want, param.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s has the parameters %v, want %v", f.Name, names, want)
		}
	}
	if len(functions) != len(contract) {
		t.Errorf("%d functions, want %d", len(functions), len(contract))
	}
}

// TestEveryFunctionIsDescribed wants one line a function, with its parameters in order
// and its results.
func TestEveryFunctionIsDescribed(t *testing.T) {
	t.Parallel()
	said := described()
	for _, f := range nkshim.Contract() {
		if sentence := said[f.Name]; !strings.HasSuffix(sentence, ".") || strings.Contains(sentence, "\t") {
			t.Errorf("%s is described as %q", f.Name, sentence)
		}
		delete(said, f.Name)
	}
	for name := range said {
		t.Errorf("%q is described, but is no function", name)
	}
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	text := Annotations()
	for _, want := range []string{
		"---@meta nakama\n",
		`
--- Starts a match with a module's callbacks and returns its id; params goes to match_init.
---@param module string
---@param params table|nil
---@return string matchId
function nakama.match_create(module, params) end
`,
		"---@param limit number|nil 1 if it is nil\n---@param authoritative boolean|nil\n",
		"---@param userIDs? string[]\n",
		"---@param timeout? number 5000 if it is nil\n",
		"---@param fn fun(context: nakama.Context, payload: string): string?\n---@param id string\nfunction nakama.register_rpc(fn, id) end\n",
		"---@class nakama.Presence\n", "---@class nakama.MatchDispatcher\n", "---@class nakama.MatchHandler\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the annotations lack\n%s", want)
		}
	}
	if !strings.HasSuffix(text, "\nreturn nakama\n") {
		t.Error("the file does not return the module")
	}
}

// TestTheDispatcherIsWhole keeps the class and the host's functions together.
func TestTheDispatcherIsWhole(t *testing.T) {
	t.Parallel()
	_, class, _ := strings.Cut(Annotations(), "---@class nakama.MatchDispatcher\n")
	class, _, _ = strings.Cut(class, "\n\n")
	functions := nkshim.DispatcherFunctions()
	for _, name := range functions {
		if !strings.Contains(class, "---@field "+name+" fun(") {
			t.Errorf("the dispatcher lacks %s", name)
		}
	}
	if n := strings.Count(class, "---@field"); n != len(functions) {
		t.Errorf("the dispatcher has %d functions, want %d", n, len(functions))
	}
}

// TestEveryFinerTypeIsUsed keeps the table of finer types and the contract together.
func TestEveryFinerTypeIsUsed(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, f := range nkshim.Contract() {
		for _, p := range slices.Concat(f.Params, f.Returns) {
			known[f.Name+"."+p.Name] = true
		}
	}
	for name := range finer {
		if !known[name] {
			t.Errorf("%s is no parameter or result", name)
		}
	}
}
