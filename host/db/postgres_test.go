package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ann:secret@127.0.0.1:5433/game":                      "ann secret 127.0.0.1 5433 game",
		"ann:se%40cr%2Fet@db.example/game?sslmode=require":    "ann se@cr/et db.example 5432 game",
		"postgres:localdb@postgres:5432/nakama":               "postgres localdb postgres 5432 nakama",
		"127.0.0.1":                                           "root  127.0.0.1 5432 nakama",
		"postgres://ann@127.0.0.1/game":                       "ann  127.0.0.1 5432 game",
		"postgresql://ann@127.0.0.1/game":                     "ann  127.0.0.1 5432 game",
		"ann@/game?host=/run/postgresql":                      "ann  /run/postgresql 5432 game",
		"ann:secret@127.0.0.1:port/game":                      "",
		"ann:secret%zz@127.0.0.1/game":                        "",
		"ann:secret@127.0.0.1/game?sslmode=maybe":             "",
		"ann:secret@127.0.0.1/game?sslrootcert=/no/such/file": "",
	} {
		config, err := db.ParseAddress(address)
		switch {
		case err != nil && want == "":
			if text := err.Error(); !strings.Contains(text, "database.address") || strings.Contains(text, "secret") {
				t.Errorf("%s: error %q", address, text)
			}
		case err != nil || want == "":
			t.Errorf("%s: %v, want %q", address, err, want)
		default:
			if got := fmt.Sprint(config.User, " ", config.Password, " ", config.Host, " ", config.Port, " ", config.Database); got != want {
				t.Errorf("%s: %q, want %q", address, got, want)
			}
		}
	}
}

func TestPostgresErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	place := dbtest.PostgreSQL(t)
	d := place.Open(t)
	for thing, options := range map[string]string{
		"ROLE without_login":      "",
		"ROLE without_connection": "LOGIN CONNECTION LIMIT 0",
		"ROLE stranger":           "LOGIN",
		"DATABASE bytes":          "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'",
	} {
		dbtest.Admin(t, "CREATE "+thing+" "+options)
		defer dbtest.Admin(t, "DROP "+thing)
	}
	super, rest, _ := strings.Cut(place.Address, "@")
	_, folder, _ := strings.Cut(rest, "?")
	as := func(user string) string { return user + ":secret@" + rest }

	for name, test := range map[string]struct{ address, want string }{
		"no server":           {"ann:secret@127.0.0.1:1/game", "cannot be reached"},
		"an unknown user":     {as("nobody"), "refuses the user"},
		"a user who may not":  {as("without_login"), "refuses the user"},
		"no right to make":    {"stranger:secret@/absent?" + folder, "make that user the database's owner"},
		"no right to migrate": {as("stranger"), "make that user the database's owner"},
		"no connection left":  {as("without_connection"), "database.max_open_conns"},
		"Nakama's database":   {nakama(t), "another program"},
		"a wrong encoding":    {super + "@/bytes?" + folder, "must be UTF8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.OpenPostgres(t.Context(), db.Postgres{Address: test.address})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n\t") || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want %q in it, one line, and no password", err, test.want)
			}
		})
	}

	remove, err := d.Reader(t.Context(), "DELETE FROM users")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remove.Exec(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("a reader that writes: %v", err)
	}
}

// nakama makes a database with a table of Nakama's.
func nakama(t *testing.T) (address string) {
	place := dbtest.PostgreSQL(t)
	d := place.Open(t)
	exec(t, d, "DROP TABLE schema_migration")
	return place.Address
}

// isLost wants the advice for a server that is away.
func isLost(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), "has broken the connection"))
}

// A line that is cut and mended: statements fail with advice and without the
// password, and the same ones work afterwards.
func TestALostConnection(t *testing.T) {
	t.Parallel()
	line := dbtest.NewLine(t)
	d := line.Place.Open(t)
	exec(t, d, "CREATE TABLE note (text TEXT NOT NULL PRIMARY KEY)")
	insert, err := d.Writer(t.Context(), "INSERT INTO note (text) VALUES ($1)")
	if err != nil {
		t.Fatal(err)
	}
	find, err := d.Reader(t.Context(), "SELECT text FROM note WHERE text = $1")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	attempts := map[string]func() error{
		"Exec": func() error { _, err := insert.Exec(t.Context(), "lost"); return err },
		"Row":  func() error { _, err := find.Row(t.Context(), "kept").Scan(&text); return err },
		"Tx": func() error {
			return d.Tx(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), insert, "lost"); return err })
		},
		"QueryForeign": func() error { _, _, err := d.QueryForeign(t.Context(), "SELECT text FROM note"); return err },
	}

	if _, err := insert.Exec(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	err = d.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), insert, "half")
		line.Cut()
		return err
	})
	if !isLost(err) {
		t.Errorf("a transaction whose line is cut: %v", err)
	}
	for name, attempt := range attempts {
		if err := attempt(); !isLost(err) || strings.Contains(err.Error(), "not asked for") {
			t.Errorf("%s while the line is cut: %v", name, err)
		}
	}
	line.Mend()
	for _, name := range []string{"Row", "Exec", "QueryForeign"} {
		if err := attempts[name](); err != nil {
			t.Errorf("%s when the line is mended: %v", name, err)
		}
	}
	if got := notes(t, d); got != "kept lost" {
		t.Errorf("notes %q", got)
	}
}

// A server that says nothing does not hold callers for good.
func TestAServerThatHangs(t *testing.T) {
	t.Parallel()
	line := dbtest.NewLine(t)
	d := line.Place.Open(t)
	count, err := d.Reader(t.Context(), "SELECT COUNT(*) FROM users")
	if err != nil {
		t.Fatal(err)
	}
	var n int
	d.SetLimit(200 * time.Millisecond)
	line.Hold()
	_, err = count.Row(t.Context()).Scan(&n)
	line.Release()
	if err == nil || !strings.Contains(err.Error(), "too long") || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want one that is not about the caller's deadline", err)
	}
	d.SetLimit(time.Minute)
	if _, err := count.Row(t.Context()).Scan(&n); err != nil {
		t.Error(err)
	}
}

// A server that restarts ends its connections one by one. Nobody hears of it but who
// writes outside of a transaction, and so cannot know whether it was made.
func TestConnectionsThatTheServerEnds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := dbtest.PostgreSQL(t).Open(t)
	exec(t, d, "CREATE TABLE note (text TEXT)")
	insert, err := d.Writer(ctx, "INSERT INTO note (text) VALUES ($1)")
	if err != nil {
		t.Fatal(err)
	}
	count, err := d.Reader(ctx, "SELECT COUNT(*) FROM note")
	if err != nil {
		t.Fatal(err)
	}
	write := func() error {
		return d.Tx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, insert, "a"); return err })
	}
	const times = 10
	for i := range times {
		var group sync.WaitGroup // opens several connections
		for range 4 {
			group.Go(func() {
				if err := write(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		exec(t, d, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		var n int
		if _, err := count.Row(ctx).Scan(&n); err != nil || n != 5*i+4 {
			t.Errorf("counted %d, %v; want %d", n, err, 5*i+4)
		}
		if err := write(); err != nil {
			t.Error(err)
		}
		exec(t, d, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		if _, err := d.Exec(ctx, "SELECT 1"); err != nil && !isLost(err) {
			t.Error(err)
		}
	}
}

// Two transactions that lock each other's row are both made in the end, and of two
// that each rely on what the other changes one sees the other's change.
func TestTransactionsInEachOthersWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		d := place.Open(t)
		ctx := t.Context()
		exec(t, d, "CREATE TABLE doctor (name TEXT NOT NULL PRIMARY KEY, duty BIGINT NOT NULL)")
		exec(t, d, "INSERT INTO doctor (name, duty) VALUES ('a', 0), ('b', 0)")
		add, err := d.Writer(ctx, "UPDATE doctor SET duty = duty + 1 WHERE name = $1")
		if err != nil {
			t.Fatal(err)
		}
		leave, err := d.Writer(ctx, "UPDATE doctor SET duty = 0 WHERE name = $1")
		if err != nil {
			t.Fatal(err)
		}
		onDuty, err := d.Writer(ctx, "SELECT COUNT(*) FROM doctor WHERE duty > 0")
		if err != nil {
			t.Fatal(err)
		}
		const times = 20
		var group sync.WaitGroup
		for _, names := range [][]string{{"a", "b"}, {"b", "a"}} {
			group.Go(func() {
				for range times {
					if err := d.Tx(ctx, func(tx *db.Tx) error {
						for _, name := range names {
							if _, err := tx.Exec(ctx, add, name); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if n := exec(t, d, "DELETE FROM doctor WHERE duty <> $1", 2*times); n != 0 {
			t.Errorf("%d counts are wrong", n)
		}

		last := errors.New("the last on duty stays")
		for range times {
			for _, name := range []string{"a", "b"} {
				group.Go(func() {
					if err := d.Tx(ctx, func(tx *db.Tx) error {
						var n int
						if _, err := tx.Row(ctx, onDuty).Scan(&n); err != nil {
							return err
						}
						if n < 2 {
							return last
						}
						_, err := tx.Exec(ctx, leave, name)
						return err
					}); err != nil && !errors.Is(err, last) {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if n := exec(t, d, "UPDATE doctor SET duty = 1 WHERE duty > 0"); n != 1 {
				t.Fatalf("%d are on duty", n)
			}
			exec(t, d, "UPDATE doctor SET duty = 1")
		}
	})
}

// When a statement of a transaction has failed, none that follows is made, on any
// database.
func TestAFailedTransaction(t *testing.T) {
	eachKind(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insert, err := d.Writer(ctx, "INSERT INTO note (text) VALUES ($1)")
		if err != nil {
			t.Fatal(err)
		}
		err = d.Tx(ctx, func(tx *db.Tx) error {
			for _, text := range []string{"a", "a", "b"} {
				_, _ = tx.Exec(ctx, insert, text)
			}
			return nil
		})
		if !errors.Is(err, db.ErrConflict) {
			t.Errorf("error %v", err)
		}
		if got := notes(t, d); got != "" {
			t.Errorf("notes %q", got)
		}
	})
}
