package realtime

import (
	"cmp"
	"errors"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/party"
)

var errNotAccepted = status.Error(codes.NotFound, "party could not accept request")

// partyCreate makes a party that the socket leads.
func (s *Server) partyCreate(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	create := in.GetPartyCreate()
	if create.MaxSize < 1 || create.MaxSize > party.MaxSize {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "Invalid party max size, must be 1-256")
	}
	id, _ := parseID(s.options.NewID())
	stream := Stream{Mode: StreamParty, Subject: id, Label: s.options.Node}
	self := &rtapi.UserPresence{UserId: c.self.UserID, SessionId: c.self.SessionID, Username: c.self.Username}
	out := &rtapi.Envelope{Cid: in.Cid, Message: &rtapi.Envelope_Party{Party: &rtapi.Party{
		PartyId: stream.id(), Open: create.Open, Hidden: create.Hidden, MaxSize: create.MaxSize, Label: create.Label,
		Self: self, Leader: self, Presences: []*rtapi.UserPresence{self},
	}}}
	err := s.enterParty(c, stream, func() (bool, error) {
		n := party.New{Open: create.Open, Hidden: create.Hidden, MaxSize: int(create.MaxSize), Label: create.Label}
		if err := s.options.Parties.Create(stream.id(), n); err != nil {
			return false, err
		}
		c.send(out)
		return true, nil
	})
	if err != nil {
		return c.refuseParty(in.Cid, "creating party", err)
	}
	return out, true
}

// enterParty puts a socket onto a party's stream, unless it is there, if admit lets it in,
// which is called with the tracker's lock held.
func (s *Server) enterParty(c *socket, stream Stream, admit func() (in bool, err error)) error {
	var refused error
	isNew, err := s.tracker.track(c, stream, c.self.UserID, Meta{}, func([]*presence) (in bool) {
		in, refused = admit()
		return in
	})
	if err != nil {
		return err
	}
	if isNew && s.options.SingleParty {
		s.tracker.untrackRivals(c, stream)
	}
	return refused
}

// refuseParty answers that something about a party went wrong.
func (c *socket) refuseParty(cid, doing string, err error) (*rtapi.Envelope, bool) {
	code := rtapi.Error_BAD_INPUT
	if _, coded := status.FromError(err); !coded || errors.Is(err, errTooMany) {
		code = rtapi.Error_RUNTIME_EXCEPTION
	}
	return c.refuse(cid, code, "Error "+doing+": "+c.errorText(err, doing))
}

// inParty does something in the party that a message names, and answers with out, which
// do may fill.
func (s *Server) inParty(c *socket, cid, partyID, doing string, do func(stream Stream, out *rtapi.Envelope) error) (*rtapi.Envelope, bool) {
	stream, ok := partyStream(partyID)
	if !ok {
		return c.refuse(cid, rtapi.Error_BAD_INPUT, "Invalid party ID")
	}
	out := &rtapi.Envelope{Cid: cid}
	if err := do(stream, out); err != nil {
		return c.refuseParty(cid, doing, err)
	}
	return c.answer(out)
}

// toPresence is inParty for messages about a member, or about who wants to be one.
func (s *Server) toPresence(
	c *socket, cid, partyID string, target *rtapi.UserPresence, doing string, do func(stream Stream, target party.Presence) error,
) (*rtapi.Envelope, bool) {
	if target.GetUserId() == "" || target.GetSessionId() == "" || target.GetUsername() == "" {
		return c.refuse(cid, rtapi.Error_BAD_INPUT, "Invalid presence")
	}
	return s.inParty(c, cid, partyID, doing, func(stream Stream, _ *rtapi.Envelope) error {
		return do(stream, party.Presence{UserID: target.UserId, SessionID: target.SessionId, Username: target.Username})
	})
}

// partyJoin joins an open party, with the answer before what the party has to tell, or
// asks the leader of a closed one.
func (s *Server) partyJoin(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	stream, ok := partyStream(in.GetPartyJoin().GetPartyId())
	if !ok {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "Invalid party ID")
	}
	out := &rtapi.Envelope{Cid: in.Cid}
	err := s.enterParty(c, stream, func() (bool, error) {
		let, err := s.options.Parties.Admit(stream.id(), party.Presence{
			UserID: c.self.UserID, SessionID: c.self.SessionID, Username: c.self.Username, Node: c.self.Node,
		})
		if err == nil {
			c.send(out)
		}
		return let, err
	})
	if err != nil {
		return c.refuseParty(in.Cid, "joining party", err)
	}
	return out, true
}

// partyLeave leaves a party, if the socket is in it. Hooks are shown no answer, as on
// Nakama.
func (s *Server) partyLeave(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	_, ok := s.inParty(c, in.Cid, in.GetPartyLeave().GetPartyId(), "leaving party", func(stream Stream, _ *rtapi.Envelope) error {
		s.tracker.untrack(c, stream, c.self.UserID)
		return nil
	})
	return nil, ok
}

func (s *Server) partyPromote(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	m := in.GetPartyPromote()
	return s.toPresence(c, in.Cid, m.GetPartyId(), m.GetPresence(), "promoting new party leader", func(stream Stream, target party.Presence) error {
		return s.options.Parties.Promote(stream.id(), c.self.SessionID, target)
	})
}

func (s *Server) partyAccept(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	m := in.GetPartyAccept()
	return s.toPresence(c, in.Cid, m.GetPartyId(), m.GetPresence(), "accepting party join request", func(stream Stream, target party.Presence) error {
		accept := func() (bool, error) {
			err := s.options.Parties.Accept(stream.id(), c.self.SessionID, target)
			return err == nil, err
		}
		joiner := s.find(target.SessionID)
		if joiner == nil {
			_, err := accept()
			return cmp.Or(err, errNotAccepted)
		}
		err := s.enterParty(joiner, stream, accept)
		if errors.Is(err, errSessionGone) {
			return errNotAccepted
		}
		return err
	})
}

// partyRemove sends a member away, who is told that the party is closed, or refuses a
// request to join.
func (s *Server) partyRemove(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	m := in.GetPartyRemove()
	return s.toPresence(c, in.Cid, m.GetPartyId(), m.GetPresence(), "removing party member or join request", func(stream Stream, target party.Presence) error {
		var err error
		var member bool
		s.tracker.takeOff(match.ReasonLeave, func() []*presence {
			member, err = s.options.Parties.Remove(stream.id(), c.self.SessionID, target)
			if removed := s.find(target.SessionID); member && removed != nil {
				return s.tracker.findAll(removed, &stream, target.UserID)
			}
			return nil
		})
		if member {
			s.SendTo([]string{target.SessionID}, &rtapi.Envelope{Message: &rtapi.Envelope_PartyClose{
				PartyClose: &rtapi.PartyClose{PartyId: stream.id()},
			}})
		}
		return err
	})
}

func (s *Server) partyClose(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	return s.inParty(c, in.Cid, in.GetPartyClose().GetPartyId(), "closing party", func(stream Stream, _ *rtapi.Envelope) error {
		err := s.options.Parties.Close(stream.id(), c.self.SessionID)
		if err == nil {
			s.tracker.closeStream(stream)
		}
		return err
	})
}

func (s *Server) partyJoinRequestList(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	partyID := in.GetPartyJoinRequestList().GetPartyId()
	return s.inParty(c, in.Cid, partyID, "listing party join requests", func(stream Stream, out *rtapi.Envelope) error {
		requests, err := s.options.Parties.Requests(stream.id(), c.self.SessionID)
		out.Message = &rtapi.Envelope_PartyJoinRequest{PartyJoinRequest: &rtapi.PartyJoinRequest{PartyId: partyID, Presences: requests}}
		return err
	})
}

func (s *Server) partyMatchmakerAdd(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	add := in.GetPartyMatchmakerAdd()
	return s.inParty(c, in.Cid, add.GetPartyId(), "adding party to matchmaker", func(stream Stream, out *rtapi.Envelope) error {
		ticket, err := s.options.Parties.MatchmakerAdd(stream.id(), c.self.SessionID, matchmaker.AddRequest{
			Query: add.Query, MinCount: int(add.MinCount), MaxCount: int(add.MaxCount), CountMultiple: countMultiple(add),
			StringProperties: add.StringProperties, NumericProperties: add.NumericProperties,
		})
		out.Message = &rtapi.Envelope_PartyMatchmakerTicket{PartyMatchmakerTicket: &rtapi.PartyMatchmakerTicket{
			PartyId: add.PartyId, Ticket: ticket,
		}}
		return err
	})
}

func (s *Server) partyMatchmakerRemove(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	remove := in.GetPartyMatchmakerRemove()
	if remove.GetTicket() == "" {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "Invalid matchmaker ticket")
	}
	return s.inParty(c, in.Cid, remove.GetPartyId(), "removing party from matchmaker", func(stream Stream, _ *rtapi.Envelope) error {
		return s.options.Parties.MatchmakerRemove(stream.id(), c.self.SessionID, remove.Ticket)
	})
}

func (s *Server) partyDataSend(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	data := in.GetPartyDataSend()
	return s.inParty(c, in.Cid, data.GetPartyId(), "sending party data", func(stream Stream, _ *rtapi.Envelope) error {
		return s.options.Parties.SendData(stream.id(), c.self.SessionID, data.OpCode, data.Data)
	})
}

func (s *Server) partyUpdate(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	update := in.GetPartyUpdate()
	return s.inParty(c, in.Cid, update.GetPartyId(), "updating party", func(stream Stream, _ *rtapi.Envelope) error {
		return s.options.Parties.Update(stream.id(), c.self.SessionID, update.Label, update.Open, update.Hidden)
	})
}
