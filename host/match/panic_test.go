package match

import (
	"context"
	"strings"
	"testing"
	"time"
)

// match_init runs in the goroutine of whoever creates the match: its panic is an error
// there, and the handler is closed.
func TestPanicInInitIsAnError(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("breaks", func(_ context.Context, c *callback) { panic("broken") })
		_, err := s.Create(s.t.Context(), "breaks", nil)
		if err == nil || !strings.Contains(err.Error(), "match_init panicked: broken") {
			t.Errorf("Create: %v", err)
		}
		s.expect("init", "close")
		if s.slog.count("panic_test.go") == 0 {
			t.Error("the log does not say where")
		}
	})
}

// A handler that panics as it is closed, and whoever is told of a match's end, take no
// other match with them, and the registry counts the match as gone.
func TestPanicsAtTheEndOfAMatch(t *testing.T) {
	play(t, Config{Stopped: func(string) { panic("broken") }}, func(s *stage) {
		s.closing = func() { panic("broken, too") }
		s.module("ends", func(_ context.Context, c *callback) {
			if c.name == "loop" {
				c.state = nil
			}
		})
		s.create("ends")
		s.pass(time.Second)
		s.expect("init", "stopped", "close")
		id := s.create("plain")
		s.take()
		s.lookup(id).stop(outcome{why: "a test"})
		s.expect("stopped", "close")
		for _, text := range []string{"telling that the match has stopped panicked", "closing the match's handler panicked"} {
			if n := s.slog.count(text); n != 2 {
				t.Errorf("%d log entries say that %s", n, text)
			}
		}
	})
}
