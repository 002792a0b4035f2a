package logging

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// textHandler writes a record as a line for people: time of day, level, message,
// attributes. Attributes of several lines, such as a Lua stack, follow below,
// indented. Control characters are escaped, since modules and clients choose much
// of what is logged.
type textHandler struct {
	level  slog.Level
	colour bool
	groups string // the open groups, each with a dot behind it
	attrs  attrs  // of With

	mu  *sync.Mutex // guards out; shared by the handlers that With made
	out io.Writer
}

func newTextHandler(out io.Writer, level slog.Level, colour bool) *textHandler {
	return &textHandler{level: level, colour: colour, mu: &sync.Mutex{}, out: out}
}

const (
	reset = "\x1b[0m"
	dim   = "\x1b[2m"
)

func levelColour(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "\x1b[31m"
	case level >= slog.LevelWarn:
		return "\x1b[33m"
	case level >= slog.LevelInfo:
		return "\x1b[32m"
	}
	return "\x1b[34m"
}

// Enabled implements slog.Handler.
func (h *textHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle implements slog.Handler.
func (h *textHandler) Handle(_ context.Context, record slog.Record) error {
	own := h.attrs
	record.Attrs(func(attr slog.Attr) bool {
		own = own.with(h.groups, attr)
		return true
	})
	var line strings.Builder
	if !record.Time.IsZero() {
		line.WriteString(h.painted(dim, record.Time.Format("15:04:05.000")) + " ")
	}
	level := record.Level.String()
	line.WriteString(h.painted(levelColour(record.Level), level) + strings.Repeat(" ", max(0, 5-len(level))) + " ")
	line.WriteString(indented(record.Message))
	for _, a := range own.short {
		line.WriteString(" " + h.painted(dim, a.name+"=") + a.value)
	}
	for _, a := range own.long {
		line.WriteString("\n    " + h.painted(dim, a.name+":") + "\n      " + strings.ReplaceAll(a.value, "\n", "\n      "))
	}
	line.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, line.String())
	return err
}

// WithAttrs implements slog.Handler.
func (h *textHandler) WithAttrs(more []slog.Attr) slog.Handler {
	copied := *h
	for _, attr := range more {
		copied.attrs = copied.attrs.with(h.groups, attr)
	}
	return &copied
}

// WithGroup implements slog.Handler.
func (h *textHandler) WithGroup(name string) slog.Handler {
	copied := *h
	if name != "" {
		copied.groups += name + "."
	}
	return &copied
}

func (h *textHandler) painted(colour, text string) string {
	if !h.colour {
		return text
	}
	return colour + text + reset
}

// attrs are attributes ready to be written: those that fit in the line, and those
// of several lines. A value is shared by handlers and never changed in place.
type attrs struct{ short, long []field }

type field struct{ name, value string }

func (a attrs) with(prefix string, attr slog.Attr) attrs {
	value := attr.Value.Resolve()
	if attr.Equal(slog.Attr{}) {
		return a
	}
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			prefix += attr.Key + "."
		}
		for _, member := range value.Group() {
			a = a.with(prefix, member)
		}
		return a
	}
	name, text := prefix+attr.Key, value.String()
	if strings.Contains(text, "\n") {
		a.long = append(a.long[:len(a.long):len(a.long)], field{name, escaped(strings.TrimRight(text, "\n"))})
		return a
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }) {
		text = strconv.Quote(text)
	}
	a.short = append(a.short[:len(a.short):len(a.short)], field{name, text})
	return a
}

func indented(text string) string {
	return strings.ReplaceAll(escaped(strings.TrimRight(text, "\n")), "\n", "\n    ")
}

// escaped makes control characters visible, but for line breaks and tabs.
func escaped(text string) string {
	harmless := func(r rune) bool { return r == '\n' || r == '\t' || unicode.IsPrint(r) }
	if !strings.ContainsFunc(text, func(r rune) bool { return !harmless(r) }) {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if harmless(r) {
			out.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		out.WriteString(quoted[1 : len(quoted)-1])
	}
	return out.String()
}
