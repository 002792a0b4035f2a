package glua

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	gopher "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// instruction is one of gopher-lua's, taken apart, and at the same place in the code as
// there. What its fields mean stands with its code; k is a field of 18 bits or a signed
// offset, c an operand that is a constant from isConstant on.
type instruction struct {
	code  opcode
	a     uint8
	b     uint16
	c     uint16
	place uint16 // of the field, in FunctionProto.places
}

const isConstant = 1 << 8

func (i instruction) k() int      { return int(i.b) | int(i.c)<<16 }
func (i instruction) offset() int { return int(int32(uint32(i.b) | uint32(i.c)<<16)) }

// word is an instruction as the interpreter reads it, all of it in one register.
type word uint64

func (i instruction) word() word {
	return word(i.code) | word(i.a)<<8 | word(i.b)<<16 | word(i.c)<<32 | word(i.place)<<48
}

func (w word) instruction() instruction {
	return instruction{w.code(), w.a(), w.b(), w.c(), w.place()}
}

func (w word) code() opcode  { return opcode(w) }
func (w word) a() uint8      { return uint8(w >> 8) }
func (w word) b() uint16     { return uint16(w >> 16) }
func (w word) c() uint16     { return uint16(w >> 32) }
func (w word) place() uint16 { return uint16(w >> 48) }
func (w word) k() int        { return int(uint32(w >> 16)) }
func (w word) offset() int   { return int(int32(w >> 16)) }

func (i instruction) withK(k int) instruction {
	i.b, i.c = uint16(k), uint16(uint32(k)>>16)
	return i
}

type opcode uint8

const (
	opNop        opcode = iota
	opMove              // R(a) = R(b)
	opLoadK             // R(a) = K(k)
	opLoadBool          // R(a) = b ~= 0; if c ~= 0 then skip the next
	opLoadNil           // R(a) to R(b) = nil
	opGetUpvalue        // R(a) = U(b)
	opSetUpvalue        // U(b) = R(a)
	opGetGlobal         // R(a) = env[K(k)], or without a place opGetGlobalAny
	opGetGlobalAny
	opSetGlobal // env[K(k)] = R(a), or without a place opSetGlobalAny
	opSetGlobalAny
	opGetField // R(a) = R(b)[K(c)], which is a name
	opGetTable // R(a) = R(b)[RK(c)]
	opSetField // R(a)[K(b)] = RK(c)
	opSetTable // R(a)[RK(b)] = RK(c)
	opNewTable // R(a) = {}, with room for b items and c fields
	opSelf     // R(a+1) = R(b); R(a) = R(b)[K(c)]
	opSelfAny  // the same for any key in RK(c)
	opAdd      // R(a) = RK(b) + RK(c)
	opSub
	opMul
	opDiv
	opMod
	opPow
	opUnm       // R(a) = -RK(b)
	opNot       // R(a) = not R(b)
	opLen       // R(a) = #RK(b)
	opConcat    // R(a) = R(b) .. to .. R(c)
	opJump      // by the offset
	opEnterLoop // R(a) to those before R(place) = nil, jump
	opEq        // if (RK(b) == RK(c)) ~= (a ~= 0) then skip the next
	opLt        // likewise
	opLe        // likewise
	opTest      // if R(a) is not as c says then skip the next
	opTestSet   // if R(b) is as c says then R(a) = R(b), else skip the next
	opCall      // R(a) and on = R(a)(b-1 arguments from R(a+1) on), c-1 results
	opTailCall  // return R(a)(b-1 arguments)
	opReturn    // return b-1 values from R(a) on
	opForLoop   // R(a) += R(a+2); unless it is beyond R(a+1): R(a+3) = R(a), jump
	opForPrep   // R(a) -= R(a+2), jump
	opTForLoop  // R(a+3) and on = R(a)(R(a+1), R(a+2)), c results; if R(a+3) is nil skip the next, else R(a+2) = R(a+3)
	opSetList   // items of R(a) from those of the c-th batch on = the b values behind it
	opClose     // the variables from R(a) on are no registers any more
	opClosure   // R(a) = the k-th function within; its upvalues follow
	opVarArg    // R(a) and on = ..., b-1 of them
)

// Counts of one more than are meant; 0 is as many as there are.

// The instructions by gopher-lua's numbers.
var translated = [...]opcode{
	gopher.OP_MOVE:       opMove,
	gopher.OP_MOVEN:      opMove, // the moves behind it stand for themselves
	gopher.OP_LOADK:      opLoadK,
	gopher.OP_LOADBOOL:   opLoadBool,
	gopher.OP_LOADNIL:    opLoadNil,
	gopher.OP_GETUPVAL:   opGetUpvalue,
	gopher.OP_GETGLOBAL:  opGetGlobal,
	gopher.OP_GETTABLE:   opGetTable,
	gopher.OP_GETTABLEKS: opGetField,
	gopher.OP_SETGLOBAL:  opSetGlobal,
	gopher.OP_SETUPVAL:   opSetUpvalue,
	gopher.OP_SETTABLE:   opSetTable,
	gopher.OP_SETTABLEKS: opSetField,
	gopher.OP_NEWTABLE:   opNewTable,
	gopher.OP_SELF:       opSelf,
	gopher.OP_ADD:        opAdd,
	gopher.OP_SUB:        opSub,
	gopher.OP_MUL:        opMul,
	gopher.OP_DIV:        opDiv,
	gopher.OP_MOD:        opMod,
	gopher.OP_POW:        opPow,
	gopher.OP_UNM:        opUnm,
	gopher.OP_NOT:        opNot,
	gopher.OP_LEN:        opLen,
	gopher.OP_CONCAT:     opConcat,
	gopher.OP_JMP:        opJump,
	gopher.OP_EQ:         opEq,
	gopher.OP_LT:         opLt,
	gopher.OP_LE:         opLe,
	gopher.OP_TEST:       opTest,
	gopher.OP_TESTSET:    opTestSet,
	gopher.OP_CALL:       opCall,
	gopher.OP_TAILCALL:   opTailCall,
	gopher.OP_RETURN:     opReturn,
	gopher.OP_FORLOOP:    opForLoop,
	gopher.OP_FORPREP:    opForPrep,
	gopher.OP_TFORLOOP:   opTForLoop,
	gopher.OP_SETLIST:    opSetList,
	gopher.OP_CLOSE:      opClose,
	gopher.OP_CLOSURE:    opClosure,
	gopher.OP_VARARG:     opVarArg,
	gopher.OP_NOP:        opNop,
}

// Compile compiles a chunk's syntax, which gopher-lua's parser made. Its errors are
// gopher-lua's. It changes the syntax.
//
// made says that a program has made the text, of which there may be any number: its
// constants count as any text does that tables get for a key.
func Compile(chunk []ast.Stmt, name string, made bool) (*FunctionProto, error) {
	completeLoops(chunk)
	scopes := numberBlocks(chunk)
	compiled, err := gopher.Compile(chunk, name)
	if err != nil {
		removeBlocks(chunk) // so that the error tells the lines
		if _, err = gopher.Compile(chunk, name); err == nil {
			err = fmt.Errorf("%s: gopher-lua's compiler took it the second time only", name)
		}
		return nil, err
	}
	return translate(compiled, scopes, made)
}

func translate(p *gopher.FunctionProto, scopes *scopes, made bool) (*FunctionProto, error) {
	t := &FunctionProto{
		SourceName:      strings.Clone(p.SourceName),
		LineDefined:     p.LineDefined & lineMask,
		LastLineDefined: p.LastLineDefined & lineMask,
		NumParameters:   int(p.NumParameters),
		NumUpvalues:     int(p.NumUpvalues),
		IsVarArg:        p.IsVarArg&gopher.VarArgIsVarArg != 0,
		made:            made,
		needsArg:        p.IsVarArg&gopher.VarArgNeedsArg != 0,
		registers:       int(p.NumUsedRegisters),
		lines:           make([]int, len(p.DbgSourcePositions)),
		locals:          scopes.localsOf(p),
		upvalues:        slices.Clone(p.DbgUpvalues),
		calls:           make(map[int]string, len(p.DbgCalls)),
	}
	for _, constant := range p.Constants {
		t.constants = append(t.constants, constantValue(constant))
	}
	for at, position := range p.DbgSourcePositions {
		t.lines[at] = position & lineMask
	}
	for _, call := range p.DbgCalls {
		if _, named := t.calls[call.Pc]; !named {
			t.calls[call.Pc] = call.Name
		}
	}
	for _, inner := range p.FunctionPrototypes {
		function, err := translate(inner, scopes, made)
		if err != nil {
			return nil, err
		}
		t.protos = append(t.protos, function)
	}
	if err := t.translateCode(p); err != nil {
		return nil, err
	}
	return t, nil
}

func constantValue(v gopher.LValue) Value {
	switch v := v.(type) {
	case gopher.LString:
		return String(string(v))
	case gopher.LNumber:
		return Number(float64(v))
	case gopher.LBool:
		return Bool(bool(v))
	}
	return Value{}
}

func (p *FunctionProto) translateCode(from *gopher.FunctionProto) error {
	code := make([]instruction, len(from.Code))
	places := 0
	var batches [window]int // how many have come for the list in a register
	for at := 0; at < len(from.Code); at++ {
		word := from.Code[at]
		number := int(word >> 26)
		if number >= len(translated) {
			return fmt.Errorf("%s: gopher-lua's compiler has made an instruction %d, which is not known", p.SourceName, number)
		}
		i := p.translateWord(word, number, &places)
		code[at] = i
		p.use(i)
		switch {
		case number == gopher.OP_MOVEN:
			for range int(word >> 9 & 0x1ff) {
				at++
				code[at] = p.translateWord(from.Code[at], gopher.OP_MOVE, nil)
				p.use(code[at])
			}
		case number == gopher.OP_CLOSURE:
			for range p.protos[i.k()].NumUpvalues {
				at++
				code[at] = p.translateWord(from.Code[at], int(from.Code[at]>>26), nil)
			}
		case number == gopher.OP_SETLIST && i.c != 0:
			batches[i.a] = int(i.c)
		case number == gopher.OP_SETLIST:
			// Where the number does not fit, the compiler means to say it behind the
			// instruction, but says 0.
			at++
			batches[i.a]++
			code[at] = instruction{}.withK(batches[i.a])
		}
	}
	p.nameFields(code, &places)
	clearLoops(code)
	p.code = make([]word, len(code))
	for at, i := range code {
		p.code[at] = i.word()
	}
	p.places = make([]atomic.Pointer[place], places)
	return nil
}

// clearLoops makes loops begin without what is left in the registers of their missing
// expressions. Where a loop has fewer variables than expressions, the last of which is a
// call or "...", gopher-lua's compiler takes none of its values.
func clearLoops(code []instruction) {
	for at := 0; at+2 < len(code); at++ {
		i := code[at]
		if !(i.code == opCall && i.c == 1 || i.code == opVarArg && i.b == 1) {
			continue
		}
		jump, offset := &code[at+1], 0
		switch jump.code {
		case opJump:
			offset = jump.offset()
		case opNop: // to a loop with nothing in it
		default:
			continue
		}
		loop := code[at+2+offset]
		if loop.code == opTForLoop && i.a > loop.a && i.a < loop.a+3 {
			*jump = instruction{code: opEnterLoop, a: i.a, place: uint16(loop.a + 3)}.withK(offset)
		}
	}
}

// use sees to it that the function has the registers that an instruction names. The ones
// of calls' arguments are set by instructions of their own.
func (p *FunctionProto) use(i instruction) {
	last := int(i.a)
	switch i.code {
	case opSelf, opSelfAny:
		last++
	case opLoadNil:
		last = int(i.b)
	case opForLoop, opForPrep:
		last += 3
	case opTForLoop:
		last += 3 + max(int(i.c), 3)
	case opCall:
		last += max(int(i.c)-2, 0)
	case opVarArg:
		last += max(int(i.b)-2, 0)
	}
	p.registers = max(p.registers, last+1)
}

func (p *FunctionProto) translateWord(word uint32, number int, places *int) instruction {
	i := instruction{
		code: translated[number],
		a:    uint8(word >> 18),
		b:    uint16(word & 0x1ff),
		c:    uint16(word >> 9 & 0x1ff),
	}
	const maxOffset = 1<<17 - 1
	switch i.code {
	case opLoadK, opGetGlobal, opSetGlobal, opClosure:
		i = i.withK(int(word & 0x3ffff))
	case opJump, opForLoop, opForPrep:
		i = i.withK(int(word&0x3ffff) - maxOffset)
	case opNewTable:
		i.b, i.c = uint16(roomOf(int(i.b))), uint16(roomOf(int(i.c)))
	}
	p.choosePlace(&i, places)
	return i
}

// choosePlace gives an instruction on a named field a place, or if it has none its form
// without.
func (p *FunctionProto) choosePlace(i *instruction, places *int) {
	var named bool
	var with, without opcode
	switch i.code {
	case opGetGlobal:
		named, with, without = true, opGetGlobal, opGetGlobalAny
	case opSetGlobal:
		named, with, without = true, opSetGlobal, opSetGlobalAny
	case opGetTable, opGetField:
		named, with, without = p.isName(i.c), opGetField, opGetTable
	case opSetTable, opSetField:
		named, with, without = p.isName(i.b), opSetField, opSetTable
	case opSelf:
		named, with, without = p.isName(i.c), opSelf, opSelfAny
	default:
		return
	}
	if !named || *places > 0xffff {
		i.code = without
		return
	}
	i.code = with
	i.place = uint16(*places)
	*places++
}

func (p *FunctionProto) isName(operand uint16) bool {
	return operand >= isConstant && p.constants[operand-isConstant].isString()
}

// roomOf decodes Lua's floating-point byte: eeeeexxx is 1xxx * 2^(eeeee-1).
func roomOf(b int) int {
	if b < 8 {
		return b
	}
	return (b&7 + 8) << (b>>3 - 1)
}
