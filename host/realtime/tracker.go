package realtime

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
)

// tracker knows who is on which stream and who follows whom, and tells those
// concerned of each change.
//
// A change and its events happen under one lock, so that everyone sees a stream's
// events in the order of its changes. Events go straight to the sockets' queues,
// which never wait; there is no queue of events that could overflow. Parties are told
// under the lock, before the clients. Matches are told after the lock is free again:
// they may come back with a kick.
type tracker struct {
	node         string
	matches      Matches
	parties      Parties
	log          *slog.Logger
	maxPresences int
	maxFollows   int

	mu        sync.RWMutex
	streams   map[Stream]*membership
	followers map[uuid.UUID]map[*socket]struct{} // user → sockets that follow it, its own left out
	count     int
}

var (
	errSessionGone = status.Error(codes.NotFound, "The session has ended.")
	errTooMany     = status.Error(codes.ResourceExhausted, "This socket is in too many matches and streams. Leave one first.")
)

func newTracker(o *Options) *tracker {
	return &tracker{
		node: o.Node, matches: o.Matches, parties: o.Parties, log: o.Log, maxPresences: o.MaxPresences, maxFollows: o.MaxFollows,
		streams: map[Stream]*membership{}, followers: map[uuid.UUID]map[*socket]struct{}{},
	}
}

// find is a socket's presence on a stream, or nil. t.mu is held.
func (t *tracker) find(s *socket, stream *Stream, userID string) *presence {
	for _, p := range s.presences {
		if p.userID == userID && p.stream == *stream {
			return p
		}
	}
	return nil
}

// findAll is find as a list. t.mu is held.
func (t *tracker) findAll(s *socket, stream *Stream, userID string) []*presence {
	if p := t.find(s, stream, userID); p != nil {
		return []*presence{p}
	}
	return nil
}

// admit is asked, with the lock held, whether a presence may come to be, given
// those there already. What it puts on sockets' queues stands before the event of
// the join. It must not call the tracker.
type admit func(there []*presence) bool

// track puts a socket on a stream, unless it is there already, and reports whether
// it was put there. ask may be nil; it is asked in either case.
func (t *tracker) track(s *socket, stream Stream, userID string, meta Meta, ask admit) (isNew bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return false, errSessionGone
	}
	old := t.find(s, &stream, userID)
	if old == nil && len(s.presences) >= t.maxPresences {
		return false, errTooMany
	}
	if ask != nil && !ask(t.streams[stream].all()) || old != nil {
		return false, nil
	}
	t.add(&presence{stream: stream, userID: userID, meta: meta, socket: s})
	return true, nil
}

// update is track, but replaces what a presence says of itself. What first puts on
// sockets' queues stands before the event; it may be nil, and must not call the tracker.
func (t *tracker) update(s *socket, stream Stream, userID string, meta Meta, first func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.gone {
		return errSessionGone
	}
	p := &presence{stream: stream, userID: userID, meta: meta, socket: s}
	old := t.find(s, &stream, userID)
	if old == nil && len(s.presences) >= t.maxPresences {
		return errTooMany
	}
	if first != nil {
		first()
	}
	if old == nil {
		t.add(p)
		return nil
	}
	p.matchID = old.matchID
	t.streams[stream].replace(old, p)
	for i := range s.presences {
		if s.presences[i] == old {
			s.presences[i] = p
		}
	}
	t.tell(stream, p, old)
	return nil
}

// add makes a presence and tells of it. t.mu is held.
func (t *tracker) add(p *presence) {
	if p.stream.isMatch() {
		p.matchID = p.stream.id()
	}
	members := t.streams[p.stream]
	if members == nil {
		members = &membership{}
		t.streams[p.stream] = members
	}
	members.add(p)
	p.socket.presences = append(p.socket.presences, p)
	t.count++
	if t.isParty(p.stream) {
		t.parties.Joined(p.stream.id(), p.inParty())
	}
	t.tell(p.stream, p, nil)
}

// isParty says whether a stream can be that of a party of this node.
func (t *tracker) isParty(stream Stream) bool {
	return stream.Mode == StreamParty && stream.Label == t.node && stream.Subcontext == uuid.Nil
}

// remove takes a presence away, in silence. t.mu is held.
func (t *tracker) remove(p *presence) {
	t.dropFromStream(p)
	t.dropFromSocket(p)
}

func (t *tracker) dropFromStream(p *presence) {
	members := t.streams[p.stream]
	members.remove(p)
	if len(members.list) == 0 {
		delete(t.streams, p.stream)
	}
	t.count--
}

func (t *tracker) dropFromSocket(p *presence) {
	list := p.socket.presences
	for i := range list {
		if list[i] == p {
			last := len(list) - 1
			list[i], list[last] = list[last], nil
			p.socket.presences = list[:last]
			return
		}
	}
}

// untrack takes a socket off a stream, if it is there.
func (t *tracker) untrack(s *socket, stream Stream, userID string) {
	t.untrackAll([]*socket{s}, stream, []string{userID})
}

// untrackAll takes sockets off a stream, each as the user of the same place.
func (t *tracker) untrackAll(sockets []*socket, stream Stream, userIDs []string) {
	t.takeOff(match.ReasonLeave, func() (left []*presence) {
		for i, s := range sockets {
			if p := t.find(s, &stream, userIDs[i]); p != nil && !slices.Contains(left, p) {
				left = append(left, p)
			}
		}
		return left
	})
}

// untrackRivals takes a socket out of all matches but one, or out of all parties but one.
func (t *tracker) untrackRivals(s *socket, kept Stream) {
	t.takeOff(match.ReasonLeave, func() (left []*presence) {
		for _, p := range s.presences {
			if kept.rivals(p.stream) {
				left = append(left, p)
			}
		}
		return left
	})
}

// untrackSocket takes a socket off all streams and ends its follows. No presence of
// it can be made afterwards.
func (t *tracker) untrackSocket(s *socket, reason match.Reason) {
	t.takeOff(reason, func() []*presence {
		s.gone = true
		t.unfollowAll(s)
		left := s.presences
		s.presences = nil
		return left
	})
}

// takeOff takes the presences that choose returns off their streams and tells those
// who are left there, and then the matches. choose is called with the lock held and
// names no presence twice.
func (t *tracker) takeOff(reason match.Reason, choose func() []*presence) {
	t.tellMatches(t.drop(choose), reason)
}

func (t *tracker) drop(choose func() []*presence) []*presence {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := choose()
	for _, p := range left {
		t.remove(p)
	}
	for _, p := range left {
		if t.isParty(p.stream) {
			t.parties.Left(p.stream.id(), p.inParty())
		}
		t.tell(p.stream, nil, p)
	}
	return left
}

// closeStream takes everyone off a stream. Nobody is told.
func (t *tracker) closeStream(stream Stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	members := t.streams[stream].all()
	for _, p := range members {
		t.dropFromSocket(p)
	}
	t.count -= len(members)
	delete(t.streams, stream)
	if t.isParty(stream) {
		t.parties.Ended(stream.id())
	}
}

// tellMatches tells this node's authoritative matches who has left, each of them once
// of those who stand together: a match takes only so many calls. t.mu is not held.
func (t *tracker) tellMatches(left []*presence, reason match.Reason) {
	for len(left) > 0 {
		stream, matchID := left[0].stream, left[0].matchID
		var leaves []match.Presence
		for len(left) > 0 && left[0].stream == stream {
			leaves = append(leaves, left[0].inMatch(reason))
			left = left[1:]
		}
		if stream.Mode == StreamMatchAuthoritative && stream.Label == t.node {
			t.matches.Leave(matchID, leaves)
		}
	}
}

// inMatch is a socket's presence in the match with the given id, or nil.
func (t *tracker) inMatch(s *socket, matchID string) *presence {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, p := range s.presences {
		if p.matchID == matchID && matchID != "" && p.userID == s.self.UserID {
			return p
		}
	}
	return nil
}

// meta is what a socket's own presence on a stream says of itself.
func (t *tracker) meta(s *socket, stream Stream) (Meta, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if p := t.find(s, &stream, s.self.UserID); p != nil {
		return p.meta, true
	}
	return Meta{}, false
}

// send puts a message on the queue of everyone on a stream whom wanted accepts;
// nil accepts all.
func (t *tracker) send(stream Stream, b *broadcast, wanted func(*presence) bool) {
	t.mu.RLock()
	for _, p := range t.streams[stream].all() {
		if wanted == nil || wanted(p) {
			p.socket.enqueue(b.frame(p.socket.format))
		}
	}
	t.mu.RUnlock()
	t.report(b)
}

func (t *tracker) report(b *broadcast) {
	if b.err != nil {
		t.log.Warn("a message could not be encoded and was dropped", "error", b.err)
	}
}

// sockets are the user's open sockets. Each is on the user's notification stream
// from its start, where a module may have put others.
func (t *tracker) sockets(user uuid.UUID) []*socket {
	t.mu.RLock()
	defer t.mu.RUnlock()
	members := t.streams[notificationStream(user)].all()
	sockets := make([]*socket, 0, len(members))
	for _, p := range members {
		if p.socket.user == user {
			sockets = append(sockets, p.socket)
		}
	}
	return sockets
}

func (t *tracker) list(stream Stream, hidden, visible bool) []Presence {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var list []Presence
	for _, p := range t.streams[stream].all() {
		if p.meta.Hidden && hidden || !p.meta.Hidden && visible {
			list = append(list, p.public())
		}
	}
	return list
}

// size is how many are on a stream, hidden or not.
func (t *tracker) size(stream Stream) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.streams[stream].all())
}

func (t *tracker) presences() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.count
}

// relayed lists the relayed matches, in no order.
func (t *tracker) relayed() []match.Listing {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var list []match.Listing
	for stream, members := range t.streams {
		if stream.Mode == StreamMatchRelayed {
			list = append(list, match.Listing{ID: stream.id(), Size: len(members.list)})
		}
	}
	return list
}
