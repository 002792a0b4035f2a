package match

import "slices"

// members are those who are in a match, in the order in which they joined. A value
// never changes, so that others may read it while the match goes on. The nil list
// is empty.
type members struct {
	list  []Presence
	index map[string]int // by session; nil while the list is short
}

// indexedFrom is the size from which looking a member up beats walking the list.
const indexedFrom = 16

func newMembers(list []Presence) *members {
	if len(list) == 0 {
		return nil
	}
	m := &members{list: list}
	if len(list) >= indexedFrom {
		m.index = make(map[string]int, len(list))
		for i := range list {
			m.index[list[i].SessionID] = i
		}
	}
	return m
}

// all is everyone in the match; it must not be changed.
func (m *members) all() []Presence {
	if m == nil {
		return nil
	}
	return m.list
}

// find is the position of a session on a node, or -1.
func (m *members) find(sessionID, node string) int {
	if m == nil {
		return -1
	}
	if m.index == nil {
		return positionOf(&Presence{SessionID: sessionID, Node: node}, m.list)
	}
	if at, ok := m.index[sessionID]; ok && m.list[at].Node == node {
		return at
	}
	return -1
}

func (m *members) has(p *Presence) bool { return m.find(p.SessionID, p.Node) >= 0 }

// with adds those who are not in yet, and says who they are.
func (m *members) with(joins []Presence) (after *members, joined []Presence) {
	for i := range joins {
		if m.has(&joins[i]) || positionOf(&joins[i], joined) >= 0 {
			continue
		}
		joined = append(joined, joins[i])
		joined[len(joined)-1].Reason = ReasonUnknown
	}
	if len(joined) == 0 {
		return m, nil
	}
	return newMembers(slices.Concat(m.all(), joined)), joined
}

// without takes those who are in out, and says who they are and why they left.
func (m *members) without(leaves []Presence) (after *members, left []Presence) {
	stay := slices.DeleteFunc(slices.Clone(m.all()), func(p Presence) bool {
		at := positionOf(&p, leaves)
		if at < 0 {
			return false
		}
		p.Reason = leaves[at].Reason
		left = append(left, p)
		return true
	})
	if len(left) == 0 {
		return m, nil
	}
	return newMembers(stay), left
}

func positionOf(p *Presence, list []Presence) int {
	return slices.IndexFunc(list, func(other Presence) bool {
		return other.SessionID == p.SessionID && other.Node == p.Node
	})
}

// only is those of the given presences who are members, in the given order.
func (m *members) only(wanted []Presence) []Presence {
	for i := range wanted {
		if !m.has(&wanted[i]) {
			return slices.DeleteFunc(slices.Clone(wanted), func(p Presence) bool { return !m.has(&p) })
		}
	}
	return wanted
}

// joinMarker stands for a member whose socket has not confirmed the join yet.
type joinMarker struct {
	presence Presence
	expires  int64 // the tick at which the member is taken to have gone
	kicked   bool  // the match wants the member out as soon as the join is confirmed
}

// joinMarkers are in the order in which they expire.
type joinMarkers []joinMarker

func (m joinMarkers) find(sessionID string) int {
	return slices.IndexFunc(m, func(marker joinMarker) bool { return marker.presence.SessionID == sessionID })
}

// clear takes a session's marker away and reports it, if there is one.
func (m *joinMarkers) clear(sessionID string) (joinMarker, bool) {
	i := m.find(sessionID)
	if i < 0 {
		return joinMarker{}, false
	}
	marker := (*m)[i]
	if *m = slices.Delete(*m, i, i+1); len(*m) == 0 {
		*m = nil
	}
	return marker, true
}

// expired takes away the markers that are due at a tick.
func (m *joinMarkers) expired(tick int64) []Presence {
	var gone []Presence
	for len(*m) > 0 && (*m)[0].expires <= tick {
		gone = append(gone, (*m)[0].presence)
		*m = (*m)[1:]
	}
	if len(*m) == 0 {
		*m = nil
	}
	return gone
}
