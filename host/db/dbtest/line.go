package dbtest

import (
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// Line is a network line to a PostgreSQL database that a test can cut or hold up.
type Line struct {
	// Place is the database at the line's near end, by TCP.
	Place Place

	gate     sync.RWMutex // held while nothing gets through
	listener net.Listener
	group    sync.WaitGroup

	mu    sync.Mutex
	down  bool
	conns map[net.Conn]struct{}
}

// NewLine makes a fresh database and a line to it, which ends with the test.
func NewLine(t testing.TB) *Line {
	t.Helper()
	place := PostgreSQL(t)
	far, err := url.Parse("postgres://" + place.Address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{listener: listener, conns: map[net.Conn]struct{}{}}
	l.Place.Address = superuser + ":not%20asked%20for@" + listener.Addr().String() + far.Path + "?sslmode=disable"
	l.group.Go(func() { l.accept(filepath.Join(far.Query().Get("host"), ".s.PGSQL.5432")) })
	t.Cleanup(func() {
		_ = listener.Close()
		l.Cut()
		l.group.Wait()
	})
	return l
}

// Cut breaks every connection and lets none be made until Mend.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.conns {
		_ = conn.Close()
	}
	clear(l.conns)
}

// Mend undoes Cut.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// Hold lets nothing through until Release, with all connections open.
func (l *Line) Hold() { l.gate.Lock() }

// Release undoes Hold.
func (l *Line) Release() { l.gate.Unlock() }

func (l *Line) accept(socket string) {
	for {
		near, err := l.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		far, err := net.Dial("unix", socket)
		if err != nil || !l.keep(near, far) {
			_ = near.Close()
			continue
		}
		l.group.Go(func() { l.carry(near, far) })
		l.group.Go(func() { l.carry(far, near) })
	}
}

// keep says whether the line is up.
func (l *Line) keep(near, far net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		_ = far.Close()
		return false
	}
	l.conns[near], l.conns[far] = struct{}{}, struct{}{}
	return true
}

func (l *Line) carry(from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		l.gate.RLock()
		_, err = to.Write(buffer[:n])
		l.gate.RUnlock()
		if err != nil {
			return
		}
	}
}
