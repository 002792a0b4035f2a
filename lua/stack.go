package lua

import (
	"context"
	"errors"
	"sync"

	glua "github.com/yuin/gopher-lua"
)

const (
	// A stack may grow to this many times its size before Lua sees an overflow.
	registryGrowth = 128

	// How many stacks wait for further calls.
	maxIdleStacks = 32

	// gopher-lua leaves the frames of returned calls where they were, and with them the
	// functions of VMs that may have ended since. Retiring stacks bounds how long.
	callsPerStack = 1024
)

// stack is a gopher-lua state that is lent to one call of one VM at a time. What makes
// the VM's world in it is the table of globals and the metatable of strings.
//
// Lua's closures hold on to the stack on which they were made, so that one that is no
// longer used must be closed, or it would keep alive what ran on it last.
type stack struct {
	L     *glua.LState
	calls int

	vm    *VM
	ctx   context.Context
	depth int // of pcalls around this stack's call
}

// stackPool is a list rather than a sync.Pool because its stacks must be closed.
type stackPool struct {
	mutex sync.Mutex
	idle  []*stack
}

func (p *stackPool) get() *stack {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	s := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return s
}

// put says whether there was room.
func (p *stackPool) put(s *stack) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if len(p.idle) == maxIdleStacks {
		return false
	}
	p.idle = append(p.idle, s)
	return true
}

func (r *Runtime) newStack() *stack {
	L := glua.NewState(glua.Options{
		CallStackSize:       r.options.CallStackSize,
		RegistrySize:        r.options.RegistrySize,
		RegistryMaxSize:     r.options.RegistrySize * registryGrowth,
		RegistryGrowStep:    r.options.RegistrySize,
		SkipOpenLibs:        true,
		IncludeGoStackTrace: true,
	})
	s := &stack{L: L}
	L.G.Registry = newTable(1, 0)
	L.G.Registry.RawSetInt(1, &glua.LUserData{Value: s}) // for stackOf
	// Were these not set, the first call would run as that of a new thread.
	L.G.MainThread, L.G.CurrentThread = L, L
	return s
}

// enter makes the world of a VM, or none, that of the stack.
func (s *stack) enter(globals *glua.LTable, strings glua.LValue) {
	s.L.Env, s.L.G.Global = globals, globals
	s.L.SetMetatable(glua.LString(""), strings)
}

// borrow takes a stack for one call into vm, which lies within depth others.
func (r *Runtime) borrow(ctx context.Context, vm *VM, depth int) *stack {
	s := r.stacks.get()
	if s == nil {
		s = r.newStack()
	}
	s.vm, s.ctx, s.depth = vm, ctx, depth
	s.enter(vm.env, vm.strings)
	return s
}

// giveBack returns a stack whose call has ended.
func (r *Runtime) giveBack(s *stack) {
	s.L.SetTop(0)
	s.enter(r.noEnv, glua.LNil)
	s.vm, s.ctx = nil, nil
	s.calls++
	if s.calls >= callsPerStack || !r.stacks.put(s) {
		s.L.Close()
	}
}

// discard drops a stack on which Go code has panicked. Unlike a Lua error that leaves
// closures which refer to its registers.
func (r *Runtime) discard(s *stack) {
	s.L.SetTop(r.options.RegistrySize) // registers that were never set are no Lua values
	s.enter(r.noEnv, glua.LNil)
	s.vm, s.ctx = nil, nil
	s.L.Close()
}

// run calls fn on the stack, of which it takes care, and appends the results to dst.
func (s *stack) run(dst []glua.LValue, fn glua.LValue, args ...glua.LValue) ([]glua.LValue, *Error) {
	r, L := s.vm.runtime, s.L
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	if err := L.PCall(len(args), glua.MultRet, nil); err != nil {
		var raised *glua.ApiError
		if errors.As(err, &raised) && raised.Type == glua.ApiErrorPanic {
			r.discard(s)
		} else {
			r.giveBack(s)
		}
		return dst, newError(err)
	}
	for i, top := 1, L.GetTop(); i <= top; i++ {
		dst = append(dst, L.Get(i))
	}
	r.giveBack(s)
	return dst, nil
}

// stackOf returns the stack on which L runs, or nil if L is not one of a Runtime.
func stackOf(L *glua.LState) *stack {
	entry, ok := L.G.Registry.RawGetInt(1).(*glua.LUserData)
	if !ok {
		return nil
	}
	s, _ := entry.Value.(*stack)
	return s
}

// Context returns the context that was given to the call in which L runs. It is for Go
// functions that Lua calls.
func Context(L *glua.LState) context.Context {
	if s := stackOf(L); s != nil && s.ctx != nil {
		return s.ctx
	}
	return context.Background()
}

// Running returns the VM in which L runs, or nil if L is not one of a Runtime. It is
// for Go functions that Lua calls.
func Running(L *glua.LState) *VM {
	if s := stackOf(L); s != nil {
		return s.vm
	}
	return nil
}

// Wait runs fn, which may block, and lets other calls into the VM meanwhile. They may
// change the VM's variables. fn must not use L or any value of the VM. It is for Go
// functions that Lua calls.
func Wait(L *glua.LState, fn func()) {
	vm := Running(L)
	if vm == nil {
		fn()
		return
	}
	vm.leave()
	defer vm.reenter()
	fn()
}
