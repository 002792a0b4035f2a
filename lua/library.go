package lua

import (
	"maps"
	"slices"

	"nkhost/lua/glua"
)

// library is a table that all VMs share. No VM sees it: each has an empty table of its
// own, the proxy, whose reads fall through to it and whose writes stay in the VM. The
// base functions look through a proxy, so that Lua cannot tell it from an ordinary
// table; where looking through is not enough, the proxy is opened, that is, becomes an
// ordinary table with all the fields in it.
type library struct {
	index  int          // of the proxy in VM.proxies
	shared *glua.LTable // never written after the runtime was made
	meta   *glua.LTable // the metatable of the proxies
	set    *glua.LFunction

	// mark is the metatable of meta, which Lua never sees: it tells proxies from other
	// tables. Its only item is the library.
	mark *glua.LTable

	// own gives the fields that each VM has for itself. It gives a VM the same each time.
	own map[string]func(*VM) glua.LValue
}

// newLibrary makes a library of functions.
func (r *Runtime) newLibrary(functions map[string]glua.LGFunction) *library {
	lib := &library{index: len(r.libraries), shared: newTable(0, len(functions)), set: NewFunction(setThroughProxy)}
	lib.mark = newTable(1, 0)
	lib.mark.RawSetInt(1, &glua.LUserData{Value: lib})
	r.libraries = append(r.libraries, lib)
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		lib.shared.RawSetString(name, NewFunction(functions[name]))
	}
	lib.meta = lib.newMeta(lib.shared)
	return lib
}

// newMeta makes a metatable for proxies whose reads fall through to index.
func (lib *library) newMeta(index *glua.LTable) *glua.LTable {
	meta := newTable(0, 2)
	meta.SetField("__index", index)
	meta.SetField("__newindex", lib.set)
	meta.Metatable = lib.mark
	return meta
}

// addOwn adds a field of which each VM has its own.
func (lib *library) addOwn(r *Runtime, name string, make func(*VM) glua.LValue) {
	if lib.own == nil {
		lib.own = map[string]func(*VM) glua.LValue{}
		meta := newTable(0, 1)
		meta.SetField("__index", NewFunction(lib.indexOwn))
		lib.shared.Metatable = meta
	}
	lib.own[name] = make
}

// indexOwn serves reads that found nothing in the proxy and nothing shared.
func (lib *library) indexOwn(L *glua.LState) int {
	name, ok := L.Get(2).(glua.LString)
	if !ok {
		return 0
	}
	vm := Running(L)
	value := lib.ownValue(vm, string(name))
	if value != glua.LNil {
		vm.remember(lib, string(name), value)
	}
	L.Push(value)
	return 1
}

// remember keeps a field of the VM's own for later reads, in a table between the proxy
// and what is shared. In the proxy itself Lua could set the field to nil without
// __newindex being asked, and would find it there again.
func (vm *VM) remember(lib *library, name string, value glua.LValue) {
	proxy := vm.proxy(lib)
	if proxy.Metatable == lib.meta {
		between := newTable(0, 1)
		between.Metatable = lib.meta
		proxy.Metatable = lib.newMeta(between)
	}
	between := proxy.Metatable.RawGetString("__index").(*glua.LTable)
	between.SetField(name, value)
}

func (lib *library) ownValue(vm *VM, name string) glua.LValue {
	make := lib.own[name]
	if make == nil {
		return glua.LNil
	}
	return make(vm)
}

// value is what reads of a VM's proxy fall through to.
func (lib *library) value(vm *VM, key glua.LValue) glua.LValue {
	if v := lib.shared.RawGet(key); v != glua.LNil {
		return v
	}
	if name, ok := key.(glua.LString); ok {
		return lib.ownValue(vm, string(name))
	}
	return glua.LNil
}

// proxyOf returns the library behind a table, or nil if it is no proxy.
func proxyOf(t *glua.LTable) *library {
	if t.Metatable == nil || t.Metatable.Metatable == nil {
		return nil
	}
	mark, ok := t.Metatable.Metatable.RawGetInt(1).(*glua.LUserData)
	if !ok {
		return nil
	}
	lib, _ := mark.Value.(*library)
	return lib
}

// proxy returns the VM's table for a library.
func (vm *VM) proxy(lib *library) *glua.LTable {
	t := vm.proxies[lib.index]
	if t == nil {
		t = newTable(0, 1)
		t.Metatable = lib.meta
		vm.proxies[lib.index] = t
	}
	return t
}

// rawGet is a read without metamethods, as Lua sees it.
func (vm *VM) rawGet(t *glua.LTable, key glua.LValue) glua.LValue {
	v := t.RawGet(key)
	if v != glua.LNil {
		return v
	}
	if lib := proxyOf(t); lib != nil {
		return lib.value(vm, key)
	}
	return glua.LNil
}

// prepareSet is called before a field of t is set without metamethods. A shared field
// that is replaced could come back when the new value is removed, so the proxy is
// opened before.
func (vm *VM) prepareSet(t *glua.LTable, key glua.LValue) {
	if lib := proxyOf(t); lib != nil && lib.value(vm, key) != glua.LNil {
		vm.open(t)
	}
}

// open makes a proxy an ordinary table. It does nothing to other tables.
func (vm *VM) open(t *glua.LTable) {
	lib := proxyOf(t)
	if lib == nil {
		return
	}
	t.Metatable = nil
	for key, value := lib.shared.Next(glua.LNil); key != glua.LNil; key, value = lib.shared.Next(key) {
		if t.RawGet(key) == glua.LNil {
			t.RawSet(key, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lib.own)) {
		if t.RawGetString(name) == glua.LNil {
			t.RawSetString(name, lib.own[name](vm))
		}
	}
}

// setThroughProxy is the __newindex of proxies.
func setThroughProxy(L *glua.LState) int {
	t, key := L.CheckTable(1), L.Get(2)
	Running(L).prepareSet(t, key)
	L.RawSet(t, key, L.Get(3))
	return 0
}
