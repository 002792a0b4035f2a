package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nkhost/host/db/dbtest"
)

// indent is what commands begin with in docs/data.md.
var indent = regexp.MustCompile(`(?m)^    +`)

// documented are the commands of docs/data.md that begin so, for another database than
// the one that it takes as an example.
func documented(t *testing.T, beginning string, address string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docs", "data.md"))
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		if commands := indent.ReplaceAllString(block, ""); commands != block && strings.HasPrefix(commands, beginning) {
			return regexp.MustCompile(`postgres://[^" \n]+`).ReplaceAllString(commands, "'postgres://"+address+"'")
		}
	}
	t.Fatalf("docs/data.md has no commands that begin with %s", beginning)
	return ""
}

// sh runs commands in a folder. They fail at the first that does.
func sh(t *testing.T, folder, commands string) {
	t.Helper()
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", commands)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v: %s", commands, err, out)
	}
}

// filled is a host with data of several kinds, and texts that are not easy to carry over.
func filled(t *testing.T, place dbtest.Place) *faulty {
	t.Helper()
	f := startFaulty(t, place)
	if _, got := f.post("v2/rpc/fill?unwrap&http_key=defaulthttpkey", ""); got != "filled" {
		t.Fatalf("fill: %s", got)
	}
	if err := f.write(); err != nil {
		t.Fatal(err)
	}
	return f
}

// isFilled wants in a host what filled has stored.
func isFilled(t *testing.T, f *faulty) {
	t.Helper()
	if _, got := f.post("v2/rpc/missing?unwrap&http_key=defaulthttpkey", ""); got != "nothing" {
		t.Errorf("what is missing: %s", got)
	}
	f.recovered(t)
}

// The backups of docs/data.md hold what was stored when they were made.
func TestTheDocumentedBackups(t *testing.T) {
	t.Parallel()
	t.Run("of a host that runs", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		f := filled(t, dbtest.Place{DataDir: filepath.Join(folder, "data")})
		sh(t, folder, documented(t, "sqlite3 data/nkhost.db", ""))
		if err := f.write(); err != nil { // which is not in the backup
			t.Fatal(err)
		}
		f.keys = f.keys[:1]
		f.kill()
		sh(t, folder, "rm -f data/nkhost.db-wal data/nkhost.db-shm && mv copy.db data/nkhost.db")
		f.start(t)
		isFilled(t, f)
	})
	t.Run("of the folder", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		f := filled(t, dbtest.Place{DataDir: filepath.Join(folder, "data")})
		f.kill()
		sh(t, folder, "cp -r data copy && rm -r data && mv copy data")
		f.start(t)
		isFilled(t, f)
	})
	t.Run("of PostgreSQL", func(t *testing.T) {
		t.Parallel()
		folder, place, other := t.TempDir(), dbtest.PostgreSQL(t), dbtest.PostgreSQL(t)
		other.Open(t) // makes it
		f := filled(t, place)
		dump, _, _ := strings.Cut(documented(t, "pg_dump", place.Address), "\n")
		sh(t, folder, dump)
		f.kill()
		_, restore, _ := strings.Cut(documented(t, "pg_dump", other.Address), "\n")
		sh(t, folder, restore)
		f = startFaulty(t, other)
		f.keys = []string{"0"}
		isFilled(t, f)
	})
}

// The way from SQLite to PostgreSQL of docs/data.md takes everything along.
func TestTheDocumentedMove(t *testing.T) {
	t.Parallel()
	folder, place := t.TempDir(), dbtest.PostgreSQL(t)
	f := filled(t, dbtest.Place{DataDir: filepath.Join(folder, "data")})
	f.kill()
	f.args = slices.Concat(f.args[:len(f.args)-2], []string{"--database.address", place.Address})
	f.start(t)
	f.kill()
	sh(t, folder, documented(t, "to=postgres", place.Address))
	f.start(t)
	isFilled(t, f)
}
