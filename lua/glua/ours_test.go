package glua_test

import (
	"strings"

	"nkhost/lua/glua"
)

// ourHost is what programs call on our interpreter: what gopher-lua has in its base
// library, and what gopherHost adds.
type ourHost struct {
	host
	globals, strings *glua.LTable
}

// openOurs is a host with a state in which programs can be run.
func openOurs(w way) (*ourHost, *glua.LState) {
	h := &ourHost{host: newHost(w)}
	L := h.newState()
	h.open(L)
	return h, L
}

func (h *ourHost) newState() *glua.LState {
	return glua.NewState(glua.Options{
		CallStackSize: callStackSize, RegistrySize: registrySize, RegistryMaxSize: registryMaxSize,
	})
}

func (h *ourHost) table(functions map[string]glua.LGFunction) *glua.LTable {
	t := glua.NewTable(0, len(functions))
	for name, fn := range functions {
		t.RawSetString(name, &glua.LFunction{GFunction: fn, Env: h.globals})
	}
	return t
}

func (h *ourHost) open(L *glua.LState) {
	h.globals = h.table(map[string]glua.LGFunction{
		"cut":          h.cut,
		"error":        h.error,
		"getfenv":      h.getfenv,
		"getmetatable": h.getmetatable,
		"ipairs":       h.ipairs,
		"next":         h.next,
		"pairs":        h.pairs,
		"pcall":        h.pcall,
		"print":        h.print,
		"rawequal":     h.rawequal,
		"rawget":       h.rawget,
		"rawset":       h.rawset,
		"select":       h.selectArgs,
		"setfenv":      h.setfenv,
		"setmetatable": h.setmetatable,
		"tick":         h.tick,
		"tostring":     h.tostring,
		"type":         h.typeOf,
		"unpack":       h.unpack,
		"where":        h.where,
	})
	h.globals.RawSetString("_G", h.globals)
	h.globals.RawSetString("table", h.table(map[string]glua.LGFunction{"insert": h.insert, "remove": h.remove}))
	methods := h.table(map[string]glua.LGFunction{"len": h.len, "sub": h.sub})
	h.globals.RawSetString("string", methods)
	h.strings = glua.NewTable(0, 1)
	h.strings.RawSetString("__index", methods)
	L.Env, L.Strings = h.globals, h.strings
}

func (h *ourHost) raised(err error) glua.LValue {
	raised := err.(*glua.ApiError)
	h.broken = h.broken || raised.Type == glua.ApiErrorPanic
	if text, ok := raised.Object.(glua.LString); ok {
		return glua.LString(withoutAddresses(string(text)))
	}
	return raised.Object
}

func (h *ourHost) pcall(L *glua.LState) int {
	L.CheckAny(1)
	nargs, on := L.GetTop()-1, L
	if h.way.ownStack {
		on = h.newState()
		on.Env, on.Strings = L.Env, L.Strings
		for i := 1; i <= L.GetTop(); i++ {
			on.Push(L.Get(i))
		}
	}
	if err := on.PCall(nargs, glua.MultRet); err != nil {
		L.Push(glua.LFalse)
		L.Push(h.raised(err))
		return 2
	}
	if !h.way.ownStack {
		L.Insert(glua.LTrue, 1)
		return L.GetTop()
	}
	L.Push(glua.LTrue)
	for i := 1; i <= on.GetTop(); i++ {
		L.Push(on.Get(i))
	}
	n := on.GetTop() + 1
	on.Clear()
	return n
}

func (h *ourHost) print(L *glua.LState) int {
	if h.lines++; h.lines > maxLines {
		return 0
	}
	for i := 1; i <= L.GetTop(); i++ {
		h.kept = append(h.kept, L.Get(i))
		h.out.WriteString(h.plain(L.ToStringMeta(L.Get(i)).String()))
		h.out.WriteByte(' ')
	}
	h.out.WriteByte('\n')
	return 0
}

func (h *ourHost) tick(L *glua.LState) int {
	if h.ticks++; h.ticks > maxTicks {
		L.RaiseError("no ticks left")
	}
	return 0
}

func (h *ourHost) where(L *glua.LState) int {
	var levels []string
	for i := range L.OptInt(1, 6) {
		levels = append(levels, L.Where(i))
	}
	L.PushString(strings.Join(levels, " "))
	return 1
}

func (h *ourHost) cut(L *glua.LState) int {
	v := L.Get(1)
	if text, ok := v.(glua.LString); ok && len(text) > maxText {
		v = text[:maxText]
	}
	L.Push(v)
	return 1
}

func (h *ourHost) len(L *glua.LState) int {
	L.PushNumber(float64(len(L.CheckString(1))))
	return 1
}

func (h *ourHost) sub(L *glua.LState) int {
	text := L.CheckString(1)
	from := min(max(L.CheckInt(2), 1), len(text)+1)
	to := max(min(L.OptInt(3, len(text)), len(text)), from-1)
	L.PushString(text[from-1 : to])
	return 1
}

func (h *ourHost) error(L *glua.LState) int {
	L.Error(L.CheckAny(1), L.OptInt(2, 1))
	return 0
}

func (h *ourHost) getmetatable(L *glua.LState) int {
	L.Push(L.GetMetatable(L.CheckAny(1)))
	return 1
}

func (h *ourHost) setmetatable(L *glua.LState) int {
	L.CheckTable(1)
	L.CheckTypes(2, glua.LTNil, glua.LTTable)
	if L.GetMetaField(L.Get(1), "__metatable") != glua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	L.SetMetatable(L.Get(1), L.Get(2))
	L.SetTop(1)
	return 1
}

func (h *ourHost) next(L *glua.LState) int {
	key, value := L.CheckTable(1).Next(L.Get(2))
	L.Push(key)
	if key == glua.LNil {
		return 1
	}
	L.Push(value)
	return 2
}

func (h *ourHost) pairs(L *glua.LState) int {
	t, next := L.CheckTable(1), glua.NextField
	if h.way.calledIterators {
		next = &glua.LFunction{GFunction: glua.NextField.GFunction}
	}
	L.Push(next)
	L.Push(t)
	L.Push(glua.LNil)
	return 3
}

func (h *ourHost) ipairs(L *glua.LState) int {
	t, next := L.CheckTable(1), glua.NextItem
	if h.way.calledIterators {
		next = &glua.LFunction{GFunction: glua.NextItem.GFunction}
	}
	L.Push(next)
	L.Push(t)
	L.PushNumber(0)
	return 3
}

func (h *ourHost) rawequal(L *glua.LState) int {
	L.Push(glua.LBool(L.CheckAny(1) == L.CheckAny(2)))
	return 1
}

func (h *ourHost) rawget(L *glua.LState) int {
	L.Push(L.CheckTable(1).RawGet(L.CheckAny(2)))
	return 1
}

func (h *ourHost) rawset(L *glua.LState) int {
	L.RawSet(L.CheckTable(1), L.CheckAny(2), L.CheckAny(3))
	return 0
}

func (h *ourHost) selectArgs(L *glua.LState) int {
	L.CheckTypes(1, glua.LTNumber, glua.LTString)
	if text, ok := L.Get(1).(glua.LString); ok {
		if text != "#" {
			L.ArgError(1, "invalid string '"+string(text)+"'")
		}
		L.PushNumber(float64(L.GetTop() - 1))
		return 1
	}
	i, n := L.CheckInt(1), L.GetTop()
	switch {
	case i < 0:
		i += n
	case i > n:
		i = n
	}
	if i < 1 {
		L.ArgError(1, "index out of range")
	}
	return n - i
}

// function is that of a level or the one that is given.
func (h *ourHost) function(L *glua.LState) *glua.LFunction {
	if fn, ok := L.Get(1).(*glua.LFunction); ok {
		return fn
	}
	if called, ok := L.GetStack(L.CheckInt(1)); ok {
		return called.Fn
	}
	return nil
}

func (h *ourHost) getfenv(L *glua.LState) int {
	if fn := h.function(L); fn != nil && !fn.IsG() {
		L.Push(fn.Env)
		return 1
	}
	L.Push(h.globals)
	return 1
}

func (h *ourHost) setfenv(L *glua.LState) int {
	env, fn := L.CheckTable(2), h.function(L)
	if fn == nil || fn.IsG() {
		L.RaiseError("cannot change the environment of given object")
	}
	fn.Env = env
	L.Push(fn)
	return 1
}

func (h *ourHost) tostring(L *glua.LState) int {
	h.kept = append(h.kept, L.CheckAny(1))
	v := L.ToStringMeta(L.Get(1))
	if text, ok := v.(glua.LString); ok {
		v = glua.LString(h.plain(string(text)))
	}
	L.Push(v)
	return 1
}

func (h *ourHost) typeOf(L *glua.LState) int {
	L.PushString(L.CheckAny(1).Type().String())
	return 1
}

func (h *ourHost) unpack(L *glua.LState) int {
	t := L.CheckTable(1)
	from, to := L.OptInt(2, 1), L.OptInt(3, t.Len())
	for i := from; i <= to; i++ {
		L.Push(t.RawGetInt(i))
	}
	return max(to-from+1, 0)
}

func (h *ourHost) insert(L *glua.LState) int {
	t := L.CheckTable(1)
	switch L.GetTop() {
	case 1:
		L.RaiseError("wrong number of arguments")
	case 2:
		t.Append(L.Get(2))
	default:
		t.Insert(L.CheckInt(2), L.CheckAny(3))
	}
	return 0
}

func (h *ourHost) remove(L *glua.LState) int {
	t := L.CheckTable(1)
	if L.GetTop() == 1 {
		L.Push(t.Remove(-1))
		return 1
	}
	L.Push(t.Remove(L.CheckInt(2)))
	return 1
}
