package lua

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// maxConcatenated is how many strings one instruction joins. gopher-lua joins all of
// a..b..c at once, so that a line of a hundred big strings would make a string a hundred
// times as big before the watchdog can look.
const maxConcatenated = 8

// tree walks over a chunk's syntax before it is compiled.
type tree struct {
	file     string
	maxDepth int       // of nodes within each other; 0 is without end
	counters *counters // nil unless the statements are to be counted
}

func (w tree) block(stmts *[]ast.Stmt, depth int) error {
	for _, stmt := range *stmts {
		exprs, blocks := partsOfStmt(stmt)
		if err := w.within(stmt, exprs, blocks, depth); err != nil {
			return err
		}
	}
	if w.counters != nil {
		w.counters.insert(stmts)
	}
	return nil
}

func (w tree) expr(expr ast.Expr, depth int) error {
	if chain, ok := expr.(*ast.StringConcatOpExpr); ok {
		return w.concatenation(chain, depth)
	}
	exprs, blocks := partsOfExpr(expr)
	return w.within(expr, exprs, blocks, depth)
}

func (w tree) within(node ast.PositionHolder, exprs []ast.Expr, blocks []*[]ast.Stmt, depth int) error {
	if w.maxDepth > 0 && depth > w.maxDepth {
		return &SyntaxError{File: w.file, Line: node.Line(), Message: fmt.Sprintf("expressions or blocks are nested more than %d deep", w.maxDepth)}
	}
	for _, expr := range exprs {
		if expr == nil {
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

// concatenation splits a chain of ".." into ones that are short enough: the rest of a
// long one becomes "(rest or false)", which is the rest.
func (w tree) concatenation(chain *ast.StringConcatOpExpr, depth int) error {
	for joined := 2; ; joined++ {
		if err := w.expr(chain.Lhs, depth+1); err != nil {
			return err
		}
		next, ok := chain.Rhs.(*ast.StringConcatOpExpr)
		if !ok {
			return w.expr(chain.Rhs, depth+1)
		}
		if joined == maxConcatenated {
			rest := &ast.LogicalOpExpr{Operator: "or", Lhs: next, Rhs: &ast.FalseExpr{}}
			rest.SetLine(next.Line())
			rest.Rhs.SetLine(next.Line())
			chain.Rhs = rest
			joined = 1
		}
		chain = next
	}
}

func partsOfStmt(stmt ast.Stmt) (exprs []ast.Expr, blocks []*[]ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		return append(append(exprs, s.Lhs...), s.Rhs...), nil
	case *ast.LocalAssignStmt:
		return s.Exprs, nil
	case *ast.FuncCallStmt:
		return []ast.Expr{s.Expr}, nil
	case *ast.DoBlockStmt:
		return nil, []*[]ast.Stmt{&s.Stmts}
	case *ast.WhileStmt:
		return []ast.Expr{s.Condition}, []*[]ast.Stmt{&s.Stmts}
	case *ast.RepeatStmt:
		return []ast.Expr{s.Condition}, []*[]ast.Stmt{&s.Stmts}
	case *ast.IfStmt:
		return []ast.Expr{s.Condition}, []*[]ast.Stmt{&s.Then, &s.Else}
	case *ast.NumberForStmt:
		return []ast.Expr{s.Init, s.Limit, s.Step}, []*[]ast.Stmt{&s.Stmts}
	case *ast.GenericForStmt:
		return s.Exprs, []*[]ast.Stmt{&s.Stmts}
	case *ast.FuncDefStmt:
		return []ast.Expr{s.Name.Func, s.Name.Receiver}, []*[]ast.Stmt{&s.Func.Stmts}
	case *ast.ReturnStmt:
		return s.Exprs, nil
	}
	return nil, nil
}

func partsOfExpr(expr ast.Expr) (exprs []ast.Expr, blocks []*[]ast.Stmt) {
	switch e := expr.(type) {
	case *ast.AttrGetExpr:
		return []ast.Expr{e.Object, e.Key}, nil
	case *ast.TableExpr:
		for _, field := range e.Fields {
			exprs = append(exprs, field.Key, field.Value)
		}
		return exprs, nil
	case *ast.FuncCallExpr:
		return append([]ast.Expr{e.Func, e.Receiver}, e.Args...), nil
	case *ast.LogicalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}, nil
	case *ast.RelationalOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}, nil
	case *ast.ArithmeticOpExpr:
		return []ast.Expr{e.Lhs, e.Rhs}, nil
	case *ast.UnaryMinusOpExpr:
		return []ast.Expr{e.Expr}, nil
	case *ast.UnaryNotOpExpr:
		return []ast.Expr{e.Expr}, nil
	case *ast.UnaryLenOpExpr:
		return []ast.Expr{e.Expr}, nil
	case *ast.FunctionExpr:
		return nil, []*[]ast.Stmt{&e.Stmts}
	}
	return nil, nil
}
