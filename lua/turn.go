package lua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// turn lets one at a time into a VM, in the order in which they came. While nobody has to
// wait it costs two atomic operations.
type turn struct {
	state   atomic.Int32
	mu      sync.Mutex // held to wait and to hand over
	waiters []chan struct{}
}

const (
	turnFree int32 = iota
	turnTaken
	turnWanted // taken, and somebody waits
)

// take waits until ctx ends.
func (t *turn) take(ctx context.Context) error {
	if t.state.CompareAndSwap(turnFree, turnTaken) {
		return nil
	}
	mine := t.queue()
	if mine == nil {
		return nil
	}
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	if !t.unqueue(mine) {
		t.give() // it was handed over in the same moment
	}
	return fmt.Errorf("waiting for other Lua calls: %w", context.Cause(ctx))
}

// queue returns what is closed when the turn comes, or nil if it has.
func (t *turn) queue() chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		if t.state.CompareAndSwap(turnFree, turnTaken) {
			return nil
		}
		if t.state.CompareAndSwap(turnTaken, turnWanted) || t.state.Load() == turnWanted {
			break
		}
	}
	mine := make(chan struct{})
	t.waiters = append(t.waiters, mine)
	return mine
}

// unqueue says whether it was still waiting.
func (t *turn) unqueue(mine chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.Index(t.waiters, mine)
	if at >= 0 {
		t.waiters = slices.Delete(t.waiters, at, at+1)
	}
	return at >= 0
}

// give ends a turn.
func (t *turn) give() {
	if t.state.CompareAndSwap(turnTaken, turnFree) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiters) == 0 { // who waited has given up
		t.state.Store(turnFree)
		return
	}
	next := t.waiters[0]
	t.waiters = slices.Delete(t.waiters, 0, 1)
	close(next)
}
