package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"nkhost/host/config"
)

func TestTextLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		colour bool
		log    func(*slog.Logger)
		want   string
	}{
		{name: "message", log: func(l *slog.Logger) { l.Info("ready") }, want: "INFO  ready\n"},
		{name: "levels line up", log: func(l *slog.Logger) { l.Error("gone"); l.Warn("soon") }, want: "ERROR gone\nWARN  soon\n"},
		{name: "too low a level", log: func(l *slog.Logger) { l.Debug("detail") }, want: ""},
		{name: "attributes", log: func(l *slog.Logger) { l.Info("a", "n", 1, "s", "x", "d", time.Second) }, want: "INFO  a n=1 s=x d=1s\n"},
		{name: "attributes that need quotes", log: func(l *slog.Logger) { l.Info("a", "s", "x y", "e", "", "q", `"`) },
			want: "INFO  a s=\"x y\" e=\"\" q=\"\\\"\"\n"},
		{name: "error", log: func(l *slog.Logger) { l.Info("a", "err", errors.New("no luck")) }, want: "INFO  a err=\"no luck\"\n"},
		{name: "groups", log: func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("b", 2).Info("m", "c", 3) }, want: "INFO  m a=1 g.b=2 g.c=3\n"},
		{name: "group value", log: func(l *slog.Logger) { l.Info("m", slog.Group("g", "a", 1, slog.Group("h", "b", 2))) }, want: "INFO  m g.a=1 g.h.b=2\n"},
		{name: "two heirs of one logger", log: func(l *slog.Logger) {
			parent := l.With("a", 1)
			one, two := parent.With("b", 2), parent.With("c", 3)
			one.Info("one")
			two.Info("two")
		}, want: "INFO  one a=1 b=2\nINFO  two a=1 c=3\n"},
		{name: "several lines", log: func(l *slog.Logger) { l.Info("a\nb\n", "stack", "x:1\ny:2\n", "n", 1) },
			want: "INFO  a\n    b n=1\n    stack:\n      x:1\n      y:2\n"},
		{name: "control characters", log: func(l *slog.Logger) { l.Info("a\x1b[2Jb\rc", "v", "\x1b", "w", "\x07\n") },
			want: "INFO  a\\x1b[2Jb\\rc v=\"\\x1b\"\n    w:\n      \\a\n"},
		{name: "colour", colour: true, log: func(l *slog.Logger) { l.Warn("a", "n", 1) },
			want: "\x1b[33mWARN\x1b[0m  a \x1b[2mn=\x1b[0m1\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			test.log(slog.New(withoutTime{newTextHandler(&out, slog.LevelInfo, test.colour)}))
			if out.String() != test.want {
				t.Errorf("got  %q\nwant %q", out.String(), test.want)
			}
		})
	}
}

func TestTextHandlerIsASlogHandler(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	newHandler := func(*testing.T) slog.Handler {
		out.Reset()
		return newTextHandler(&out, slog.LevelInfo, false)
	}
	slogtest.Run(t, newHandler, func(t *testing.T) map[string]any { return fieldsOf(t, out.String()) })
}

// fieldsOf reads back a line whose values hold no blanks, as slogtest's don't.
func fieldsOf(t *testing.T, line string) map[string]any {
	words := strings.Fields(line)
	fields := map[string]any{}
	if _, err := time.Parse("15:04:05.000", words[0]); err == nil {
		fields[slog.TimeKey], words = words[0], words[1:]
	}
	fields[slog.LevelKey], fields[slog.MessageKey] = words[0], words[1]
	for _, word := range words[2:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			t.Fatalf("no attribute: %q", word)
		}
		path := strings.Split(name, ".")
		group := fields
		for _, step := range path[:len(path)-1] {
			if group[step] == nil {
				group[step] = map[string]any{}
			}
			group = group[step].(map[string]any)
		}
		group[path[len(path)-1]] = value
	}
	return fields
}

func TestFormats(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format   string
		terminal bool
		want     string // a field of the JSON line that it must have; "" is text
	}{
		{"auto", true, ""}, {"auto", false, "msg"}, {"text", false, ""},
		{"json", true, "msg"}, {"stackdriver", true, "message"},
	}
	for _, test := range tests {
		var out bytes.Buffer
		log, _, err := New(config.Logger{Level: "info", Stdout: true, Format: test.format}, &out, test.terminal)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("ready", "n", 1)
		var fields map[string]any
		isJSON := json.Unmarshal(out.Bytes(), &fields) == nil
		if isJSON != (test.want != "") {
			t.Errorf("%s, terminal %v: %s", test.format, test.terminal, out.String())
		}
		if isJSON && (fields[test.want] != "ready" || fields["n"] != 1.0) {
			t.Errorf("%s: %s", test.format, out.String())
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "log.json")
	for range 2 { // a second start appends
		log, closer, err := New(config.Logger{Level: "debug", File: name}, io.Discard, false)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("ready")
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil || strings.Count(string(data), `"level":"debug","msg":"ready"`) != 2 {
		t.Errorf("%s, %v", data, err)
	}
	if _, _, err := New(config.Logger{Level: "info", File: filepath.Join(name, "x")}, io.Discard, false); err == nil || !strings.HasPrefix(err.Error(), "logger.file: ") {
		t.Errorf("a file in a file: %v", err)
	}
}

// withoutTime is a handler whose records bear no time.
type withoutTime struct{ *textHandler }

func (h withoutTime) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Time{}
	return h.textHandler.Handle(ctx, r)
}

func (h withoutTime) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withoutTime{h.textHandler.WithAttrs(attrs).(*textHandler)}
}

func (h withoutTime) WithGroup(name string) slog.Handler {
	return withoutTime{h.textHandler.WithGroup(name).(*textHandler)}
}
