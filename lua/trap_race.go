//go:build race

package lua

import (
	"context"
	"errors"
)

// Under the race detector a stack has a context that every instruction asks whether its
// call is overdue, in place of traps.

type trap struct{}

func (trap) release() {}

func (s *stack) setTraps([]trap) []trap { return nil }

func (s *stack) watched() { s.L.SetContext(overdueContext{context.Background(), s}) }

type overdueContext struct {
	context.Context
	stack *stack
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (c overdueContext) Done() <-chan struct{} {
	if root := c.stack.root; root != nil && root.watch.phase() == overdue {
		return closed
	}
	return nil
}

func (c overdueContext) Err() error { return errors.New("overdue") }
