package check

import "github.com/yuin/gopher-lua/ast"

// inspect calls visit for every expression of a block, but not for what is inside of
// the functions in it.
func inspect(body []ast.Stmt, visit func(ast.Expr)) {
	for _, stmt := range body {
		exprs, blocks := parts(stmt)
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
	for _, e := range operands(expr) {
		inspectExpr(e, visit)
	}
}

func parts(stmt ast.Stmt) (exprs []ast.Expr, blocks [][]ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		return append(append(exprs, s.Lhs...), s.Rhs...), nil
	case *ast.LocalAssignStmt:
		return s.Exprs, nil
	case *ast.FuncCallStmt:
		return []ast.Expr{s.Expr}, nil
	case *ast.DoBlockStmt:
		return nil, [][]ast.Stmt{s.Stmts}
	case *ast.WhileStmt:
		return []ast.Expr{s.Condition}, [][]ast.Stmt{s.Stmts}
	case *ast.RepeatStmt:
		return []ast.Expr{s.Condition}, [][]ast.Stmt{s.Stmts}
	case *ast.IfStmt:
		return []ast.Expr{s.Condition}, [][]ast.Stmt{s.Then, s.Else}
	case *ast.NumberForStmt:
		return []ast.Expr{s.Init, s.Limit, s.Step}, [][]ast.Stmt{s.Stmts}
	case *ast.GenericForStmt:
		return s.Exprs, [][]ast.Stmt{s.Stmts}
	case *ast.FuncDefStmt:
		return []ast.Expr{s.Name.Func, s.Name.Receiver}, nil
	case *ast.ReturnStmt:
		return s.Exprs, nil
	}
	return nil, nil
}

func operands(expr ast.Expr) []ast.Expr {
	switch e := expr.(type) {
	case *ast.AttrGetExpr:
		return []ast.Expr{e.Object, e.Key}
	case *ast.TableExpr:
		var exprs []ast.Expr
		for _, field := range e.Fields {
			exprs = append(exprs, field.Key, field.Value)
		}
		return exprs
	case *ast.FuncCallExpr:
		return append([]ast.Expr{e.Func, e.Receiver}, e.Args...)
	case *ast.LogicalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.RelationalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.StringConcatOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.ArithmeticOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}
	case *ast.UnaryMinusOpExpr:
		return []ast.Expr{e.Expr}
	case *ast.UnaryNotOpExpr:
		return []ast.Expr{e.Expr}
	case *ast.UnaryLenOpExpr:
		return []ast.Expr{e.Expr}
	}
	return nil
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
