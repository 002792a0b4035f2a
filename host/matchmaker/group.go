package matchmaker

import (
	"cmp"
	"slices"
)

// former collects the tickets that one ticket found, the best first, into groups
// that could be matched with it.
type former struct {
	seeker *ticket
	mutual bool // all of a group must want each other
	drafts []draft
	latest int // the draft to which a ticket came last
}

// draft is a group in the making, without the seeker.
type draft struct {
	tickets  []*ticket
	players  int
	sessions map[string]struct{} // behind the tickets; nil while they are few
}

// manyTickets is from how many on looking a session up beats walking the tickets.
const manyTickets = 16

func (d *draft) add(t *ticket) {
	d.tickets = append(d.tickets, t)
	d.players += t.size()
	switch {
	case d.sessions != nil:
		d.note(t)
	case len(d.tickets) == manyTickets:
		d.sessions = make(map[string]struct{}, 2*manyTickets)
		for _, member := range d.tickets {
			d.note(member)
		}
	}
}

func (d *draft) note(t *ticket) {
	for i := range t.entries {
		d.sessions[t.entries[i].Presence.SessionID] = struct{}{}
	}
}

// sharesSession tells whether some session stands behind both the draft and a ticket.
func (d *draft) sharesSession(t *ticket) bool {
	if d.sessions == nil {
		return slices.ContainsFunc(d.tickets, t.sharesSession)
	}
	return slices.ContainsFunc(t.entries, func(e Entry) bool {
		_, ok := d.sessions[e.Presence.SessionID]
		return ok
	})
}

// add puts a ticket into the first draft that has room for it, or into a new one,
// and returns a group if that is full now and suits everybody. A ticket that can't
// play with the seeker is left out.
func (f *former) add(hit *ticket) []*ticket {
	if f.seeker.sharesSession(hit) || f.mutual && !hit.wants(f.seeker) || f.seeker.size()+hit.size() > f.seeker.max {
		return nil
	}
	f.latest = 0
	for f.latest < len(f.drafts) && !f.accepts(&f.drafts[f.latest], hit) {
		f.latest++
	}
	if f.latest == len(f.drafts) {
		f.drafts = append(f.drafts, draft{})
	}
	d := &f.drafts[f.latest]
	d.add(hit)
	if d.players+f.seeker.size() < f.seeker.max {
		return nil
	}
	return f.finish(*d)
}

func (f *former) accepts(d *draft, hit *ticket) bool {
	if d.players+hit.size()+f.seeker.size() > f.seeker.max || d.sharesSession(hit) {
		return false
	}
	return !f.mutual || !slices.ContainsFunc(d.tickets, func(member *ticket) bool {
		return !hit.wants(member) || !member.wants(hit)
	})
}

// settle returns a group that is not full but large enough. Once there are no more
// tickets to be found, it tries the draft that grew last before the others.
func (f *former) settle() []*ticket {
	for i := range f.drafts {
		if group := f.finish(f.drafts[(f.latest+i)%len(f.drafts)]); group != nil {
			return group
		}
	}
	return nil
}

// finish makes a group of a draft, with the seeker at its end, if it has a number of
// players that suits everybody. For the seeker's multiple it leaves some out.
func (f *former) finish(d draft) []*ticket {
	group, players := d.tickets, d.players+f.seeker.size()
	if players < f.seeker.min {
		return nil
	}
	if surplus := players % f.seeker.multiple; surplus > 0 {
		left := leaveOut(group, surplus)
		if left == nil {
			return nil
		}
		group = slices.DeleteFunc(slices.Clone(group), func(t *ticket) bool { return slices.Contains(left, t) })
		players -= surplus
	}
	for _, t := range group {
		if players < t.min || players > t.max || players%t.multiple != 0 {
			return nil
		}
	}
	return append(slices.Clip(group), f.seeker)
}

// choice is a set of tickets to leave out, linked from the last to the first.
type choice struct {
	ticket *ticket
	before *choice
	count  int
	waited int64 // the sum of the creation times, from that of the oldest ticket
}

// leaveOut chooses tickets with exactly that many players; nil if there are none.
// Like Nakama it takes those that were, on average, created first.
func leaveOut(tickets []*ticket, players int) []*ticket {
	if !slices.ContainsFunc(tickets, func(t *ticket) bool { return t.size() > 1 }) {
		return oldest(tickets, players)
	}
	return oldestSet(tickets, players)
}

// oldest is what leaveOut chooses of tickets with one player each.
func oldest(tickets []*ticket, n int) []*ticket {
	if len(tickets) < n {
		return nil
	}
	byAge := slices.SortedStableFunc(slices.Values(tickets), func(a, b *ticket) int { return cmp.Compare(a.created, b.created) })
	return byAge[:n]
}

// oldestSet is what leaveOut chooses of any tickets.
func oldestSet(tickets []*ticket, players int) []*ticket {
	oldest := tickets[0].created
	for _, t := range tickets {
		oldest = min(oldest, t.created)
	}
	// best[n][p] is the choice of n tickets with p players that is oldest.
	best := make([][]*choice, players+1)
	for n := range best {
		best[n] = make([]*choice, players+1)
	}
	best[0][0] = &choice{}
	for _, t := range tickets {
		for n := players - 1; n >= 0; n-- {
			for p := players - t.size(); p >= 0; p-- {
				before := best[n][p]
				if before == nil {
					continue
				}
				c := &choice{ticket: t, before: before, count: n + 1, waited: before.waited + t.created - oldest}
				if other := best[n+1][p+t.size()]; other == nil || c.waited < other.waited {
					best[n+1][p+t.size()] = c
				}
			}
		}
	}
	var chosen *choice
	for n := 1; n <= players; n++ {
		c := best[n][players]
		if c != nil && (chosen == nil || c.waited*int64(chosen.count) < chosen.waited*int64(c.count)) {
			chosen = c
		}
	}
	return chosen.list()
}

func (c *choice) list() (tickets []*ticket) {
	for ; c != nil && c.ticket != nil; c = c.before {
		tickets = append(tickets, c.ticket)
	}
	return tickets
}
