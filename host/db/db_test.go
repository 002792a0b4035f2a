package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dataDir string) *DB {
	t.Helper()
	d, err := Open(t.Context(), dataDir)
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

func exec(t *testing.T, d *DB, query string, args ...any) int64 {
	t.Helper()
	n, err := d.Exec(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// notes lists what stands in the table note, as readers see it.
func notes(t *testing.T, d *DB) string {
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

// eachKind runs a test on a database in a file and on one in memory.
func eachKind(t *testing.T, test func(t *testing.T, d *DB)) {
	t.Parallel()
	for name, dir := range map[string]string{"file": t.TempDir(), "memory": InMemory} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, dir)
			exec(t, d, "CREATE TABLE note (text TEXT NOT NULL PRIMARY KEY)")
			test(t, d)
		})
	}
}

func TestTx(t *testing.T) {
	eachKind(t, func(t *testing.T, d *DB) {
		ctx := t.Context()
		insert, err := d.Writer(ctx, "INSERT INTO note (text) VALUES ($1)")
		if err != nil {
			t.Fatal(err)
		}
		count, err := d.Writer(ctx, "SELECT COUNT(*) FROM note")
		if err != nil {
			t.Fatal(err)
		}
		inTx := func(after func(*Tx) error, texts ...string) error {
			return d.Tx(ctx, func(tx *Tx) error {
				for _, text := range texts {
					if _, err := tx.Exec(ctx, insert, text); err != nil {
						return err
					}
				}
				return after(tx)
			})
		}

		if err := inTx(func(*Tx) error { return nil }, "a", "b"); err != nil {
			t.Fatal(err)
		}
		refusal := errors.New("changed my mind")
		var seen int
		if err := inTx(func(tx *Tx) error {
			_, err := tx.Row(ctx, count).Scan(&seen)
			return errors.Join(refusal, err)
		}, "c"); !errors.Is(err, refusal) || seen != 3 {
			t.Errorf("a transaction that fails: %v, having seen %d notes", err, seen)
		}
		func() {
			defer func() { _ = recover() }()
			_ = inTx(func(*Tx) error { panic("in a transaction") }, "d")
		}()
		if err := inTx(func(*Tx) error { return nil }, "e", "a"); !errors.Is(err, ErrConflict) {
			t.Errorf("a duplicate: %v", err)
		}
		if got := notes(t, d); got != "a b" {
			t.Errorf("notes %q, want %q", got, "a b")
		}
	})
}

func TestStatements(t *testing.T) {
	eachKind(t, func(t *testing.T, d *DB) {
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
		if err := d.Tx(ended, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
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
	eachKind(t, func(t *testing.T, d *DB) {
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
					if err := d.Tx(ctx, func(tx *Tx) error {
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

func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "odd name? 100% #1", "data")
	first := open(t, dir)
	exec(t, first, "CREATE TABLE note (text TEXT)")
	exec(t, first, "INSERT INTO note (text) VALUES ('kept')")

	// What a process that is killed leaves behind: the files as they are.
	killed := t.TempDir()
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if got := notes(t, open(t, killed)); got != "kept" {
		t.Errorf("after a kill: %q", got)
	}

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil || len(files) != 1 || files[0] != FileName {
		t.Errorf("files after closing: %v, %v", files, err)
	}
	if got := notes(t, open(t, dir)); got != "kept" {
		t.Errorf("after a restart: %q", got)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder is open to others: %v, %v", info.Mode(), err)
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, err := connect(InMemory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	one := migration{1, "one", "CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('one')"}
	two := migration{2, "two", "INSERT INTO note VALUES ('two')"}
	broken := migration{3, "broken", "INSERT INTO note VALUES ('three'); INSERT INTO nowhere VALUES (1)"}

	for _, test := range []struct {
		steps []migration
		fails string
		notes string
	}{
		{[]migration{one}, "", "one"},
		{[]migration{one}, "", "one"},
		{[]migration{one, two}, "", "one two"},
		{[]migration{one, two, broken}, "migration 3 (broken)", "one two"},
		{[]migration{one, two}, "", "one two"},
		{[]migration{one}, "made by a later nkhost", "one two"},
	} {
		err := d.migrateBy(ctx, test.steps)
		if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%d steps: %v, want %q", len(test.steps), err, test.fails)
		}
		if got := notes(t, d); got != test.notes {
			t.Errorf("%d steps: notes %q, want %q", len(test.steps), got, test.notes)
		}
	}
}

func TestReadMigrations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files []string
		ok    bool
	}{
		"in order":  {[]string{"0001_a.sql", "0002_b.sql"}, true},
		"a gap":     {[]string{"0001_a.sql", "0003_b.sql"}, false},
		"twice":     {[]string{"0001_a.sql", "0001_b.sql"}, false},
		"no number": {[]string{"a.sql"}, false},
		"no name":   {[]string{"0001.sql"}, false},
	} {
		files := fstest.MapFS{}
		for _, file := range test.files {
			files["migrations/"+file] = &fstest.MapFile{}
		}
		if steps, err := readMigrations(files); (err == nil) != test.ok {
			t.Errorf("%s: %v, %v", name, steps, err)
		}
	}
	if steps, err := readMigrations(migrationFiles); err != nil || len(steps) == 0 {
		t.Errorf("the embedded migrations: %v, %v", steps, err)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fail func(t *testing.T, dir string) error
		want string
	}{
		"not a database": {func(t *testing.T, dir string) error {
			writeFile(t, dir, strings.Repeat("this is no database. ", 100))
			_, err := Open(t.Context(), dir)
			return err
		}, "is not a database"},
		"damaged": {func(t *testing.T, dir string) error {
			d := open(t, dir)
			exec(t, d, "CREATE TABLE note (text TEXT)")
			for i := range 200 {
				exec(t, d, "INSERT INTO note VALUES ($1)", fmt.Sprint(i, strings.Repeat("x", 100)))
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, dir)
			d = open(t, dir)
			_, err := d.Exec(t.Context(), "UPDATE note SET text = text || 'y'")
			return err
		}, "is damaged"},
		"locked": {func(t *testing.T, dir string) error {
			holder, d := open(t, dir), open(t, dir)
			exec(t, d, "PRAGMA busy_timeout = 1")
			var err error
			return errors.Join(holder.Tx(t.Context(), func(*Tx) error {
				_, err = d.Exec(t.Context(), "CREATE TABLE note (text TEXT)")
				return nil
			}), err)
		}, "locked by another program"},
		"read-only": {func(t *testing.T, dir string) error {
			insert, err := open(t, dir).Reader(t.Context(), "DELETE FROM users")
			if err != nil {
				return err
			}
			_, err = insert.Exec(t.Context())
			return err
		}, "cannot be written"},
		"disk full": {func(t *testing.T, dir string) error {
			d := open(t, dir)
			exec(t, d, "CREATE TABLE note (text TEXT)")
			exec(t, d, "PRAGMA max_page_count = 20")
			_, err := d.Exec(t.Context(), "INSERT INTO note VALUES ($1)", strings.Repeat("x", 1<<20))
			return err
		}, "the disk is full"},
		"the file is a folder": {func(t *testing.T, dir string) error {
			if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), dir)
			return err
		}, "cannot be opened"},
		"the folder is a file": {func(t *testing.T, dir string) error {
			writeFile(t, dir, "")
			_, err := Open(t.Context(), filepath.Join(dir, FileName))
			return err
		}, "(data_dir)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.fail(t, t.TempDir())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

// A host recovers when the cause of an error is gone.
func TestRecovery(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	exec(t, d, "CREATE TABLE note (text TEXT)")
	exec(t, d, "PRAGMA max_page_count = 20")
	if _, err := d.Exec(t.Context(), "INSERT INTO note VALUES ($1)", strings.Repeat("x", 1<<20)); err == nil {
		t.Fatal("the disk was not full")
	}
	exec(t, d, "PRAGMA max_page_count = 100000")
	exec(t, d, "INSERT INTO note VALUES ('room')")
	if got := notes(t, d); got != "room" {
		t.Errorf("notes %q", got)
	}
}

func writeFile(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites the last pages of the database, which hold rows.
func damage(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, FileName)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(text) - 3*4096; i < len(text); i++ {
		text[i] = 0xa5
	}
	writeFile(t, dir, string(text))
}
