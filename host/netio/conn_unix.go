//go:build unix

package netio

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// Conn is a TCP connection that is read and written by calls which the scheduler is not
// told of. In all else it is a net.TCPConn.
type Conn struct {
	*net.TCPConn
	raw syscall.RawConn
	fd  int

	reading, writing sync.Mutex
	in, out          transfer
}

// transfer is a call of Read or Write. It has the functions for the RawConn, so that a
// call allocates none.
type transfer struct {
	data []byte
	done int
	err  error
	try  func(fd uintptr) bool
}

func wrap(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	c := &Conn{TCPConn: tcp, raw: raw, fd: NoFD}
	if err := raw.Control(func(fd uintptr) { c.fd = int(fd) }); err != nil {
		return conn
	}
	c.in.try, c.out.try = c.in.read, c.out.write
	return c
}

// Read is as net.Conn has it.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	return c.transfer("read", &c.in, p, c.raw.Read)
}

// Write is as net.Conn has it.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.transfer("write", &c.out, p, c.raw.Write)
}

func (c *Conn) transfer(name string, t *transfer, p []byte, run func(func(uintptr) bool) error) (int, error) {
	t.data, t.done, t.err = p, 0, nil
	err := run(t.try)
	done := t.done
	if err == nil {
		err = t.err
	}
	t.data, t.err = nil, nil
	if err == nil || err == io.EOF {
		return done, err
	}
	var failed *net.OpError
	if errors.As(err, &failed) {
		err = failed.Err // the name would be raw-read
	} else {
		err = os.NewSyscallError(name, err)
	}
	return done, &net.OpError{Op: name, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// read is false when there is nothing to be read yet.
func (t *transfer) read(fd uintptr) bool {
	for {
		n, err := sysRead(int(fd), t.data)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			t.err = err
		case n == 0:
			t.err = io.EOF
		default:
			t.done = n
		}
		return true
	}
}

// write is false when the rest is to be written later.
func (t *transfer) write(fd uintptr) bool {
	for t.done < len(t.data) {
		n, err := sysWrite(int(fd), t.data[t.done:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			t.err = err
			return true
		default:
			t.done += n
		}
	}
	return true
}

// FD is the number of a connection's file, or NoFD if what is written to it may be changed
// on its way. It stays valid until the connection is closed.
func FD(conn net.Conn) int {
	if c, ok := conn.(*Conn); ok {
		return c.fd
	}
	return NoFD
}

// TryWrite writes as much as a connection takes without waiting, and says how much that
// was. Of an error the next Write tells.
func TryWrite(fd int, data []byte) int {
	n, err := sysWrite(fd, data)
	if err != nil {
		return 0
	}
	return n
}

// CutOff ends a connection both ways, but leaves it its file until it is closed: what is
// written to the file's number meanwhile reaches no other connection.
func CutOff(conn net.Conn) {
	c, ok := conn.(*Conn)
	if !ok {
		_ = conn.Close()
		return
	}
	_ = c.CloseRead()
	_ = c.CloseWrite()
}
