package lua

import (
	"context"
	"sync"

	"nkhost/lua/glua"
)

const (
	// A stack may grow to this many times its size before Lua sees an overflow.
	registryGrowth = 128

	// How many stacks wait for further calls.
	maxIdleStacks = 32
)

// stack is a Lua state that is lent to one call of one VM at a time. What makes the VM's
// world in it is the table of globals and the metatable of strings.
type stack struct {
	L *glua.LState

	vm    *VM
	ctx   context.Context
	depth int    // of pcalls around this stack's call
	root  *stack // of the outermost call, which has no pcall around it

	watch watch
}

// stackPool is a list rather than a sync.Pool because the watchdog knows all stacks.
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
	s := &stack{L: glua.NewState(glua.Options{
		CallStackSize:   r.options.CallStackSize,
		RegistrySize:    r.options.RegistrySize,
		RegistryMaxSize: r.options.RegistrySize * registryGrowth,
		Stopped:         func(L *glua.LState) { stackOf(L).raiseIfOverdue(L) },
		Raised:          trace,
		Concatenating:   concatenating,
	})}
	s.L.Owner = s
	r.watchdog.add(s)
	return s
}

// concatenating is for texts that ".." makes, which a program may do often without a call.
func concatenating(L *glua.LState, size int) {
	if size > smallString {
		stackOf(L).raiseIfOverdue(L)
		checkString(L, "concatenation", size)
	}
}

// enter makes the world of a VM, or none, that of the stack.
func (s *stack) enter(globals, strings *glua.LTable) {
	s.L.Env, s.L.Strings = globals, strings
}

// borrow takes a stack for one call into vm. outer is the stack of the pcall that makes
// it, or nil.
func (r *Runtime) borrow(ctx context.Context, vm *VM, outer *stack) *stack {
	s := r.stacks.get()
	if s == nil {
		s = r.newStack()
	}
	s.vm, s.ctx, s.depth, s.root = vm, ctx, 0, s
	if outer != nil {
		s.depth, s.root = outer.depth+1, outer.root
	}
	s.L.Stop = &s.root.watch.stopped
	s.enter(vm.env, vm.strings)
	return s
}

// giveBack returns a stack whose call has ended.
func (r *Runtime) giveBack(s *stack) {
	s.L.Clear()
	s.enter(nil, nil)
	s.vm, s.ctx, s.root = nil, nil, nil
	if !r.stacks.put(s) {
		r.watchdog.remove(s)
	}
}

// run calls fn on an outermost stack, of which it takes care, and appends the results to
// dst.
func (s *stack) run(dst []glua.Value, fn glua.Value, args []glua.Value) ([]glua.Value, *Error) {
	r := s.vm.runtime
	s.watch.begin()
	r.watchdog.wake()
	dst, err := s.call(dst, fn, args)
	reason := s.watch.end()
	r.giveBack(s)
	switch {
	case reason != nil:
		return dst, newLimitError(reason, err)
	case err != nil:
		return dst, newError(err)
	}
	return dst, nil
}

// runWithin is run for the stack of a pcall.
func (s *stack) runWithin(fn glua.Value, args []glua.Value) ([]glua.Value, *Error) {
	r := s.vm.runtime
	results, err := s.call(nil, fn, args)
	r.giveBack(s)
	if err == nil {
		return results, nil
	}
	return nil, newError(err)
}

func (s *stack) call(dst []glua.Value, fn glua.Value, args []glua.Value) ([]glua.Value, error) {
	L := s.L
	L.PushValue(fn)
	for _, arg := range args {
		L.PushValue(arg)
	}
	if err := L.PCall(len(args), glua.MultRet); err != nil {
		return dst, err
	}
	for i, top := 1, L.GetTop(); i <= top; i++ {
		dst = append(dst, L.Value(i))
	}
	return dst, nil
}

// stackOf returns the stack on which L runs, or nil if L is not one of a Runtime.
func stackOf(L *glua.LState) *stack {
	s, _ := L.Owner.(*stack)
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
// change the VM's variables. The time does not count for the call's limit. fn must not
// use L or any value of the VM. It is for Go functions that Lua calls.
func Wait(L *glua.LState, fn func()) {
	s := stackOf(L)
	if s == nil {
		fn()
		return
	}
	watch := &s.root.watch
	s.raiseIfOverdue(L)
	nested := !watch.change(running, waiting) // within another Wait, or overdue just now
	s.vm.leave()
	defer func() {
		s.vm.reenter()
		if !nested {
			watch.change(waiting, running)
		}
	}()
	fn()
}
