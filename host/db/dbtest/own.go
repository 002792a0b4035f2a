package dbtest

import (
	"path/filepath"
	"testing"
)

// Server is a PostgreSQL server of a test's own, which the test may stop and start again.
type Server struct {
	// Place is a fresh database.
	Place Place

	server *server
}

// NewServer starts a server, which ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatalf("dbtest: start PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("dbtest: stop PostgreSQL: %v", err)
		}
	})
	return &Server{Place: Place{Address: s.address("test")}, server: s}
}

// Stop ends the server at once, with all its connections. It returns when it is gone.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	control := append(s.server.as, filepath.Join(s.server.bin, "pg_ctl"), "stop", "--mode=immediate", "--pgdata="+s.server.data())
	if out, err := s.server.command(control...).CombinedOutput(); err != nil {
		t.Fatalf("dbtest: stop PostgreSQL: %v\n%s", err, out)
	}
}

// Start starts the server again, with the data it had.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.server.launch(); err != nil {
		t.Fatalf("dbtest: start PostgreSQL: %v", err)
	}
}
