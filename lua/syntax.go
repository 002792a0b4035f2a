package lua

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// tree walks over a chunk's syntax before it is compiled.
type tree struct {
	file     string
	maxDepth int       // of nodes within each other; 0 is without end
	counters *counters // nil unless the statements are to be counted
	plain    bool      // let the interpreter join texts
}

func (w tree) block(stmts *[]ast.Stmt, depth int) error {
	for _, stmt := range *stmts {
		exprs, blocks := partsOfStmt(stmt)
		if err := w.within(stmt, exprs, blocks, depth); err != nil {
			return err
		}
		if assign, ok := stmt.(*ast.AssignStmt); ok {
			assignable(assign)
		}
	}
	if w.counters != nil {
		w.counters.insert(stmts)
	}
	return nil
}

func (w tree) expr(expr *ast.Expr, depth int) error {
	if chain, ok := (*expr).(*ast.StringConcatOpExpr); ok {
		return w.concatenation(expr, chain, depth)
	}
	exprs, blocks := partsOfExpr(*expr)
	return w.within(*expr, exprs, blocks, depth)
}

func (w tree) within(node ast.PositionHolder, exprs []*ast.Expr, blocks []*[]ast.Stmt, depth int) error {
	if w.maxDepth > 0 && depth > w.maxDepth {
		return &SyntaxError{File: w.file, Line: node.Line(), Message: fmt.Sprintf("expressions or blocks are nested more than %d deep", w.maxDepth)}
	}
	for _, expr := range exprs {
		if *expr == nil {
			continue
		}
		if err := w.expr(expr, depth+1); err != nil {
			return err
		}
	}
	for i, block := range blocks {
		inner := depth + 1
		if _, isIf := node.(*ast.IfStmt); isIf && i == 1 {
			inner = depth // an elseif is an if within the else, but looks like its neighbour
		}
		if err := w.block(block, inner); err != nil {
			return err
		}
	}
	return nil
}

// concatenation puts a call of concatenate in the place of a chain of "..". One that can
// make no big text of smaller ones, as the program spells out all operands but one, stays
// as it is.
func (w tree) concatenation(place *ast.Expr, chain *ast.StringConcatOpExpr, depth int) error {
	var operands []ast.Expr
	unknown := 0
	for rest := ast.Expr(chain); rest != nil; {
		operand := rest
		if joined, ok := rest.(*ast.StringConcatOpExpr); ok {
			operand, rest = joined.Lhs, joined.Rhs
		} else {
			rest = nil
		}
		if !isLiteral(operand) {
			unknown++
		}
		operands = append(operands, operand)
	}
	for i := range operands {
		if err := w.expr(&operands[i], depth+1); err != nil {
			return err
		}
	}
	if unknown > 1 && !w.plain {
		*place = concatenateCall(operands, chain.Line())
		return nil
	}
	for i := 0; ; i++ {
		chain.Lhs = operands[i]
		next, ok := chain.Rhs.(*ast.StringConcatOpExpr)
		if !ok {
			chain.Rhs = operands[i+1]
			return nil
		}
		chain = next
	}
}

// isLiteral says whether an operand is a text or a number that the program spells out.
func isLiteral(expr ast.Expr) bool {
	switch expr.(type) {
	case *ast.StringExpr, *ast.NumberExpr:
		return true
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

func partsOfStmt(stmt ast.Stmt) (exprs []*ast.Expr, blocks []*[]ast.Stmt) {
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

func partsOfExpr(expr ast.Expr) (exprs []*ast.Expr, blocks []*[]ast.Stmt) {
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
