package lua

import (
	"fmt"
	"strings"

	"nkhost/lua/glua"
)

// tracebackHead begins every traceback.
const tracebackHead = "stack traceback:"

const maxTraceback = 20 // lines

// trace gives an error that was raised its traceback.
func trace(L *glua.LState, raised *glua.ApiError) {
	if raised.StackTrace == "" {
		raised.StackTrace = traceback(L)
		addLocals(L, raised)
	}
}

// traceback tells which functions run, the innermost first:
//
//	stack traceback:
//		file.lua:12: in function 'name'
//		[G]: in function 'pcall'
func traceback(L *glua.LState) string {
	var text strings.Builder
	text.WriteString(tracebackHead)
	for n := range maxTraceback {
		frame, ok := L.Frame(n)
		if !ok {
			return text.String()
		}
		text.WriteString(describeFrame(frame))
		if frame.What == "tail" {
			text.WriteString("\n\t(tail calls)")
		}
	}
	text.WriteString("\n\t...")
	return text.String()
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
