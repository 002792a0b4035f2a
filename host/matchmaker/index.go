package matchmaker

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sort"
)

// index finds, for one pass, the tickets that a query may find without asking it
// about each ticket in the pool.
type index struct {
	everybody *list
	shapes    map[string]map[uint64]*list
}

// worthwhile is how many queries of a shape must search for an index of that shape
// to cost less than asking each of them about everybody.
const worthwhile = 8

func newIndex(seed maphash.Seed, pool []*ticket) *index {
	ix := &index{everybody: &list{}, shapes: map[string]map[uint64]*list{}}
	searching := map[string]int{}
	for _, t := range pool {
		ix.everybody.add(0, t)
		if t.waits {
			continue
		}
		shape := t.lookup.shape
		searching[shape]++
		if searching[shape] == worthwhile {
			ix.shapes[shape] = newShape(seed, pool, &t.lookup)
		}
	}
	return ix
}

// newShape sorts the pool by the keys of a shape.
func newShape(seed maphash.Seed, pool []*ticket, shape *lookup) map[uint64]*list {
	field := shape.ranged.field
	lists := map[uint64]*list{}
	for _, t := range pool {
		key, ok := shape.keyOf(seed, t.doc)
		if !ok {
			continue
		}
		var number int64
		if field != "" {
			values := t.doc[field]
			if len(values) == 0 {
				continue
			}
			if number, ok = values[0].Number(); !ok {
				continue
			}
		}
		if lists[key] == nil {
			lists[key] = &list{}
		}
		lists[key].add(number, t)
	}
	if field != "" {
		for _, l := range lists {
			l.byNumber = slices.Clone(l.byAge)
			slices.SortFunc(l.byNumber, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
		}
	}
	return lists
}

// find returns the tickets among which all are that the ticket's query finds.
func (ix *index) find(t *ticket) *list {
	lists, ok := ix.shapes[t.lookup.shape]
	if !ok {
		return ix.everybody
	}
	if l := lists[t.lookup.key]; l != nil {
		return l
	}
	return &list{}
}

// list is tickets that are equal in some fields.
type list struct {
	byAge    []entry // the oldest first
	byNumber []entry // the same ones; nil if the list is not of a shape with bounds
	players  int     // behind the tickets, at most: those that are taken leave late
}

type entry struct {
	number int64
	ticket *ticket
}

func (l *list) add(number int64, t *ticket) {
	l.byAge = append(l.byAge, entry{number, t})
	l.players += t.size()
}

// within returns the part of byNumber that lies within the bounds.
func (l *list) within(bounds span) []entry {
	from := sort.Search(len(l.byNumber), func(i int) bool { return l.byNumber[i].number >= bounds.least })
	to := sort.Search(len(l.byNumber), func(i int) bool { return l.byNumber[i].number > bounds.most })
	return l.byNumber[from:max(from, to)]
}

// tidyAfter is how many tickets that are taken may lie in the way of a search before
// they are dropped.
const tidyAfter = 64

// each yields the free tickets of entries, a part of the list.
func (l *list) each(entries []entry, yield func(entry) bool) {
	inTheWay := 0
	for _, e := range entries {
		if !e.ticket.free() {
			inTheWay++
			continue
		}
		if !yield(e) {
			break
		}
	}
	if inTheWay >= tidyAfter {
		l.tidy()
	}
}

func (l *list) tidy() {
	taken := func(e entry) bool { return !e.ticket.free() }
	l.byAge = slices.DeleteFunc(l.byAge, taken)
	l.byNumber = slices.DeleteFunc(l.byNumber, taken)
	l.players = 0
	for _, e := range l.byAge {
		l.players += e.ticket.size()
	}
}
