package glua

import (
	"hash/maphash"
	"iter"
	"math"
)

// hash holds the fields of a table whose keys are not the constants of a program. It keeps
// them in the order in which they were first set, and keeps the place of one that is set
// to nil, so that a loop over the table may do that.
type hash struct {
	entries []entry
	index   []int32 // by hash: the entry's number from 1; nil for few entries
	dead    int     // entries without a value
	died    int     // the entry that lost its value last

	// gone has keys whose places were given up, the last first, and at which entry a loop
	// that has come to one of them goes on.
	gone *hash

	// source has the entries of a hash that nobody has looked at yet. Whatever reads entries
	// or index asks find or all first.
	source iter.Seq2[string, Value]
}

type entry struct{ key, value Value }

const (
	// Up to so many entries are looked through.
	fewEntries = 8
	// Up to so many entries without a value keep their places whatever comes.
	fewDead = 32
	// Of so many keys that are gone it is known at least where loops go on.
	maxGone = 1 << 10
)

var seed = maphash.MakeSeed()

func hashOf(key Value) uint64 {
	switch key.Type() {
	case LTString:
		return maphash.String(seed, key.Str())
	case LTNumber:
		return mix(math.Float64bits(key.Float() + 0)) // -0 and 0 are one key
	case LTBool:
		return mix(key.n)
	}
	return mix(uint64(uintptr(key.p)))
}

func mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// load takes the entries from the source.
func (h *hash) load() {
	source := h.source
	h.source = nil
	for name, value := range source {
		h.set(String(name), value)
	}
}

// all is the entries, also those without a value.
func (h *hash) all() []entry {
	if h.source != nil {
		h.load()
	}
	return h.entries
}

// find is the number of a key's entry, or -1.
func (h *hash) find(key Value) int {
	if h.source != nil {
		h.load()
	}
	if h.index == nil {
		for i := range h.entries {
			if same(h.entries[i].key, key) {
				return i
			}
		}
		return -1
	}
	mask := uint64(len(h.index) - 1)
	for at := hashOf(key) & mask; ; at = (at + 1) & mask {
		i := int(h.index[at]) - 1
		if i < 0 || same(h.entries[i].key, key) {
			return i
		}
	}
}

func (h *hash) get(key Value) Value {
	if i := h.find(key); i >= 0 {
		return h.entries[i].value
	}
	return Value{}
}

func (h *hash) set(key, value Value) {
	if i := h.find(key); i >= 0 {
		e := &h.entries[i]
		if e.value.IsNil() {
			h.dead--
		}
		if value.IsNil() {
			h.dead++
			h.died = i
		}
		e.value = value
		return
	}
	if value.IsNil() {
		return
	}
	if len(h.entries) == cap(h.entries) && h.dead > max(len(h.entries)/2, fewDead) {
		h.compact()
	}
	h.entries = append(h.entries, entry{key, value})
	switch {
	case len(h.entries) <= fewEntries:
	case h.index == nil || 4*len(h.entries) > 3*len(h.index):
		h.reindex()
	default:
		h.note(len(h.entries) - 1)
	}
}

// behind is the number of the entry behind that of a key, which may be gone, or -1.
func (h *hash) behind(key Value) int {
	if i := h.find(key); i >= 0 {
		return i + 1
	}
	if h.gone != nil {
		if next := h.gone.get(key); !next.IsNil() {
			return int(next.Float())
		}
	}
	return -1
}

// compact drops the entries without a value, but for the last that lost it.
func (h *hash) compact() {
	live := make([]entry, 0, 2*(len(h.entries)-h.dead+1))
	gone := &hash{}
	moved := make([]int, len(h.entries)+1) // where what lies at and behind an entry begins
	died, dead := 0, 0
	for i, e := range h.entries {
		moved[i] = len(live)
		if e.value.IsNil() && i != h.died {
			gone.set(e.key, Number(float64(len(live))))
			continue
		}
		if e.value.IsNil() {
			died, dead = len(live), 1
		}
		live = append(live, e)
	}
	moved[len(h.entries)] = len(live)
	if h.gone != nil {
		for _, e := range h.gone.entries[:min(len(h.gone.entries), maxGone)] {
			if gone.find(e.key) < 0 {
				gone.set(e.key, Number(float64(moved[int(e.value.Float())])))
			}
		}
	}
	h.entries, h.dead, h.died, h.index, h.gone = live, dead, died, nil, gone
	if len(live) > fewEntries {
		h.reindex()
	}
}

func (h *hash) reindex() {
	size := 2 * fewEntries
	for size < 2*len(h.entries) {
		size *= 2
	}
	h.index = make([]int32, size)
	for i := range h.entries {
		h.note(i)
	}
}

func (h *hash) note(i int) {
	mask := uint64(len(h.index) - 1)
	at := hashOf(h.entries[i].key) & mask
	for h.index[at] != 0 {
		at = (at + 1) & mask
	}
	h.index[at] = int32(i + 1)
}
