package db_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func open(t *testing.T, dataDir string) *db.DB {
	t.Helper()
	return dbtest.Place{DataDir: dataDir}.Open(t)
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
	if err != nil || len(files) != 1 || files[0] != db.FileName {
		t.Errorf("files after closing: %v, %v", files, err)
	}
	if got := notes(t, open(t, dir)); got != "kept" {
		t.Errorf("after a restart: %q", got)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder is open to others: %v, %v", info.Mode(), err)
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
			_, err := db.Open(t.Context(), dir)
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
			return errors.Join(holder.Tx(t.Context(), func(*db.Tx) error {
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
			if err := os.Mkdir(filepath.Join(dir, db.FileName), 0o700); err != nil {
				t.Fatal(err)
			}
			_, err := db.Open(t.Context(), dir)
			return err
		}, "cannot be opened"},
		"the folder is a file": {func(t *testing.T, dir string) error {
			writeFile(t, dir, "")
			_, err := db.Open(t.Context(), filepath.Join(dir, db.FileName))
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

// A host recovers when the cause of an error is gone, and has lost nothing.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(t *testing.T, d *db.DB, dir string) (mend func()){
		"disk full": func(t *testing.T, d *db.DB, _ string) func() {
			exec(t, d, "PRAGMA max_page_count = 20")
			return func() { exec(t, d, "PRAGMA max_page_count = 100000") }
		},
		"locked": func(t *testing.T, d *db.DB, dir string) func() {
			exec(t, d, "PRAGMA busy_timeout = 1")
			return lock(t, open(t, dir))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := open(t, dir)
			exec(t, d, "CREATE TABLE note (text TEXT)")
			exec(t, d, "INSERT INTO note VALUES ('kept')")
			mend := fault(t, d, dir)
			if _, err := d.Exec(t.Context(), "INSERT INTO note VALUES ($1)", strings.Repeat("x", 1<<20)); err == nil {
				t.Error("a write did not fail")
			}
			if got := notes(t, d); got != "kept" {
				t.Errorf("notes %q while writes fail", got)
			}
			mend()
			exec(t, d, "INSERT INTO note VALUES ('room')")
			if got := notes(t, d); got != "kept room" {
				t.Errorf("notes %q", got)
			}
		})
	}
}

// lock holds a transaction open until release is called.
func lock(t *testing.T, d *db.DB) (release func()) {
	locked, ending := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		if err := d.Tx(t.Context(), func(*db.Tx) error {
			close(locked)
			<-ending
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-locked
	return func() {
		close(ending)
		group.Wait()
	}
}

// A backup that was made while the host ran takes the place of a damaged file.
func TestABackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, dir)
	exec(t, d, "CREATE TABLE note (text TEXT)")
	for i := range 200 {
		exec(t, d, "INSERT INTO note VALUES ($1)", fmt.Sprintf("%03d %s", i, strings.Repeat("x", 100)))
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	exec(t, d, "VACUUM INTO $1", backup)
	before := notes(t, d)
	exec(t, d, "INSERT INTO note VALUES ('after the backup')")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, dir)
	if _, err := open(t, dir).Exec(t.Context(), "UPDATE note SET text = text || 'y'"); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a damaged file: %v", err)
	}
	restored := t.TempDir()
	if err := os.Rename(backup, filepath.Join(restored, db.FileName)); err != nil {
		t.Fatal(err)
	}
	if got := notes(t, open(t, restored)); got != before {
		t.Errorf("notes %q, want %q", got, before)
	}
}

func writeFile(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, db.FileName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites the last pages of the database, which hold rows.
func damage(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, db.FileName)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(text) - 3*4096; i < len(text); i++ {
		text[i] = 0xa5
	}
	writeFile(t, dir, string(text))
}
