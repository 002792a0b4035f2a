package glua

import (
	"fmt"
)

// ApiError is what a function raises: it panics with one, up to the next PCall.
type ApiError struct {
	Type       ApiErrorType
	Object     LValue // what was raised
	StackTrace string // for who fills it
	Cause      error
}

func (e *ApiError) Error() string {
	if e.StackTrace == "" {
		return e.Object.String()
	}
	return e.Object.String() + "\n" + e.StackTrace
}

// Panic is the cause of an error that was a panic in Go code.
type Panic struct{ Stack []byte }

func (p *Panic) Error() string { return string(p.Stack) }

// ApiErrorType says where an error comes from.
type ApiErrorType int

const (
	ApiErrorRun   ApiErrorType = iota
	ApiErrorPanic              // Go code has panicked
)

// RaiseError raises text with the position of the innermost Lua function before it.
func (L *LState) RaiseError(format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	L.raise(1, text)
}

// Error raises a value. A string gets the position at a level before it: 1 is the
// function that runs, 2 its caller, 0 none.
func (L *LState) Error(v LValue, level int) {
	if text, ok := v.(LString); ok {
		L.raise(level, string(text))
	}
	panic(&ApiError{Object: v})
}

func (L *LState) raise(level int, text string) { panic(L.newError(level, text)) }

func (L *LState) newError(level int, text string) *ApiError {
	if level > 0 {
		text = L.where(level-1, true) + " " + text
	}
	return &ApiError{Object: LString(text)}
}

// Where is the position of the function at a level, 0 being the one that runs:
// "file.lua:12:", "[G]:" for a function of Go's, "" if there is none.
func (L *LState) Where(level int) string { return L.where(level, false) }

func (L *LState) where(level int, skipGo bool) string {
	for ; ; level++ {
		at := L.frameAt(level)
		if at < 0 {
			return ""
		}
		fr := &L.frames[at]
		if p := fr.fn.Proto; p != nil {
			return fmt.Sprintf("%s:%d:", p.SourceName, p.lines[max(fr.pc-1, 0)])
		}
		if !skipGo {
			return "[G]:"
		}
	}
}

// frameAt is the number of the frame at a level, or -1. A frame has a level for each
// function whose place it took.
func (L *LState) frameAt(level int) int {
	at := L.depth - 1
	for ; level > 0 && at >= 0; at-- {
		level--
		if fr := &L.frames[at]; fr.fn.Proto != nil {
			level -= fr.tail
		}
	}
	if level < 0 && L.depth > 0 {
		return 0
	}
	return at
}

// Debug tells of a call that runs.
type Debug struct {
	Fn   *LFunction
	Name string // of what was called, or "<file.lua:12>" for where the function begins
	// What is "G" for a function of Go's, "tail" for one that took the place of another, and
	// "Lua".
	What        string
	Source      string
	CurrentLine int // -1 in functions of Go's, 0 before the first instruction
	LineDefined int

	frame int
}

// GetStack tells of the call at a level, 0 being the innermost.
func (L *LState) GetStack(level int) (*Debug, bool) {
	at := L.frameAt(level)
	if at < 0 {
		return nil, false
	}
	return L.describe(at), true
}

// Frame tells of the nth call from the innermost on, from 0: unlike with GetStack, one that
// took the place of others counts once.
func (L *LState) Frame(n int) (*Debug, bool) {
	if n >= L.depth {
		return nil, false
	}
	return L.describe(L.depth - 1 - n), true
}

func (L *LState) describe(at int) *Debug {
	fr := &L.frames[at]
	d := &Debug{Fn: fr.fn, Name: L.functionName(at), What: "Lua", CurrentLine: -1, frame: at}
	p := fr.fn.Proto
	switch {
	case p == nil:
		d.What = "G"
	case fr.tail > 0:
		d.What = "tail"
	}
	if p != nil {
		d.Source, d.LineDefined, d.CurrentLine = p.SourceName, p.LineDefined, 0
		if fr.pc > 0 {
			d.CurrentLine = p.lines[fr.pc-1]
		}
	}
	return d
}

// functionName is what the program calls the function of a frame.
func (L *LState) functionName(at int) string {
	fr := &L.frames[at]
	unnamed := "(anonymous)"
	if p := fr.fn.Proto; p != nil {
		unnamed = fmt.Sprintf("<%s:%d>", p.SourceName, p.LineDefined)
	}
	if at == 0 || L.frames[at-1].fn.Proto == nil {
		return unnamed
	}
	caller := &L.frames[at-1]
	name, ok := caller.fn.Proto.calls[caller.pc-1]
	if !ok || (name == "?" || fr.tail > 0) && fr.fn.Proto != nil {
		return unnamed
	}
	return name
}

// GetLocal is the name and the value of the nth variable of a call, from 1. The name is ""
// behind the last.
func (L *LState) GetLocal(d *Debug, n int) (string, LValue) {
	fr := &L.frames[d.frame]
	name := ""
	if fr.fn.Proto != nil {
		name = fr.fn.Proto.localName(n, fr.pc-1)
	}
	if name == "" {
		return "", LNil
	}
	return name, L.regs[fr.local+n-1].LValue()
}
