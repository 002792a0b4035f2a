package match

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
)

// With one worker, a callback that yields while it waits does not hold up others; its
// own match waits, and makes up for one tick.
func TestYieldLetsOtherMatchesRun(t *testing.T) {
	play(t, Config{Workers: 1}, func(s *stage) {
		wait := make(chan struct{})
		var ticks tally
		s.module("counts", func(ctx context.Context, c *callback) {
			switch {
			case c.name == "loop":
				ticks.add(c.id)
			case c.data == "wait":
				Yield(ctx, func() { Yield(ctx, func() { <-wait }) })
				s.write("has waited")
			}
		})
		a, b := s.create("counts"), s.create("counts")
		go s.Signal(s.t.Context(), a, "wait")
		synctest.Wait()
		s.take()
		s.Leave(a, presences("nobody"))
		s.pass(time.Second)
		if ticks.of(a) != 0 || ticks.of(b) != 10 {
			t.Errorf("while a waits: a ticks %d times, b %d times", ticks.of(a), ticks.of(b))
		}
		close(wait)
		s.pass(time.Millisecond)
		s.expect("has waited")
		if ticks.of(a) != 1 {
			t.Errorf("after the wait a ticked %d times", ticks.of(a))
		}
		s.pass(time.Second)
		if ticks.of(a) != 11 {
			t.Errorf("a second later a has ticked %d times", ticks.of(a))
		}
	})
}

// Only as many callbacks run at a time as there are workers, also when more come back
// from waiting at once.
func TestYieldTakesAPlaceAgain(t *testing.T) {
	play(t, Config{Workers: 2}, func(s *stage) {
		wait := make(chan struct{})
		var running, most atomic.Int32
		s.module("waits", func(ctx context.Context, c *callback) {
			if c.name != "signal" {
				return
			}
			Yield(ctx, func() { <-wait })
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(stallTime / 2)
			running.Add(-1)
		})
		for range 6 {
			go s.Signal(s.t.Context(), s.create("waits"), "")
		}
		synctest.Wait()
		close(wait)
		s.pass(2 * stallTime)
		if most.Load() != 2 {
			t.Errorf("%d callbacks ran at a time, want 2", most.Load())
		}
	})
}

func TestYieldSurvivesAPanic(t *testing.T) {
	play(t, Config{Workers: 1}, func(s *stage) {
		s.module("panics", func(ctx context.Context, c *callback) {
			if c.name == "signal" {
				Yield(ctx, func() { panic("in Yield") })
			}
		})
		_, err := s.Signal(s.t.Context(), s.create("panics"), "x")
		wantCode(s.t, err, codes.Aborted)
		if answer, err := s.Signal(s.t.Context(), s.create("plain"), "x"); answer != "got x" {
			t.Errorf("after the panic: %q, %v", answer, err)
		}
	})
}

func TestYieldOutsideOfMatches(t *testing.T) {
	ran := false
	Yield(t.Context(), func() { ran = true })
	if !ran {
		t.Error("fn did not run")
	}
}

func TestSignalBetweenMatches(t *testing.T) {
	play(t, Config{Workers: 1}, func(s *stage) {
		target := ""
		s.module("asks", func(ctx context.Context, c *callback) {
			if c.name == "signal" {
				c.answer, c.err = s.Signal(ctx, target, c.data)
			}
		})
		target = s.create("plain")
		answer, err := s.Signal(s.t.Context(), s.create("asks"), "hello")
		if answer != "got hello" || err != nil {
			t.Errorf("got %q, %v", answer, err)
		}
	})
}

// Each match signals the next and the last signals the first: instead of a wait
// without end the last one gets an error at once.
func TestSignalsInACircleAreRefused(t *testing.T) {
	for n := 1; n <= 3; n++ {
		t.Run(fmt.Sprint(n, " matches"), func(t *testing.T) {
			play(t, Config{Workers: 1}, func(s *stage) {
				next := map[string]string{}
				var refusal error
				s.module("circle", func(ctx context.Context, c *callback) {
					if c.name != "signal" {
						return
					}
					var err error
					if c.answer, err = s.Signal(ctx, next[c.id], c.data+"."); err != nil {
						refusal, c.answer = err, "refused"
					}
				})
				var ids []string
				for range n {
					ids = append(ids, s.create("circle"))
				}
				for i, id := range ids {
					next[id] = ids[(i+1)%n]
				}
				start := time.Now()
				answer, err := s.Signal(s.t.Context(), ids[0], "")
				if answer != "refused" || err != nil || time.Since(start) != 0 {
					t.Errorf("got %q, %v after %v", answer, err, time.Since(start))
				}
				text := "its own callback waits for this match"
				if n == 1 {
					text = "cannot signal itself"
				}
				wantCode(s.t, refusal, codes.FailedPrecondition, text)
				if _, err := s.Signal(s.t.Context(), ids[n-1], ""); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

func TestCreateFromACallback(t *testing.T) {
	play(t, Config{Workers: 1}, func(s *stage) {
		creator := ""
		s.module("child", func(ctx context.Context, c *callback) {
			if c.name == "init" {
				Yield(ctx, func() { time.Sleep(time.Second) })
				_, err := s.Signal(ctx, creator, "are you there?")
				wantCode(s.t, err, codes.FailedPrecondition)
			}
		})
		s.module("parent", func(ctx context.Context, c *callback) {
			if c.name != "signal" {
				return
			}
			child, err := s.Create(ctx, "child", nil)
			if err != nil {
				t.Errorf("Create: %v", err)
			}
			c.answer, c.err = s.Signal(ctx, child, "hello")
		})
		var ticks tally
		s.module("ticks", func(_ context.Context, c *callback) {
			if c.name == "loop" {
				ticks.add("")
			}
		})
		s.create("ticks")
		creator = s.create("parent")
		if answer, err := s.Signal(s.t.Context(), creator, ""); answer != "got hello" || err != nil {
			t.Errorf("got %q, %v", answer, err)
		}
		if n := ticks.of(""); n < 9 {
			t.Errorf("another match ticked %d times while match_init waited for a second", n)
		}
		if s.Count() != 3 {
			t.Errorf("there are %d matches", s.Count())
		}
	})
}

// A callback learns through its context that its match has been stopped.
func TestContextEndsWithTheMatch(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("stuck", func(ctx context.Context, c *callback) {
			if c.name != "signal" {
				return
			}
			if ctx.Err() != nil {
				t.Errorf("the context has ended too early: %v", ctx.Err())
			}
			<-ctx.Done()
			s.write("%v", ctx.Err())
			wantCode(s.t, c.Broadcast(Broadcast{}), codes.FailedPrecondition, "stopped")
		})
		id := s.create("stuck")
		s.join(id, "alice")
		go s.Signal(s.t.Context(), id, "")
		synctest.Wait()
		s.take()
		s.lookup(id).stop(outcome{why: "a test"})
		s.expect("context canceled", "stopped", "close")
	})
}
