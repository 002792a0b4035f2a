package leaderboard

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
)

func ownerID(n uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// naive ranks by sorting.
type naive map[uuid.UUID]place

func (n naive) places(descending bool) []place {
	var all []place
	for _, p := range n {
		all = append(all, p)
	}
	slices.SortFunc(all, place.compare)
	if descending {
		slices.Reverse(all)
	}
	return all
}

// Owners come, change and go at random, few scores so that there are ties; the ranks are
// those that sorting gives.
func TestARankingIsAsSorting(t *testing.T) {
	t.Parallel()
	for seed, test := range []struct {
		owners     uint64
		scores     int64
		steps      int
		descending bool
	}{
		{20, 5, 500, false}, {20, 5, 500, true},
		{3000, 1 << 40, 20_000, false}, {3000, 40, 20_000, true},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(seed), 1))
			r, model := newRanking(0, test.descending), naive{}
			for step := range test.steps {
				owner := ownerID(random.Uint64N(test.owners))
				if random.IntN(4) == 0 {
					r.remove(owner)
					delete(model, owner)
				} else {
					p := place{random.Int64N(test.scores), random.Int64N(3), owner}
					rank := r.set(p)
					model[owner] = p
					if rank != r.rank(owner) {
						t.Fatalf("step %d: set says rank %d, rank %d", step, rank, r.rank(owner))
					}
				}
				if step%(test.steps/10) == 0 || step == test.steps-1 {
					compare(t, r, model.places(test.descending), test.owners)
				}
			}
		})
	}
}

func compare(t *testing.T, r *ranking, want []place, owners uint64) {
	t.Helper()
	ranked := map[uuid.UUID]int64{}
	for i, p := range want {
		rank := int64(i + 1)
		ranked[p.owner] = rank
		if got, ok := r.at(rank); !ok || got != p {
			t.Fatalf("rank %d has %v, want %v", rank, got, p)
		}
	}
	for n := range owners {
		if got := r.rank(ownerID(n)); got != ranked[ownerID(n)] {
			t.Fatalf("owner %d has rank %d, want %d", n, got, ranked[ownerID(n)])
		}
	}
	for _, rank := range []int64{-1, 0, int64(len(want) + 1)} {
		if p, ok := r.at(rank); ok {
			t.Fatalf("rank %d has %v of %d", rank, p, len(want))
		}
	}
	if count := r.fill(nil); count != int64(len(want)) {
		t.Fatalf("%d are ranked, want %d", count, len(want))
	}
}

func TestBlocksAreKeptFull(t *testing.T) {
	t.Parallel()
	r := newRanking(0, false)
	const count = 20 * blockSize
	for n := range count {
		r.set(place{int64(n), 0, ownerID(uint64(n))})
	}
	if len(r.blocks) > 21 {
		t.Errorf("%d growing scores lie in %d blocks", count, len(r.blocks))
	}
	for n := range count {
		r.remove(ownerID(uint64(n)))
	}
	if len(r.blocks) != 0 || len(r.owners) != 0 {
		t.Errorf("%d blocks and %d owners are left", len(r.blocks), len(r.owners))
	}
}

// BenchmarkSet moves one of a million owners:
//
//	go test -run '^$' -bench BenchmarkSet ./host/leaderboard
func BenchmarkSet(b *testing.B) {
	const owners = 1_000_000
	random := rand.New(rand.NewPCG(1, 1))
	r := newRanking(0, true)
	for n := range uint64(owners) {
		r.set(place{random.Int64N(1 << 40), 0, ownerID(n)})
	}
	for b.Loop() {
		r.set(place{random.Int64N(1 << 40), 0, ownerID(random.Uint64N(owners))})
	}
}
