package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// What gopher-lua's instruction for ".." makes may be as big as memory before anybody can
// look: text that doubles, or a line that joins a hundred big texts. So where more than one
// operand may be big the program calls concatenate instead, which asks first.

// concatenateName is the constant in whose place the function is put.
const concatenateName = "\x00nkhost concatenates"

var concatenateFunction = NewFunction(concatenate)

// concatenateCall is a call with the operands. It has one result wherever it stands.
func concatenateCall(operands []ast.Expr, line int) *ast.FuncCallExpr {
	name := &ast.StringExpr{Value: concatenateName}
	call := &ast.FuncCallExpr{Func: name, Args: operands, AdjustRet: true}
	for _, node := range []ast.PositionHolder{name, call} {
		node.SetLine(line)
		node.SetLastLine(line)
	}
	return call
}

// assignable changes calls of concatenate that a statement assigns to variables: where
// gopher-lua assigns a call in parentheses to a function's last parameter, it loses the
// parameter before it has evaluated the arguments.
func assignable(s *ast.AssignStmt) {
	for i, expr := range s.Rhs {
		call, ok := expr.(*ast.FuncCallExpr)
		if !ok || !isConcatenateCall(call) {
			continue
		}
		if i == len(s.Rhs)-1 {
			call.AdjustRet = false // it has one result all the same
			continue
		}
		always := &ast.TrueExpr{}
		s.Rhs[i] = &ast.LogicalOpExpr{Operator: "and", Lhs: always, Rhs: call}
		always.SetLine(call.Line())
		s.Rhs[i].SetLine(call.Line())
	}
}

func isConcatenateCall(call *ast.FuncCallExpr) bool {
	name, ok := call.Func.(*ast.StringExpr)
	return ok && name.Value == concatenateName
}

// concatenate is a..b..c for its arguments.
func concatenate(L *glua.LState) int {
	var few [8]string
	texts, size := few[:0], 0
	for i, n := 1, L.GetTop(); i <= n; i++ {
		v := L.Get(i)
		if !glua.LVCanConvToString(v) {
			L.Push(concatenateAny(L, n))
			return 1
		}
		text := glua.LVAsString(v)
		texts, size = append(texts, text), size+len(text)
	}
	checkString(L, "concatenation", size)
	return pushText(L, strings.Join(texts, ""))
}

// concatenateAny goes from the right, and asks __concat where an operand is no text.
func concatenateAny(L *glua.LState, n int) glua.LValue {
	result := L.Get(n)
	for i := n - 1; i > 0; i-- {
		left := L.Get(i)
		if glua.LVCanConvToString(left) && glua.LVCanConvToString(result) {
			a, b := glua.LVAsString(left), glua.LVAsString(result)
			checkString(L, "concatenation", len(a)+len(b))
			result = glua.LString(a + b)
			continue
		}
		op, ok := L.GetMetaField(left, "__concat").(*glua.LFunction)
		if !ok && L.GetMetaField(left, "__concat") == glua.LNil {
			op, ok = L.GetMetaField(result, "__concat").(*glua.LFunction)
		}
		if !ok {
			L.RaiseError("cannot perform concat operation between %v and %v", left.Type().String(), result.Type().String())
		}
		L.Push(op)
		L.Push(left)
		L.Push(result)
		L.Call(2, 1)
		result = L.Get(-1)
		L.Pop(1)
	}
	return result
}

// putConstants puts functions in the place of a program's constants that name them; find
// returns nil for others.
func putConstants(proto *glua.FunctionProto, find func(name string) *glua.LFunction) {
	for i, constant := range proto.Constants {
		if text, ok := constant.(glua.LString); ok && strings.HasPrefix(string(text), "\x00nkhost ") {
			if fn := find(string(text)); fn != nil {
				proto.Constants[i] = fn
			}
		}
	}
	for _, inner := range proto.FunctionPrototypes {
		putConstants(inner, find)
	}
}
