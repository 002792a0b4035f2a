package lua

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nkhost/lua/glua"
)

// Local is a local variable as it was when an error was raised.
type Local struct {
	Name  string
	Value string // as Lua would write it, a table down to a few fields
}

const (
	maxLocals      = 32
	maxLocalFields = 16
	maxLocalDepth  = 3
	maxLocalText   = 200 // bytes
)

// localsCause carries local variables from where an error is raised to where it becomes
// an *Error.
type localsCause struct {
	locals []Local
	cause  error
}

func (c *localsCause) Error() string { return fmt.Sprint(c.cause) }
func (c *localsCause) Unwrap() error { return c.cause }

// addLocals notes the local variables of the innermost Lua function.
func addLocals(L *glua.LState, raised *glua.ApiError) {
	vm := Running(L)
	if vm == nil || !vm.runtime.options.Locals {
		return
	}
	for n := 0; ; n++ {
		frame, ok := L.Frame(n)
		if !ok {
			return
		}
		if frame.What != "G" && frame.CurrentLine > 0 {
			raised.Cause = &localsCause{locals: localsOf(L, frame), cause: raised.Cause}
			return
		}
	}
}

// localsOf lists the variables of a frame. One that another of its name hides is left out.
func localsOf(L *glua.LState, frame *glua.Debug) []Local {
	var locals []Local
	for n := 1; n <= maxLocals; n++ {
		name, value := L.GetLocal(frame, n)
		if name == "" {
			break
		}
		if strings.HasPrefix(name, "(") {
			continue
		}
		locals = slices.DeleteFunc(locals, func(l Local) bool { return l.Name == name })
		locals = append(locals, Local{name, literal(value, 0)})
	}
	return locals
}

// literal writes a value as it would stand in Lua source.
func literal(v glua.LValue, depth int) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case glua.LString:
		text := string(v)
		if len(text) > maxLocalText {
			return strconv.Quote(text[:maxLocalText]) + "..."
		}
		return strconv.Quote(text)
	case *glua.LTable:
		return tableLiteral(v, depth)
	}
	return v.String()
}

func tableLiteral(t *glua.LTable, depth int) string {
	if depth == maxLocalDepth {
		return "{...}"
	}
	var fields []string
	length := t.Len()
	for i := 1; i <= min(length, maxLocalFields); i++ {
		fields = append(fields, literal(t.RawGetInt(i), depth+1))
	}
	rest := max(0, length-maxLocalFields)
	for key, value := t.Next(glua.LNil); key != glua.LNil; key, value = t.Next(key) {
		if n, ok := key.(glua.LNumber); ok && n >= 1 && int(n) <= length && n == glua.LNumber(int(n)) {
			continue
		}
		if len(fields) >= maxLocalFields {
			rest++
			continue
		}
		name := "[" + literal(key, maxLocalDepth) + "]"
		if text, ok := key.(glua.LString); ok {
			name = string(text)
		}
		fields = append(fields, name+" = "+literal(value, depth+1))
	}
	if rest > 0 {
		fields = append(fields, fmt.Sprintf("... %d more", rest))
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}
