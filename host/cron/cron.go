// Package cron reads cron expressions, as Nakama takes them for reset schedules and in
// nk.cron_next and nk.cron_prev, and says when they are due.
package cron

import (
	"sync"
	"time"

	"github.com/gorhill/cronexpr"
)

// Schedule is a cron expression. Its times are whole seconds in the location of the time
// that it is asked about, and lie in the years 1970 to 2099. It is safe for concurrent use.
type Schedule struct {
	mu         sync.Mutex // the library notes in the expression which month it looks at
	expression *cronexpr.Expression
}

// Parse reads an expression.
func Parse(text string) (*Schedule, error) {
	expression, err := cronexpr.Parse(text)
	if err != nil {
		return nil, err
	}
	return &Schedule{expression: expression}, nil
}

// Next is the first time that is later than after, or the zero time if there is none.
func (s *Schedule) Next(after time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expression.Next(after)
}

// Last is the latest time that is earlier than before, or the zero time if there is none.
//
// The library only looks ahead, so Last looks ahead from ever further back, and then
// closes in: the first time after a moment grows with the moment.
func (s *Schedule) Last(before time.Time) time.Time {
	epoch, end := time.Unix(0, 0).In(before.Location()), time.Date(2100, 1, 1, 0, 0, 0, 0, before.Location())
	if before.After(end) {
		before = end
	}
	isBefore := func(t time.Time) bool { return !t.IsZero() && t.Before(before) }
	var low time.Time
	for back := 2 * time.Minute; ; back *= 8 {
		low = before.Add(-back)
		if low.Before(epoch) || back > before.Sub(epoch) {
			low = epoch.Add(-time.Second)
		}
		if isBefore(s.Next(low)) {
			break
		}
		if low.Before(epoch) {
			return time.Time{}
		}
	}
	high := before
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if isBefore(s.Next(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	return s.Next(low)
}
