package leaderboard

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/db/dbtest"
)

// eachBoard runs a benchmark over a leaderboard of 10,000 records on every database.
func eachBoard(b *testing.B, run func(b *testing.B, s *Service)) {
	for _, kind := range []struct {
		name  string
		place func(testing.TB) dbtest.Place
	}{{"sqlite", dbtest.File}, {"postgresql", dbtest.PostgreSQL}} {
		b.Run(kind.name, func(b *testing.B) {
			s, err := NewService(b.Context(), kind.place(b).Open(b), Options{Now: time.Now, Failed: func(err error) { b.Error(err) }})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Create(b.Context(), New{ID: "board", Descending: true, Operator: api.Operator_SET, EnableRanks: true, Reset: "0 0 * * 1"}); err != nil {
				b.Fatal(err)
			}
			for n := range benchOwners {
				benchWrite(b, s, n)
			}
			// As PostgreSQL does by itself, within a minute.
			if _, err := s.db.Exec(b.Context(), "ANALYZE leaderboard_record"); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			run(b, s)
		})
	}
}

const benchOwners = 10_000

func benchWrite(b *testing.B, s *Service, n int) {
	w := Write{Caller: Server, BoardID: "board", OwnerID: owner(n % benchOwners), Username: fmt.Sprint("user", n), Score: rand.Int64N(1 << 30)}
	if _, err := s.Write(b.Context(), w); err != nil {
		b.Error(err)
	}
}

// BenchmarkWrite writes by one caller and by many at a time:
//
//	go test -run '^$' -bench Write ./host/leaderboard
func BenchmarkWrite(b *testing.B) {
	eachBoard(b, func(b *testing.B, s *Service) {
		b.Run("one", func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				benchWrite(b, s, n*7)
			}
		})
		b.Run("many", func(b *testing.B) {
			var n atomic.Int64
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					benchWrite(b, s, int(n.Add(7)))
				}
			})
		})
	})
}

// BenchmarkRecords lists the best ten, and ten around an owner.
func BenchmarkRecords(b *testing.B) {
	eachBoard(b, func(b *testing.B, s *Service) {
		b.Run("best", func(b *testing.B) {
			for b.Loop() {
				if list, err := s.Records(b.Context(), "board", ListRequest{Limit: 10}); err != nil || len(list.Records) != 10 {
					b.Fatal(list, err)
				}
			}
		})
		b.Run("around", func(b *testing.B) {
			for n := 0; b.Loop(); n += 7 {
				if list, err := s.Around(b.Context(), "board", owner(n%benchOwners), 10, "", 0); err != nil || len(list.Records) != 10 {
					b.Fatal(list, err)
				}
			}
		})
	})
}
