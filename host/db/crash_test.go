package db_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"testing"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

// asBookkeeper makes this test's binary write to the ledger of the place it holds,
// as JSON, until it is killed.
const asBookkeeper = "NKHOST_TEST_AS_BOOKKEEPER"

const (
	crashes     = 20
	bookkeepers = 8 // at a time
)

// TestACrash kills a process in the midst of its writes, again and again. What it
// said was stored is there, and no entry is there by half.
func TestACrash(t *testing.T) {
	dbtest.EachKept(t, func(t *testing.T, place dbtest.Place) {
		exec(t, place.Open(t), "CREATE TABLE ledger (entry TEXT NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (entry, amount))")
		stored := map[string]bool{}
		for round := range crashes {
			for _, entry := range keepBooksUntilKilled(t, place, round) {
				stored[entry] = true
			}
			audit(t, place, stored)
		}
	})
}

// keepBooksUntilKilled returns the entries that a bookkeeping process said were
// stored before it was killed.
func keepBooksUntilKilled(t *testing.T, place dbtest.Place, round int) (stored []string) {
	t.Helper()
	where, err := json.Marshal(place)
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asBookkeeper+"="+string(where))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		stored = append(stored, lines.Text())
		if len(stored) == 1+7*round {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if len(stored) < 1+7*round {
		t.Fatalf("round %d: it ended after %d entries", round, len(stored))
	}
	return stored
}

// TestAFullDisk lets a bookkeeping process write until a file cannot grow. It says
// why, and what it said was stored is there.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	place := dbtest.File(t)
	exec(t, place.Open(t), "CREATE TABLE ledger (entry TEXT NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (entry, amount))")
	where, err := json.Marshal(place)
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.Command("sh", "-c", `ulimit -f 4000 && exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), asBookkeeper+"="+string(where))
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err == nil || !strings.Contains(complaint.String(), "disk") {
		t.Errorf("it ended with %v and said %s", err, complaint.String())
	}
	stored := map[string]bool{}
	for entry := range strings.FieldsSeq(string(out)) {
		stored[entry] = true
	}
	if len(stored) == 0 {
		t.Error("nothing was stored")
	}
	audit(t, place, stored)
}

// audit wants every stored entry in the ledger, and the two rows of each that is there.
func audit(t *testing.T, place dbtest.Place, stored map[string]bool) {
	t.Helper()
	d, err := place.Try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	_, rows, err := d.QueryForeign(t.Context(), "SELECT entry, COUNT(*), CAST(SUM(amount) AS BIGINT) FROM ledger GROUP BY entry")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, row := range rows {
		if fmt.Sprint(row[1:]) != "[2 0]" {
			t.Errorf("entry %v has rows and a sum of %v", row[0], row[1:])
		}
		there[fmt.Sprint(row[0])] = true
	}
	for entry := range stored {
		if !there[entry] {
			t.Errorf("entry %s is lost", entry)
		}
	}
}

// keepBooks is the process that is killed.
func keepBooks(where string) {
	var place dbtest.Place
	err := json.Unmarshal([]byte(where), &place)
	if err == nil {
		err = keepBooksAt(context.Background(), place)
	}
	fmt.Fprintln(os.Stderr, "the bookkeeper ended:", err)
	os.Exit(1)
}

func keepBooksAt(ctx context.Context, place dbtest.Place) error {
	d, err := place.Try(ctx)
	if err != nil {
		return err
	}
	insert, err := d.Writer(ctx, "INSERT INTO ledger (entry, amount) VALUES ($1, $2)")
	if err != nil {
		return err
	}
	failures := make(chan error, bookkeepers)
	var group sync.WaitGroup
	for i := range bookkeepers {
		group.Go(func() {
			for n := int64(1); ; n++ {
				entry := fmt.Sprintf("%d-%d-%d", os.Getpid(), i, n)
				if err := d.Tx(ctx, func(tx *db.Tx) error {
					if _, err := tx.Exec(ctx, insert, entry, n); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, insert, entry, -n)
					return err
				}); err != nil {
					failures <- err
					return
				}
				fmt.Println(entry)
			}
		})
	}
	group.Wait()
	return <-failures
}
