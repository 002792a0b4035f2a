package lua

import (
	"sync"

	glua "github.com/yuin/gopher-lua"
)

// frozenTables are tables that table.remove, table.sort and table.insert at a place
// refuse, as on Nakama. Everything else may still change them.
type frozenTables struct {
	mu  sync.RWMutex
	set map[*glua.LTable]struct{}
}

// Freeze freezes all tables that can be reached from globals and required modules now,
// which RPCs and hooks share.
func (vm *VM) Freeze() {
	vm.reenter()
	defer vm.leave()
	vm.frozen.add(vm.env)
	for _, t := range vm.proxies {
		if t != nil {
			vm.frozen.add(t)
		}
	}
}

// FreezeValue freezes a value and the tables in it until thaw is called, which any
// goroutine may do. It is for Go functions that Lua calls.
func (vm *VM) FreezeValue(value glua.LValue) (thaw func()) {
	t, ok := value.(*glua.LTable)
	if !ok {
		return func() {}
	}
	added := vm.frozen.add(t)
	return func() { vm.frozen.remove(added) }
}

// add freezes a table and what is in it, and returns those that were not frozen before.
func (f *frozenTables) add(root *glua.LTable) (added []*glua.LTable) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.set == nil {
		f.set = map[*glua.LTable]struct{}{}
	}
	pending := []*glua.LTable{root}
	for len(pending) > 0 {
		t := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if _, done := f.set[t]; done {
			continue
		}
		f.set[t] = struct{}{}
		added = append(added, t)
		t.ForEach(func(_, value glua.LValue) {
			if inner, ok := value.(*glua.LTable); ok {
				pending = append(pending, inner)
			}
		})
	}
	return added
}

func (f *frozenTables) remove(tables []*glua.LTable) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range tables {
		delete(f.set, t)
	}
}

func (f *frozenTables) has(t *glua.LTable) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	_, frozen := f.set[t]
	return frozen
}

// checkFrozen raises if t must not be changed.
func checkFrozen(L *glua.LState, t *glua.LTable) {
	if Running(L).frozen.has(t) {
		L.RaiseError("attempt to modify a read only table: all calls share it; change a copy")
	}
}
