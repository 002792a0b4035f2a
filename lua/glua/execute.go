package glua

import (
	"math"
	"sync/atomic"
	"unsafe"
)

// placeOf is where an instruction last found its field.
type placeOf = atomic.Pointer[place]

// registers are those of a function.
func (L *LState) registers(fr *frame) *[window]Value {
	return (*[window]Value)(L.regs[fr.local:])
}

// operand is a register or a constant.
func operand(R *[window]Value, constants []Value, x uint16) *Value {
	if x >= isConstant {
		return &constants[x-isConstant]
	}
	return &R[uint8(x)]
}

// put sets a register to a number. Where it has one already the collector need not hear
// of it.
func put(v *Value, f float64) {
	v.n = math.Float64bits(f)
	if v.p != unsafe.Pointer(&tags[tagNumber]) {
		v.p = unsafe.Pointer(&tags[tagNumber])
	}
}

// unsigned makes 0 of -0, as gopher-lua does with the results of arithmetic on numbers.
// That of a negation and of arithmetic on texts keeps its sign.
func unsigned(f float64) float64 { return f + 0 }

func calculate(code opcode, a, b float64) float64 {
	switch code {
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMul:
		return a * b
	case opDiv:
		return a / b
	case opMod:
		return modulo(a, b)
	}
	return math.Pow(a, b)
}

// execute runs the innermost call, which is the bottom-th, until it has returned.
//
// An instruction that may raise or call stores pc in its frame first; after one that may
// call, the registers may be elsewhere.
func (L *LState) execute(bottom int) {
next:
	fr := L.current
	fn := fr.fn
	constants, code := fn.Proto.constants, fn.Proto.code
	places := fn.Proto.places
	R := L.registers(fr)
	pc := fr.pc
	for {
		i := code[pc]
		pc++
		switch i.code() {
		case opMove:
			R[i.a()] = R[uint8(i.b())]

		case opLoadK:
			R[i.a()] = constants[i.k()]

		case opLoadBool:
			R[i.a()] = Bool(i.b() != 0)
			if i.c() != 0 {
				pc++
			}

		case opLoadNil:
			clear(R[i.a() : int(i.b())+1])

		case opGetUpvalue:
			R[i.a()] = *fn.Upvalues[i.b()].v

		case opSetUpvalue:
			*fn.Upvalues[i.b()].v = R[i.a()]

		case opGetGlobal:
			env := fn.Env
			at := &places[i.place()]
			if p := at.Load(); p != nil && p.shape == env.shape && p.next == nil {
				if v := env.slots[p.slot]; !v.IsNil() {
					R[i.a()] = v
					continue
				}
			}
			fr.pc = pc
			v := L.field(Table(env), constants[i.k()], at)
			R = L.registers(fr)
			R[i.a()] = v

		case opGetGlobalAny:
			fr.pc = pc
			v := L.index(Table(fn.Env), constants[i.k()])
			R = L.registers(fr)
			R[i.a()] = v

		case opSetGlobal:
			fr.pc = pc
			L.setField(Table(fn.Env), constants[i.k()], R[i.a()], &places[i.place()])
			R = L.registers(fr)

		case opSetGlobalAny:
			fr.pc = pc
			L.setIndex(Table(fn.Env), constants[i.k()], R[i.a()])
			R = L.registers(fr)

		case opGetField:
			at := &places[i.place()]
			v := R[uint8(i.b())]
			if v.isTable() {
				t := v.Table()
				if p := at.Load(); p != nil && p.shape == t.shape && p.next == nil {
					if found := t.slots[p.slot]; !found.IsNil() {
						R[i.a()] = found
						continue
					}
				}
			}
			fr.pc = pc
			v = L.field(v, constants[i.c()-isConstant], at)
			R = L.registers(fr)
			R[i.a()] = v

		case opGetTable:
			v, key := R[uint8(i.b())], operand(R, constants, i.c())
			if v.isTable() && key.isNumber() {
				array := v.Table().array
				if at := int(key.Float()); float64(at) == key.Float() && uint(at-1) < uint(len(array)) && at < MaxArrayIndex {
					if found := array[at-1]; !found.IsNil() {
						R[i.a()] = found
						continue
					}
				}
			}
			fr.pc = pc
			v = L.index(v, *key)
			R = L.registers(fr)
			R[i.a()] = v

		case opSetField:
			at := &places[i.place()]
			value := operand(R, constants, i.c())
			v := R[i.a()]
			if v.isTable() {
				t := v.Table()
				if p := at.Load(); p != nil && p.shape == t.shape {
					if p.next == nil {
						if slot := &t.slots[p.slot]; t.Metatable == nil || !slot.IsNil() {
							if value.isNumber() {
								put(slot, value.Float())
							} else {
								*slot = *value
							}
							continue
						}
					} else if t.Metatable == nil && !value.IsNil() {
						t.shape, t.slots = p.next, append(t.slots, *value)
						continue
					}
				}
			}
			fr.pc = pc
			L.setField(v, constants[i.b()-isConstant], *value, at)
			R = L.registers(fr)

		case opSetTable:
			key, value := operand(R, constants, i.b()), operand(R, constants, i.c())
			v := R[i.a()]
			if v.isTable() && key.isNumber() && v.Table().Metatable == nil {
				t := v.Table()
				if at, ok := arrayIndex(key.Float()); ok && at <= len(t.array) {
					t.setItem(at, *value)
					continue
				}
			}
			fr.pc = pc
			L.setIndex(v, *key, *value)
			R = L.registers(fr)

		case opNewTable:
			t := NewTable(int(i.b()), int(i.c()))
			if i.c() > maxFields {
				t.becomeHash()
			}
			R[i.a()] = Table(t)

		case opSelf:
			fr.pc = pc
			self := R[uint8(i.b())]
			v := L.field(self, constants[i.c()-isConstant], &places[i.place()])
			R = L.registers(fr)
			R[i.a()], R[i.a()+1] = v, self

		case opSelfAny:
			fr.pc = pc
			self := R[uint8(i.b())]
			v := L.index(self, *operand(R, constants, i.c()))
			R = L.registers(fr)
			R[i.a()], R[i.a()+1] = v, self

		case opAdd:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			if a.isNumber() && b.isNumber() {
				put(&R[i.a()], unsigned(a.Float()+b.Float()))
				continue
			}
			fr.pc = pc
			v := L.arithmetic(i.code(), *a, *b)
			R = L.registers(fr)
			R[i.a()] = v

		case opSub:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			if a.isNumber() && b.isNumber() {
				put(&R[i.a()], unsigned(a.Float()-b.Float()))
				continue
			}
			fr.pc = pc
			v := L.arithmetic(i.code(), *a, *b)
			R = L.registers(fr)
			R[i.a()] = v

		case opMul:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			if a.isNumber() && b.isNumber() {
				put(&R[i.a()], unsigned(a.Float()*b.Float()))
				continue
			}
			fr.pc = pc
			v := L.arithmetic(i.code(), *a, *b)
			R = L.registers(fr)
			R[i.a()] = v

		case opDiv, opMod, opPow:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			if a.isNumber() && b.isNumber() {
				put(&R[i.a()], unsigned(calculate(i.code(), a.Float(), b.Float())))
				continue
			}
			fr.pc = pc
			v := L.arithmetic(i.code(), *a, *b)
			R = L.registers(fr)
			R[i.a()] = v

		case opUnm:
			a := operand(R, constants, i.b())
			if a.isNumber() {
				put(&R[i.a()], -a.Float())
				continue
			}
			fr.pc = pc
			v := L.negate(*a)
			R = L.registers(fr)
			R[i.a()] = v

		case opNot:
			R[i.a()] = Bool(R[uint8(i.b())].IsFalse())

		case opLen:
			a := operand(R, constants, i.b())
			if a.isTable() && a.Table().Metatable == nil {
				put(&R[i.a()], float64(a.Table().Len()))
				continue
			}
			fr.pc = pc
			v := L.length(*a)
			R = L.registers(fr)
			R[i.a()] = v

		case opConcat:
			fr.pc = pc
			v := L.concat(fr.local+int(i.b()), fr.local+int(i.c()))
			R = L.registers(fr)
			R[i.a()] = v

		case opJump:
			offset := i.offset()
			if offset < 0 && L.Stop.Load() {
				fr.pc = pc
				L.stopped()
			}
			pc += offset

		case opEnterLoop:
			clear(R[i.a():i.place()])
			pc += i.offset()

		case opEq:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			equal := false
			if a.isNumber() && b.isNumber() {
				equal = a.Float() == b.Float()
			} else if *a == *b {
				equal = true
			} else {
				fr.pc = pc
				equal = L.equal(*a, *b)
				R = L.registers(fr)
			}
			if equal != (i.a() != 0) {
				pc++
			}

		case opLt:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			less := false
			if a.isNumber() && b.isNumber() {
				less = a.Float() < b.Float()
			} else {
				fr.pc = pc
				less = L.lessThan(*a, *b)
				R = L.registers(fr)
			}
			if less != (i.a() != 0) {
				pc++
			}

		case opLe:
			a, b := operand(R, constants, i.b()), operand(R, constants, i.c())
			less := false
			if a.isNumber() && b.isNumber() {
				less = a.Float() <= b.Float()
			} else {
				fr.pc = pc
				less = L.lessOrEqual(*a, *b)
				R = L.registers(fr)
			}
			if less != (i.a() != 0) {
				pc++
			}

		case opTest:
			if R[i.a()].IsFalse() != (i.c() == 0) {
				pc++
			}

		case opTestSet:
			if v := R[uint8(i.b())]; v.IsFalse() == (i.c() == 0) {
				R[i.a()] = v
			} else {
				pc++
			}

		case opCall:
			fr.pc = pc
			base, nargs := fr.local+int(i.a()), int(i.b())-1
			if nargs < 0 {
				nargs = L.top - base - 1
			}
			callee := (*LFunction)(nil)
			if v := R[i.a()]; v.isFunction() {
				callee = v.Function()
			} else {
				callee, nargs = L.callee(base, nargs)
			}
			L.enter(callee, base, nargs, int(i.c())-1)
			if callee.Proto != nil {
				goto next
			}
			L.runGo()
			R = L.registers(fr)

		case opTailCall:
			fr.pc = pc
			base, nargs := fr.local+int(i.a()), int(i.b())-1
			if nargs < 0 {
				nargs = L.top - base - 1
			}
			callee, nargs := L.callee(base, nargs)
			L.closeFrom(fr.local)
			if callee.Proto != nil {
				L.replace(fr, callee, base, nargs)
				goto next
			}
			L.enter(callee, base, nargs, MultRet)
			L.runGo()
			L.leave(fr, base, L.top-base)
			if L.depth < bottom {
				return
			}
			goto next

		case opReturn:
			L.closeFrom(fr.local)
			from, n := fr.local+int(i.a()), int(i.b())-1
			if n < 0 {
				n = L.top - from
			}
			L.leave(fr, from, n)
			if L.depth < bottom {
				return
			}
			goto next

		case opForPrep:
			fr.pc = pc
			L.checkLoop(R, i.a())
			put(&R[i.a()], unsigned(R[i.a()].Float()-R[i.a()+2].Float()))
			pc += i.offset()

		case opForLoop:
			step, limit := R[i.a()+2].Float(), R[i.a()+1]
			if !limit.isNumber() {
				fr.pc = pc
				L.raiseMisuse(limit, "for statement limit must be a number")
			}
			at := unsigned(R[i.a()].Float() + step)
			put(&R[i.a()], at)
			if step > 0 && at <= limit.Float() || step <= 0 && at >= limit.Float() {
				put(&R[i.a()+3], at)
				if L.Stop.Load() {
					fr.pc = pc
					L.stopped()
				}
				pc += i.offset()
			}

		case opTForLoop:
			fr.pc = pc
			if L.Stop.Load() {
				L.stopped()
			}
			if !L.iterate(R, i) {
				base := fr.local + int(i.a()) + 3
				copy(R[i.a()+3:i.a()+6], R[i.a():i.a()+3])
				L.call(base, 2, int(i.c()))
				R = L.registers(fr)
			}
			if v := R[i.a()+3]; !v.IsNil() {
				R[i.a()+2] = v
				pc += code[pc].offset()
			}
			pc++

		case opSetList:
			batch := int(i.c())
			if batch == 0 {
				batch = code[pc].k()
				pc++
			}
			from, n := fr.local+int(i.a())+1, int(i.b())
			if n == 0 {
				n = L.top - from
			}
			R[i.a()].Table().setItems((batch-1)*itemsPerBatch, L.regs[from:from+n])

		case opClose:
			L.closeFrom(fr.local + int(i.a()))

		case opClosure:
			proto := fn.Proto.protos[i.k()]
			R[i.a()] = Function(L.closure(fr, proto, code[pc:]))
			pc += proto.NumUpvalues

		case opVarArg:
			fr.pc = pc
			params := fn.Proto.NumParameters
			n := int(i.b()) - 1
			if n < 0 {
				n = max(fr.nargs-params, 0)
			}
			L.copyVarArg(fr, int(i.a()), params, n)
			R = L.registers(fr)
		}
	}
}

// itemsPerBatch is how many items of a list one instruction sets.
const itemsPerBatch = 50

func (t *LTable) setItems(from int, values []Value) {
	if from == len(t.array) {
		t.array = append(t.array, values...)
		return
	}
	for i, v := range values {
		t.setItem(from+i, v)
	}
}
