//go:build unix

package realtime

import (
	"net"
	"syscall"
)

// writeAttempt writes to a connection as much as it takes without waiting.
type writeAttempt struct {
	data    []byte
	written int
	try     func(fd uintptr) bool // kept, or each write would allocate it
	joined  []byte                // room for several frames
}

func newWriteAttempt() *writeAttempt {
	a := &writeAttempt{}
	a.try = func(fd uintptr) bool {
		n, err := syscall.Write(int(fd), a.data)
		if err == nil {
			a.written = n
		}
		return true
	}
	return a
}

// rawConn is a connection's own, or nil if what is written to it is changed on its way.
func rawConn(conn net.Conn) syscall.RawConn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// write returns what has not been written. Where it ends within a frame it shortens that
// frame in the list.
func (a *writeAttempt) write(raw syscall.RawConn, frames [][]byte) (rest [][]byte) {
	for len(frames) > 0 {
		chunk, n := a.chunk(frames)
		a.data, a.written = chunk, 0
		err := raw.Write(a.try)
		a.data = nil
		if err != nil || a.written < len(chunk) {
			return skip(frames, a.written)
		}
		frames = frames[n:]
	}
	return nil
}

// chunk is the next bytes to write, and how many frames they are.
func (a *writeAttempt) chunk(frames [][]byte) (data []byte, n int) {
	if len(frames) == 1 || len(frames[0]) > maxChunk {
		return frames[0], 1
	}
	a.joined = a.joined[:0]
	for n < len(frames) && len(a.joined)+len(frames[n]) <= maxChunk {
		a.joined = append(a.joined, frames[n]...)
		n++
	}
	return a.joined, n
}

// skip drops the bytes that are written from the front of a list.
func skip(frames [][]byte, written int) [][]byte {
	for written >= len(frames[0]) {
		written -= len(frames[0])
		frames[0], frames = nil, frames[1:]
	}
	frames[0] = frames[0][written:]
	return frames
}
