package party

import (
	"slices"

	"github.com/heroiclabs/nakama-common/rtapi"
)

// Admit says whether a session may come in at once. If not, and without an error, it has
// asked to join, and the leader is told so.
func (r *Registry) Admit(id string, joiner Presence) (in bool, err error) {
	err = r.in(id, func(p *party) error {
		if len(p.members) >= p.maxSize {
			return errFull
		}
		if in = p.open; in {
			return nil
		}
		return r.request(p, joiner)
	})
	return in, err
}

func (r *Registry) request(p *party, joiner Presence) error {
	r.dropEnded(p)
	switch {
	case len(p.requests) >= p.maxSize:
		return errRequestsFull
	case slices.ContainsFunc(p.requests, func(other Presence) bool { return other.UserID == joiner.UserID }):
		return errRequestTwice
	case place(p.members, joiner.SessionID) >= 0:
		return errMemberAlready
	}
	p.requests = append(p.requests, joiner)
	r.options.Clients.SendTo([]string{p.leader.SessionID}, &rtapi.Envelope{Message: &rtapi.Envelope_PartyJoinRequest{
		PartyJoinRequest: &rtapi.PartyJoinRequest{PartyId: p.id, Presences: []*rtapi.UserPresence{joiner.wire()}},
	}})
	return nil
}

// dropEnded forgets the requests of sessions that have ended. On Nakama they stay, and
// keep their users from asking again.
func (r *Registry) dropEnded(p *party) {
	p.requests = slices.DeleteFunc(p.requests, func(other Presence) bool { return !r.options.Clients.IsOpen(other.SessionID) })
}

// Joined makes who has come onto a party's stream a member, who is told of the party.
// Someone for whom there is no room is none; only modules can bring those.
func (r *Registry) Joined(id string, joiner Presence) {
	_ = r.in(id, func(p *party) error { // anyone may be on a stream that is no party's
		if len(p.members) >= p.maxSize || place(p.members, joiner.SessionID) >= 0 {
			return nil
		}
		if len(p.members) == 0 {
			p.leader = joiner
		}
		p.members = append(p.members, joiner)
		if i := place(p.requests, joiner.SessionID); i >= 0 {
			p.requests = slices.Delete(p.requests, i, i+1)
		}
		r.options.Matchmaker.RemovePartyAll(id)
		// As on Nakama, without the label.
		r.options.Clients.SendTo([]string{joiner.SessionID}, &rtapi.Envelope{Message: &rtapi.Envelope_Party{Party: &rtapi.Party{
			PartyId: id, Open: p.open, MaxSize: int32(p.maxSize),
			Self: joiner.wire(), Leader: p.leader.wire(), Presences: wireOf(p.members),
		}}})
		return nil
	})
}

// Left ends a membership of who has left the party's stream, and the party with the last
// one. When the leader leaves, the longest-standing member leads.
func (r *Registry) Left(id string, leaver Presence) {
	_ = r.in(id, func(p *party) error {
		i := place(p.members, leaver.SessionID)
		if i < 0 || p.members[i].UserID != leaver.UserID {
			return nil
		}
		p.members = slices.Delete(p.members, i, i+1)
		if len(p.members) == 0 {
			r.end(p)
			return nil
		}
		r.options.Matchmaker.RemovePartyAll(id)
		if p.leader.SessionID == leaver.SessionID {
			p.leader = p.members[0]
			r.tellLeader(p)
		}
		return nil
	})
}

// Ended ends a party of whose stream everyone was taken. Nobody is told.
func (r *Registry) Ended(id string) {
	_ = r.in(id, func(p *party) error {
		r.end(p)
		return nil
	})
}

// SendData sends data of a member to the others.
func (r *Registry) SendData(id, session string, opCode int64, data []byte) error {
	return r.in(id, func(p *party) error {
		i := place(p.members, session)
		if i < 0 {
			return errNotMember
		}
		r.tell(p, session, &rtapi.Envelope{Message: &rtapi.Envelope_PartyData{
			PartyData: &rtapi.PartyData{PartyId: id, Presence: p.members[i].wire(), OpCode: opCode, Data: data},
		}})
		return nil
	})
}
