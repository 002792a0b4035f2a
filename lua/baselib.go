package lua

import (
	"maps"
	"strconv"
	"strings"

	"nkhost/lua/glua"
)

// openBase makes the library of the globals: the base functions, and the standard
// libraries as fields that each VM has for itself.
func (r *Runtime) openBase(standard map[string]map[string]glua.LGFunction) *library {
	lib := r.newLibrary(baseFunctions())
	lib.shared.SetField("_VERSION", glua.LString("Lua 5.1"))
	lib.addOwn(r, "_G", func(vm *VM) glua.LValue { return vm.env })
	r.addStandard(lib, standard)
	return lib
}

// openLoaded makes the library behind package.loaded.
func (r *Runtime) openLoaded(standard map[string]map[string]glua.LGFunction) *library {
	lib := r.newLibrary(nil)
	lib.addOwn(r, "_G", func(vm *VM) glua.LValue { return vm.env })
	r.addStandard(lib, standard)
	return lib
}

// addStandard adds a field for each standard library.
func (r *Runtime) addStandard(lib *library, standard map[string]map[string]glua.LGFunction) {
	for name := range maps.Keys(standard) {
		lib.addOwn(r, name, func(vm *VM) glua.LValue { return vm.proxy(r.byName[name]) })
	}
	lib.addOwn(r, "package", func(vm *VM) glua.LValue { return vm.proxy(r.packages) })
}

func baseFunctions() map[string]glua.LGFunction {
	return map[string]glua.LGFunction{
		"assert":         baseAssert,
		"collectgarbage": baseCollectGarbage,
		"dofile":         baseDoFile,
		"error":          baseError,
		"getfenv":        baseGetFEnv,
		"getmetatable":   baseGetMetatable,
		"ipairs":         baseIPairs,
		"load":           baseLoad,
		"loadfile":       baseLoadFile,
		"loadstring":     baseLoadString,
		"module":         baseModule,
		"newproxy":       baseNewProxy,
		"next":           baseNext,
		"pairs":          basePairs,
		"pcall":          basePCall,
		"print":          basePrint,
		"rawequal":       baseRawEqual,
		"rawget":         baseRawGet,
		"rawset":         baseRawSet,
		"require":        baseRequire,
		"select":         baseSelect,
		"setfenv":        baseSetFEnv,
		"setmetatable":   baseSetMetatable,
		"tonumber":       baseToNumber,
		"tostring":       baseToString,
		"type":           baseType,
		"unpack":         baseUnpack,
		"xpcall":         baseXPCall,
	}
}

// baseAssert raises text only, with a position, as gopher-lua does.
func baseAssert(L *glua.LState) int {
	if !L.ToBool(1) {
		L.RaiseError("%s", L.OptString(2, "assertion failed!"))
	}
	return L.GetTop()
}

// baseCollectGarbage does nothing: a collection would stop the whole process.
func baseCollectGarbage(*glua.LState) int { return 0 }

func baseError(L *glua.LState) int {
	L.Error(L.CheckAny(1), L.OptInt(2, 1))
	return 0
}

func baseNext(L *glua.LState) int {
	t := checkOpenTable(L, 1)
	key, value := t.Next(L.Get(2))
	L.Push(key)
	if key == glua.LNil {
		return 1
	}
	L.Push(value)
	return 2
}

// checkOpenTable is a table argument whose fields are all in itself.
func checkOpenTable(L *glua.LState, n int) *glua.LTable {
	t := L.CheckTable(n)
	if t.Metatable != nil {
		Running(L).open(t)
	}
	return t
}

func basePairs(L *glua.LState) int {
	t := checkOpenTable(L, 1)
	L.Push(glua.NextField)
	L.Push(t)
	L.Push(glua.LNil)
	return 3
}

func baseIPairs(L *glua.LState) int {
	t := L.CheckTable(1)
	L.Push(glua.NextItem)
	L.Push(t)
	L.PushNumber(0)
	return 3
}

func basePrint(L *glua.LState) int {
	var line strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			line.WriteByte('\t')
		}
		text := L.ToStringMeta(L.Get(i)).String()
		if line.Len()+len(text) > maxStringSize {
			L.RaiseError("print would write more than %d bytes", maxStringSize)
		}
		line.WriteString(text)
	}
	Running(L).runtime.options.Print(Context(L), line.String())
	return 0
}

func baseRawEqual(L *glua.LState) int {
	L.Push(glua.LBool(L.CheckAny(1) == L.CheckAny(2)))
	return 1
}

func baseRawGet(L *glua.LState) int {
	L.Push(Running(L).rawGet(L.CheckTable(1), L.CheckAny(2)))
	return 1
}

func baseRawSet(L *glua.LState) int {
	t, key, value := L.CheckTable(1), L.CheckAny(2), L.CheckAny(3)
	Running(L).prepareSet(t, key)
	L.RawSet(t, key, value)
	return 0
}

func baseSelect(L *glua.LState) int {
	given := L.GetTop() - 1
	switch n := L.CheckAny(1).(type) {
	case glua.LNumber:
		i := int(n)
		if i < 0 {
			i = given + i + 1
		}
		if i < 1 {
			L.ArgError(1, "index out of range")
		}
		return max(given-i+1, 0)
	case glua.LString:
		if n == "#" {
			L.PushNumber(float64(given))
			return 1
		}
	}
	L.ArgError(1, "number or '#' expected")
	return 0
}

func baseGetMetatable(L *glua.LState) int {
	v := L.CheckAny(1)
	if t, ok := v.(*glua.LTable); ok && proxyOf(t) != nil {
		L.Push(glua.LNil)
		return 1
	}
	L.Push(L.GetMetatable(v))
	return 1
}

// baseSetMetatable takes tables, and userdata as newproxy makes it. The metatables of
// other types belong to the stack and not to the VM.
func baseSetMetatable(L *glua.LState) int {
	L.CheckTypes(1, glua.LTTable, glua.LTUserData)
	L.CheckTypes(2, glua.LTNil, glua.LTTable)
	v := L.Get(1)
	if t, ok := v.(*glua.LTable); ok {
		Running(L).open(t)
	}
	if L.GetMetaField(v, "__metatable") != glua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	L.SetMetatable(v, L.Get(2))
	L.SetTop(1)
	return 1
}

// baseToNumber has gopher-lua's rules: an exponent needs a point, and digits beyond 64
// bits are no number.
func baseToNumber(L *glua.LState) int {
	base := L.OptInt(2, 10)
	switch v := L.CheckAny(1).(type) {
	case glua.LNumber:
		L.Push(v)
	case glua.LString:
		L.Push(textToNumber(strings.Trim(string(v), " \n\t"), base, L.Get(2) == glua.LNil))
	default:
		L.Push(glua.LNil)
	}
	return 1
}

func textToNumber(text string, base int, anyBase bool) glua.LValue {
	if strings.Contains(text, ".") {
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return glua.LNumber(v)
		}
		return glua.LNil
	}
	if anyBase && len(text) >= 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		base, text = 16, text[2:]
	}
	if v, err := strconv.ParseInt(text, base, 64); err == nil {
		return glua.LNumber(v)
	}
	return glua.LNil
}

func baseToString(L *glua.LState) int {
	v := L.CheckAny(1)
	if n, ok := v.(glua.LNumber); ok {
		L.PushString(numberText(float64(n)))
		return 1
	}
	L.Push(L.ToStringMeta(v))
	return 1
}

func baseType(L *glua.LState) int {
	if L.GetTop() == 0 {
		L.CheckAny(1)
	}
	L.PushString(L.Value(1).Type().String())
	return 1
}

func baseUnpack(L *glua.LState) int {
	t := L.CheckTable(1)
	from, to := L.OptInt(2, 1), L.OptInt(3, t.Len())
	if from > to {
		return 0
	}
	if count := to - from + 1; count < 0 || count > maxUnpack {
		L.RaiseError("too many results to unpack (the limit is %d)", maxUnpack)
	}
	for i := from; i <= to; i++ {
		L.PushValue(t.Get(glua.Number(float64(i))))
	}
	return to - from + 1
}

func baseNewProxy(L *glua.LState) int {
	proxy := &glua.LUserData{Env: L.Env}
	switch like := L.Get(1).(type) {
	case glua.LBool:
		if like {
			proxy.Metatable = newTable(0, 1)
		}
	case *glua.LUserData:
		proxy.Metatable = like.Metatable
	}
	L.Push(proxy)
	return 1
}
