package realtime

import (
	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// tell sends the event of a presence that came, went, or (with both) changed.
// Hidden presences have no events. t.mu is held.
func (t *tracker) tell(stream Stream, join, leave *presence) {
	joins, leaves := visible(join), visible(leave)
	if joins == nil && leaves == nil {
		return
	}
	if stream.Mode == StreamStatus {
		t.tellStatus(stream.Subject, joins, leaves)
		return
	}
	members := t.streams[stream].all()
	if len(members) == 0 {
		return
	}
	b := &broadcast{message: envelope{presenceEvent(stream, joins, leaves)}}
	for _, p := range members {
		p.socket.enqueue(b.frame(p.socket.format))
	}
	t.report(b)
}

// tellStatus sends a status event to the user's followers and to the user's own
// sockets, which all follow it.
func (t *tracker) tellStatus(user uuid.UUID, joins, leaves []*rtapi.UserPresence) {
	b := &broadcast{message: envelope{&rtapi.Envelope{Message: &rtapi.Envelope_StatusPresenceEvent{
		StatusPresenceEvent: &rtapi.StatusPresenceEvent{Joins: joins, Leaves: leaves},
	}}}}
	for _, p := range t.streams[notificationStream(user)].all() {
		if p.socket.user == user {
			p.socket.enqueue(b.frame(p.socket.format))
		}
	}
	for s := range t.followers[user] {
		s.enqueue(b.frame(s.format))
	}
	t.report(b)
}

func visible(p *presence) []*rtapi.UserPresence {
	if p == nil || p.meta.Hidden {
		return nil
	}
	return []*rtapi.UserPresence{p.wire()}
}

// wire is the presence as events and statuses show it.
func (p *presence) wire() *rtapi.UserPresence {
	wire := &rtapi.UserPresence{
		UserId: p.userID, SessionId: p.socket.self.SessionID, Username: p.socket.self.Username, Persistence: p.meta.Persistence,
	}
	if p.stream.Mode == StreamStatus {
		wire.Status = wrapperspb.String(p.meta.Status)
	}
	return wire
}

func presenceEvent(stream Stream, joins, leaves []*rtapi.UserPresence) *rtapi.Envelope {
	if stream.isMatch() {
		return &rtapi.Envelope{Message: &rtapi.Envelope_MatchPresenceEvent{
			MatchPresenceEvent: &rtapi.MatchPresenceEvent{MatchId: stream.id(), Joins: joins, Leaves: leaves},
		}}
	}
	if stream.Mode == StreamParty {
		return &rtapi.Envelope{Message: &rtapi.Envelope_PartyPresenceEvent{
			PartyPresenceEvent: &rtapi.PartyPresenceEvent{PartyId: stream.id(), Joins: joins, Leaves: leaves},
		}}
	}
	if channel, ok := stream.channel(); ok {
		return channelEvent(channel, joins, leaves)
	}
	return &rtapi.Envelope{Message: &rtapi.Envelope_StreamPresenceEvent{
		StreamPresenceEvent: &rtapi.StreamPresenceEvent{Stream: stream.wire(), Joins: joins, Leaves: leaves},
	}}
}

func (s Stream) wire() *rtapi.Stream {
	return &rtapi.Stream{Mode: int32(s.Mode), Subject: idText(s.Subject), Subcontext: idText(s.Subcontext), Label: s.Label}
}

// idText is an id's text; the nil id has none.
func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}
