package realtime

import (
	"strings"

	"github.com/google/uuid"

	"nkhost/host/match"
	"nkhost/host/party"
)

// StreamMode says what a stream is for. Modules may use any number from 0 to 255.
type StreamMode uint8

// The modes that Nakama gives a meaning.
const (
	StreamNotifications StreamMode = iota
	StreamStatus
	StreamChannel
	StreamGroup
	StreamDirectMessage
	StreamMatchRelayed
	StreamMatchAuthoritative
	StreamParty
)

// Stream is a place where sessions can be present. It exists while one is.
type Stream struct {
	Mode       StreamMode
	Subject    uuid.UUID
	Subcontext uuid.UUID
	Label      string
}

func notificationStream(user uuid.UUID) Stream {
	return Stream{Mode: StreamNotifications, Subject: user}
}
func statusStream(user uuid.UUID) Stream { return Stream{Mode: StreamStatus, Subject: user} }

// matchStream is the stream of the match with the given id, "<uuid>.<node>"; a
// relayed match has no node.
func matchStream(matchID string) (Stream, bool) {
	text, node, ok := strings.Cut(matchID, ".")
	if !ok {
		return Stream{}, false
	}
	subject, ok := parseID(text)
	if !ok {
		return Stream{}, false
	}
	if node == "" {
		return Stream{Mode: StreamMatchRelayed, Subject: subject}, true
	}
	return Stream{Mode: StreamMatchAuthoritative, Subject: subject, Label: node}, true
}

// partyStream is the stream of the party with the given id, "<uuid>.<node>".
func partyStream(partyID string) (Stream, bool) {
	text, node, ok := strings.Cut(partyID, ".")
	subject, isID := parseID(text)
	return Stream{Mode: StreamParty, Subject: subject, Label: node}, ok && isID
}

// id is what matches and parties are known by.
func (s Stream) id() string { return s.Subject.String() + "." + s.Label }

func (s Stream) isMatch() bool {
	return s.Mode == StreamMatchRelayed || s.Mode == StreamMatchAuthoritative
}

// rivals says whether a session that goes onto s leaves other, if it may only be on one
// such stream.
func (s Stream) rivals(other Stream) bool {
	return s != other && (s.isMatch() && other.isMatch() || s.Mode == StreamParty && other.Mode == StreamParty)
}

// Meta is what a presence says of itself.
type Meta struct {
	Hidden      bool // left out of listings and events
	Persistence bool
	Status      string
}

// Presence is a user on a stream, by one session.
type Presence struct {
	UserID    string
	SessionID string
	Username  string
	Node      string
	Meta
}

// presence is a Presence as the tracker keeps it. It never changes but for its
// place in the stream; an update puts another one there.
type presence struct {
	stream  Stream
	matchID string // of a match's stream
	userID  string // whose presence it is, which need not be the session's user
	meta    Meta
	socket  *socket
	place   int // in the stream's list
}

func (p *presence) public() Presence {
	return Presence{
		UserID: p.userID, SessionID: p.socket.self.SessionID, Username: p.socket.self.Username, Node: p.socket.self.Node, Meta: p.meta,
	}
}

// inMatch is the presence as matches know it.
func (p *presence) inMatch(reason match.Reason) match.Presence {
	member := p.socket.self
	member.UserID, member.Reason = p.userID, reason
	return member
}

// inParty is the presence as parties know it.
func (p *presence) inParty() party.Presence {
	return party.Presence{UserID: p.userID, SessionID: p.socket.self.SessionID, Username: p.socket.self.Username, Node: p.socket.self.Node}
}

// membership is who is on a stream, in no order.
type membership struct{ list []*presence }

func (m *membership) add(p *presence) {
	p.place = len(m.list)
	m.list = append(m.list, p)
}

func (m *membership) remove(p *presence) {
	last := len(m.list) - 1
	m.list[p.place] = m.list[last]
	m.list[p.place].place = p.place
	m.list[last] = nil
	m.list = m.list[:last]
}

func (m *membership) replace(old, p *presence) {
	p.place = old.place
	m.list[p.place] = p
}

// all is everyone on the stream; m may be nil.
func (m *membership) all() []*presence {
	if m == nil {
		return nil
	}
	return m.list
}
