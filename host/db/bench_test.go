package db_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

// The benchmarks run by one caller and by many at a time:
//
//	go test -run '^$' -bench . ./host/db
//
// The PostgreSQL server is on the same machine, and does not wait for the disk, as
// SQLite's commits do not either.
func eachBenchmark(b *testing.B, run func(b *testing.B, d *db.DB, each func(work func(n int64)))) {
	for _, kind := range []struct {
		name  string
		place func(testing.TB) dbtest.Place
	}{{"sqlite", dbtest.File}, {"postgresql", dbtest.PostgreSQL}} {
		for _, callers := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/callers=%d", kind.name, callers), func(b *testing.B) {
				d := kind.place(b).Open(b)
				if _, err := d.Exec(b.Context(), "CREATE TABLE object (id BIGINT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"); err != nil {
					b.Fatal(err)
				}
				run(b, d, func(work func(n int64)) { spread(b, callers, work) })
			})
		}
	}
}

// spread lets callers share the benchmark's rounds, and reports how many there were in
// a second.
func spread(b *testing.B, callers int, work func(n int64)) {
	var n atomic.Int64
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0))) // for each of those
	b.ResetTimer()
	if callers == 1 {
		for b.Loop() {
			work(n.Add(1))
		}
	} else {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				work(n.Add(1))
			}
		})
	}
	b.ReportMetric(float64(n.Load())/b.Elapsed().Seconds(), "ops/s")
}

func prepared(b *testing.B, prepare func(query string) (*db.Stmt, error), query string) *db.Stmt {
	b.Helper()
	stmt, err := prepare(query)
	if err != nil {
		b.Fatal(err)
	}
	return stmt
}

var value = strings.Repeat("x", 200)

// scattered spreads ids as those of the host are, which are random.
func scattered(n int64) int64 { return int64(uint64(n) * 0x9e3779b97f4a7c15 >> 2) }

const insertObject = "INSERT INTO object (id, value) VALUES ($1, $2)"

// BenchmarkWrite stores a new object by a statement.
func BenchmarkWrite(b *testing.B) {
	eachBenchmark(b, func(b *testing.B, d *db.DB, each func(work func(n int64))) {
		insert := prepared(b, func(query string) (*db.Stmt, error) { return d.Writer(b.Context(), query) }, insertObject)
		each(func(n int64) {
			if _, err := insert.Exec(b.Context(), scattered(n), value); err != nil {
				b.Error(err)
			}
		})
	})
}

// BenchmarkTx stores two new objects in a transaction that first looks for one.
func BenchmarkTx(b *testing.B) {
	eachBenchmark(b, func(b *testing.B, d *db.DB, each func(work func(n int64))) {
		writer := func(query string) (*db.Stmt, error) { return d.Writer(b.Context(), query) }
		insert := prepared(b, writer, insertObject)
		find := prepared(b, writer, "SELECT value FROM object WHERE id = $1")
		each(func(n int64) {
			one, other := scattered(2*n), scattered(2*n+1)
			if err := d.Tx(b.Context(), func(tx *db.Tx) error {
				var text string
				if _, err := tx.Row(b.Context(), find, one).Scan(&text); err != nil {
					return err
				}
				for _, id := range []int64{one, other} {
					if _, err := tx.Exec(b.Context(), insert, id, value); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Error(err)
			}
		})
	})
}

// BenchmarkRead finds one of 1000 objects by its id.
func BenchmarkRead(b *testing.B) {
	eachBenchmark(b, func(b *testing.B, d *db.DB, each func(work func(n int64))) {
		insert := prepared(b, func(query string) (*db.Stmt, error) { return d.Writer(b.Context(), query) }, insertObject)
		for id := range 1000 {
			if _, err := insert.Exec(b.Context(), id, value); err != nil {
				b.Fatal(err)
			}
		}
		find := prepared(b, func(query string) (*db.Stmt, error) { return d.Reader(b.Context(), query) }, "SELECT value FROM object WHERE id = $1")
		each(func(n int64) {
			var text string
			if found, err := find.Row(b.Context(), n%1000).Scan(&text); err != nil || !found {
				b.Error(found, err)
			}
		})
	})
}
