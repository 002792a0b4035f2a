package nkshim

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// Double stands in for a function of the nakama module. It gets the arguments as Go
// values, made as by lua.ToGo, and gives the results; its error is raised.
type Double func(args []any) (results []any, err error)

// doubles are the functions that have a Double, by name.
type doubles struct {
	mu     sync.Mutex
	byName atomic.Pointer[map[string]Double]
}

// SetDouble puts a Double in the place of a nakama function, or with nil takes it away
// again. It fails when there is no such function.
func (r *Runtime) SetDouble(name string, double Double) error {
	if !isFunction(name) {
		return fmt.Errorf("nakama has no function %q", name)
	}
	r.doubles.mu.Lock()
	defer r.doubles.mu.Unlock()
	changed := map[string]Double{}
	if old := r.doubles.byName.Load(); old != nil {
		maps.Copy(changed, *old)
	}
	if changed[name] = double; double == nil {
		delete(changed, name)
	}
	r.doubles.byName.Store(&changed)
	return nil
}

func isFunction(name string) bool {
	for _, f := range Contract() {
		if f.Name == name {
			return true
		}
	}
	return false
}

// orDouble is fn while the function of that name has no Double.
func (r *Runtime) orDouble(name string, fn glua.LGFunction) glua.LGFunction {
	return func(L *glua.LState) int {
		if all := r.doubles.byName.Load(); all != nil {
			if double := (*all)[name]; double != nil {
				return callDouble(call{L: L, name: "nakama." + name}, double)
			}
		}
		return fn(L)
	}
}

func callDouble(c call, double Double) int {
	args := make([]any, c.L.GetTop())
	for i := range args {
		args[i] = c.toGo(i+1, "any", c.L.Get(i+1))
	}
	var results []any
	var err error
	c.wait(func() { results, err = double(args) })
	if err != nil {
		c.fail("%v", err)
	}
	for _, result := range results {
		c.L.Push(lua.FromGo(result))
	}
	return len(results)
}

// StateToGo is the state of a match, as the match's handler keeps it, as a Go value.
func StateToGo(state any) (any, error) {
	value, ok := state.(glua.LValue)
	if !ok {
		return nil, fmt.Errorf("a match's state is %T, not a Lua value", state)
	}
	return lua.ConvertToGo(value)
}
