package matchmaker

import "slices"

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
	tickets []*ticket
	players int
}

// add puts a ticket into the first draft that has room for it, or into a new one,
// and returns a group if that is full now and suits everybody. A ticket that can't
// play with the seeker is left out.
func (f *former) add(hit *ticket) []*ticket {
	if f.clash(f.seeker, hit) || f.seeker.size()+hit.size() > f.seeker.max {
		return nil
	}
	f.latest = slices.IndexFunc(f.drafts, func(d draft) bool { return f.accepts(d, hit) })
	if f.latest < 0 {
		f.latest = len(f.drafts)
		f.drafts = append(f.drafts, draft{})
	}
	d := &f.drafts[f.latest]
	d.tickets = append(d.tickets, hit)
	d.players += hit.size()
	if d.players+f.seeker.size() < f.seeker.max {
		return nil
	}
	return f.finish(*d)
}

// clash tells whether two tickets can't be in one group. The seeker wants the other
// already.
func (f *former) clash(seeker, hit *ticket) bool {
	return seeker.sharesSession(hit) || f.mutual && !hit.wants(seeker)
}

func (f *former) accepts(d draft, hit *ticket) bool {
	if d.players+hit.size()+f.seeker.size() > f.seeker.max {
		return false
	}
	return !slices.ContainsFunc(d.tickets, func(member *ticket) bool {
		return f.clash(member, hit) || f.mutual && !member.wants(hit)
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
