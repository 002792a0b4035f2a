package glua

import (
	"fmt"
	"sync/atomic"
)

// LGFunction is a function of Go's that Lua can call. Its arguments are L.Get(1) to
// L.Get(L.GetTop()); it pushes its results and returns how many they are.
type LGFunction func(L *LState) int

// LFunction is a function.
type LFunction struct {
	Proto     *FunctionProto // nil for a function of Go's
	GFunction LGFunction     // nil for one of Lua's
	Env       *LTable
	Upvalues  []*Upvalue
}

// IsG says whether it is a function of Go's.
func (fn *LFunction) IsG() bool { return fn.Proto == nil }

func (fn *LFunction) String() string { return fmt.Sprintf("function: %p", fn) }

// Type is LTFunction.
func (*LFunction) Type() LValueType { return LTFunction }

// NewFunction makes a function of a program whose upvalues are all nil.
func NewFunction(proto *FunctionProto, env *LTable) *LFunction {
	fn := &LFunction{Proto: proto, Env: env}
	if proto.NumUpvalues > 0 {
		fn.Upvalues = make([]*Upvalue, proto.NumUpvalues)
		for i := range fn.Upvalues {
			fn.Upvalues[i] = closedUpvalue(Value{})
		}
	}
	return fn
}

// Upvalue is a variable that functions share. While the function that declares it runs,
// it is a register; then it is in here.
type Upvalue struct {
	v      *Value
	closed Value
	next   *Upvalue // of the open ones of a state, from the top register down
	index  int      // of the register
}

func closedUpvalue(v Value) *Upvalue {
	u := &Upvalue{closed: v}
	u.v = &u.closed
	return u
}

func (u *Upvalue) close() {
	u.closed = *u.v
	u.v = &u.closed
	u.next = nil
}

// FunctionProto is a compiled function, without its variables. It does not change once
// any function is made of it.
type FunctionProto struct {
	SourceName      string
	LineDefined     int
	LastLineDefined int
	NumParameters   int
	NumUpvalues     int
	IsVarArg        bool

	made      bool // a program has made the program
	needsArg  bool // the parameters behind the named ones are also in a table named arg
	registers int  // that the function uses
	code      []word
	constants []Value
	protos    []*FunctionProto
	upvalues  []string                // their names
	places    []atomic.Pointer[place] // where instructions last found their fields

	lines  []int // by instruction
	locals []local
	calls  map[int]string // names of what is called, by instruction
}

// local is a variable's name and the instructions from from to before to.
type local struct {
	name     string
	from, to int
}

// ReplaceConstants calls replace with each text among the constants of the program and of the
// functions in it; what it returns, if it is not nil, takes the constant's place.
func (p *FunctionProto) ReplaceConstants(replace func(text string) *LFunction) {
	for i, constant := range p.constants {
		if !constant.isString() {
			continue
		}
		if fn := replace(constant.Str()); fn != nil {
			p.constants[i] = Function(fn)
		}
	}
	for _, inner := range p.protos {
		inner.ReplaceConstants(replace)
	}
}

// localName is the name of the nth variable at an instruction, from 1, or "".
func (p *FunctionProto) localName(n, at int) string {
	for _, l := range p.locals {
		if l.from > at {
			break
		}
		if at < l.to {
			if n--; n == 0 {
				return l.name
			}
		}
	}
	return ""
}
