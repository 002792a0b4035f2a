package nktest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"nkhost/lua"
)

// shownLines is how much of the log a test that failed shows.
const shownLines = 40

// Line is a line of the host's log.
type Line struct {
	Level  slog.Level
	Text   string
	Match  string            // the id of the match it is about, or ""
	Fields map[string]string // what else it says, such as source, error and stack
	Locals []Local           // of the function that raised the error which the line is about
}

// String is the line as one text.
func (l Line) String() string {
	text := l.Level.String() + " " + l.Text
	for _, name := range []string{"source", "why", "error", "hint"} {
		if value := l.Fields[name]; value != "" {
			text += " " + name + "=" + value
		}
	}
	return text
}

// LuaError is an error that Lua raised in a match.
type LuaError struct {
	Match, Module string
	Message       string // with "file:line: " in front of it
	Hint          string // what the value of the wrong type is called, or ""
	Stack         string
	Locals        []Local // of the function that raised it
}

// Local is a local variable, its value written as Lua would.
type Local struct{ Name, Value string }

// Error is the message with the hint, the stack and the variables.
func (e *LuaError) Error() string {
	text := e.Message
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text + "\n" + raisedAt(e.Stack, e.Locals)
}

// raisedAt tells where an error was raised.
func raisedAt(stack string, locals []Local) string {
	var text strings.Builder
	text.WriteString(stack)
	if len(locals) > 0 {
		text.WriteString("\nlocal variables:")
	}
	for _, local := range locals {
		fmt.Fprintf(&text, "\n\t%s = %s", local.Name, local.Value)
	}
	return text.String()
}

// journal keeps the host's log. It is a slog.Handler.
type journal struct {
	*shared
	attrs []slog.Attr
}

type shared struct {
	mu       sync.Mutex
	lines    []Line
	failures []*LuaError // of all matches
	untold   []*LuaError // of those that must not fail
	mayFail  map[string]bool
}

func newJournal() *journal { return &journal{shared: &shared{mayFail: map[string]bool{}}} }

func (*journal) Enabled(context.Context, slog.Level) bool { return true }

func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journal{shared: j.shared, attrs: append(j.attrs[:len(j.attrs):len(j.attrs)], attrs...)}
}

func (j *journal) WithGroup(string) slog.Handler { return j }

// Handle keeps a line, and notes it if a match's callback raised an error.
func (j *journal) Handle(_ context.Context, record slog.Record) error {
	line := Line{Level: record.Level, Text: record.Message, Fields: map[string]string{}}
	note := func(attr slog.Attr) bool {
		if found, ok := attr.Value.Any().([]lua.Local); ok {
			for _, local := range found {
				line.Locals = append(line.Locals, Local(local))
			}
			return true
		}
		line.Fields[attr.Key] = attr.Value.String()
		return true
	}
	for _, attr := range j.attrs {
		note(attr)
	}
	record.Attrs(note)
	line.Match = line.Fields["match"]
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
	if line.Match == "" || line.Fields["stack"] == "" {
		return nil
	}
	failure := &LuaError{Match: line.Match, Module: line.Fields["module"], Message: line.Fields["error"], Hint: line.Fields["hint"], Stack: line.Fields["stack"], Locals: line.Locals}
	j.failures = append(j.failures, failure)
	if !j.mayFail[line.Match] {
		j.untold = append(j.untold, failure)
	}
	return nil
}

func (j *journal) takeFailures() []*LuaError {
	j.mu.Lock()
	defer j.mu.Unlock()
	untold := j.untold
	j.untold = nil
	return untold
}

func (j *journal) allow(matchID string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mayFail[matchID] = true
}

// failure is the last error of a match, or nil.
func (j *journal) failure(matchID string) *LuaError {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.failures) - 1; i >= 0; i-- {
		if j.failures[i].Match == matchID {
			return j.failures[i]
		}
	}
	return nil
}

// of lists the lines that are about a match, or all for "".
func (j *journal) of(matchID string) []Line {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []Line
	for _, line := range j.lines {
		if matchID == "" || line.Match == matchID {
			lines = append(lines, line)
		}
	}
	return lines
}

func (j *journal) tail(count int) string {
	lines := j.of("")
	text := "the end of the log:"
	for _, line := range lines[max(0, len(lines)-count):] {
		text += "\n" + line.String()
		if stack := line.Fields["stack"]; stack != "" {
			text += "\n" + raisedAt(stack, line.Locals)
		}
	}
	return text
}

// Log is the host's log so far.
func (h *Host) Log() []Line { return h.log.of("") }
