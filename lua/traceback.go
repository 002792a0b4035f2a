package lua

import (
	"fmt"
	"runtime/debug"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// tracebackHead begins every traceback.
const tracebackHead = "stack traceback:"

const (
	maxTraceback = 20 // lines
	maxTailCalls = 64 // in a row, beyond which the rest of a traceback is left out
)

// guarded calls its first argument with the others. It lies between gopher-lua's PCall and
// every function that a stack runs, and gives errors their traceback: the one that PCall
// would make has a line for each tail call, of which there may be millions.
func guarded(L *glua.LState) int {
	defer func() {
		if fault := recover(); fault != nil {
			panic(traced(L, fault))
		}
	}()
	L.Call(L.GetTop()-1, glua.MultRet)
	return L.GetTop()
}

func traced(L *glua.LState, fault any) *glua.ApiError {
	raised, ok := fault.(*glua.ApiError)
	if !ok {
		raised = &glua.ApiError{Type: glua.ApiErrorPanic, Object: glua.LString(fmt.Sprint(fault)), Cause: &panicked{debug.Stack()}}
	}
	if raised.StackTrace == "" {
		raised.StackTrace = traceback(L)
		addLocals(L, raised)
	}
	return raised
}

// panicked is the cause of an error that was a panic in Go code.
type panicked struct{ stack []byte }

func (e *panicked) Error() string { return string(e.stack) }

// traceback tells which functions run, the innermost first:
//
//	stack traceback:
//		file.lua:12: in function 'name'
//		[G]: in function 'pcall'
func traceback(L *glua.LState) string {
	var text strings.Builder
	text.WriteString(tracebackHead)
	level := 0
	for range maxTraceback {
		frame, isLast := frameAt(L, level)
		if isLast {
			return text.String()
		}
		level++
		if isConcatenation(L, frame) {
			continue
		}
		text.WriteString(describeFrame(frame))
		if frame.What != "tail" {
			continue
		}
		text.WriteString("\n\t(tail calls)")
		if level = behindTailCalls(L, level); level < 0 {
			break
		}
	}
	text.WriteString("\n\t...")
	return text.String()
}

// isConcatenation says whether a frame is that of an operator, which is no call to those
// who read a traceback.
func isConcatenation(L *glua.LState, frame *glua.Debug) bool {
	if frame.What != "G" {
		return false
	}
	fn, err := L.GetInfo("f", frame, glua.LNil)
	return err == nil && fn == concatenateFunction
}

// frameAt looks at a level of the stack. The last is that of guarded itself.
func frameAt(L *glua.LState, level int) (frame *glua.Debug, isLast bool) {
	frame, ok := L.GetStack(level)
	if !ok {
		return nil, true
	}
	if _, err := L.GetInfo("Sln", frame, glua.LNil); err != nil {
		return nil, true
	}
	return frame, frame.What == "main"
}

// behindTailCalls finds the level behind those of tail calls, for which gopher-lua gives
// the last frame; -1 if there are too many.
func behindTailCalls(L *glua.LState, level int) int {
	for range maxTailCalls {
		if _, isLast := frameAt(L, level); !isLast {
			return level
		}
		level++
	}
	return -1
}

func describeFrame(frame *glua.Debug) string {
	name := "function " + frame.Name
	if !strings.HasPrefix(frame.Name, "<") {
		name = "function '" + frame.Name + "'"
	}
	switch line := frame.CurrentLine; {
	case line < 0:
		return "\n\t[G]: in " + name
	case line == 0: // it was about to begin
		return fmt.Sprintf("\n\t%s:%d: in %s", frame.Source, frame.LineDefined, name)
	default:
		return fmt.Sprintf("\n\t%s:%d: in %s", frame.Source, line, name)
	}
}
