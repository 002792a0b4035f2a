package lua

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua/glua"
)

// This file is for those who read modules without running them.

// ModuleName is the dotted name of the module in a file, or "" if the file is no module.
func ModuleName(file string) string {
	extension := path.Ext(file)
	if !strings.EqualFold(extension, ".lua") {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(file, extension), "/", ".")
}

// CheckSyntax returns a *SyntaxError when source is not Lua.
func CheckSyntax(file, source string) error {
	_, err := compile(tree{file: file}, source)
	return err
}

// StmtParts are the expressions and blocks right within a statement, of a function's
// definition those of its name and its body. Some expressions may be nil.
func StmtParts(stmt ast.Stmt) (exprs []ast.Expr, blocks [][]ast.Stmt) {
	places, within := glua.PartsOfStmt(stmt)
	exprs = at(places)
	for _, block := range within {
		blocks = append(blocks, *block)
	}
	return exprs, blocks
}

// ExprParts are the expressions right within an expression, without a function's body.
// Some may be nil.
func ExprParts(expr ast.Expr) []ast.Expr {
	places, _ := glua.PartsOfExpr(expr)
	return at(places)
}

func at(places []*ast.Expr) []ast.Expr {
	exprs := make([]ast.Expr, len(places))
	for i, place := range places {
		exprs[i] = *place
	}
	return exprs
}

// StandardNames are the names that a module finds without require: the fields of each
// standard library by the library's name, and the globals under "_G".
func StandardNames() map[string][]string {
	r := NewRuntime(&Modules{}, Options{})
	names := map[string][]string{"_G": r.globals.names()}
	for name, lib := range r.byName {
		names[name] = lib.names()
	}
	return names
}

func (lib *library) names() []string {
	names := slices.Collect(maps.Keys(lib.own))
	lib.shared.ForEach(func(key, _ glua.LValue) { names = append(names, key.String()) })
	slices.Sort(names)
	return names
}
