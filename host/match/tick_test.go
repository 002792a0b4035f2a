package match

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// Ticks come at the rate, never early, late by a slot at most, and do not drift.
func TestTicksKeepTheRate(t *testing.T) {
	for _, rate := range []int{1, 3, 7, 10, 30, 59, 60} {
		t.Run(fmt.Sprint(rate, " a second"), func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				s.rate = rate
				s.pass(1234567 * time.Nanosecond)
				var start time.Time
				ticks := 0
				s.module("ticks", func(_ context.Context, c *callback) {
					if c.name != "loop" {
						return
					}
					due := time.Duration(ticks+1) * time.Second / time.Duration(rate)
					if late := time.Since(start) - due; late < 0 || late > slotWidth {
						t.Errorf("tick %d is late by %v", c.tick, late)
					}
					if c.tick != int64(ticks) {
						t.Errorf("tick %d is called %d", ticks, c.tick)
					}
					ticks++
				})
				start = time.Now()
				s.create("ticks")
				s.pass(30*time.Second + slotWidth)
				if ticks != 30*rate {
					t.Errorf("%d ticks in 30 s", ticks)
				}
			})
		})
	}
}

// A loop that takes longer than its period misses ticks and then keeps to the beat.
func TestSlowLoopMissesTicks(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		var at []time.Duration
		start := time.Now()
		s.module("slow", func(_ context.Context, c *callback) {
			if c.name == "loop" {
				at = append(at, time.Since(start).Round(10*time.Millisecond))
				if c.tick == 1 {
					time.Sleep(350 * time.Millisecond)
				}
			}
		})
		s.create("slow")
		s.pass(810 * time.Millisecond)
		want := "[100ms 200ms 550ms 600ms 700ms 800ms]"
		if fmt.Sprint(at) != want {
			t.Errorf("ticks at %v, want %s", at, want)
		}
	})
}

// When the process stands still, each match gets one tick for those it missed.
func TestWheelThatFallsBehind(t *testing.T) {
	t.Parallel()
	var now time.Duration
	fired := map[int]int{}
	w := newWheel(func() time.Duration { return now }, func(due []*match) {
		for _, m := range due {
			fired[m.rate]++
		}
	})
	for rate := 1; rate <= 60; rate++ {
		w.add(&match{life: life{rate: rate}})
	}
	now = 5*time.Minute + time.Millisecond
	wait := w.advance(now)
	for rate := 1; rate <= 60; rate++ {
		if fired[rate] != 1 {
			t.Errorf("rate %d fired %d times", rate, fired[rate])
		}
	}
	if wait > time.Second/60+slotWidth {
		t.Errorf("the next tick of 60 a second is in %v", wait)
	}
	clear(fired)
	for range 1000 {
		now += 2 * time.Millisecond
		w.advance(now)
	}
	for rate := 1; rate <= 60; rate++ {
		if fired[rate] != 2*rate {
			t.Errorf("rate %d fired %d times in 2 s", rate, fired[rate])
		}
	}
}

func TestWheelDropsStoppedMatches(t *testing.T) {
	t.Parallel()
	var now time.Duration
	fired := 0
	w := newWheel(func() time.Duration { return now }, func(due []*match) { fired += len(due) })
	m := &match{life: life{rate: 10}}
	w.add(m)
	m.stopped.Store(true)
	now = time.Second
	w.advance(now)
	if fired != 0 || w.count != 0 {
		t.Errorf("fired %d, on the wheel %d", fired, w.count)
	}
}
