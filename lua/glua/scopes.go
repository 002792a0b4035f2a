package glua

import (
	"slices"
	"strconv"

	gopher "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// gopher-lua's compiler notes where a variable begins, but loses where it ends when another
// gets its register later. So that the ends are known, each line number in the syntax gets
// the number of the block in front of it, which the compiler then notes for each instruction.

const (
	lineBits = 24
	lineMask = 1<<lineBits - 1
)

// scopes are the blocks of a program. Their numbers rise from the outside inwards.
type scopes struct {
	blocks    []block
	functions []functionScopes
}

type block struct {
	function int // that it is in
	around   int // the block around it in the same function, or noBlock
}

// functionScopes are the blocks of a function, and all that is declared in them in the order
// of gopher-lua's compiler.
type functionScopes struct {
	blocks    []int
	variables []variable
}

type variable struct {
	name  string
	block int
}

const noBlock = -1

// numberBlocks puts the numbers of blocks into the syntax. On a machine whose int does not
// hold them it returns nil.
func numberBlocks(chunk []ast.Stmt) *scopes {
	if strconv.IntSize < 64 {
		return nil
	}
	s := &scopes{}
	s.block(chunk, s.openFunction())
	return s
}

// removeBlocks takes the numbers out again.
func removeBlocks(chunk []ast.Stmt) {
	visit(chunk, func(node ast.PositionHolder) { mark(node, 0) })
}

func mark(node ast.PositionHolder, block int) {
	node.SetLine(node.Line()&lineMask | block<<lineBits)
	if last := node.LastLine(); last != 0 { // which stands for the first line
		node.SetLastLine(last&lineMask | block<<lineBits)
	}
}

// openFunction begins a function and returns its outermost block.
func (s *scopes) openFunction() int {
	s.functions = append(s.functions, functionScopes{})
	return s.add(block{len(s.functions) - 1, noBlock})
}

// open begins a block within another.
func (s *scopes) open(around int) int { return s.add(block{s.blocks[around].function, around}) }

func (s *scopes) add(b block) int {
	number := len(s.blocks)
	s.blocks = append(s.blocks, b)
	in := &s.functions[b.function]
	in.blocks = append(in.blocks, number)
	return number
}

func (s *scopes) declare(block int, names ...string) {
	in := &s.functions[s.blocks[block].function]
	for _, name := range names {
		in.variables = append(in.variables, variable{name, block})
	}
}

func (s *scopes) block(stmts []ast.Stmt, block int) {
	for _, stmt := range stmts {
		s.stmt(stmt, block)
	}
}

func (s *scopes) stmt(stmt ast.Stmt, block int) {
	mark(stmt, block)
	exprs, inner := PartsOfStmt(stmt)
	switch stmt := stmt.(type) {
	case *ast.RepeatStmt: // the condition sees the variables of the block
		body := s.open(block)
		s.block(stmt.Stmts, body)
		s.exprs(exprs, body)
		return
	case *ast.FuncDefStmt:
		s.exprs(exprs, block)
		s.funcBody(stmt.Func, block, stmt.Name.Func == nil)
		return
	}
	s.exprs(exprs, block)
	for _, stmts := range inner {
		body := s.open(block)
		switch loop := stmt.(type) {
		case *ast.NumberForStmt:
			s.declare(body, "(for index)", "(for limit)", "(for step)", loop.Name)
		case *ast.GenericForStmt:
			s.declare(body, "(for generator)", "(for state)", "(for control)")
			s.declare(body, loop.Names...)
		}
		s.block(*stmts, body)
	}
	if local, ok := stmt.(*ast.LocalAssignStmt); ok {
		s.declare(block, local.Names...)
	}
}

func (s *scopes) exprs(places []*ast.Expr, block int) {
	for _, place := range places {
		switch expr := (*place).(type) {
		case nil:
		case *ast.FunctionExpr:
			s.funcBody(expr, block, false)
		default:
			mark(expr, block)
			inner, _ := PartsOfExpr(expr)
			s.exprs(inner, block)
		}
	}
}

func (s *scopes) funcBody(fn *ast.FunctionExpr, block int, isMethod bool) {
	mark(fn, block)
	body := s.openFunction()
	if isMethod {
		s.declare(body, "self")
	}
	s.declare(body, fn.ParList.Names...)
	if fn.ParList.HasVargs && gopher.CompatVarArg {
		s.declare(body, "arg")
	}
	s.block(fn.Stmts, body)
}

// localsOf lists the variables of a function with the instructions at which they are there.
// Those that are there at one instruction have the registers from 0 on in their order.
func (s *scopes) localsOf(p *gopher.FunctionProto) []local {
	positions := p.DbgSourcePositions[:len(p.DbgSourcePositions)-1] // without the return at the end
	if s == nil || len(positions) == 0 {
		return nil
	}
	in := &s.functions[s.blocks[positions[0]>>lineBits].function]
	if len(in.variables) != len(p.DbgLocals) {
		return nil
	}
	ends := s.ends(in, positions)
	locals := make([]local, len(in.variables))
	for n, v := range in.variables {
		declared := p.DbgLocals[n]
		if declared.Name != v.name {
			return nil
		}
		locals[n] = local{v.name, declared.StartPc, ends[v.block]}
	}
	return locals
}

// ends are the instructions behind the blocks of a function.
func (s *scopes) ends(in *functionScopes, positions []int) map[int]int {
	ends := make(map[int]int, len(in.blocks))
	for at, position := range positions {
		ends[position>>lineBits] = at + 1
	}
	for _, block := range slices.Backward(in.blocks) {
		if around := s.blocks[block].around; around != noBlock {
			ends[around] = max(ends[around], ends[block])
		}
	}
	return ends
}
