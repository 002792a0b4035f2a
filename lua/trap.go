//go:build !race

package lua

import (
	glua "github.com/yuin/gopher-lua"
)

// A trap puts a prototype whose every instruction is none in the place of a function's
// own, while the function may be running on another goroutine. The interpreter reads
// LFunction.Proto anew for each instruction, and the pointer is one word, which Go's
// memory model promises to be read whole: it sees the old prototype or the trap. Nothing
// but Code differs between them, so that it does not matter at which point of an
// instruction that happens.
//
// The race detector would report it all the same; trap_race.go takes its place there.

// noInstruction is beyond the interpreter's table of instructions, which panics with it.
// gopher-lua turns that into an error.
const noInstruction = 63 << 26

type trap struct {
	fn    *glua.LFunction
	proto *glua.FunctionProto
}

func (s *stack) watched() {}

// setTraps traps the innermost functions of a stack and adds them to those that are
// trapped already.
func (s *stack) setTraps(trapped []trap) []trap {
	for level := range trappedLevels {
		fn := functionAt(s.L, level)
		if fn == nil || fn.IsG || isTrap(fn.Proto) {
			continue
		}
		trapped = append(trapped, trap{fn, fn.Proto})
		fn.Proto = trapOf(fn.Proto)
	}
	return trapped
}

func (t trap) release() { t.fn.Proto = t.proto }

func trapOf(proto *glua.FunctionProto) *glua.FunctionProto {
	copied := *proto
	copied.Code = make([]uint32, len(proto.Code))
	for i := range copied.Code {
		copied.Code[i] = noInstruction
	}
	return &copied
}

func isTrap(proto *glua.FunctionProto) bool {
	return proto == nil || len(proto.Code) == 0 || proto.Code[0] == noInstruction
}

// functionAt is the function at a level of a stack that may be running, or nil. What it
// finds may have returned meanwhile.
func functionAt(L *glua.LState, level int) (fn *glua.LFunction) {
	defer func() {
		if recover() != nil {
			fn = nil // a frame was taken down while it was looked at
		}
	}()
	frame, ok := L.GetStack(level)
	if !ok {
		return nil
	}
	v, err := L.GetInfo("f", frame, glua.LNil)
	if err != nil {
		return nil
	}
	fn, _ = v.(*glua.LFunction)
	return fn
}
