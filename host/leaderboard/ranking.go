package leaderboard

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
)

// place is where an owner stands. Places are ordered by score, subscore and owner, as the
// database orders records.
type place struct {
	score, subscore int64
	owner           uuid.UUID
}

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.score, other.score), cmp.Compare(p.subscore, other.subscore), bytes.Compare(p.owner[:], other.owner[:]))
}

// blockSize bounds how many places are moved to make room for one.
const blockSize = 512

// ranking is the rank of each owner in one period of a leaderboard, in memory. The places
// lie in order in blocks, of which none is empty; a rank is counted from the sizes of the
// blocks before.
type ranking struct {
	expiry     int64 // of the period, in Unix seconds; 0 is never
	descending bool

	mu     sync.RWMutex
	owners map[uuid.UUID]place
	blocks [][]place
}

func newRanking(expiry int64, descending bool) *ranking {
	return &ranking{expiry: expiry, descending: descending, owners: map[uuid.UUID]place{}}
}

// set puts an owner to a place, and returns the rank there.
func (r *ranking) set(p place) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ranked := r.owners[p.owner]
	if ranked && old == p {
		return r.rankOf(p)
	}
	if ranked {
		r.cut(old)
	}
	r.owners[p.owner] = p
	r.insert(p)
	return r.rankOf(p)
}

func (r *ranking) remove(owner uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ranked := r.owners[owner]; ranked {
		delete(r.owners, owner)
		r.cut(old)
	}
}

// rank is an owner's, from 1, or 0 for one who is not there.
func (r *ranking) rank(owner uuid.UUID) int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p, ranked := r.owners[owner]
	if !ranked {
		return 0
	}
	return r.rankOf(p)
}

// fill sets the ranks of records whose owners are there, and says how many owners are
// there at all.
func (r *ranking) fill(records []*api.LeaderboardRecord) (count int64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, record := range records {
		if owner, err := uuid.Parse(record.OwnerId); err == nil {
			if p, ranked := r.owners[owner]; ranked {
				record.Rank = r.rankOf(p)
			}
		}
	}
	return int64(len(r.owners))
}

// at is who has a rank.
func (r *ranking) at(rank int64) (p place, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if rank < 1 || rank > int64(len(r.owners)) {
		return place{}, false
	}
	index := int(rank) - 1
	if r.descending {
		index = len(r.owners) - int(rank)
	}
	for _, block := range r.blocks {
		if index < len(block) {
			return block[index], true
		}
		index -= len(block)
	}
	return place{}, false
}

// rankOf counts the places up to one that is there.
func (r *ranking) rankOf(p place) int64 {
	b := r.blockOf(p)
	index, _ := slices.BinarySearchFunc(r.blocks[b], p, place.compare)
	for _, block := range r.blocks[:b] {
		index += len(block)
	}
	if r.descending {
		return int64(len(r.owners) - index)
	}
	return int64(index + 1)
}

// blockOf is the block that holds a place, or that it belongs into.
func (r *ranking) blockOf(p place) int {
	b, _ := slices.BinarySearchFunc(r.blocks, p, func(block []place, p place) int { return block[len(block)-1].compare(p) })
	return min(b, len(r.blocks)-1)
}

func (r *ranking) insert(p place) {
	if len(r.blocks) == 0 {
		r.blocks = [][]place{{p}}
		return
	}
	b := r.blockOf(p)
	index, _ := slices.BinarySearchFunc(r.blocks[b], p, place.compare)
	block := slices.Insert(r.blocks[b], index, p)
	r.blocks[b] = block
	if len(block) <= blockSize {
		return
	}
	// Scores that only grow would leave blocks half full that were cut in the middle.
	at := len(block) / 2
	if index == len(block)-1 {
		at = index
	}
	r.blocks = slices.Insert(r.blocks, b+1, slices.Clone(block[at:]))
	clear(block[at:])
	r.blocks[b] = block[:at]
}

func (r *ranking) cut(p place) {
	b := r.blockOf(p)
	index, _ := slices.BinarySearchFunc(r.blocks[b], p, place.compare)
	if r.blocks[b] = slices.Delete(r.blocks[b], index, index+1); len(r.blocks[b]) == 0 {
		r.blocks = slices.Delete(r.blocks, b, b+1)
	}
}
