package check

import (
	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua"
)

// inspect calls visit for every expression of a block, but not for what is inside of
// the functions in it.
func inspect(body []ast.Stmt, visit func(ast.Expr)) {
	for _, stmt := range body {
		exprs, blocks := lua.StmtParts(stmt)
		if _, ok := stmt.(*ast.FuncDefStmt); ok {
			blocks = nil
		}
		for _, e := range exprs {
			inspectExpr(e, visit)
		}
		for _, b := range blocks {
			inspect(b, visit)
		}
	}
}

func inspectExpr(expr ast.Expr, visit func(ast.Expr)) {
	if expr == nil {
		return
	}
	visit(expr)
	for _, e := range lua.ExprParts(expr) {
		inspectExpr(e, visit)
	}
}

// endsInReturn says whether a block never runs on past its end.
func endsInReturn(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	switch s := body[len(body)-1].(type) {
	case *ast.ReturnStmt, *ast.GotoStmt:
		return true
	case *ast.DoBlockStmt:
		return endsInReturn(s.Stmts)
	case *ast.IfStmt:
		return endsInReturn(s.Then) && endsInReturn(s.Else)
	case *ast.WhileStmt:
		_, forever := s.Condition.(*ast.TrueExpr)
		return forever
	case *ast.RepeatStmt:
		return endsInReturn(s.Stmts)
	case *ast.FuncCallStmt:
		e, ok := s.Expr.(*ast.FuncCallExpr)
		return ok && e.Func != nil && dottedName(e.Func) == "error"
	}
	return false
}
