package glua

import (
	"fmt"
	"unsafe"
)

// What the interpreter does where the short ways in execute.go do not lead.

// maxIndexing is how many tables one access may go through.
const maxIndexing = 100

// index is v[key].
func (L *LState) index(v, key Value) Value {
	for range maxIndexing {
		var meta Value
		if v.isTable() {
			t := v.Table()
			if found := t.get(key); !found.IsNil() {
				return found
			}
			if meta = t.Metatable.meta(onIndex); meta.IsNil() {
				return Value{}
			}
		} else if meta = L.metaOf(v, onIndex); meta.IsNil() {
			L.raiseIndex(v, key)
		}
		if meta.isFunction() {
			return L.callFunction(meta, v, key)
		}
		v = meta
	}
	L.RaiseError("too many recursions in gettable")
	return Value{}
}

// field is v[name], and remembers where it was.
func (L *LState) field(v, name Value, at *placeOf) Value {
	for range maxIndexing {
		var meta Value
		if v.isTable() {
			t := v.Table()
			if p := at.Load(); p != nil && p.shape == t.shape && p.next == nil {
				if found := t.slots[p.slot]; !found.IsNil() {
					return found
				}
			} else if t.hash != nil {
				if found := t.hash.get(name); !found.IsNil() {
					return found
				}
			} else if slot := t.shape.find(name.Str()); slot >= 0 {
				if found := t.slots[slot]; !found.IsNil() {
					at.Store(t.shape.at(slot))
					return found
				}
			}
			if meta = t.Metatable.meta(onIndex); meta.IsNil() {
				return Value{}
			}
		} else if meta = L.metaOf(v, onIndex); meta.IsNil() {
			L.raiseIndex(v, name)
		}
		if meta.isFunction() {
			return L.callFunction(meta, v, name)
		}
		v = meta
	}
	L.RaiseError("too many recursions in gettable")
	return Value{}
}

func (L *LState) raiseIndex(v, key Value) {
	L.raiseMisuse(v, fmt.Sprintf("attempt to index a non-table object(%v) with key '%s'", v.Type(), key.String()))
}

// setIndex is v[key] = value.
func (L *LState) setIndex(v, key, value Value) {
	for range maxIndexing {
		var meta Value
		if v.isTable() {
			t := v.Table()
			if t.Metatable == nil || !t.get(key).IsNil() {
				L.rawSet(t, key, value)
				return
			}
			if meta = t.Metatable.meta(onNewIndex); meta.IsNil() {
				L.rawSet(t, key, value)
				return
			}
		} else if meta = L.metaOf(v, onNewIndex); meta.IsNil() {
			L.raiseIndex(v, key)
		}
		if meta.isFunction() {
			L.callFunction(meta, v, key, value)
			return
		}
		v = meta
	}
	L.RaiseError("too many recursions in settable")
}

// setField is v[name] = value for a constant of the program, and remembers where it was.
func (L *LState) setField(v, name, value Value, at *placeOf) {
	if !v.isTable() {
		L.setIndex(v, name, value)
		return
	}
	t := v.Table()
	if t.Metatable != nil && t.getName(name).IsNil() && !t.Metatable.meta(onNewIndex).IsNil() {
		L.setIndex(v, name, value)
		return
	}
	if p := t.setName(name, value, !L.current.fn.Proto.made); p != nil {
		at.Store(p)
	}
}

var arithmeticNames = map[opcode]string{opAdd: "add", opSub: "sub", opMul: "mul", opDiv: "div", opMod: "mod", opPow: "pow"}

// arithmetic is for operands that are not both numbers.
func (L *LState) arithmetic(code opcode, a, b Value) Value {
	if meta := L.metaOfEither(a, b, onAdd+event(code-opAdd)); meta.isFunction() {
		return L.callFunction(meta, a, b)
	}
	x, ok := toNumber(a)
	y, both := toNumber(b)
	if !ok || !both {
		// A text that is a number has become one before gopher-lua looks at the types.
		wrong := a
		if ok {
			wrong = b
		}
		L.raiseMisuse(wrong, fmt.Sprintf("cannot perform %v operation between %v and %v", arithmeticNames[code], operandType(a, ok), operandType(b, both)))
	}
	return Number(calculate(code, x, y))
}

func operandType(v Value, isNumber bool) LValueType {
	if isNumber {
		return LTNumber
	}
	return v.Type()
}

func (L *LState) negate(v Value) Value {
	if meta := L.metaOf(v, onUnm); meta.isFunction() {
		return L.callFunction(meta, v)
	}
	f, ok := toNumber(v)
	if !ok {
		L.raiseMisuse(v, "__unm undefined")
	}
	return Number(-f)
}

func (L *LState) length(v Value) Value {
	if v.isString() {
		return Number(float64(len(v.Str())))
	}
	if meta := L.metaOf(v, onLen); meta.isFunction() {
		return L.callFunction(meta, v)
	}
	if !v.isTable() {
		L.raiseMisuse(v, "__len undefined")
	}
	return Number(float64(v.Table().Len()))
}

func (L *LState) equal(a, b Value) bool {
	if same(a, b) {
		return true
	}
	kind := a.Type()
	if kind != b.Type() || kind != LTTable && kind != LTUserData {
		return false
	}
	result, _ := L.related(a, b, onEq)
	return result
}

func (L *LState) lessThan(a, b Value) bool {
	if a.isNumber() && b.isNumber() {
		return a.Float() < b.Float()
	}
	if L.comparable(a, b) == LTString {
		return a.Str() < b.Str()
	}
	result, ok := L.related(a, b, onLt)
	if !ok {
		L.raiseCompare(a, b)
	}
	return result
}

func (L *LState) lessOrEqual(a, b Value) bool {
	if a.isNumber() && b.isNumber() {
		return a.Float() <= b.Float()
	}
	if L.comparable(a, b) == LTString {
		return a.Str() <= b.Str()
	}
	if result, ok := L.related(a, b, onLe); ok {
		return result
	}
	result, ok := L.related(b, a, onLt)
	if !ok {
		L.raiseCompare(b, a)
	}
	return !result
}

// comparable is the type of both, or it raises.
func (L *LState) comparable(a, b Value) LValueType {
	kind := a.Type()
	if kind != b.Type() {
		L.raiseCompare(a, b)
	}
	return kind
}

func (L *LState) raiseCompare(a, b Value) {
	wrong := a
	if a.isNumber() || a.isString() {
		wrong = b
	}
	L.raiseMisuse(wrong, fmt.Sprintf("attempt to compare %v with %v", a.Type(), b.Type()))
}

// related asks a metamethod that both operands have.
func (L *LState) related(a, b Value, e event) (result, ok bool) {
	meta := L.metaOf(a, e)
	if !meta.isFunction() || meta != L.metaOf(b, e) {
		return false, false
	}
	return !L.callFunction(meta, a, b).IsFalse(), true
}

// concat joins the values of registers, from the right.
func (L *LState) concat(first, last int) Value {
	result := L.regs[last]
	for at := last - 1; at >= first; {
		var joined int
		if result, joined = L.join(first, at, result); joined > 0 {
			at -= joined
			continue
		}
		left := L.regs[at]
		meta := L.metaOfEither(left, result, onConcat)
		if !meta.isFunction() {
			wrong := left
			if _, ok := left.text(); ok {
				wrong = result
			}
			L.raiseMisuse(wrong, fmt.Sprintf("cannot perform concat operation between %v and %v", left.Type(), result.Type()))
		}
		result = L.callFunction(meta, left, result)
		at--
	}
	return result
}

// join joins a text and those texts right before it, from first to last, and tells how
// many these are.
func (L *LState) join(first, last int, right Value) (Value, int) {
	end, ok := right.text()
	if !ok {
		return right, 0
	}
	var few [8]string
	texts, size := few[:0], len(end)
	for at := last; at >= first; at-- {
		text, ok := L.regs[at].text()
		if !ok {
			break
		}
		texts = append(texts, text)
		size += len(text)
	}
	if len(texts) == 0 {
		return right, 0
	}
	if L.options.Concatenating != nil {
		L.options.Concatenating(L, size)
	}
	joined := make([]byte, 0, size)
	for i := len(texts) - 1; i >= 0; i-- {
		joined = append(joined, texts[i]...)
	}
	joined = append(joined, end...)
	return String(unsafe.String(unsafe.SliceData(joined), len(joined))), len(texts)
}
