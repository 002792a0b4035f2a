package lua_test

import (
	gopher "github.com/yuin/gopher-lua"

	"nkhost/lua/glua"
)

// fromGopher is a value of gopher-lua's as ours. It takes no functions.
func fromGopher(v gopher.LValue) glua.LValue {
	switch v := v.(type) {
	case gopher.LBool:
		return glua.LBool(v)
	case gopher.LNumber:
		return glua.LNumber(v)
	case gopher.LString:
		return glua.LString(v)
	case *gopher.LTable:
		t := glua.NewTable(0, 0)
		v.ForEach(func(key, value gopher.LValue) { t.RawSet(fromGopher(key), fromGopher(value)) })
		return t
	}
	return glua.LNil
}

// toGopher goes the other way.
func toGopher(v glua.LValue) gopher.LValue {
	switch v := v.(type) {
	case glua.LBool:
		return gopher.LBool(v)
	case glua.LNumber:
		return gopher.LNumber(v)
	case glua.LString:
		return gopher.LString(v)
	case *glua.LTable:
		t := &gopher.LTable{Metatable: gopher.LNil}
		v.ForEach(func(key, value glua.LValue) { t.RawSet(toGopher(key), toGopher(value)) })
		return t
	}
	return gopher.LNil
}
