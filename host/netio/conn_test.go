package netio

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// A Conn does all that a net.Conn has to: deadlines, closing, calls at the same time.
func TestConnIsANetConn(t *testing.T) {
	t.Parallel()
	nettest.TestConn(t, func() (here, there net.Conn, stop func(), err error) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, nil, err
		}
		defer listener.Close()
		if there, err = net.Dial("tcp", listener.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		if here, err = Listener(listener).Accept(); err != nil {
			return nil, nil, nil, err
		}
		return here, there, func() { _, _ = here.Close(), there.Close() }, nil
	})
}

// The HTTP server and the sockets tell these errors apart.
func TestConnErrors(t *testing.T) {
	t.Parallel()
	data := make([]byte, 1<<20)
	for _, c := range []struct {
		name string
		do   func(here, there net.Conn) error
		want error
		says string
	}{
		{"read after the other's end", func(here, there net.Conn) error {
			_ = there.Close()
			_, err := here.Read(data)
			return err
		}, io.EOF, "EOF"},
		{"read after closing", func(here, _ net.Conn) error {
			_ = here.Close()
			_, err := here.Read(data)
			return err
		}, net.ErrClosed, "read tcp 127.0.0.1:"},
		{"read too late", func(here, _ net.Conn) error {
			_ = here.SetReadDeadline(time.Unix(1, 0))
			_, err := here.Read(data)
			return err
		}, os.ErrDeadlineExceeded, "read tcp 127.0.0.1:"},
		{"write too late", func(here, _ net.Conn) error {
			_ = here.SetWriteDeadline(time.Unix(1, 0))
			_, err := here.Write(data)
			return err
		}, os.ErrDeadlineExceeded, "write tcp 127.0.0.1:"},
		{"write after a cut", func(here, _ net.Conn) error {
			CutOff(here)
			_, err := here.Write(data)
			return err
		}, syscall.EPIPE, "write: broken pipe"},
		{"read after a cut", func(here, _ net.Conn) error {
			CutOff(here)
			_, err := here.Read(data)
			return err
		}, io.EOF, "EOF"},
		{"read after a reset", func(here, there net.Conn) error {
			_ = there.(*net.TCPConn).SetLinger(0)
			_ = there.Close()
			_, err := here.Read(data)
			return err
		}, syscall.ECONNRESET, "read: connection reset by peer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			here, there := connected(t)
			err := c.do(here, there)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.says)
			}
			var failed *net.OpError
			if isOp := errors.As(err, &failed); isOp == (err == io.EOF) {
				t.Errorf("got %T, want a net.OpError for all but the end", err)
			}
		})
	}
}

// A connection that is cut off lets whoever reads and writes go on to its end.
func TestCutOffWhileOthersWait(t *testing.T) {
	t.Parallel()
	here, _ := connected(t)
	ended := make(chan error, 2)
	go func() {
		_, err := here.Read(make([]byte, 1))
		ended <- err
	}()
	go func() {
		_, err := here.Write(make([]byte, 64<<20))
		ended <- err
	}()
	CutOff(here)
	<-ended
	<-ended
}

func TestTryWriteTakesWhatFits(t *testing.T) {
	t.Parallel()
	here, there := connected(t)
	fd := FD(here)
	if fd == NoFD {
		t.Skip("no connection has a file's number on this system")
	}
	total, parts := 0, 0
	for n := 1; n > 0; {
		n = TryWrite(fd, make([]byte, 1<<20))
		total += n
		if n > 0 && n < 1<<20 {
			parts++
		}
	}
	if total == 0 || parts == 0 {
		t.Errorf("%d bytes were taken, %d times only a part", total, parts)
	}
	if _, err := io.ReadFull(there, make([]byte, total)); err != nil {
		t.Error(err)
	}
}

func TestOtherConnsHaveNoFD(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	defer func() { _, _ = here.Close(), there.Close() }()
	if fd := FD(here); fd != NoFD {
		t.Errorf("got %d, want none", fd)
	}
	CutOff(here)
	if _, err := there.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end of what was cut off", err)
	}
}

func TestReadsAndWritesAllocateNothing(t *testing.T) {
	here, there := connected(t)
	data := make([]byte, 100)
	if allocs := testing.AllocsPerRun(100, func() {
		_, _ = there.Write(data)
		_, _ = io.ReadFull(here, data)
		_, _ = here.Write(data)
		_, _ = io.ReadFull(there, data)
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// connected returns both ends of a TCP connection, the first as a host has it.
func connected(t testing.TB) (here, there net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if there, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if here, err = Listener(listener).Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = here.Close(), there.Close() })
	return here, there
}
