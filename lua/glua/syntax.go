package glua

import "github.com/yuin/gopher-lua/ast"

// visit calls see with each statement and expression of a block, and of those within, the
// outer before the inner.
func visit(block []ast.Stmt, see func(ast.PositionHolder)) {
	for _, stmt := range block {
		see(stmt)
		if s, ok := stmt.(*ast.FuncDefStmt); ok {
			see(s.Func)
		}
		exprs, blocks := PartsOfStmt(stmt)
		visitParts(exprs, blocks, see)
	}
}

func visitParts(exprs []*ast.Expr, blocks []*[]ast.Stmt, see func(ast.PositionHolder)) {
	for _, expr := range exprs {
		if *expr != nil {
			see(*expr)
			inner, bodies := PartsOfExpr(*expr)
			visitParts(inner, bodies, see)
		}
	}
	for _, block := range blocks {
		visit(*block, see)
	}
}

// completeLoops gives the loops of a block, and of those within, all three expressions.
// gopher-lua's compiler leaves the registers of missing ones as they are unless the loop has
// as many variables: for k in next, t would begin behind a key that something else has left
// there.
func completeLoops(block []ast.Stmt) {
	visit(block, func(node ast.PositionHolder) {
		if loop, ok := node.(*ast.GenericForStmt); ok {
			completeLoop(loop)
		}
	})
}

func completeLoop(loop *ast.GenericForStmt) {
	last := loop.Exprs[len(loop.Exprs)-1]
	if HasManyValues(last) {
		return // see clearLoops
	}
	for len(loop.Exprs) < 3 {
		missing := &ast.NilExpr{}
		missing.SetLine(last.Line())
		loop.Exprs = append(loop.Exprs, missing)
	}
}

// HasManyValues says whether an expression may be several values at the end of a list.
func HasManyValues(expr ast.Expr) bool {
	switch e := expr.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// each is where the expressions of a list are.
func each(list []ast.Expr) (places []*ast.Expr) {
	for i := range list {
		places = append(places, &list[i])
	}
	return places
}

// PartsOfStmt is where a statement has its expressions, some of which may be nil, and blocks.
func PartsOfStmt(stmt ast.Stmt) (exprs []*ast.Expr, blocks []*[]ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		return append(each(s.Lhs), each(s.Rhs)...), nil
	case *ast.LocalAssignStmt:
		return each(s.Exprs), nil
	case *ast.FuncCallStmt:
		return []*ast.Expr{&s.Expr}, nil
	case *ast.DoBlockStmt:
		return nil, []*[]ast.Stmt{&s.Stmts}
	case *ast.WhileStmt:
		return []*ast.Expr{&s.Condition}, []*[]ast.Stmt{&s.Stmts}
	case *ast.RepeatStmt:
		return []*ast.Expr{&s.Condition}, []*[]ast.Stmt{&s.Stmts}
	case *ast.IfStmt:
		return []*ast.Expr{&s.Condition}, []*[]ast.Stmt{&s.Then, &s.Else}
	case *ast.NumberForStmt:
		return []*ast.Expr{&s.Init, &s.Limit, &s.Step}, []*[]ast.Stmt{&s.Stmts}
	case *ast.GenericForStmt:
		return each(s.Exprs), []*[]ast.Stmt{&s.Stmts}
	case *ast.FuncDefStmt:
		return []*ast.Expr{&s.Name.Func, &s.Name.Receiver}, []*[]ast.Stmt{&s.Func.Stmts}
	case *ast.ReturnStmt:
		return each(s.Exprs), nil
	}
	return nil, nil
}

// PartsOfExpr is where an expression has others, some of which may be nil, and blocks.
func PartsOfExpr(expr ast.Expr) (exprs []*ast.Expr, blocks []*[]ast.Stmt) {
	switch e := expr.(type) {
	case *ast.AttrGetExpr:
		return []*ast.Expr{&e.Object, &e.Key}, nil
	case *ast.TableExpr:
		for _, field := range e.Fields {
			exprs = append(exprs, &field.Key, &field.Value)
		}
		return exprs, nil
	case *ast.FuncCallExpr:
		return append([]*ast.Expr{&e.Func, &e.Receiver}, each(e.Args)...), nil
	case *ast.LogicalOpExpr:
		return []*ast.Expr{&e.Lhs, &e.Rhs}, nil
	case *ast.RelationalOpExpr:
		return []*ast.Expr{&e.Lhs, &e.Rhs}, nil
	case *ast.StringConcatOpExpr:
		return []*ast.Expr{&e.Lhs, &e.Rhs}, nil
	case *ast.ArithmeticOpExpr:
		return []*ast.Expr{&e.Lhs, &e.Rhs}, nil
	case *ast.UnaryMinusOpExpr:
		return []*ast.Expr{&e.Expr}, nil
	case *ast.UnaryNotOpExpr:
		return []*ast.Expr{&e.Expr}, nil
	case *ast.UnaryLenOpExpr:
		return []*ast.Expr{&e.Expr}, nil
	case *ast.FunctionExpr:
		return nil, []*[]ast.Stmt{&e.Stmts}
	}
	return nil, nil
}
