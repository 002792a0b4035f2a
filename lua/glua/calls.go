package glua

// checkLoop raises if a numeric loop is not over numbers.
func (L *LState) checkLoop(R *[window]Value, a uint8) {
	switch {
	case !R[a].isNumber():
		L.raiseMisuse(R[a], "for statement init must be a number")
	case !R[a+2].isNumber():
		L.raiseMisuse(R[a+2], "for statement step must be a number")
	}
}

// iterate is a turn of a loop over pairs or ipairs, without a call.
func (L *LState) iterate(R *[window]Value, i word) bool {
	iterator, v := R[i.a()], R[i.a()+1]
	if !v.isTable() || !iterator.isFunction() {
		return false
	}
	var key, value Value
	switch iterator.Function() {
	case NextItem:
		last := R[i.a()+2]
		if !last.isNumber() {
			return false
		}
		if at := int(last.Float()); uint(at) < uint(len(v.Table().array)) {
			if value = v.Table().array[at]; !value.IsNil() {
				key = Number(float64(at + 1))
			}
		}
	case NextField:
		key, value = v.Table().next(R[i.a()+2])
	default:
		return false
	}
	R[i.a()+3], R[i.a()+4] = key, value
	if i.c() != 2 {
		L.spread(R, i)
	}
	return true
}

// spread leaves two results of an iterator as the number that the loop wants.
func (L *LState) spread(R *[window]Value, i word) {
	for n := 2; n < int(i.c()); n++ {
		R[i.a()+3+uint8(n)] = Value{}
	}
}

// NextField and NextItem are what pairs and ipairs return. Loops need not call them.
var (
	NextField = &LFunction{GFunction: func(L *LState) int {
		key, value := L.CheckTable(1).next(L.at(2))
		if key.IsNil() {
			return 0
		}
		L.push(key)
		L.push(value)
		return 2
	}}
	NextItem = &LFunction{GFunction: func(L *LState) int {
		t := L.CheckTable(1)
		i := L.CheckInt(2) + 1
		if i < 1 || i > len(t.array) || t.array[i-1].IsNil() {
			return 0
		}
		L.push(Number(float64(i)))
		L.push(t.array[i-1])
		return 2
	}}
)

// closure makes a function; the instructions say where its upvalues are.
func (L *LState) closure(fr *frame, proto *FunctionProto, from []word) *LFunction {
	made := &LFunction{Proto: proto, Env: fr.fn.Env}
	if proto.NumUpvalues == 0 {
		return made
	}
	made.Upvalues = make([]*Upvalue, proto.NumUpvalues)
	for n := range made.Upvalues {
		if i := from[n]; i.code() == opMove {
			made.Upvalues[n] = L.upvalue(fr.local + int(i.b()))
		} else {
			made.Upvalues[n] = fr.fn.Upvalues[i.b()]
		}
	}
	return made
}

// replace makes a call go on as that of another function.
func (L *LState) replace(fr *frame, callee *LFunction, base, nargs int) {
	if L.Stop.Load() {
		L.stopped()
	}
	copy(L.regs[fr.base:], L.regs[base:base+1+nargs])
	fr.local = L.arrange(callee, fr.base, nargs)
	fr.fn, fr.pc, fr.nargs = callee, 0, nargs
	fr.tail++
}

// copyVarArg copies n of the arguments beyond the parameters to registers from a on.
func (L *LState) copyVarArg(fr *frame, a, params, n int) {
	to := fr.local + a
	L.ensure(to + n)
	from := fr.base + 1 + params
	have := min(n, max(fr.nargs-params, 0))
	copy(L.regs[to:to+have], L.regs[from:from+have])
	clear(L.regs[to+have : to+n])
	L.top = to + n
}
