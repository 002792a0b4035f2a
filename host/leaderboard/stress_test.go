package leaderboard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

// Scores are written while periods end, leaderboards are deleted and made anew, ranks are
// asked for and accounts are deleted. In the end the ranks in memory are those of the
// records in the database, and each tournament's size is how many there are.
func TestEverythingAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		database := place.Open(t)
		var clock atomic.Int64 // Unix seconds
		clock.Store(1_900_000_000)
		var told atomic.Int64
		tell := func(context.Context, *api.Tournament, int64, int64) { told.Add(1) }
		s, err := NewService(t.Context(), database, Options{
			Now:             func() time.Time { return time.Unix(clock.Load(), 0).UTC() },
			TournamentEnded: tell, TournamentReset: tell,
			LeaderboardReset: func(context.Context, *api.Leaderboard, int64) { told.Add(1) },
			Failed:           func(err error) { t.Error(err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		boards := []New{
			{ID: "best", Descending: true, EnableRanks: true, Reset: "* * * * *"},
			{ID: "sum", Operator: api.Operator_INCREMENT, EnableRanks: true},
			{ID: "cup", Operator: api.Operator_SET, EnableRanks: true, Duration: 60, Reset: "* * * * *", MaxSize: 8},
		}
		create := func(n New) {
			if err := s.Create(t.Context(), n); err != nil {
				t.Error(err)
			}
		}
		for _, n := range boards {
			create(n)
		}
		passes := func(err error) {
			switch status.Code(err) {
			case codes.OK, codes.NotFound, codes.FailedPrecondition: // it was deleted meanwhile, or is full
			default:
				t.Error(err)
			}
		}
		const rounds = 60
		var running sync.WaitGroup
		for worker := range 6 {
			running.Go(func() {
				random := rand.New(rand.NewPCG(uint64(worker), 1))
				for range rounds {
					n := boards[random.IntN(len(boards))]
					w := Write{Caller: Server, BoardID: n.ID, OwnerID: owner(random.IntN(12)), Score: random.Int64N(9)}
					switch random.IntN(6) {
					case 0:
						passes(s.deleteOf(t.Context(), n, w.OwnerID))
					case 1:
						_, err := s.Around(t.Context(), n.ID, w.OwnerID, 3, "", 0)
						passes(err)
					default:
						passes(s.writeOf(t.Context(), n, w))
					}
				}
			})
		}
		running.Go(func() {
			for range rounds {
				clock.Add(7)
				s.Tell(t.Context())
			}
		})
		running.Go(func() {
			for range rounds / 12 {
				if err := s.Delete(t.Context(), "sum"); err != nil {
					t.Error(err)
				}
				create(boards[1])
				gone := owner(3)
				if err := database.Tx(t.Context(), func(tx *db.Tx) error { return s.Forget(t.Context(), tx, gone) }); err != nil {
					t.Error(err)
				}
				if err := s.Forgotten(t.Context(), gone); err != nil {
					t.Error(err)
				}
			}
		})
		running.Wait()
		if told.Load() == 0 {
			t.Error("modules were told nothing")
		}
		for _, n := range boards {
			checkRanks(t, s, n.ID)
		}
	})
}

func (s *Service) writeOf(ctx context.Context, n New, w Write) error {
	write := s.Write
	if n.Duration > 0 {
		write = s.WriteTournament
	}
	_, err := write(ctx, w)
	return err
}

func (s *Service) deleteOf(ctx context.Context, n New, owner string) error {
	if n.Duration > 0 {
		return s.DeleteTournamentRecord(ctx, Server, n.ID, owner)
	}
	return s.DeleteRecord(ctx, Server, n.ID, owner)
}

// checkRanks compares what is in memory with what the database has.
func checkRanks(t *testing.T, s *Service, id string) {
	t.Helper()
	b := s.find(id)
	expiry := b.expiry(s.Now())
	kept, err := s.ranking(t.Context(), b, expiry)
	if err != nil {
		t.Fatal(err)
	}
	read, err := s.rank(t.Context(), b, expiry)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(kept.blocks, kept.owners), fmt.Sprint(read.blocks, read.owners); got != want {
		t.Errorf("%s is ranked %s, but holds %s", id, got, want)
	}
	if size, err := s.size(t.Context(), b, period{expiry: expiry}); err != nil || b.hasMaxSize() && size != int64(len(read.owners)) {
		t.Errorf("%s has size %d and %d records, %v", id, size, len(read.owners), err)
	}
}
