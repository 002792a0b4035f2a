package glua

import "math"

// metatable is a value's metatable, or nil.
func (L *LState) metatable(v Value) *LTable {
	switch v.Type() {
	case LTTable:
		return v.Table().Metatable
	case LTUserData:
		return v.UserData().Metatable
	case LTString:
		return L.Strings
	}
	return nil
}

func (L *LState) metaOf(v Value, e event) Value { return L.metatable(v).meta(e) }

// metaOfEither asks the second operand if the first has no such metamethod.
func (L *LState) metaOfEither(a, b Value, e event) Value {
	if meta := L.metaOf(a, e); !meta.IsNil() {
		return meta
	}
	return L.metaOf(b, e)
}

// GetMetaField is a field of a value's metatable, or LNil.
func (L *LState) GetMetaField(v LValue, name string) LValue {
	meta := L.metatable(Of(v))
	if meta == nil {
		return LNil
	}
	return meta.RawGetString(name)
}

// GetMetatable is what Lua's getmetatable gives.
func (L *LState) GetMetatable(v LValue) LValue {
	meta := L.metatable(Of(v))
	if meta == nil {
		return LNil
	}
	if hidden := meta.meta(onMetatable); !hidden.IsNil() {
		return hidden.LValue()
	}
	return meta
}

// SetMetatable sets the metatable of a table or of userdata; mt is a table or LNil.
func (L *LState) SetMetatable(v, mt LValue) {
	meta, _ := mt.(*LTable)
	switch v := v.(type) {
	case *LTable:
		v.Metatable = meta
	case *LUserData:
		v.Metatable = meta
	}
}

// ToStringMeta is what Lua's tostring gives.
func (L *LState) ToStringMeta(v LValue) LValue {
	if fn := L.metaOf(Of(v), onToString); fn.isFunction() {
		return L.callFunction(fn, Of(v)).LValue()
	}
	return LString(v.String())
}

// GetTable reads a field as Lua does.
func (L *LState) GetTable(v, key LValue) LValue { return L.index(Of(v), Of(key)).LValue() }

// RawSet sets a field without metamethods. It raises if the key is nil or NaN.
func (L *LState) RawSet(t *LTable, key, value LValue) { L.rawSet(t, Of(key), Of(value)) }

func (L *LState) rawSet(t *LTable, key, value Value) {
	if L.Stop.Load() { // lists may grow by megabytes without a call
		L.stopped()
	}
	switch {
	case key.IsNil():
		L.RaiseError("table index is nil")
	case key.isNumber() && math.IsNaN(key.Float()):
		L.RaiseError("table index is NaN")
	}
	t.set(key, value)
}

// LessThan is Lua's a < b.
func (L *LState) LessThan(a, b LValue) bool { return L.lessThan(Of(a), Of(b)) }
