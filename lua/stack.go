package lua

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
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
	depth int    // of pcalls around this stack's call
	root  *stack // of the outermost call, which has no pcall around it

	watch watch
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
	s.watched()
	r.watchdog.add(s)
	return s
}

// enter makes the world of a VM, or none, that of the stack.
func (s *stack) enter(globals *glua.LTable, strings glua.LValue) {
	s.L.Env, s.L.G.Global = globals, globals
	s.L.SetMetatable(glua.LString(""), strings)
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
	s.enter(vm.env, vm.strings)
	return s
}

// giveBack returns a stack whose call has ended.
func (r *Runtime) giveBack(s *stack) {
	s.L.SetTop(0)
	s.leave()
	s.calls++
	if s.calls >= callsPerStack || !r.stacks.put(s) {
		r.close(s)
	}
}

// discard drops a stack on which Go code has panicked. Unlike a Lua error that leaves
// closures which refer to its registers.
func (r *Runtime) discard(s *stack) {
	s.L.SetTop(r.options.RegistrySize) // registers that were never set are no Lua values
	s.leave()
	r.close(s)
}

// leave makes the stack nobody's.
func (s *stack) leave() {
	s.enter(s.vm.runtime.noEnv, glua.LNil)
	s.vm, s.ctx, s.root = nil, nil, nil
}

func (r *Runtime) close(s *stack) {
	r.watchdog.remove(s)
	s.L.Close()
}

// run calls fn on an outermost stack, of which it takes care, and appends the results to
// dst.
func (s *stack) run(dst []glua.LValue, fn glua.LValue, args ...glua.LValue) ([]glua.LValue, *Error) {
	r := s.vm.runtime
	s.watch.begin(s)
	r.watchdog.wake()
	dst, err := s.call(dst, fn, args)
	reason := s.watch.end()
	r.retire(s, err)
	switch {
	case reason != nil:
		return dst, newLimitError(reason, err)
	case err != nil:
		return dst, newError(err)
	}
	return dst, nil
}

// runWithin is run for the stack of a pcall on outer. An overdue call raises on outer
// whatever came of it.
func (s *stack) runWithin(outer *stack, fn glua.LValue, args []glua.LValue) ([]glua.LValue, *Error) {
	r, watch := s.vm.runtime, &outer.root.watch
	watch.enter(s)
	results, err := s.call(nil, fn, args)
	watch.leave(outer)
	r.retire(s, err)
	if err == nil {
		return results, nil
	}
	return nil, newError(err)
}

// retire takes care of a stack whose call ended with err.
func (r *Runtime) retire(s *stack, err error) {
	if err == nil { // the targets of errors.As would be allocated even then
		r.giveBack(s)
		return
	}
	var broken *brokenStack
	var raised *glua.ApiError
	switch {
	case errors.As(err, &broken):
		s.leave()
		r.close(s)
	case errors.As(err, &raised) && raised.Type == glua.ApiErrorPanic:
		r.discard(s)
	default:
		r.giveBack(s)
	}
}

// brokenStack is a fault in gopher-lua that left its stack in disorder.
type brokenStack struct{ text string }

func (e *brokenStack) Error() string { return e.text }

func (s *stack) call(dst []glua.LValue, fn glua.LValue, args []glua.LValue) (results []glua.LValue, err error) {
	defer func() {
		// PCall recovers from what goes wrong in a call, but for faults that come up again
		// while it makes the error, such as an overflow during a tail call.
		if fault := recover(); fault != nil {
			results, err = dst, &brokenStack{fmt.Sprintf("the Lua stack broke, most likely because it overflowed: %v\n%s", fault, debug.Stack())}
		}
	}()
	L := s.L
	L.Push(s.vm.runtime.guard)
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	if err := L.PCall(1+len(args), glua.MultRet, nil); err != nil {
		return dst, err
	}
	for i, top := 1, L.GetTop(); i <= top; i++ {
		dst = append(dst, L.Get(i))
	}
	return dst, nil
}

// luaTraceback is a traceback without the Go stack that gopher-lua puts before it when
// Go code has panicked.
func luaTraceback(text string) string {
	if at := strings.LastIndex(text, tracebackHead); at >= 0 {
		return text[at:]
	}
	return text
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
