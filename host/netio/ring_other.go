//go:build !linux

package netio

import (
	"errors"
	"fmt"
)

// Ring cannot be had on this system.
type Ring struct{}

// New fails with errors.ErrUnsupported.
func New(int) (*Ring, error) { return nil, fmt.Errorf("set up io_uring: %w", errors.ErrUnsupported) }

// Send is never called: there is no ring.
func (*Ring) Send([]Send) error { return nil }

// Close does nothing.
func (*Ring) Close() {}
