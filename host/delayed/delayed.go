// Package delayed keeps values of which listings see a change late: from the next
// multiple of an interval on, as Nakama's listings of matches and parties do, whose
// indexes are written that often.
package delayed

import (
	"sync"
	"time"
)

// Interval numbers the intervals of a length; a time belongs to one.
func Interval(now time.Time, length time.Duration) int64 {
	return now.UnixNano() / int64(length)
}

// Value is a value, none at first. It is safe for use by several goroutines.
type Value[T any] struct {
	mu       sync.Mutex
	current  *T
	listed   *T    // what listings see in the interval in which current was set
	interval int64 // in which current was set
}

// Set makes the value to in the given interval. Intervals only ever grow.
func (v *Value[T]) Set(to *T, interval int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if interval > v.interval {
		v.listed = v.current
	}
	v.current, v.interval = to, interval
}

// Current is the value, nil if there is none.
func (v *Value[T]) Current() *T {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.current
}

// Shown is what a listing in the given interval sees, nil if it sees no value yet.
func (v *Value[T]) Shown(interval int64) *T {
	v.mu.Lock()
	defer v.mu.Unlock()
	if interval > v.interval {
		return v.current
	}
	return v.listed
}
