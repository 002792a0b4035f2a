package party

import (
	"slices"

	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/matchmaker"
)

// What follows only the leader may do, as the session that is named.

// Promote makes a member the leader.
func (r *Registry) Promote(id, session string, target Presence) error {
	return r.as(session, id, func(p *party) error {
		i := slices.IndexFunc(p.members, target.is)
		if i < 0 {
			return errNotMember
		}
		p.leader = p.members[i]
		r.tellLeader(p)
		return nil
	})
}

// Accept takes a request to join off the list; the session may then come in.
func (r *Registry) Accept(id, session string, target Presence) error {
	return r.as(session, id, func(p *party) error {
		if len(p.members) >= p.maxSize {
			return errFull
		}
		r.dropEnded(p)
		return p.dropRequest(target)
	})
}

func (p *party) dropRequest(target Presence) error {
	i := slices.IndexFunc(p.requests, target.is)
	if i < 0 {
		return errNoRequest
	}
	p.requests = slices.Delete(p.requests, i, i+1)
	return nil
}

// Remove refuses a request to join, or says that the target is a member, who is then to
// be taken off the party's stream.
func (r *Registry) Remove(id, session string, target Presence) (member bool, err error) {
	err = r.as(session, id, func(p *party) error {
		if p.leader.is(target) {
			return errRemoveSelf
		}
		if member = slices.ContainsFunc(p.members, target.is); member {
			return nil
		}
		if p.dropRequest(target) != nil {
			return errNotMember
		}
		return nil
	})
	return member, err
}

// Close ends a party and tells the members so. They are still to be taken off its stream.
func (r *Registry) Close(id, session string) error {
	return r.as(session, id, func(p *party) error {
		r.tell(p, "", &rtapi.Envelope{Message: &rtapi.Envelope_PartyClose{PartyClose: &rtapi.PartyClose{PartyId: id}}})
		r.end(p)
		return nil
	})
}

// Requests lists who has asked to join, the oldest request first.
func (r *Registry) Requests(id, session string) (requests []*rtapi.UserPresence, err error) {
	err = r.as(session, id, func(p *party) error {
		r.dropEnded(p)
		requests = wireOf(p.requests)
		return nil
	})
	return requests, err
}

// MatchmakerAdd puts a ticket for all members into the matchmaker; the presences, session
// and party of the request are filled in. The other members are told of it.
func (r *Registry) MatchmakerAdd(id, session string, request matchmaker.AddRequest) (ticket string, err error) {
	err = r.as(session, id, func(p *party) error {
		request.PartyID, request.SessionID = id, ""
		request.Presences = make([]matchmaker.Presence, len(p.members))
		for i, m := range p.members {
			request.Presences[i] = matchmaker.Presence(m)
		}
		if ticket, err = r.options.Matchmaker.Add(request); err != nil {
			return err
		}
		r.tell(p, session, &rtapi.Envelope{Message: &rtapi.Envelope_PartyMatchmakerTicket{
			PartyMatchmakerTicket: &rtapi.PartyMatchmakerTicket{PartyId: id, Ticket: ticket},
		}})
		return nil
	})
	return ticket, err
}

// MatchmakerRemove takes back a ticket of the party.
func (r *Registry) MatchmakerRemove(id, session, ticket string) error {
	return r.as(session, id, func(*party) error { return r.options.Matchmaker.RemoveParty(id, ticket) })
}

// Update changes the label, whether the party lets anyone in, and whether listings show
// it, of which all members are told. A party that is hidden has no label.
func (r *Registry) Update(id, session, label string, open, hidden bool) error {
	if hidden && label != "" && label != "{}" {
		return errHiddenLabelled
	}
	return r.as(session, id, func(p *party) error {
		if err := r.list(p, open, hidden, label); err != nil {
			return err
		}
		p.open = open
		r.tell(p, "", &rtapi.Envelope{Message: &rtapi.Envelope_PartyUpdate{
			PartyUpdate: &rtapi.PartyUpdate{PartyId: id, Label: label, Open: open, Hidden: hidden},
		}})
		return nil
	})
}
