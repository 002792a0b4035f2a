package match

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
)

func TestCreateErrors(t *testing.T) {
	cases := map[string]struct {
		module string
		act    func(c *callback)
		code   codes.Code
		texts  []string
		closed bool // the handler was made and must be closed
	}{
		"unknown":       {module: "plane", code: codes.NotFound, texts: []string{`no match module "plane"`, `Did you mean "plain"?`}},
		"in a folder":   {module: "chess", code: codes.NotFound, texts: []string{`Did you mean "game.chess"?`}},
		"unlike any":    {module: "zzzzzzzzz", code: codes.NotFound, texts: []string{`no match module`}},
		"init fails":    {act: func(c *callback) { c.err = errors.New("no match today") }, code: codes.Unknown, texts: []string{"no match today", `"m"`}, closed: true},
		"no state":      {act: func(c *callback) { c.state = nil }, code: codes.InvalidArgument, texts: []string{`"m"`, "state"}, closed: true},
		"rate too low":  {act: func(c *callback) { c.rate = 0 }, code: codes.InvalidArgument, texts: []string{"tick rate 0", "1 and 60"}, closed: true},
		"rate too high": {act: func(c *callback) { c.rate = 61 }, code: codes.InvalidArgument, texts: []string{"tick rate 61"}, closed: true},
		"long label":    {act: func(c *callback) { c.label = strings.Repeat("l", 2049) }, code: codes.InvalidArgument, texts: []string{"2049", "2048"}, closed: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				module := c.module
				if c.act != nil {
					module = "m"
					s.module("m", func(_ context.Context, call *callback) { c.act(call) })
				}
				_, err := s.Create(s.t.Context(), module, nil)
				wantCode(s.t, err, c.code, c.texts...)
				if name == "unlike any" && strings.Contains(err.Error(), "mean") {
					t.Errorf("a far-fetched suggestion: %v", err)
				}
				if c.closed {
					s.expect("init", "close")
				}
				if s.Count() != 0 {
					t.Error("there is a match")
				}
			})
		})
	}
}

func TestCreateLimits(t *testing.T) {
	for _, rate := range []int{1, 60} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				s.rate, s.label = rate, strings.Repeat("l", 2048)
				if l, err := s.Get(s.create("plain")); err != nil || l.TickRate != rate || len(l.Label) != 2048 {
					t.Errorf("got %+v, %v", l, err)
				}
			})
		})
	}
}

func TestIDs(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		id := s.create("plain")
		if first, node, _ := strings.Cut(id, "."); uuid.Validate(first) != nil || node != "n1" {
			t.Errorf("the id is %q", id)
		}
		unknown := uuid.NewString()
		for given, code := range map[string]codes.Code{
			id: codes.OK, unknown + ".n1": codes.NotFound, unknown + ".": codes.NotFound, unknown + ".n2": codes.NotFound,
			unknown: codes.InvalidArgument, "": codes.InvalidArgument, "nope.n1": codes.InvalidArgument,
		} {
			_, err := s.Get(given)
			wantCode(s.t, err, code)
			_, err = s.Signal(s.t.Context(), given, "")
			wantCode(s.t, err, code)
			_, err = s.JoinAttempt(s.t.Context(), given, Joiner{Presence: presence("alice")})
			wantCode(s.t, err, code)
		}
		s.Joined(unknown, presence("alice"))
		s.Leave(unknown, presences("alice"))
		s.SendData(unknown, Message{})
	})
}

func TestDispatcherBeforeTheMatchStarts(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("early", func(_ context.Context, c *callback) {
			if c.name == "init" {
				wantCode(s.t, c.UpdateLabel("x"), codes.FailedPrecondition, "match_init")
			}
		})
		s.create("early")
	})
}

func TestCloseWithGrace(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("obedient", func(_ context.Context, c *callback) {
			if c.name == "terminate" {
				c.BroadcastDeferred(Broadcast{Data: []byte("bye")})
			} else if c.tick == 20 {
				c.state = nil
			}
		})
		id := s.create("obedient")
		s.join(id, "alice")
		s.take()
		start := time.Now()
		closed := make(chan error)
		go func() { closed <- s.Close(context.Background(), 10) }()
		synctest.Wait()
		s.expect("terminate 10", "send 0 bye to alice")

		_, err := s.Create(s.t.Context(), "plain", nil)
		wantCode(s.t, err, codes.Unavailable, "shutting down")
		if got := s.attempt(id, "bob"); got.Allow {
			t.Error("bob was let in while the server shuts down")
		}
		if got := s.attempt(id, "alice"); !got.Allow || got.IsNew {
			t.Errorf("alice, who is in: %+v", got)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took.Round(100*time.Millisecond) != 2100*time.Millisecond {
			t.Errorf("closing took %v, but the only match has ended after 2.1 s", took)
		}
		s.expect("stopped", "close")
	})
}

func TestCloseWhenTheGraceIsOver(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		id := s.create("plain")
		s.join(id, "alice")
		s.take()
		start := time.Now()
		if err := s.Close(context.Background(), 3); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took.Round(100*time.Millisecond) != 3*time.Second {
			t.Errorf("closing took %v", took)
		}
		s.expect("terminate 3", "stopped", "close")
	})
}

func TestCloseDoesNotWaitForeverForACallback(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		wait := make(chan struct{})
		s.module("deaf", func(_ context.Context, c *callback) {
			if c.name == "signal" {
				<-wait
			}
		})
		go s.Signal(s.t.Context(), s.create("deaf"), "")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		wantCode(s.t, s.Close(ctx, 60), codes.DeadlineExceeded, "1 matches")
		close(wait)
		s.expect("init", "signal", "stopped", "close")
	})
}
