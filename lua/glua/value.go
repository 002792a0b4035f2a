package glua

import (
	"fmt"
	"math"
	"strconv"
	"unsafe"
)

// LValueType is the type of a Lua value.
type LValueType int

const (
	LTNil LValueType = iota
	LTBool
	LTNumber
	LTString
	LTFunction
	LTUserData
	LTTable
)

var typeNames = [...]string{"nil", "boolean", "number", "string", "function", "userdata", "table"}

// String is the name that Lua's type gives.
func (t LValueType) String() string { return typeNames[t] }

// LValue is a Lua value as Go code has it: *LNilType, LBool, LNumber, LString, *LTable,
// *LFunction or *LUserData. Where a function takes one, a nil interface is LNil.
type LValue interface {
	String() string
	Type() LValueType
}

// LNilType is the type of LNil.
type LNilType struct{}

// LNil is Lua's nil.
var LNil = LValue(&LNilType{})

func (*LNilType) String() string   { return "nil" }
func (*LNilType) Type() LValueType { return LTNil }

// LBool is a boolean.
type LBool bool

const (
	LTrue  = LBool(true)
	LFalse = LBool(false)
)

func (b LBool) String() string { return strconv.FormatBool(bool(b)) }
func (LBool) Type() LValueType { return LTBool }

// LNumber is a number.
type LNumber float64

// String is what Lua's tostring makes of the number: no point in whole numbers.
func (n LNumber) String() string {
	if isWhole(float64(n)) {
		return strconv.FormatInt(int64(n), 10)
	}
	return fmt.Sprint(float64(n))
}

func (LNumber) Type() LValueType { return LTNumber }

// LString is a string of bytes.
type LString string

func (s LString) String() string { return string(s) }
func (LString) Type() LValueType { return LTString }

// LUserData is a value of Go's that Lua can only hand on.
type LUserData struct {
	Value     any
	Env       *LTable
	Metatable *LTable
}

func (u *LUserData) String() string { return fmt.Sprintf("userdata: %p", u) }
func (*LUserData) Type() LValueType { return LTUserData }

// LVIsFalse says whether Lua takes a value for false.
func LVIsFalse(v LValue) bool { return !LVAsBool(v) }

// LVAsBool says whether Lua takes a value for true.
func LVAsBool(v LValue) bool { return v != nil && v != LNil && v != LFalse }

// LVAsString is a string or number as text, and "" for other values.
func LVAsString(v LValue) string {
	if !LVCanConvToString(v) {
		return ""
	}
	return v.String()
}

// LVCanConvToString says whether a value is a string or number.
func LVCanConvToString(v LValue) bool {
	switch v.(type) {
	case LString, LNumber:
		return true
	}
	return false
}

// Value is a Lua value as the interpreter has it. The zero Value is nil.
//
// What p points to says what it is: nothing for nil, a tag for booleans and numbers,
// whose value is n; anything else is the value itself, whose type is in the top byte of n.
// Below that a string has its length.
type Value struct {
	p unsafe.Pointer
	n uint64
}

// tags are only pointed to.
var tags [4]byte

const (
	tagNumber = iota
	tagBool
	tagEmpty // stands for the bytes of the empty string
)

const (
	typeShift  = 56
	lengthMask = 1<<typeShift - 1
)

// Number is a number.
func Number(f float64) Value {
	return Value{unsafe.Pointer(&tags[tagNumber]), math.Float64bits(f)}
}

// Bool is a boolean.
func Bool(b bool) Value {
	v := Value{p: unsafe.Pointer(&tags[tagBool])}
	if b {
		v.n = 1
	}
	return v
}

// String is a string.
func String(s string) Value {
	if s == "" {
		return Value{unsafe.Pointer(&tags[tagEmpty]), uint64(LTString) << typeShift}
	}
	return Value{unsafe.Pointer(unsafe.StringData(s)), uint64(LTString)<<typeShift | uint64(len(s))}
}

// Table is a table.
func Table(t *LTable) Value {
	return Value{unsafe.Pointer(t), uint64(LTTable) << typeShift}
}

// Function is a function.
func Function(fn *LFunction) Value {
	return Value{unsafe.Pointer(fn), uint64(LTFunction) << typeShift}
}

// UserData is userdata.
func UserData(u *LUserData) Value {
	return Value{unsafe.Pointer(u), uint64(LTUserData) << typeShift}
}

// Of is an LValue as the interpreter has it.
func Of(v LValue) Value {
	switch v := v.(type) {
	case LString:
		return String(string(v))
	case LNumber:
		return Number(float64(v))
	case LBool:
		return Bool(bool(v))
	case *LTable:
		if v != nil {
			return Table(v)
		}
	case *LFunction:
		if v != nil {
			return Function(v)
		}
	case *LUserData:
		if v != nil {
			return UserData(v)
		}
	}
	return Value{}
}

// LValue is the value as Go code has it.
func (v Value) LValue() LValue {
	switch v.Type() {
	case LTBool:
		return LBool(v.n != 0)
	case LTNumber:
		return boxed(v.Float())
	case LTString:
		return LString(v.Str())
	case LTFunction:
		return v.Function()
	case LTUserData:
		return v.UserData()
	case LTTable:
		return v.Table()
	}
	return LNil
}

// smallNumbers spare an allocation where they become an LValue.
var smallNumbers = func() (boxes [256]LValue) {
	for i := range boxes {
		boxes[i] = LNumber(i)
	}
	return boxes
}()

func boxed(f float64) LValue {
	if i := int(f); i > 0 && i < len(smallNumbers) && float64(i) == f {
		return smallNumbers[i]
	}
	return LNumber(f)
}

// Type is the value's type.
func (v Value) Type() LValueType {
	switch v.p {
	case nil:
		return LTNil
	case unsafe.Pointer(&tags[tagNumber]):
		return LTNumber
	case unsafe.Pointer(&tags[tagBool]):
		return LTBool
	}
	return LValueType(v.n >> typeShift)
}

func (v Value) IsNil() bool    { return v.p == nil }
func (v Value) isNumber() bool { return v.p == unsafe.Pointer(&tags[tagNumber]) }
func (v Value) IsFalse() bool {
	return v.p == nil || v.p == unsafe.Pointer(&tags[tagBool]) && v.n == 0
}

func (v Value) isTable() bool {
	return v.n == uint64(LTTable)<<typeShift && v.p != unsafe.Pointer(&tags[tagNumber])
}

func (v Value) isFunction() bool {
	return v.n == uint64(LTFunction)<<typeShift && v.p != unsafe.Pointer(&tags[tagNumber])
}

func (v Value) isString() bool { return v.Type() == LTString }

// What follows is for values of that type only.

func (v Value) Float() float64       { return math.Float64frombits(v.n) }
func (v Value) Str() string          { return unsafe.String((*byte)(v.p), int(v.n&lengthMask)) }
func (v Value) Table() *LTable       { return (*LTable)(v.p) }
func (v Value) Function() *LFunction { return (*LFunction)(v.p) }
func (v Value) UserData() *LUserData { return (*LUserData)(v.p) }

// text is a string or number as text.
func (v Value) text() (string, bool) {
	switch v.Type() {
	case LTString:
		return v.Str(), true
	case LTNumber:
		return LNumber(v.Float()).String(), true
	}
	return "", false
}

// String is for messages.
func (v Value) String() string { return v.LValue().String() }

// same is Lua's rawequal.
func same(a, b Value) bool {
	if a.isNumber() && b.isNumber() {
		return a.Float() == b.Float()
	}
	if a == b {
		return true
	}
	return a.n == b.n && a.isString() && b.isString() && a.Str() == b.Str()
}

// isWhole says whether f is an integer of 64 bits.
func isWhole(f float64) bool { return f == float64(int64(f)) }

// toNumber is a number, or the number that a string spells out, by gopher-lua's rules.
func toNumber(v Value) (float64, bool) {
	switch v.Type() {
	case LTNumber:
		return v.Float(), true
	case LTString:
		return parseNumber(v.Str())
	}
	return 0, false
}
