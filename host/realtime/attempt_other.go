//go:build !unix

package realtime

import (
	"net"
	"syscall"
)

// writeAttempt is of no use where a connection cannot be asked to take only as much as it
// can: rawConn finds none, and each socket is written to by a goroutine of its own.
type writeAttempt struct{}

func newWriteAttempt() *writeAttempt { return &writeAttempt{} }

func rawConn(net.Conn) syscall.RawConn { return nil }

func (*writeAttempt) write(_ syscall.RawConn, frames [][]byte) [][]byte { return frames }
