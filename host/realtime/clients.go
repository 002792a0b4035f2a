package realtime

import (
	"crypto/sha1"
	"errors"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/match"
)

var _ match.Clients = (*Server)(nil)

// Send puts a match's message on the queues of the given sessions, encoded once for
// all of them.
func (s *Server) Send(matchID string, to []match.Presence, message match.Broadcast) {
	b := &broadcast{message: &matchData{
		matchID: matchID, sender: message.Sender, opCode: message.OpCode, data: message.Data, reliable: message.Reliable,
	}}
	var few [16]*socket // most matches need no more, and no list on the heap
	for _, c := range s.appendOpen(few[:0], to) {
		c.enqueue(b.frame(c.format))
	}
	s.tracker.report(b)
}

// appendOpen appends the sockets of those sessions that are open.
func (s *Server) appendOpen(list []*socket, sessions []match.Presence) []*socket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range sessions {
		if c := s.sockets[sessions[i].SessionID]; c != nil {
			list = append(list, c)
		}
	}
	return list
}

// Kick takes presences off a match's stream, of which the match is told in one call.
// Those of another node are passed over.
func (s *Server) Kick(matchID string, presences []match.Presence) {
	stream, ok := matchStream(matchID)
	if !ok {
		return
	}
	var sockets []*socket
	var users []string
	for i := range presences {
		p := &presences[i]
		if c := s.find(p.SessionID); c != nil && p.Node == s.options.Node {
			sockets, users = append(sockets, c), append(users, p.UserID)
		}
	}
	s.tracker.untrackAll(sockets, stream, users)
}

// Disconnect ends the sessions of a match that failed.
func (s *Server) Disconnect(presences []match.Presence) {
	for i := range presences {
		if c := s.find(presences[i].SessionID); c != nil {
			c.endSoon(MatchFailed)
		}
	}
}

// MatchEnded forgets who was in a match that has stopped. Nobody is told, as on
// Nakama.
func (s *Server) MatchEnded(matchID string) {
	if stream, ok := matchStream(matchID); ok {
		s.tracker.closeStream(stream)
	}
}

// RelayedMatch finds a relayed match, which exists while someone is in it.
func (s *Server) RelayedMatch(matchID string) (match.Listing, bool) {
	stream, ok := matchStream(matchID)
	if !ok || stream.Mode != StreamMatchRelayed {
		return match.Listing{}, false
	}
	size := s.tracker.size(stream)
	return match.Listing{ID: stream.id(), Size: size}, size > 0
}

// RelayedMatches lists all relayed matches, in no order.
func (s *Server) RelayedMatches() []match.Listing { return s.tracker.relayed() }

// StreamUserJoin puts a session on a stream as the given user, unless it is there,
// and reports whether it was put there. It fails with NotFound when the session is
// not open and with ResourceExhausted when it is on too many streams.
func (s *Server) StreamUserJoin(stream Stream, userID, sessionID string, meta Meta) (isNew bool, err error) {
	c := s.find(sessionID)
	if c == nil {
		return false, errSessionGone
	}
	return s.tracker.track(c, stream, userID, meta, nil)
}

// StreamUserUpdate changes what a presence says of itself, or puts it there. It
// fails as StreamUserJoin does.
func (s *Server) StreamUserUpdate(stream Stream, userID, sessionID string, meta Meta) error {
	c := s.find(sessionID)
	if c == nil {
		return errSessionGone
	}
	return s.tracker.update(c, stream, userID, meta, nil)
}

// StreamUserLeave takes a presence off a stream, if it is there. It fails with NotFound
// for the id of a session that was never here.
func (s *Server) StreamUserLeave(stream Stream, userID, sessionID string) error {
	if !s.isOurs(sessionID) {
		return errSessionGone
	}
	if c := s.find(sessionID); c != nil {
		s.tracker.untrack(c, stream, userID)
	}
	return nil
}

// Follow makes a session hear of users' statuses, if it is open. They are not told it.
// It fails with ResourceExhausted when the session follows too many.
func (s *Server) Follow(sessionID string, users []uuid.UUID) error {
	c := s.find(sessionID)
	if c == nil {
		return nil
	}
	_, err := s.tracker.follow(c, users)
	if errors.Is(err, errSessionGone) {
		return nil
	}
	return err
}

// Unfollow ends what Follow began.
func (s *Server) Unfollow(sessionID string, users []uuid.UUID) {
	if c := s.find(sessionID); c != nil {
		s.tracker.unfollow(c, users)
	}
}

// StreamUserList lists who is on a stream, in no order.
func (s *Server) StreamUserList(stream Stream, includeHidden, includeVisible bool) []Presence {
	return s.tracker.list(stream, includeHidden, includeVisible)
}

// StreamCount is how many are on a stream, hidden or not.
func (s *Server) StreamCount(stream Stream) int { return s.tracker.size(stream) }

// StreamClose takes everyone off a stream. Nobody is told.
func (s *Server) StreamClose(stream Stream) { s.tracker.closeStream(stream) }

// StreamSend sends an envelope to those on a stream: to the given ones or, if to is
// nil, to all.
func (s *Server) StreamSend(stream Stream, to []Presence, out *rtapi.Envelope) {
	var wanted func(*presence) bool
	if to != nil {
		sessions := make(map[string]struct{}, len(to))
		for i := range to {
			sessions[to[i].SessionID] = struct{}{}
		}
		wanted = func(p *presence) bool {
			_, ok := sessions[p.socket.self.SessionID]
			return ok
		}
	}
	s.tracker.send(stream, &broadcast{message: envelope{out}}, wanted)
}

// SendToSession sends an envelope to one session. It fails with NotFound when the
// session is not open.
func (s *Server) SendToSession(sessionID string, out *rtapi.Envelope) error {
	c := s.find(sessionID)
	if c == nil {
		return errSessionGone
	}
	c.send(out)
	return nil
}

// SendTo sends an envelope to sessions, as far as they are open.
func (s *Server) SendTo(sessions []string, out *rtapi.Envelope) {
	b := &broadcast{message: envelope{out}}
	for _, id := range sessions {
		if c := s.find(id); c != nil {
			c.enqueue(b.frame(c.format))
		}
	}
	s.tracker.report(b)
}

// IsOpen says whether a session goes on.
func (s *Server) IsOpen(sessionID string) bool {
	c := s.find(sessionID)
	return c != nil && !c.outbox.closed()
}

// nodeMark is what the ids of a node's sessions end with, as on Nakama.
func nodeMark(node string) [6]byte {
	hash := sha1.Sum([]byte(node))
	return [6]byte(hash[:6])
}

func (s *Server) newSessionID() string {
	id, mark := uuid.MustParse(s.options.NewID()), nodeMark(s.options.Node)
	copy(id[10:], mark[:])
	return id.String()
}

// isOurs says whether a session of this node has, or had, the id.
func (s *Server) isOurs(sessionID string) bool {
	id, ok := parseID(sessionID)
	return ok && [6]byte(id[10:]) == nodeMark(s.options.Node)
}
