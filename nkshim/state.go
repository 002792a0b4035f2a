package nkshim

import (
	"context"
	"sync/atomic"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// state is a VM in which the modules were loaded for RPCs and hooks. There is one, whose
// variables all of them share, unless the configuration asks for several. Then each call
// runs in any of them, and what a module keeps in a variable is there only now and then,
// as on Nakama.
type state struct {
	vm    *lua.VM
	calls atomic.Int32 // that run or wait for their turn
}

func (s *state) load(ctx context.Context) error {
	if err := s.vm.LoadAll(ctx); err != nil {
		return err
	}
	s.vm.Freeze()
	return nil
}

// stateOf is the index of the state whose VM it is; not ok for that of a match.
func (r *Runtime) stateOf(vm *lua.VM) (index int, ok bool) {
	for i, s := range r.states {
		if s.vm == vm {
			return i, true
		}
	}
	return 0, false
}

// leastBusy picks a state for a call of a hook, and the hook's closure there.
func (r *Runtime) leastBusy(h *hook) (*state, *glua.LFunction) {
	var best *state
	var fn *glua.LFunction
	for i, closure := range h.closures {
		if closure == nil {
			continue
		}
		if s := r.states[i]; best == nil || s.calls.Load() < best.calls.Load() {
			best, fn = s, closure
		}
	}
	return best, fn
}
