package glua

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// MultRet, as a number of results, stands for all there are.
const MultRet = -1

// window is how many registers a function can name. There are always as many behind the
// first of the running function, so that the interpreter need not ask.
const window = 256

// Options says how a state is set up.
type Options struct {
	CallStackSize   int // how many calls may be nested
	RegistrySize    int // registers to begin with
	RegistryMaxSize int // registers that there may be

	// Stopped is called at the next call or turn of a loop after Stop was set. It should
	// raise an error.
	Stopped func(L *LState)
	// Concatenating is called before ".." makes a string of that size. It may raise.
	Concatenating func(L *LState, size int)
	// Raised is called when a PCall has caught an error, while all that ran is there still.
	Raised func(L *LState, raised *ApiError)
}

// LState is a stack on which functions run.
type LState struct {
	// Owner is for who uses the state.
	Owner any
	// Env is the environment that getfenv gives for functions of Go's, and Strings the
	// metatable of strings. Both may be nil.
	Env, Strings *LTable
	// Stop ends what runs when it is true. It may be set by any goroutine.
	Stop *atomic.Bool

	options Options
	regs    []Value
	top     int // behind the last value of a function of Go's, or of values without a number
	high    int // registers from here on have not been used since Clear
	frames  []frame
	depth   int
	current *frame // frames[depth-1], or nil
	open    *Upvalue
}

// frame is a call that runs.
type frame struct {
	fn    *LFunction
	pc    int // of the next instruction
	base  int // the register of the function, and where its results go
	local int // its first register
	nargs int // how many arguments it was given
	nret  int // how many results are wanted
	tail  int // how many functions it has taken the place of
}

// NewState makes a state.
func NewState(options Options) *LState {
	return &LState{
		options: options,
		Stop:    new(atomic.Bool),
		regs:    make([]Value, options.RegistrySize+window),
		frames:  make([]frame, options.CallStackSize),
	}
}

// Clear forgets all values and calls. It is to be used when nothing runs.
func (L *LState) Clear() {
	L.closeFrom(0)
	clear(L.regs[:min(L.high, len(L.regs))])
	if len(L.regs) > 8*L.options.RegistrySize+window {
		L.regs = make([]Value, L.options.RegistrySize+window)
	}
	clear(L.frames[:L.depth])
	L.top, L.high, L.depth, L.current = 0, 0, 0, nil
}

// ensure makes room for the registers before n.
func (L *LState) ensure(n int) {
	L.high = max(L.high, n)
	if n+window > len(L.regs) {
		L.grow(n)
	}
}

func (L *LState) grow(n int) {
	if n > L.options.RegistryMaxSize {
		L.RaiseError("registry overflow")
	}
	regs := make([]Value, min(2*n, L.options.RegistryMaxSize)+window)
	copy(regs, L.regs)
	L.regs = regs
	for u := L.open; u != nil; u = u.next {
		u.v = &regs[u.index]
	}
}

// upvalue is the open one of a register.
func (L *LState) upvalue(register int) *Upvalue {
	at := &L.open
	for *at != nil && (*at).index > register {
		at = &(*at).next
	}
	if *at != nil && (*at).index == register {
		return *at
	}
	u := &Upvalue{v: &L.regs[register], index: register, next: *at}
	*at = u
	return u
}

// closeFrom closes the upvalues of the registers from one on.
func (L *LState) closeFrom(register int) {
	for u := L.open; u != nil && u.index >= register; u = L.open {
		L.open = u.next
		u.close()
	}
}

// base is the first register of the running function.
func (L *LState) base() int {
	if L.current == nil {
		return 0
	}
	return L.current.local
}

// free is the first register that nothing uses.
func (L *LState) free() int {
	if fr := L.current; fr != nil && fr.fn.Proto != nil {
		return fr.local + fr.fn.Proto.registers
	}
	return L.top
}

// GetTop is how many values the running function has.
func (L *LState) GetTop() int { return L.top - L.base() }

// SetTop drops values from the end or adds nils. A negative number counts from the end.
func (L *LState) SetTop(n int) {
	top := L.base() + n
	if n < 0 {
		top = max(L.top+n+1, L.base())
	}
	L.ensure(top)
	if top > L.top {
		clear(L.regs[L.top:top])
	}
	L.top = top
}

// Push adds a value at the end.
func (L *LState) Push(v LValue) { L.push(Of(v)) }

// PushValue is Push.
func (L *LState) PushValue(v Value) { L.push(v) }

// PushString is Push for a string.
func (L *LState) PushString(s string) { L.push(String(s)) }

// PushNumber is Push for a number.
func (L *LState) PushNumber(n float64) { L.push(Number(n)) }

func (L *LState) push(v Value) {
	if L.top+window >= len(L.regs) {
		L.ensure(L.top + 1)
	}
	L.regs[L.top] = v
	L.top++
	L.high = max(L.high, L.top)
}

// Pop drops n values from the end.
func (L *LState) Pop(n int) {
	if n > L.GetTop() {
		L.RaiseError("register underflow")
	}
	L.top -= n
}

// at is the value at an index: from 1 on the arguments, from -1 down those from the end.
func (L *LState) at(index int) Value {
	base := L.base()
	switch {
	case index > 0:
		if r := base + index - 1; r < L.top {
			return L.regs[r]
		}
	case index < 0:
		if r := L.top + index; r >= base {
			return L.regs[r]
		}
	}
	return Value{}
}

// Get is the value at an index, or LNil if there is none.
func (L *LState) Get(index int) LValue { return L.at(index).LValue() }

// Value is Get.
func (L *LState) Value(index int) Value { return L.at(index) }

// ToBool says whether the value at an index is true for Lua.
func (L *LState) ToBool(index int) bool { return !L.at(index).IsFalse() }

// Insert puts a value at an index from 1 and moves those behind it up.
func (L *LState) Insert(v LValue, index int) {
	r := L.base() + index - 1
	L.push(Value{})
	copy(L.regs[r+1:L.top], L.regs[r:L.top-1])
	L.regs[r] = Of(v)
}

// Call calls the function that was pushed before nargs arguments; nret results take their
// place.
func (L *LState) Call(nargs, nret int) {
	L.call(L.top-nargs-1, nargs, nret)
}

// call calls the function in a register; the results go where it was.
func (L *LState) call(base, nargs, nret int) {
	fn, nargs := L.callee(base, nargs)
	L.enter(fn, base, nargs, nret)
	if fn.Proto == nil {
		L.runGo()
		return
	}
	L.execute(L.depth)
}

// callFunction calls a function with arguments from wherever the state is, and returns
// its first result.
func (L *LState) callFunction(fn Value, args ...Value) Value {
	top, base := L.top, L.free()
	L.ensure(base + 1 + len(args))
	L.regs[base] = fn
	copy(L.regs[base+1:], args)
	L.top = base + 1 + len(args)
	L.call(base, len(args), 1)
	result := L.regs[base]
	L.top = top
	return result
}

// PCall is Call that returns the error when the function raises one. What runs on
// the state then is what did before.
func (L *LState) PCall(nargs, nret int) (err error) {
	depth, base := L.depth, L.top-nargs-1
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		raised, ok := fault.(*ApiError)
		if !ok {
			raised = &ApiError{Type: ApiErrorPanic, Object: LString(fmt.Sprint(fault)), Cause: &Panic{debug.Stack()}}
		}
		if L.options.Raised != nil {
			L.options.Raised(L, raised)
		}
		L.closeFrom(base)
		L.unwind(depth)
		L.top = base
		err = raised
	}()
	L.Call(nargs, nret)
	return nil
}

func (L *LState) unwind(depth int) {
	clear(L.frames[depth:L.depth])
	L.depth, L.current = depth, nil
	if depth > 0 {
		L.current = &L.frames[depth-1]
	}
}

// callee is the function in a register, or what is called in its place, with how many
// arguments.
func (L *LState) callee(base, nargs int) (*LFunction, int) {
	v := L.regs[base]
	if v.isFunction() {
		return v.Function(), nargs
	}
	meta := L.metaOf(v, onCall)
	if !meta.isFunction() {
		L.raiseMisuse(v, "attempt to call a non-function object")
	}
	L.ensure(base + 2 + nargs)
	copy(L.regs[base+2:base+2+nargs], L.regs[base+1:])
	L.regs[base+1] = v
	return meta.Function(), nargs + 1
}

// enter begins a call. The arguments are in the registers behind base.
func (L *LState) enter(fn *LFunction, base, nargs, nret int) {
	if L.Stop.Load() {
		L.stopped()
	}
	if L.depth == len(L.frames) {
		L.RaiseError("stack overflow")
	}
	fr := &L.frames[L.depth]
	local := L.arrange(fn, base, nargs)
	L.depth++
	L.current = fr
	fr.fn, fr.pc, fr.base, fr.local = fn, 0, base, local
	fr.nargs, fr.nret, fr.tail = nargs, nret, 0
}

func (L *LState) stopped() {
	if L.options.Stopped != nil {
		L.options.Stopped(L)
	}
}

// arrange puts arguments where a function wants them and returns its first register.
func (L *LState) arrange(fn *LFunction, base, nargs int) (local int) {
	local = base + 1
	p := fn.Proto
	if p == nil {
		L.ensure(local + nargs)
		L.top = local + nargs
		return local
	}
	if p.IsVarArg {
		return L.arrangeVarArg(p, base, nargs)
	}
	L.ensure(local + max(p.registers, nargs))
	clear(L.regs[local+min(nargs, p.NumParameters) : local+p.registers])
	return local
}

// arrangeVarArg leaves the arguments beyond the parameters before the registers.
func (L *LState) arrangeVarArg(p *FunctionProto, base, nargs int) (local int) {
	first, params := base+1, p.NumParameters
	local = first + max(nargs, params)
	L.ensure(local + p.registers)
	if nargs < params {
		clear(L.regs[first+nargs : first+params])
	}
	copy(L.regs[local:], L.regs[first:first+params])
	clear(L.regs[first : first+params])
	clear(L.regs[local+params : local+p.registers])
	if p.needsArg {
		extra := NewTable(max(nargs-params, 0), 1)
		for i := params; i < nargs; i++ {
			extra.setItem(i-params, L.regs[first+i])
		}
		extra.setName(String("n"), Number(float64(max(nargs-params, 0))), true)
		L.regs[local+params] = Table(extra)
	}
	return local
}

// runGo runs the function of Go's that was entered.
func (L *LState) runGo() {
	fr := L.current
	n := fr.fn.GFunction(L)
	L.leave(fr, L.top-n, n)
}

// leave ends the innermost call; its results are n registers from one on.
func (L *LState) leave(fr *frame, from, n int) {
	want := fr.nret
	if want == MultRet {
		want = n
	}
	ret := fr.base
	L.depth--
	if L.depth > 0 {
		L.current = &L.frames[L.depth-1]
	} else {
		L.current = nil
	}
	fr.fn = nil
	L.top = ret + want
	if want == 1 && n > 0 {
		L.regs[ret] = L.regs[from]
		return
	}
	L.ensure(ret + want)
	have := min(want, n)
	copy(L.regs[ret:ret+have], L.regs[from:from+have])
	clear(L.regs[ret+have : ret+want])
}
