package nktest

import (
	"github.com/heroiclabs/nakama-common/rtapi"
)

// Party is a party of users.
type Party struct {
	ID string

	host *Host
}

// partySize is how many users a party of a test takes, as many as Nakama allows.
const partySize = 256

// Party has a user make a party that lets everybody in, and others join it.
func (h *Host) Party(leader *User, others ...*User) *Party {
	h.t.Helper()
	answer := leader.Request(&rtapi.Envelope{Message: &rtapi.Envelope_PartyCreate{
		PartyCreate: &rtapi.PartyCreate{Open: true, MaxSize: partySize},
	}})
	if answer.GetParty() == nil {
		h.t.Fatalf("%s cannot make a party: %s", leader.Username, answer.GetError().GetMessage())
	}
	p := h.PartyByID(answer.GetParty().GetPartyId())
	p.Join(others...)
	return p
}

// PartyByID is a party that a user made by a request.
func (h *Host) PartyByID(id string) *Party { return &Party{ID: id, host: h} }

// Join has users join, each after the one before; that one is refused ends the test. A
// closed party's leader is asked.
func (p *Party) Join(users ...*User) {
	p.host.t.Helper()
	for _, user := range users {
		p.request(user, "join", &rtapi.Envelope{Message: &rtapi.Envelope_PartyJoin{PartyJoin: &rtapi.PartyJoin{PartyId: p.ID}}})
	}
}

// Leave has users leave.
func (p *Party) Leave(users ...*User) {
	p.host.t.Helper()
	for _, user := range users {
		p.request(user, "leave", &rtapi.Envelope{Message: &rtapi.Envelope_PartyLeave{PartyLeave: &rtapi.PartyLeave{PartyId: p.ID}}})
	}
}

// Promote has the leader make another member the leader.
func (p *Party) Promote(member *User) {
	p.host.t.Helper()
	p.request(p.Leader(), "promote a member of", &rtapi.Envelope{Message: &rtapi.Envelope_PartyPromote{PartyPromote: &rtapi.PartyPromote{
		PartyId:  p.ID,
		Presence: &rtapi.UserPresence{UserId: member.ID, SessionId: member.SessionID(), Username: member.Username},
	}}})
}

// Send has a member send data to the others. What is no string is sent as JSON.
func (p *Party) Send(member *User, opCode int64, data any) {
	p.host.t.Helper()
	p.request(member, "send to", &rtapi.Envelope{Message: &rtapi.Envelope_PartyDataSend{PartyDataSend: &rtapi.PartyDataSend{
		PartyId: p.ID, OpCode: opCode, Data: []byte(p.host.text(data)),
	}}})
}

// request ends the test when a user may not do something.
func (p *Party) request(user *User, doing string, in *rtapi.Envelope) *rtapi.Envelope {
	p.host.t.Helper()
	answer := user.Request(in)
	if failure := answer.GetError(); failure != nil {
		p.host.t.Fatalf("%s may not %s the party: %s", user.Username, doing, failure.GetMessage())
	}
	p.host.check()
	return answer
}

// Received is all that the party has sent to a user, on any session.
func (p *Party) Received(user *User) Received { return user.received(p.ID) }

// Leader is who leads the party; that the party has ended ends the test.
func (p *Party) Leader() *User {
	p.host.t.Helper()
	found, err := p.host.manual.Party(p.ID)
	p.host.must(err, "look at the party")
	return p.host.users[found.Leader.Username]
}

// Members are who is in the party, the first to join first; nobody once it has ended.
func (p *Party) Members() []*User {
	found, _ := p.host.manual.Party(p.ID) // the only error is that it has ended
	members := make([]*User, len(found.Members))
	for i, m := range found.Members {
		members[i] = p.host.users[m.Username]
	}
	return members
}

// MatchmakeParties has the matchmaker bring parties together, which ask for nobody in
// particular, and returns the match that their members are to join.
func (h *Host) MatchmakeParties(parties ...*Party) *Match {
	h.t.Helper()
	var users []*User
	for _, p := range parties {
		users = append(users, p.Members()...)
	}
	count := int32(len(users))
	return h.matchmake(users, func() {
		h.t.Helper()
		for _, p := range parties {
			p.request(p.Leader(), "find a match for", &rtapi.Envelope{Message: &rtapi.Envelope_PartyMatchmakerAdd{
				PartyMatchmakerAdd: &rtapi.PartyMatchmakerAdd{PartyId: p.ID, Query: "*", MinCount: count, MaxCount: count},
			}})
		}
	})
}
