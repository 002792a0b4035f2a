package lua

import (
	"strings"

	"nkhost/lua/glua"
)

// openPackage makes the package library.
func (r *Runtime) openPackage() *library {
	lib := r.newLibrary(map[string]glua.LGFunction{"loadlib": packageLoadLib, "seeall": packageSeeAll})
	lib.shared.SetField("path", glua.LString(""))
	lib.shared.SetField("cpath", glua.LString(""))
	lib.addOwn(r, "loaded", func(vm *VM) glua.LValue { return vm.proxy(r.loaded) })
	lib.addOwn(r, "preload", func(vm *VM) glua.LValue { return vm.proxy(r.preload) })
	lib.addOwn(r, "loaders", func(vm *VM) glua.LValue {
		if vm.loaders == nil {
			vm.loaders = newTable(1, 0)
			vm.loaders.RawSetInt(1, NewFunction(searchPreload))
		}
		return vm.loaders
	})
	return lib
}

// openPreload makes the library behind package.preload: a function for each module and
// each library of Options.Libraries.
func (r *Runtime) openPreload() *library {
	lib := r.newLibrary(nil)
	for _, m := range r.modules.byName {
		lib.shared.RawSetString(m.name, NewFunction(func(L *glua.LState) int {
			L.Insert(Running(L).newFunction(m.proto), 1)
			L.Call(L.GetTop()-1, glua.MultRet)
			return L.GetTop()
		}))
	}
	for name := range r.options.Libraries {
		lib.shared.RawSetString(name, NewFunction(func(L *glua.LState) int {
			L.Push(Running(L).proxy(r.byName[name]))
			return 1
		}))
	}
	return lib
}

// searchPreload is the only one of package.loaders: modules come from memory.
func searchPreload(L *glua.LState) int {
	vm, name := Running(L), L.CheckString(1)
	loader := vm.rawGet(vm.proxy(vm.runtime.preload), glua.LString(name))
	if loader == glua.LNil {
		loader = glua.LString("no field package.preload['" + name + "']")
	}
	L.Push(loader)
	return 1
}

// loading is the value of the userdata that stands in package.loaded while a module is
// evaluated, and stays there when that fails. Each time it is a new one, as Lua can give
// it a metatable.
type loading struct{}

func newLoading() *glua.LUserData {
	return &glua.LUserData{Value: loading{}}
}

func isLoading(v glua.LValue) bool {
	mark, ok := v.(*glua.LUserData)
	return ok && mark.Value == loading{}
}

func baseRequire(L *glua.LState) int {
	vm, name := Running(L), L.CheckString(1)
	loaded := vm.proxy(vm.runtime.loaded)
	if found := vm.rawGet(loaded, glua.LString(name)); glua.LVAsBool(found) {
		if isLoading(found) {
			L.RaiseError("loop or previous error loading module: %s", name)
		}
		L.Push(found)
		return 1
	}
	loader := vm.findLoader(L, name)
	loaded.RawSetString(name, newLoading())
	L.Push(loader)
	L.PushString(name)
	L.Call(1, 1)
	result := L.Get(-1)
	if found := loaded.RawGetString(name); !isLoading(found) {
		L.Push(found)
		return 1
	}
	if result == glua.LNil {
		result = glua.LTrue
	}
	loaded.RawSetString(name, result)
	L.Push(result)
	return 1
}

// findLoader returns the function that makes a module, or raises.
func (vm *VM) findLoader(L *glua.LState, name string) *glua.LFunction {
	if vm.loaders == nil {
		return vm.findPreloaded(L, name)
	}
	tried := []string{"module " + name + " not found:"}
	for i := 1; ; i++ {
		search := vm.loaders.RawGetInt(i)
		if search == glua.LNil {
			L.RaiseError("%s", strings.Join(tried, "\n\t"))
		}
		L.Push(search)
		L.PushString(name)
		L.Call(1, 1)
		found := L.Get(-1)
		L.Pop(1)
		switch found := found.(type) {
		case *glua.LFunction:
			return found
		case glua.LString:
			tried = append(tried, string(found))
		}
	}
}

// findPreloaded is findLoader while Lua has not touched package.loaders. It spares the
// frame between require and the module.
func (vm *VM) findPreloaded(L *glua.LState, name string) *glua.LFunction {
	preload := vm.proxy(vm.runtime.preload)
	_, isLibrary := vm.runtime.options.Libraries[name]
	if m := vm.runtime.modules.byName[name]; m != nil && !isLibrary && preload.RawGetString(name) == glua.LNil && proxyOf(preload) != nil {
		return vm.newFunction(m.proto)
	}
	fn, ok := vm.rawGet(preload, glua.LString(name)).(*glua.LFunction)
	if !ok {
		L.RaiseError("module %s not found:\n\tno field package.preload['%s']", name, name)
	}
	return fn
}

func packageLoadLib(L *glua.LState) int {
	L.RaiseError("package.loadlib is not supported")
	return 0
}

func packageSeeAll(L *glua.LState) int {
	t := L.CheckTable(1)
	Running(L).open(t)
	if t.Metatable == nil {
		t.Metatable = newTable(0, 1)
	}
	t.Metatable.SetField("__index", L.Env)
	return 0
}

// baseModule is Lua 5.1's module: it makes a global table the environment of the
// function that calls it.
func baseModule(L *glua.LState) int {
	vm, name := Running(L), L.CheckString(1)
	function := caller(L, 1)
	if function == nil {
		L.RaiseError("module must be called from a Lua function")
	}
	loaded := vm.proxy(vm.runtime.loaded)
	t, ok := vm.rawGet(loaded, glua.LString(name)).(*glua.LTable)
	if !ok {
		t = vm.globalTable(L, name)
		vm.prepareSet(loaded, glua.LString(name))
		loaded.RawSetString(name, t)
	}
	if vm.rawGet(t, glua.LString("_NAME")) == glua.LNil {
		t.SetField("_M", t)
		t.SetField("_NAME", glua.LString(name))
		t.SetField("_PACKAGE", glua.LString(name[:strings.LastIndexByte(name, '.')+1]))
	}
	function.Env = t
	for i, top := 2, L.GetTop(); i <= top; i++ {
		L.Push(L.Get(i))
		L.Push(t)
		L.Call(1, 0)
	}
	L.Push(t)
	return 1
}

// globalTable finds or makes the table at a dotted path from the globals.
func (vm *VM) globalTable(L *glua.LState, path string) *glua.LTable {
	t := vm.env
	for name := range strings.SplitSeq(path, ".") {
		switch found := vm.rawGet(t, glua.LString(name)).(type) {
		case *glua.LTable:
			t = found
		case *glua.LNilType:
			inner := newTable(0, 4)
			t.RawSetString(name, inner)
			t = inner
		default:
			L.RaiseError("name conflict for module: %s", path)
		}
	}
	return t
}
