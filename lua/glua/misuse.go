package glua

import (
	"errors"
	"strings"
)

// Misuse says what the program calls the value of the wrong type that an error is about. The
// error's text, being gopher-lua's, does not.
type Misuse struct {
	Name   string // such as "state.players", as it stands in the program
	Type   LValueType
	Called bool // it was to be called
}

func (m *Misuse) Error() string {
	if m.Type == LTNil {
		return m.Name + " is nil"
	}
	return m.Name + " is a " + m.Type.String()
}

// MisuseOf finds out what an error is about that a function raised; it is nil where that is
// not known to be a value with a name.
func MisuseOf(raised *ApiError) *Misuse {
	var s *suspicion
	if !errors.As(raised.Cause, &s) {
		return nil
	}
	listing := s.proto.listing()
	for _, register := range s.registers {
		if name := listing.registerName(register, s.at); name != "" {
			return &Misuse{name, s.kind, s.called}
		}
	}
	return nil
}

// suspicion is the cause of an error about a value of the wrong type: where to look for the
// value's name. Most errors are caught without anyone asking for that.
type suspicion struct {
	proto     *FunctionProto
	at        int   // the instruction before which the value is in a register
	registers []int // that may be the value's
	kind      LValueType
	called    bool
}

func (s *suspicion) Error() string { return "a " + s.kind.String() + " is of the wrong type" }

// raiseMisuse raises text about a value that the current instruction works on.
func (L *LState) raiseMisuse(v Value, text string) {
	raised := L.newError(1, text)
	if L.current != nil {
		L.suspect(raised, L.current, v)
	}
	panic(raised)
}

// suspect notes that an error is about a value that the instruction at which a frame is works
// on.
func (L *LState) suspect(raised *ApiError, fr *frame, v Value) {
	p := fr.fn.Proto
	if p == nil || fr.pc == 0 {
		return
	}
	s := &suspicion{proto: p, at: fr.pc - 1, kind: v.Type()}
	i := p.code[s.at].instruction()
	for _, register := range i.reads() {
		if L.regs[fr.local+register] == v {
			s.registers = append(s.registers, register)
		}
	}
	switch i.code {
	case opCall, opTailCall:
		s.called = true
	case opForLoop:
		s.at += i.offset() // the loop's opForPrep, before which its expressions are
	}
	raised.Cause = s
}

// suspectArgument notes that an error is about the nth argument of the call at which a frame
// is.
func suspectArgument(raised *ApiError, fr *frame, n int, kind LValueType) {
	p := fr.fn.Proto
	if p == nil || fr.pc == 0 {
		return
	}
	if i := p.code[fr.pc-1].instruction(); i.code == opCall || i.code == opTailCall {
		raised.Cause = &suspicion{proto: p, at: fr.pc - 1, registers: []int{int(i.a) + n}, kind: kind}
	}
}

// reads lists the registers whose values have to be of certain types.
func (i instruction) reads() []int {
	var operands []uint16
	switch i.code {
	case opCall, opTailCall, opSetField, opSetTable:
		return []int{int(i.a)}
	case opForPrep, opForLoop:
		return []int{int(i.a), int(i.a) + 1, int(i.a) + 2}
	case opGetField, opGetTable, opSelf, opSelfAny:
		return []int{int(i.b)}
	case opConcat:
		for register := i.b; register <= i.c; register++ {
			operands = append(operands, register)
		}
	case opUnm, opLen:
		operands = []uint16{i.b}
	case opAdd, opSub, opMul, opDiv, opMod, opPow, opLt, opLe:
		operands = []uint16{i.b, i.c}
	}
	var registers []int
	for _, operand := range operands {
		if operand < isConstant {
			registers = append(registers, int(operand))
		}
	}
	return registers
}

// listing is a function's code for who looks back in it.
type listing struct {
	*FunctionProto
	code  []instruction
	jumps map[int][]int
}

func (p *FunctionProto) listing() listing {
	code := make([]instruction, len(p.code))
	for at := 0; at < len(code); at++ {
		i := p.code[at].instruction()
		code[at] = i
		switch i.code {
		case opClosure: // what follows tells of its upvalues, and is none that runs
			at += p.protos[i.k()].NumUpvalues
		case opSetList:
			if i.c == 0 {
				at++
			}
		}
	}
	return listing{p, code, jumps(code)}
}

// registerName is what the program calls the value that a register has at an instruction: a
// variable, or where the value was taken from before. It is "" if that was in one of several
// ways, as after "or".
func (l listing) registerName(register, at int) string {
	if name := l.variable(register, at); name != "" {
		return name
	}
	for n := at - 1; n >= max(at-maxAssignment, 0); n-- {
		if !l.code[n].mayWrite(register) {
			continue
		}
		if entered(l.jumps, n, at) {
			return ""
		}
		return l.sourceName(register, n)
	}
	return ""
}

// variable is the name of the variable that is in a register, or "".
func (l listing) variable(register, at int) string {
	name := l.localName(register+1, at)
	if strings.HasPrefix(name, "(") { // a loop's own, which the program does not see
		return ""
	}
	return name
}

// sourceName is what the program calls the value that the instruction at a place puts into
// a register.
func (l listing) sourceName(register, at int) string {
	i := l.code[at]
	if int(i.a) != register {
		return ""
	}
	switch i.code {
	case opMove:
		return l.registerName(int(i.b), at)
	case opGetUpvalue:
		return l.upvalues[i.b]
	case opGetGlobal, opGetGlobalAny:
		return l.text(i.k())
	case opGetField, opGetTable:
		return l.fieldName(".", at)
	case opSelf, opSelfAny:
		return l.fieldName(":", at)
	}
	return ""
}

// fieldName is what the program calls the field that the instruction at a place gets.
func (l listing) fieldName(separator string, at int) string {
	i := l.code[at]
	owner := l.registerName(int(i.b), at)
	if i.c < isConstant {
		if key := l.variable(int(i.c), at); key != "" && owner != "" {
			return owner + "[" + key + "]"
		}
	}
	field := l.key(i.c, at)
	if field == "" || owner == "" {
		return field
	}
	return owner + separator + field
}

// key is the text that an operand is at an instruction, or "".
func (l listing) key(operand uint16, at int) string {
	if operand >= isConstant {
		return l.text(int(operand - isConstant))
	}
	load := l.loaded(l.code, at, int(operand))
	if load < 0 || entered(l.jumps, load, at) || l.variable(int(operand), at) != "" {
		return ""
	}
	return l.text(l.code[load].k())
}

// text is a constant that is a text, or "".
func (l listing) text(constant int) string {
	if !l.constants[constant].isString() {
		return ""
	}
	return l.constants[constant].Str()
}
