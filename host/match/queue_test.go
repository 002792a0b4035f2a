package match

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
)

// busy has a match that stays in a signal until the returned function is called.
func (s *stage) busy(module string) (id string, done func()) {
	wait := make(chan struct{})
	s.module(module, func(_ context.Context, c *callback) {
		if c.data == "wait" {
			<-wait
		}
	})
	id = s.create(module)
	s.join(id, "alice")
	go s.Signal(s.t.Context(), id, "wait")
	synctest.Wait()
	s.take()
	return id, func() { close(wait) }
}

func TestInputQueueFullDropsMessages(t *testing.T) {
	play(t, Config{InputQueueSize: 2}, func(s *stage) {
		id := s.create("plain")
		s.join(id, "alice")
		s.take()
		for i := range 4 {
			s.send(id, "alice", fmt.Sprint(i))
		}
		s.pass(100 * time.Millisecond)
		s.expect("loop alice:0 alice:1")
		if n := s.slog.count("match.input_queue_size"); n != 1 {
			t.Errorf("%d warnings, want 1 a tick", n)
		}
		s.send(id, "alice", "5")
		s.pass(100 * time.Millisecond)
		s.expect("loop alice:5")
	})
}

func TestCallQueueFullStopsTheMatch(t *testing.T) {
	play(t, Config{CallQueueSize: 2}, func(s *stage) {
		id, done := s.busy("slow")
		asked := make(chan error)
		go func() {
			_, err := s.Signal(s.t.Context(), id, "later")
			asked <- err
		}()
		synctest.Wait()
		for _, name := range []string{"x", "y"} {
			s.Leave(id, presences(name))
		}
		s.expect()
		s.Leave(id, presences("z"))
		wantCode(s.t, <-asked, codes.Aborted)
		s.expect("disconnect alice")
		s.gone(id)
		done()
		s.expect("stopped", "close")
	})
}

func TestRequestQueuesFullRefuse(t *testing.T) {
	play(t, Config{SignalQueueSize: 1, JoinAttemptQueueSize: 1}, func(s *stage) {
		id, done := s.busy("slow")
		go s.Signal(s.t.Context(), id, "fits")
		synctest.Wait()
		go s.JoinAttempt(s.t.Context(), id, Joiner{Presence: presence("bob")})
		synctest.Wait()
		_, err := s.Signal(s.t.Context(), id, "one too many")
		wantCode(s.t, err, codes.ResourceExhausted, "busy")
		if got := s.attempt(id, "carol"); got.Allow || got.Reason != notAccepting {
			t.Errorf("got %+v", got)
		}
		done()
		s.expect("signal fits", "attempt bob", "join bob")
	})
}

func TestRequestsThatNobodyWaitsForAreNotRun(t *testing.T) {
	play(t, Config{JoinAttemptTimeout: 10 * time.Second}, func(s *stage) {
		id, done := s.busy("slow")
		ctx, cancel := context.WithCancel(s.t.Context())
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		_, err := s.Signal(ctx, id, "cancelled")
		wantCode(s.t, err, codes.Canceled)

		start := time.Now()
		_, err = s.Signal(s.t.Context(), id, "late")
		wantCode(s.t, err, codes.DeadlineExceeded, "10s")
		if got := s.attempt(id, "bob"); got.Allow {
			t.Errorf("got %+v", got)
		}
		if waited := time.Since(start); waited != 20*time.Second {
			t.Errorf("waited %v for both", waited)
		}
		done()
		s.expect()
	})
}

func TestRequestsWaitingForAMatchThatEndsAreRefused(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("ends", func(_ context.Context, c *callback) {
			if c.data == "end" {
				time.Sleep(time.Second)
				c.state = nil
			}
		})
		id := s.create("ends")
		results := make(chan error, 2)
		for _, data := range []string{"end", "behind"} {
			go func() {
				_, err := s.Signal(s.t.Context(), id, data)
				results <- err
			}()
			synctest.Wait()
		}
		allowed := make(chan bool, 1)
		go func() {
			got, _ := s.JoinAttempt(s.t.Context(), id, Joiner{Presence: presence("bob")})
			allowed <- got.Allow
		}()
		wantCode(s.t, <-results, codes.Aborted)
		wantCode(s.t, <-results, codes.Aborted)
		if <-allowed {
			t.Error("bob was let in to a match that has ended")
		}
		s.expect("init", "signal end", "stopped", "close")
	})
}

// An event flood does not keep a match from ticking, nor others from running.
func TestEventsDoNotStarveTicks(t *testing.T) {
	play(t, Config{Workers: 1}, func(s *stage) {
		var ticks tally
		var flooded string
		s.module("flood", func(_ context.Context, c *callback) {
			switch c.name {
			case "loop":
				ticks.add(c.id)
			case "leave":
				if c.id == flooded {
					time.Sleep(time.Millisecond)
					s.Leave(c.id, presences("alice"))
					c.Dispatcher.(*life).members.Store(newMembers(presences("alice")))
				}
			}
		})
		flooded = s.create("flood")
		other := s.create("flood")
		s.join(flooded, "alice")
		s.Leave(flooded, presences("alice"))
		s.pass(time.Second)
		if ticks.of(flooded) < 9 || ticks.of(other) < 9 {
			t.Errorf("in a second, of 10 ticks: the flooded match %d, the other %d", ticks.of(flooded), ticks.of(other))
		}
		s.lookup(flooded).stop(outcome{})
		s.pass(time.Second)
	})
}

// A log may be slow, or look at the match itself.
func TestDroppedMessagesAreLoggedWithoutTheMatchsLock(t *testing.T) {
	play(t, Config{InputQueueSize: 1}, func(s *stage) {
		id := s.create("plain")
		m := s.lookup(id)
		logged := 0
		s.config.Log = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
			logged++
			if !m.mu.TryLock() {
				t.Error("the match is locked while it logs")
				return 0, nil
			}
			m.mu.Unlock()
			return len(p), nil
		}), nil))
		s.send(id, "alice", "one")
		s.send(id, "alice", "two")
		if logged != 1 {
			t.Errorf("%d warnings", logged)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// An inbox that never runs empty keeps room for what waits, not for all that ever did.
func TestInboxDoesNotGrow(t *testing.T) {
	t.Parallel()
	var b inbox
	next := 0
	for i := range 10_000 {
		b.push(input{kind: inSignal, grace: i})
		if i < 3 {
			continue
		}
		if in := b.pop(); in.grace != next {
			t.Fatalf("input %d came instead of %d", in.grace, next)
		}
		next++
	}
	if b.size() != 3 || b.waiting[signalQueue] != 3 {
		t.Errorf("%d inputs wait, and %d are counted", b.size(), b.waiting[signalQueue])
	}
	if cap(b.events) > 32 {
		t.Errorf("room for %d inputs of which 4 waited at most", cap(b.events))
	}
}
