package lua

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"

	"nkhost/lua/glua"
)

// tree walks over a chunk's syntax before it is compiled.
type tree struct {
	file     string
	maxDepth int       // of nodes within each other; 0 is without end
	made     bool      // by Lua
	counters *counters // nil unless the statements are to be counted
}

func (w tree) block(stmts *[]ast.Stmt, depth int) error {
	for _, stmt := range *stmts {
		exprs, blocks := glua.PartsOfStmt(stmt)
		if err := w.within(stmt, exprs, blocks, depth); err != nil {
			return err
		}
	}
	if w.counters != nil {
		w.counters.insert(stmts)
	}
	return nil
}

func (w tree) expr(expr *ast.Expr, depth int) error {
	// A chain of ".." is one node, however many it joins.
	for chain, ok := (*expr).(*ast.StringConcatOpExpr); ok; chain, ok = (*expr).(*ast.StringConcatOpExpr) {
		if err := w.expr(&chain.Lhs, depth+1); err != nil {
			return err
		}
		expr = &chain.Rhs
	}
	exprs, blocks := glua.PartsOfExpr(*expr)
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
