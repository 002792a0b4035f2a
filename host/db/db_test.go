package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) {
	if where := os.Getenv(asBookkeeper); where != "" {
		keepBooks(where)
	}
	goleak.VerifyTestMain(dbtest.Main(m))
}

func exec(t *testing.T, d *db.DB, query string, args ...any) int64 {
	t.Helper()
	n, err := d.Exec(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// notes lists what stands in the table note, as readers see it.
func notes(t *testing.T, d *db.DB) string {
	t.Helper()
	query, err := d.Reader(t.Context(), "SELECT text FROM note ORDER BY text")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := query.Each(t.Context(), func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		all = append(all, text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// eachKind runs a test on a database of each kind, with a table note.
func eachKind(t *testing.T, test func(t *testing.T, d *db.DB)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		d := place.Open(t)
		exec(t, d, "CREATE TABLE note (text TEXT NOT NULL PRIMARY KEY)")
		test(t, d)
	})
}

func TestTx(t *testing.T) {
	eachKind(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insert, err := d.Writer(ctx, "INSERT INTO note (text) VALUES ($1)")
		if err != nil {
			t.Fatal(err)
		}
		count, err := d.Writer(ctx, "SELECT COUNT(*) FROM note")
		if err != nil {
			t.Fatal(err)
		}
		inTx := func(after func(*db.Tx) error, texts ...string) error {
			return d.Tx(ctx, func(tx *db.Tx) error {
				for _, text := range texts {
					if _, err := tx.Exec(ctx, insert, text); err != nil {
						return err
					}
				}
				return after(tx)
			})
		}

		if err := inTx(func(*db.Tx) error { return nil }, "a", "b"); err != nil {
			t.Fatal(err)
		}
		refusal := errors.New("changed my mind")
		var seen int
		if err := inTx(func(tx *db.Tx) error {
			_, err := tx.Row(ctx, count).Scan(&seen)
			return errors.Join(refusal, err)
		}, "c"); !errors.Is(err, refusal) || seen != 3 {
			t.Errorf("a transaction that fails: %v, having seen %d notes", err, seen)
		}
		func() {
			defer func() { _ = recover() }()
			_ = inTx(func(*db.Tx) error { panic("in a transaction") }, "d")
		}()
		if err := inTx(func(*db.Tx) error { return nil }, "e", "a"); !errors.Is(err, db.ErrConflict) {
			t.Errorf("a duplicate: %v", err)
		}
		if got := notes(t, d); got != "a b" {
			t.Errorf("notes %q, want %q", got, "a b")
		}
	})
}

func TestStatements(t *testing.T) {
	eachKind(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insert, err := d.Writer(ctx, "INSERT INTO note (text) VALUES ($1) ON CONFLICT DO NOTHING")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{1, 0} {
			if n, err := insert.Exec(ctx, "a"); err != nil || n != want {
				t.Errorf("insert: %d rows, %v; want %d", n, err, want)
			}
		}
		find, err := d.Reader(ctx, "SELECT text FROM note WHERE text = $1")
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if found, err := find.Row(ctx, "a").Scan(&text); err != nil || !found || text != "a" {
			t.Errorf("found %t %q, %v", found, text, err)
		}
		if found, err := find.Row(ctx, "b").Scan(&text); err != nil || found {
			t.Errorf("found what is absent: %t, %v", found, err)
		}

		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := insert.Exec(ended, "b"); !errors.Is(err, context.Canceled) {
			t.Errorf("Exec for an ended context: %v", err)
		}
		if _, err := find.Row(ended, "a").Scan(&text); !errors.Is(err, context.Canceled) {
			t.Errorf("Row for an ended context: %v", err)
		}
		if err := d.Tx(ended, func(*db.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("Tx for an ended context: %v", err)
		}
		if _, err := d.Reader(ctx, "SELECT nothing FROM nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a statement about an absent table: %v", err)
		}
	})
}

// A transaction that waits for another writes after it, neither is lost, and
// readers go on meanwhile.
func TestManyWriters(t *testing.T) {
	eachKind(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		exec(t, d, "CREATE TABLE counter (n INTEGER NOT NULL)")
		exec(t, d, "INSERT INTO counter (n) VALUES (0)")
		add, err := d.Writer(ctx, "UPDATE counter SET n = $1")
		if err != nil {
			t.Fatal(err)
		}
		read, err := d.Writer(ctx, "SELECT n FROM counter")
		if err != nil {
			t.Fatal(err)
		}
		const writers, times = 8, 25
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for range times {
					if err := d.Tx(ctx, func(tx *db.Tx) error {
						var n int
						if _, err := tx.Row(ctx, read).Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, add, n+1)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		var n int
		if _, err := read.Row(ctx).Scan(&n); err != nil || n != writers*times {
			t.Errorf("counted %d, %v; want %d", n, err, writers*times)
		}
	})
}
