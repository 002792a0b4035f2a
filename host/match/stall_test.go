package match

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Three callbacks go on and on and hold all places and a lent one. The other matches
// keep their ticks, and callbacks come back from waiting. When the three have ended,
// the scheduler is as it was.
func TestEndlessCallbacksStopNoOtherMatch(t *testing.T) {
	play(t, Config{Workers: 2}, func(s *stage) {
		end, waited := make(chan struct{}), make(chan struct{})
		var ticks tally
		s.module("game", func(ctx context.Context, c *callback) {
			switch {
			case c.name == "loop":
				ticks.add(c.id)
			case c.data == "spin":
				<-end
			case c.data == "wait":
				Yield(ctx, func() { <-waited })
			}
		})
		var healthy []string
		for range 20 {
			healthy = append(healthy, s.create("game"))
		}
		answered := make(chan error, 1)
		go func() {
			_, err := s.Signal(s.t.Context(), healthy[0], "wait")
			answered <- err
		}()
		synctest.Wait()
		for range 3 {
			go s.Signal(s.t.Context(), s.create("game"), "spin")
		}
		s.pass(4 * stallTime) // two stalls, each found out in up to twice the time
		close(waited)
		s.pass(2 * time.Second)
		for _, id := range healthy[1:] {
			if n := ticks.of(id); n < 20 {
				t.Errorf("a healthy match ticked %d times in more than two seconds, of 10 a second", n)
			}
		}
		if err := <-answered; err != nil {
			t.Errorf("the signal that waited: %v", err)
		}
		if n := s.lent(); n != 2 {
			t.Errorf("%d places are lent to make up for 3 of 2, want 2", n)
		}
		close(end)
		s.pass(time.Second)
		if n := s.lent(); n != 0 {
			t.Errorf("%d places are lent after all", n)
		}
		if n := mostAtOnce(s, 6); n != 2 {
			t.Errorf("%d callbacks ran at a time afterwards, want 2", n)
		}
	})
}

// However many callbacks never end, there is a bound to the places.
func TestLentPlacesHaveABound(t *testing.T) {
	play(t, Config{Workers: 1}, func(s *stage) {
		end := make(chan struct{})
		s.module("spins", func(_ context.Context, c *callback) {
			if c.name == "signal" {
				<-end
			}
		})
		for range maxLent + 10 {
			go s.Signal(s.t.Context(), s.create("spins"), "")
		}
		s.pass(2 * (maxLent + 20) * stallTime)
		if n := s.lent(); n != maxLent {
			t.Errorf("%d places are lent, want %d", n, maxLent)
		}
		close(end)
		s.pass(time.Second)
		if n := s.lent(); n != 0 {
			t.Errorf("%d places are lent after all", n)
		}
	})
}

func (s *stage) lent() int {
	s.scheduler.mu.Lock()
	defer s.scheduler.mu.Unlock()
	return s.scheduler.lent
}

// mostAtOnce signals so many matches at once, each shorter than a stall, and says how
// many callbacks ran at a time.
func mostAtOnce(s *stage, matches int) int {
	var running, most atomic.Int32
	s.module("brief", func(_ context.Context, c *callback) {
		if c.name == "signal" {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(stallTime / 5)
			running.Add(-1)
		}
	})
	for range matches {
		go s.Signal(s.t.Context(), s.create("brief"), "")
	}
	s.pass(time.Second)
	return int(most.Load())
}
