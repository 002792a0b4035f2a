package lua

import (
	"strings"

	"nkhost/lua/glua"
)

// Base functions that call, catch, compile or look at the callers.

func basePCall(L *glua.LState) int {
	fn := L.CheckAny(1)
	if fn.Type() != glua.LTFunction && L.GetMetaField(fn, "__call").Type() != glua.LTFunction {
		L.Push(glua.LFalse)
		L.PushString("attempt to call a " + fn.Type().String() + " value")
		return 2
	}
	var room [8]glua.Value
	results, raised := protect(L, glua.Of(fn), arguments(L, room[:0], 2))
	if raised != nil {
		L.Push(glua.LFalse)
		L.Push(raised)
		return 2
	}
	return pushResults(L, results)
}

// baseXPCall calls the handler when the stack is unwound already, which without a
// debug library no Lua function can tell.
func baseXPCall(L *glua.LState) int {
	fn, handler := L.CheckFunction(1), L.CheckFunction(2)
	results, raised := protect(L, glua.Function(fn), nil)
	if raised == nil {
		return pushResults(L, results)
	}
	results, again := protect(L, glua.Function(handler), []glua.Value{glua.Of(raised)})
	L.Push(glua.LFalse)
	switch {
	case again != nil:
		L.Push(again)
	case len(results) == 0:
		L.Push(glua.LNil)
	default:
		L.PushValue(results[0])
	}
	return 2
}

func arguments(L *glua.LState, args []glua.Value, first int) []glua.Value {
	for i, top := first, L.GetTop(); i <= top; i++ {
		args = append(args, L.Value(i))
	}
	return args
}

func pushResults(L *glua.LState, results []glua.Value) int {
	L.Push(glua.LTrue)
	for _, v := range results {
		L.PushValue(v)
	}
	return 1 + len(results)
}

// protect calls fn and returns its results or what it raised. The call has a stack of
// its own, as deep as any.
func protect(L *glua.LState, fn glua.Value, args []glua.Value) (results []glua.Value, raised glua.LValue) {
	outer := stackOf(L)
	r := outer.vm.runtime
	if outer.depth >= r.options.CallStackSize/2 {
		L.RaiseError("stack overflow: too many calls of pcall within each other")
	}
	outer.raiseIfOverdue(L)
	results, fault := r.borrow(outer.ctx, outer.vm, outer).runWithin(fn, args)
	outer.raiseIfOverdue(L)
	if fault == nil {
		return results, nil
	}
	fault.position(fn, where(L))
	return nil, fault.Value
}

// where is the position of the innermost Lua function, or "".
func where(L *glua.LState) string {
	level := 0
	position := L.Where(level)
	for strings.HasPrefix(position, "[G]") {
		level++
		position = L.Where(level)
	}
	return position
}

func baseLoadString(L *glua.LState) int {
	return pushChunk(L, L.CheckString(1), L.OptString(2, "<string>"))
}

func baseLoad(L *glua.LState) int {
	reader, chunk := L.CheckFunction(1), L.OptString(2, "?")
	var source strings.Builder
	for source.Len() <= maxChunkSize {
		L.Push(reader)
		L.Call(0, 1)
		piece := L.Get(-1)
		L.Pop(1)
		if piece != glua.LNil && !glua.LVCanConvToString(piece) {
			return pushFault(L, "reader function must return a string")
		}
		text := glua.LVAsString(piece)
		if text == "" {
			break
		}
		source.WriteString(text)
	}
	return pushChunk(L, source.String(), chunk)
}

// pushChunk compiles source text for Lua, which gets the function, or nil and what is
// wrong with it.
func pushChunk(L *glua.LState, source, chunk string) int {
	if len(source) > maxChunkSize {
		return pushFault(L, "chunk has more than "+numberText(maxChunkSize)+" bytes")
	}
	proto, err := compile(tree{file: chunk, maxDepth: maxChunkDepth, made: true}, source)
	if err != nil {
		return pushFault(L, err.Error())
	}
	L.Push(glua.NewFunction(proto, L.Env))
	return 1
}

func pushFault(L *glua.LState, text string) int {
	L.Push(glua.LNil)
	L.PushString(text)
	return 2
}

const noFiles = "Lua has no access to files here; use require with the name of a module"

func baseLoadFile(L *glua.LState) int { return pushFault(L, "loadfile: "+noFiles) }

func baseDoFile(L *glua.LState) int {
	L.RaiseError("dofile: %s", noFiles)
	return 0
}

// caller returns the Lua function at a level of the stack, 1 being the one that called
// the running Go function, or nil if there is none or it is a Go function.
func caller(L *glua.LState, level int) *glua.LFunction {
	frame, ok := L.GetStack(level)
	if !ok {
		return nil
	}
	if frame.Fn.IsG() {
		return nil
	}
	return frame.Fn
}

func baseGetFEnv(L *glua.LState) int {
	var fn *glua.LFunction
	level := glua.LNumber(1)
	if L.GetTop() > 0 {
		fn, _ = L.Get(1).(*glua.LFunction)
		level, _ = L.Get(1).(glua.LNumber)
	}
	if level > 0 {
		fn = caller(L, int(level))
	}
	if fn == nil || fn.IsG() {
		L.Push(L.Env)
	} else {
		L.Push(fn.Env)
	}
	return 1
}

func baseSetFEnv(L *glua.LState) int {
	env := L.CheckTable(2)
	fn, _ := L.Get(1).(*glua.LFunction)
	if level, ok := L.Get(1).(glua.LNumber); ok && level > 0 {
		fn = caller(L, int(level))
	}
	if fn == nil || fn.IsG() {
		L.RaiseError("cannot change the environment of given object")
	}
	fn.Env = env
	L.Push(fn)
	return 1
}
