package glua

// gopher-lua's compiler puts the name of a field that is assigned to into a register first,
//
//	LOADK     5  "score"
//	...             the value
//	SETTABLE  3  5  6
//
// where the assignment cannot know it for a constant. nameFields finds these.

// maxAssignment is how many instructions a value may take for its field to be found.
const maxAssignment = 64

// nameFields turns assignments to fields whose name is always the same into those of
// named fields.
func (p *FunctionProto) nameFields(code []instruction, places *int) {
	var sources map[int][]int
	for at := range code {
		i := &code[at]
		if i.code != opSetTable || i.b >= isConstant {
			continue
		}
		load := p.loaded(code, at, int(i.b))
		if load < 0 {
			continue
		}
		if sources == nil {
			sources = jumps(code)
		}
		key := code[load].k() + isConstant
		if key > 0xffff || entered(sources, load, at) {
			continue
		}
		named := *i
		named.b = uint16(key)
		p.choosePlace(&named, places)
		if named.code == opSetField {
			*i = named
		}
	}
}

// loaded is the instruction before at that last set a register, if that set it to a text
// among the constants; otherwise it is -1.
func (p *FunctionProto) loaded(code []instruction, at, register int) int {
	for n := at - 1; n >= max(at-maxAssignment, 0); n-- {
		i := code[n]
		if !i.mayWrite(register) {
			continue
		}
		if i.code == opLoadK && p.constants[i.k()].isString() {
			return n
		}
		return -1
	}
	return -1
}

// mayWrite says whether an instruction may set a register. Words that are no instructions
// may be taken for some.
func (i instruction) mayWrite(register int) bool {
	switch i.code {
	case opSetTable, opSetField, opSetGlobal, opSetGlobalAny, opSetUpvalue, opSetList, opEq, opLt, opLe, opTest, opJump, opNop, opClose:
		return false
	case opCall, opVarArg, opTForLoop, opForLoop, opForPrep, opLoadNil, opSelf, opSelfAny, opClosure, opTailCall, opReturn:
		return int(i.a) <= register
	}
	return int(i.a) == register
}

// jumps lists the instructions after which each may come besides the one before it.
func jumps(code []instruction) map[int][]int {
	sources := map[int][]int{}
	for at, i := range code {
		switch i.code {
		case opJump, opForLoop, opForPrep:
			target := at + 1 + i.offset()
			sources[target] = append(sources[target], at)
		case opEq, opLt, opLe, opTest, opTestSet, opLoadBool, opTForLoop:
			sources[at+2] = append(sources[at+2], at)
		}
	}
	return sources
}

// entered says whether a jump leads from elsewhere to behind first, up to last.
func entered(sources map[int][]int, first, last int) bool {
	for at := first + 1; at <= last; at++ {
		for _, source := range sources[at] {
			if source < first || source >= last {
				return true
			}
		}
	}
	return false
}
