package lua

import (
	"sync"

	"nkhost/lua/glua"
)

// frozenTables are tables that table.remove, table.sort and table.insert at a place
// refuse, as on Nakama. Everything else may still change them.
type frozenTables struct {
	mu    sync.RWMutex
	count map[*glua.LTable]int
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
	tables := vm.frozen.add(t)
	var once sync.Once
	return func() { once.Do(func() { vm.frozen.remove(tables) }) }
}

// add freezes a table and what is in it, and returns these tables. Each is frozen until
// it was removed as often as it was added.
func (f *frozenTables) add(root *glua.LTable) []*glua.LTable {
	tables := reachable(root)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[*glua.LTable]int{}
	}
	for _, t := range tables {
		f.count[t]++
	}
	return tables
}

// reachable is a table and those in it, each once.
func reachable(root *glua.LTable) []*glua.LTable {
	tables := []*glua.LTable{root}
	seen := map[*glua.LTable]struct{}{root: {}}
	for i := 0; i < len(tables); i++ {
		tables[i].ForEach(func(_, value glua.LValue) {
			inner, ok := value.(*glua.LTable)
			if !ok {
				return
			}
			if _, again := seen[inner]; !again {
				seen[inner] = struct{}{}
				tables = append(tables, inner)
			}
		})
	}
	return tables
}

func (f *frozenTables) remove(tables []*glua.LTable) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range tables {
		f.count[t]--
		if f.count[t] == 0 {
			delete(f.count, t)
		}
	}
}

func (f *frozenTables) has(t *glua.LTable) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.count[t] > 0
}

// checkFrozen raises if t must not be changed.
func checkFrozen(L *glua.LState, t *glua.LTable) {
	if Running(L).frozen.has(t) {
		L.RaiseError("attempt to modify a read only table: all calls share it; change a copy")
	}
}
