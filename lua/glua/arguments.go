package glua

import (
	"fmt"
	"strings"
)

// Arguments of functions of Go's: what follows raises if an argument is not what it says,
// and returns it otherwise.

// ArgError raises that the nth argument is wrong.
func (L *LState) ArgError(n int, message string) {
	panic(L.newArgError(n, message))
}

func (L *LState) newArgError(n int, message string) *ApiError {
	return L.newError(1, fmt.Sprintf("bad argument #%v to %v (%v)", n, L.functionName(L.depth-1), message))
}

// TypeError raises that the nth argument has not the wanted type.
func (L *LState) TypeError(n int, wanted LValueType) {
	got := L.at(n).Type()
	raised := L.newArgError(n, fmt.Sprintf("%v expected, got %v", wanted, got))
	if L.depth > 1 {
		suspectArgument(raised, &L.frames[L.depth-2], n, got)
	}
	panic(raised)
}

// CheckAny is any argument that is given.
func (L *LState) CheckAny(n int) LValue {
	if n > L.GetTop() {
		L.ArgError(n, "value expected")
	}
	return L.Get(n)
}

// CheckInt is a number without its fraction.
func (L *LState) CheckInt(n int) int {
	v := L.at(n)
	if !v.isNumber() {
		L.TypeError(n, LTNumber)
	}
	return int(v.Float())
}

// CheckString is a string, or a number as text.
func (L *LState) CheckString(n int) string {
	text, ok := L.at(n).text()
	if !ok {
		L.TypeError(n, LTString)
	}
	return text
}

// CheckTable is a table.
func (L *LState) CheckTable(n int) *LTable {
	v := L.at(n)
	if !v.isTable() {
		L.TypeError(n, LTTable)
	}
	return v.Table()
}

// CheckFunction is a function.
func (L *LState) CheckFunction(n int) *LFunction {
	v := L.at(n)
	if !v.isFunction() {
		L.TypeError(n, LTFunction)
	}
	return v.Function()
}

// CheckTypes raises unless the argument has one of the types.
func (L *LState) CheckTypes(n int, types ...LValueType) {
	got := L.at(n).Type()
	var wanted []string
	for _, t := range types {
		if t == got {
			return
		}
		wanted = append(wanted, t.String())
	}
	L.ArgError(n, strings.Join(wanted, " or ")+" expected, got "+got.String())
}

// OptInt is CheckInt, or something else where the argument is nil.
func (L *LState) OptInt(n, otherwise int) int {
	if L.at(n).IsNil() {
		return otherwise
	}
	return L.CheckInt(n)
}

// OptString is a string, or something else where the argument is nil. It takes no number.
func (L *LState) OptString(n int, otherwise string) string {
	v := L.at(n)
	switch v.Type() {
	case LTNil:
		return otherwise
	case LTString:
		return v.Str()
	}
	L.TypeError(n, LTString)
	return ""
}
