// Package dbtest is for tests only. It runs them on every kind of database that the
// host knows: SQLite in memory, SQLite in a file, and PostgreSQL, for which it starts
// a server of its own. A package that uses it says so in its TestMain:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }
package dbtest

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"nkhost/host/db"
)

// Place is where a database is. It can be opened several times, but for one in memory,
// which is another one each time.
type Place struct {
	// DataDir is the data folder of a SQLite database.
	DataDir string
	// Address is the database.address of one in PostgreSQL, and else empty.
	Address string
}

// kinds make a fresh database each, by the kind's name.
var kinds = map[string]func(t testing.TB) Place{
	"memory":     Memory,
	"file":       File,
	"postgresql": PostgreSQL,
}

// Each runs a test on a fresh database of each kind, in parallel.
func Each(t *testing.T, test func(t *testing.T, place Place)) {
	each(t, []string{"memory", "file", "postgresql"}, test)
}

// EachKept is Each for those kinds that keep what is stored.
func EachKept(t *testing.T, test func(t *testing.T, place Place)) {
	each(t, []string{"file", "postgresql"}, test)
}

func each(t *testing.T, names []string, test func(t *testing.T, place Place)) {
	t.Parallel()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, kinds[name](t))
		})
	}
}

// Memory is a database that keeps nothing.
func Memory(testing.TB) Place { return Place{DataDir: db.InMemory} }

// File is a SQLite database in a folder of its own.
func File(t testing.TB) Place { return Place{DataDir: t.TempDir()} }

// connections are few, since many tests share one server.
const connections = 12

// Open opens the database and closes it when the test ends.
func (p Place) Open(t testing.TB) *db.DB {
	t.Helper()
	d, err := p.Try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// AddUser makes a user with nothing but a name.
func AddUser(t testing.TB, d *db.DB, id, name string) {
	t.Helper()
	if _, err := d.Exec(t.Context(), "INSERT INTO users (id, username, create_time, update_time) VALUES ($1, $2, 0, 0)", id, name); err != nil {
		t.Fatal(err)
	}
}

// NamedUser is AddUser with an id that is the same for the same name.
func NamedUser(t testing.TB, d *db.DB, name string) (id string) {
	t.Helper()
	id = uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name)).String()
	AddUser(t, d, id, name)
	return id
}

// Try opens the database, or fails.
func (p Place) Try(ctx context.Context) (*db.DB, error) {
	if p.Address == "" {
		return db.Open(ctx, p.DataDir)
	}
	return db.OpenPostgres(ctx, db.Postgres{Address: p.Address, MaxOpenConns: connections, MaxIdleConns: connections})
}
