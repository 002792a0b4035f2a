package matchmaker

import (
	"slices"
	"sync/atomic"

	"nkhost/host/query"
)

// ticket is one request for company. What has no other comment never changes.
type ticket struct {
	id, sessionID, partyID string
	query                  *query.Query
	doc                    query.Document // what other tickets' queries are asked about
	lookup                 lookup
	min, max, multiple     int
	entries                []Entry
	created                int64 // Unix nanoseconds

	gone atomic.Bool // removed from the matchmaker; set under its lock

	// These belong to the pass.
	age       int  // its place in the pool, the oldest first
	searched  bool // in this pass
	intervals int  // in which it has searched
	waits     bool // to be found, and no longer searches
	taken     bool // is in a group
}

func (t *ticket) size() int { return len(t.entries) }

// free tells whether the ticket can still be found.
func (t *ticket) free() bool { return !t.taken && !t.gone.Load() }

// wants tells whether the ticket's query finds the other.
func (t *ticket) wants(other *ticket) bool {
	_, ok := t.query.Match(other.doc)
	return ok
}

// sharesSession tells whether some session stands behind both tickets.
func (t *ticket) sharesSession(other *ticket) bool {
	for i := range t.entries {
		for j := range other.entries {
			if t.entries[i].Presence.SessionID == other.entries[j].Presence.SessionID {
				return true
			}
		}
	}
	return false
}

// couldMeet tells whether the ticket may search for the other, as far as their
// parties go and their counts: it must accept as many players as the other does.
func (t *ticket) couldMeet(other *ticket) bool {
	return other != t &&
		other.min >= t.min && other.max <= t.max &&
		(t.partyID == "" || t.partyID != other.partyID)
}

// holders are the tickets of each session, or of each party.
type holders map[string][]*ticket

func (h holders) add(id string, t *ticket) { h[id] = append(h[id], t) }

func (h holders) remove(id string, t *ticket) {
	rest := slices.DeleteFunc(h[id], func(other *ticket) bool { return other == t })
	if len(rest) == 0 {
		delete(h, id)
		return
	}
	h[id] = rest
}
