package match

import (
	"context"
	"time"
)

// callContext is the context of a match's callbacks. It is the match itself, seen
// differently, so that a tick allocates none.
type callContext match

type callKey struct{}

// ended is the Done channel of every context that has ended.
var ended = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (m *match) context() context.Context { return (*callContext)(m) }

func (m *match) endContext() {
	if waiting := m.done.Swap(&ended); waiting != nil {
		close(*waiting)
	}
}

// callerOf is the match whose callback runs with this context, or nil.
func callerOf(ctx context.Context) *match {
	m, _ := ctx.Value(callKey{}).(*match)
	return m
}

func (c *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *callContext) Done() <-chan struct{} {
	if done := c.done.Load(); done != nil {
		return *done
	}
	done := make(chan struct{})
	if c.done.CompareAndSwap(nil, &done) {
		return done
	}
	return *c.done.Load()
}

func (c *callContext) Err() error {
	if c.done.Load() == &ended {
		return context.Canceled
	}
	return nil
}

func (c *callContext) Value(key any) any {
	if key == (callKey{}) {
		return (*match)(c)
	}
	return nil
}
