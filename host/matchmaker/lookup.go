package matchmaker

import (
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"

	"nkhost/host/query"
)

// lookup says where the tickets that a query may find are in an index. Queries that
// require something of the same fields have the same shape, and share an index.
type lookup struct {
	shape  string
	equal  []string // the fields in which a ticket must be equal to what the query says
	key    uint64   // of what the query says there
	ranged span     // the number that must lie within bounds; no field if there is none
}

// span is the bounds of a field's numbers, both inclusive.
type span struct {
	field       string
	least, most int64
}

func newLookup(seed maphash.Seed, q *query.Query) lookup {
	var l lookup
	byField := func(a, b query.Required) int { return strings.Compare(a.Field, b.Field) }
	sameField := func(a, b query.Required) bool { return a.Field == b.Field }
	equal := slices.DeleteFunc(slices.Clone(q.Required()), func(r query.Required) bool { return !r.Equal })
	slices.SortStableFunc(equal, byField)
	for _, r := range slices.CompactFunc(equal, sameField) {
		l.equal = append(l.equal, r.Field)
		l.key = mix(l.key, r.Value.Hash(seed))
		l.shape += strconv.Quote(r.Field)
	}
	l.ranged = narrowest(q.Required())
	l.shape += "<" + l.ranged.field
	return l
}

// keyOf is the key under which a query of the shape finds the document; false if
// none does.
func (l *lookup) keyOf(seed maphash.Seed, doc query.Document) (key uint64, ok bool) {
	for _, field := range l.equal {
		values := doc[field]
		if len(values) == 0 {
			return 0, false
		}
		key = mix(key, values[0].Hash(seed))
	}
	return key, true
}

func mix(key, hash uint64) uint64 { return key*0x9e3779b97f4a7c15 + hash }

// narrowest merges the bounds of each field, and of the fields it chooses the first
// with bounds on both sides, or else the first.
func narrowest(required []query.Required) span {
	var spans []span
	for _, r := range required {
		if r.Equal {
			continue
		}
		i := slices.IndexFunc(spans, func(s span) bool { return s.field == r.Field })
		if i < 0 {
			i = len(spans)
			spans = append(spans, span{field: r.Field, least: r.Least, most: r.Most})
		}
		spans[i].least, spans[i].most = max(spans[i].least, r.Least), min(spans[i].most, r.Most)
	}
	closed := func(s span) bool { return s.least > math.MinInt64 && s.most < math.MaxInt64 }
	if i := slices.IndexFunc(spans, closed); i >= 0 {
		return spans[i]
	}
	if len(spans) > 0 {
		return spans[0]
	}
	return span{}
}
