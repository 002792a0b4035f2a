package glua_test

import (
	"strings"

	gopher "github.com/yuin/gopher-lua"
)

// gopherHost is what programs call on gopher-lua: its own libraries, but for a few
// functions.
type gopherHost struct{ host }

func (h *gopherHost) open(L *gopher.LState) {
	for _, open := range []gopher.LGFunction{gopher.OpenBase, gopher.OpenTable} {
		L.Push(L.NewFunction(open))
		L.Call(0, 0)
	}
	L.SetTop(0)
	for name, fn := range map[string]gopher.LGFunction{
		"cut":          h.cut,
		"pcall":        h.pcall,
		"print":        h.print,
		"setmetatable": setMetatable(L.GetGlobal("setmetatable").(*gopher.LFunction).GFunction),
		"tostring":     h.tostring,
		"tick":         h.tick,
		"where":        h.where,
	} {
		L.SetGlobal(name, L.NewFunction(fn))
	}
	methods := L.NewTable()
	for name, fn := range map[string]gopher.LGFunction{"len": h.len, "sub": h.sub} {
		methods.RawSetString(name, L.NewFunction(fn))
	}
	meta := L.NewTable()
	meta.RawSetString("__index", methods)
	L.SetMetatable(gopher.LString(""), meta)
	L.SetGlobal("string", methods)
}

// setMetatable is for tables only: other types have their metatable in the program's world.
func setMetatable(set gopher.LGFunction) gopher.LGFunction {
	return func(L *gopher.LState) int {
		L.CheckTable(1)
		return set(L)
	}
}

func (h *gopherHost) raised(err error) gopher.LValue {
	raised := err.(*gopher.ApiError)
	h.broken = h.broken || raised.Type == gopher.ApiErrorPanic
	if text, ok := raised.Object.(gopher.LString); ok {
		// Ours has no name for what is called on a stack of its own.
		plain := strings.Replace(withoutAddresses(string(text)), " to main chunk (", " to (anonymous) (", 1)
		return gopher.LString(plain)
	}
	return raised.Object
}

func (h *gopherHost) pcall(L *gopher.LState) int {
	L.CheckAny(1)
	nargs, on := L.GetTop()-1, L
	if h.way.ownStack {
		on, _ = L.NewThread()
		for i := 1; i <= L.GetTop(); i++ {
			on.Push(L.Get(i))
		}
	}
	if err := on.PCall(nargs, gopher.MultRet, nil); err != nil {
		L.Push(gopher.LFalse)
		L.Push(h.raised(err))
		return 2
	}
	if !h.way.ownStack {
		L.Insert(gopher.LTrue, 1)
		return L.GetTop()
	}
	L.Push(gopher.LTrue)
	for i := 1; i <= on.GetTop(); i++ {
		L.Push(on.Get(i))
	}
	return on.GetTop() + 1
}

func (h *gopherHost) print(L *gopher.LState) int {
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

func (h *gopherHost) tick(L *gopher.LState) int {
	if h.ticks++; h.ticks > maxTicks {
		L.RaiseError("no ticks left")
	}
	return 0
}

func (h *gopherHost) where(L *gopher.LState) int {
	var levels []string
	for i := range L.OptInt(1, 6) {
		levels = append(levels, L.Where(i))
	}
	L.Push(gopher.LString(strings.Join(levels, " ")))
	return 1
}

func (h *gopherHost) cut(L *gopher.LState) int {
	v := L.Get(1)
	if text, ok := v.(gopher.LString); ok && len(text) > maxText {
		v = text[:maxText]
	}
	L.Push(v)
	return 1
}

func (h *gopherHost) tostring(L *gopher.LState) int {
	h.kept = append(h.kept, L.CheckAny(1))
	v := L.ToStringMeta(L.Get(1))
	if text, ok := v.(gopher.LString); ok {
		v = gopher.LString(h.plain(string(text)))
	}
	L.Push(v)
	return 1
}

func (h *gopherHost) len(L *gopher.LState) int {
	L.Push(gopher.LNumber(len(L.CheckString(1))))
	return 1
}

func (h *gopherHost) sub(L *gopher.LState) int {
	text := L.CheckString(1)
	from := min(max(L.CheckInt(2), 1), len(text)+1)
	to := max(min(L.OptInt(3, len(text)), len(text)), from-1)
	L.Push(gopher.LString(text[from-1 : to]))
	return 1
}
