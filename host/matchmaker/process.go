package matchmaker

import (
	"cmp"
	"hash/maphash"
	"iter"
	"runtime/debug"
	"slices"
	"time"
)

// pass is one interval over a pool that stays the same, apart from tickets that
// are removed meanwhile.
type pass struct {
	cfg    Config
	pool   []*ticket // the oldest first
	index  *index
	start  time.Time
	mutual bool
	groups [][]*ticket

	// Scratch space of a search.
	near []*ticket
	rest []hit
}

// hit is a ticket that a query found.
type hit struct {
	ticket *ticket
	score  float64
}

func newPass(cfg Config, seed maphash.Seed, pool []*ticket) *pass {
	for i, t := range pool {
		t.age, t.searched, t.taken = i, false, false
	}
	return &pass{
		cfg:    cfg,
		pool:   pool,
		index:  newIndex(seed, pool),
		start:  cfg.Now(),
		mutual: cfg.RevPrecision,
	}
}

func (p *pass) run() {
	for _, t := range p.pool {
		if t.waits || !t.free() {
			continue
		}
		if p.mutual && p.cfg.RevThreshold > 0 {
			p.mutual = p.cfg.Now().Sub(p.start) < time.Duration(p.cfg.RevThreshold)*p.cfg.Interval
		}
		t.intervals++
		t.searched = true
		// With equal counts, searching again would find what finds this one anyway.
		t.waits = t.intervals >= p.cfg.MaxIntervals || t.min == t.max
		if group := p.try(t, t.waits); group != nil {
			for _, member := range group {
				member.taken = true
			}
			p.groups = append(p.groups, group)
		}
	}
}

// searchAgain lets those who have searched for the last time do so once more: a group
// has been broken up, and its tickets were not to be found meanwhile.
func (p *pass) searchAgain() {
	for _, t := range p.pool {
		if t.searched && t.waits {
			t.waits = false
			t.intervals--
		}
	}
}

// try is search, but after a panic the ticket only waits to be found.
func (p *pass) try(t *ticket, last bool) (group []*ticket) {
	defer func() {
		if fault := recover(); fault != nil {
			t.waits, group = true, nil
			p.cfg.Log.Error("the search of a matchmaker ticket panicked",
				"ticket", t.id, "panic", fault, "stack", string(debug.Stack()))
		}
	}()
	return p.search(t, last)
}

// search returns the group that the ticket forms. Only in its last interval does it
// accept fewer players than its maximum.
func (p *pass) search(t *ticket, last bool) []*ticket {
	f := former{seeker: t, mutual: p.mutual}
	enough := t.max
	if last {
		enough = t.min
	}
	for other := range p.found(t, enough) {
		if group := f.add(other); group != nil {
			return group
		}
	}
	if !last {
		return nil
	}
	return f.settle()
}

// found yields the free tickets that the ticket's query finds, the best score first
// and of equals the longest-waiting; none if they can't be so many players with the
// ticket's own as would be enough.
func (p *pass) found(t *ticket, enough int) iter.Seq[*ticket] {
	return func(yield func(*ticket) bool) {
		best, done := t.query.BestScore(), false
		p.rest = p.rest[:0]
		// Nothing can come before those with the best score, so that they are
		// yielded at once, and often no others have to be looked at.
		p.candidates(t, enough, func(other *ticket) bool {
			score, ok := t.query.Match(other.doc)
			switch {
			case !ok:
			case score >= best:
				done = !yield(other)
			default:
				p.rest = append(p.rest, hit{other, score})
			}
			return !done
		})
		if done {
			return
		}
		slices.SortFunc(p.rest, func(a, b hit) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ticket.age, b.ticket.age))
		})
		for _, h := range p.rest {
			if !yield(h.ticket) {
				return
			}
		}
	}
}

// few tells whether the tickets within bounds should be picked and sorted first. If
// there are more, looking through the whole list soon finds some, and costs less
// even if it finds none.
func few(within, all int) bool { return within <= 64 || within < all/32 }

// candidates yields the tickets, the oldest first, that the ticket's query should be
// asked about.
func (p *pass) candidates(t *ticket, enough int, yield func(*ticket) bool) {
	l := p.index.find(t)
	if t.size()+l.players < enough {
		return
	}
	if l.byNumber == nil {
		l.each(l.byAge, func(e entry) bool { return !t.couldMeet(e.ticket) || yield(e.ticket) })
		return
	}
	bounds := t.lookup.ranged
	if within := l.within(bounds); few(len(within), len(l.byAge)) {
		p.sorted(t, enough, l, within, yield)
		return
	}
	l.each(l.byAge, func(e entry) bool {
		outside := e.number < bounds.least || e.number > bounds.most
		return outside || !t.couldMeet(e.ticket) || yield(e.ticket)
	})
}

// sorted yields tickets from a part of the list that is not in the order of their
// ages; none if they can't be enough for a group.
func (p *pass) sorted(t *ticket, enough int, l *list, entries []entry, yield func(*ticket) bool) {
	p.near = p.near[:0]
	players := t.size()
	l.each(entries, func(e entry) bool {
		if t.couldMeet(e.ticket) {
			p.near = append(p.near, e.ticket)
			players += e.ticket.size()
		}
		return true
	})
	if players < enough {
		return
	}
	slices.SortFunc(p.near, func(a, b *ticket) int { return cmp.Compare(a.age, b.age) })
	for _, other := range p.near {
		if !yield(other) {
			return
		}
	}
}
