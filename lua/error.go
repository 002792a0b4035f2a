package lua

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"nkhost/lua/glua"
)

// Error is an error that Lua raised.
type Error struct {
	// Value is what was raised, whatever its type. Errors of the runtime itself and
	// error("text") have a position in front of their text.
	Value glua.LValue

	// File and Line say which line of a module was running; File is relative to the
	// modules' folder, and empty when no Lua function ran.
	File string
	Line int

	// Stack is the Lua traceback, over several lines.
	Stack string

	// Locals are the local variables of the Lua function that raised the error, with
	// Options.Locals. They are not known of an error that was raised again.
	Locals []Local

	// Misuse names the value of the wrong type that the error is about; nil if it is about
	// something else, if the value has no name, or if the error was raised again.
	Misuse *glua.Misuse

	limit error
}

// Unwrap returns an error that is ErrLimit if the call was stopped at a limit.
func (e *Error) Unwrap() error { return e.limit }

// Error returns the text that was raised, or the position of a raise of another type.
func (e *Error) Error() string {
	switch value := e.Value.(type) {
	case glua.LString, glua.LNumber:
		return value.String()
	}
	text := fmt.Sprintf("(error object is a %s value)", e.Value.Type())
	if e.File == "" {
		return text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, text)
}

// newLimitError makes an *Error of a call that was stopped; err is how it ended.
func newLimitError(reason, err error) *Error {
	e := newError(err)
	e.limit = reason
	text := reason.Error()
	if e.File != "" {
		text = fmt.Sprintf("%s:%d: %s", e.File, e.Line, text)
	}
	e.Value = glua.LString(text)
	return e
}

// newError makes an *Error of what PCall returned.
func newError(err error) *Error {
	var raised *glua.ApiError
	if !errors.As(err, &raised) {
		if err == nil {
			err = errors.New("the call ended")
		}
		return &Error{Value: glua.LString(err.Error())}
	}
	e := &Error{Value: raised.Object, Stack: raised.StackTrace}
	var found *localsCause
	if errors.As(raised.Cause, &found) {
		e.Locals = found.locals
	}
	e.Misuse = glua.MisuseOf(raised)
	e.File, e.Line = innermost(e.Stack)
	return e
}

// position says where fn was called, if it is a Go function that raised the error. It had
// a stack of its own, on which there is no position for its text.
func (e *Error) position(fn glua.Value, position string) {
	if fn.Type() != glua.LTFunction || !fn.Function().IsG() {
		return
	}
	if text, ok := e.Value.(glua.LString); ok && strings.HasPrefix(string(text), " ") {
		if position == "" {
			text = text[1:]
		}
		e.Value = glua.LString(position) + text
	}
}

// innermost finds the first Lua line of a traceback, which has lines such as
// "\tfile.lua:12: in function 'f'" and, for Go functions, "\t[G]: in function 'error'".
func innermost(traceback string) (file string, line int) {
	_, frames, _ := strings.Cut(traceback, tracebackHead)
	for frame := range strings.Lines(frames) {
		position, _, found := strings.Cut(strings.TrimPrefix(frame, "\t"), ": in ")
		if !found || strings.HasPrefix(position, "[G]") {
			continue
		}
		colon := strings.LastIndexByte(position, ':')
		if colon < 0 {
			continue
		}
		if line, err := strconv.Atoi(position[colon+1:]); err == nil {
			return position[:colon], line
		}
	}
	return "", 0
}
