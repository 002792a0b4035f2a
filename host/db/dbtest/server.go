package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shared is the server of this test binary. It is global, since it must outlive
// each test and only TestMain sees the end of all.
var shared struct {
	running bool // Main runs
	once    sync.Once
	server  *server
	err     error
	made    atomic.Int64 // databases
}

// Main wraps m so that the PostgreSQL server, if a test needed it, is stopped when
// the tests have run.
func Main(m *testing.M) interface{ Run() int } { return wrapped{m} }

type wrapped struct{ m *testing.M }

func (w wrapped) Run() int {
	shared.running = true
	code := w.m.Run()
	if shared.server != nil {
		if err := shared.server.stop(); err != nil {
			fmt.Printf("dbtest: stop PostgreSQL: %v\n", err)
			return max(code, 1)
		}
	}
	return code
}

// PostgreSQL is a database in a server that is started for this test binary. The
// database is made when it is opened, and dropped when the test ends.
func PostgreSQL(t testing.TB) Place {
	t.Helper()
	if !shared.running {
		t.Fatal("dbtest: TestMain must run dbtest.Main")
	}
	shared.once.Do(func() { shared.server, shared.err = start() })
	if shared.err != nil {
		t.Fatalf("dbtest: start PostgreSQL: %v", shared.err)
	}
	name := fmt.Sprintf("test_%d", shared.made.Add(1))
	t.Cleanup(func() {
		if err := shared.server.admin(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return Place{Address: shared.server.address(name)}
}

// Admin runs a statement as the server's superuser, outside of any test's database.
func Admin(t testing.TB, query string) {
	t.Helper()
	if err := shared.server.admin(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

type server struct {
	dir      string // holds the data, the log and the Unix socket
	bin      string
	as       []string // a command's beginning that gives up root
	watchers []watcher
}

// watcher is the shell that ends the server, and removes its folder, when this process is
// gone, however it went.
type watcher struct {
	cmd     *exec.Cmd
	release io.Closer // its standard input
}

const superuser = "nkhost"

// start makes a server that only this process can find: it listens on a Unix socket
// in a folder of its own.
func start() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "nkhost-postgresql")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, bin: bin}
	if err := s.initialize(); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	if err := s.launch(); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// binaries is the folder of the newest PostgreSQL's programs, where Debian has them.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is good
	best, newest := "", 0
	for _, path := range found {
		bin := filepath.Dir(path)
		if version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil && version > newest {
			best, newest = bin, version
		}
	}
	if best == "" {
		return "", errors.New("there is none in /usr/lib/postgresql: run make setup")
	}
	return best, nil
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) initialize() (err error) {
	if s.as, err = s.unprivileged(); err != nil {
		return err
	}
	// A language's order of text shows tests that rely on the order of bytes.
	initdb := s.command(append(s.as, filepath.Join(s.bin, "initdb"), "--pgdata="+s.data(), "--username="+superuser, "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync")...)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *server) launch() error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	const watch = `"$@" </dev/null & read -r _; kill -QUIT $!; wait $!; cd /; rm -rf "$0"`
	cmd := s.command(append([]string{"sh", "-c", watch, s.dir}, append(s.as, filepath.Join(s.bin, "postgres"), "-D", s.data(),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir, "-c", "max_connections=300",
		"-c", "fsync=off", "-c", "log_min_messages=fatal")...)...)
	cmd.Stdout, cmd.Stderr = log, log
	release, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.watchers = append(s.watchers, watcher{cmd, release})
	return s.await()
}

func (s *server) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = s.dir
	return cmd
}

// unprivileged is a command's beginning that gives up root, as which PostgreSQL
// refuses to run.
func (s *server) unprivileged() ([]string, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	return []string{"setpriv", "--reuid=" + account.Uid, "--regid=" + account.Gid, "--clear-groups"}, os.Chown(s.dir, uid, gid)
}

// await waits until the server answers.
func (s *server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := s.admin(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("it does not answer: %w\n%s", err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// address has the form of database.address.
func (s *server) address(database string) string {
	return superuser + "@/" + database + "?host=" + url.QueryEscape(s.dir)
}

func (s *server) admin(ctx context.Context, query string) error {
	conn, err := pgx.Connect(ctx, "postgres://"+s.address("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, query)
	return errors.Join(err, conn.Close(ctx))
}

func (s *server) stop() error {
	for _, w := range s.watchers {
		_ = w.release.Close() // the watcher's exit tells of a failure
	}
	for _, w := range s.watchers {
		_ = w.cmd.Wait() // it ends as the server does, which an immediate shutdown makes exit with 1 or 2
	}
	return os.RemoveAll(s.dir)
}
