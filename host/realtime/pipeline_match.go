package realtime

import (
	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/match"
)

const badMatchID = `Invalid match id: it is "<uuid>.<node>", or "<uuid>." for a relayed match.`

// matchCreate makes a relayed match, or joins the one of that name.
func (s *Server) matchCreate(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	name := in.GetMatchCreate().GetName()
	stream := Stream{Mode: StreamMatchRelayed}
	if name == "" {
		stream.Subject, _ = parseID(s.options.NewID())
	} else {
		stream.Subject = uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name))
	}
	var out *rtapi.Envelope
	_, err := s.tracker.track(c, stream, c.self.UserID, Meta{}, func(there []*presence) bool {
		others := wireOf(there)
		size := len(others)
		if !c.among(there) {
			size++
		}
		out = c.matchAnswer(in.Cid, &rtapi.Match{MatchId: stream.id(), Size: int32(size), Presences: others})
		c.send(out)
		return true
	})
	if err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "match create"))
	}
	return out, true
}

// matchJoin joins a match by its id or by a matchmaker token. A token also leads
// into a relayed match that nobody is in.
func (s *Server) matchJoin(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	var matchID, bad string
	join := in.GetMatchJoin()
	token := false
	switch id := join.GetId().(type) {
	case *rtapi.MatchJoin_MatchId:
		matchID, bad = id.MatchId, badMatchID
	case *rtapi.MatchJoin_Token:
		token, bad = true, "Invalid match token, or it has expired."
		var err error
		if matchID, err = s.options.Tokens.CheckMatch(id.Token); err != nil {
			return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, bad)
		}
	default:
		bad = "A match is joined by match_id or by token."
	}
	stream, ok := matchStream(matchID)
	if !ok {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, bad)
	}
	if stream.Mode == StreamMatchRelayed {
		return s.joinRelayed(c, in.Cid, stream, token)
	}
	return s.joinAuthoritative(c, in.Cid, stream, join.Metadata)
}

func (s *Server) joinRelayed(c *socket, cid string, stream Stream, mayBeEmpty bool) (*rtapi.Envelope, bool) {
	var out *rtapi.Envelope
	isNew, err := s.tracker.track(c, stream, c.self.UserID, Meta{}, func(there []*presence) bool {
		if len(there) == 0 && !mayBeEmpty {
			return false
		}
		others := wireOf(there)
		out = c.matchAnswer(cid, &rtapi.Match{MatchId: stream.id(), Size: int32(len(others)), Presences: others})
		c.send(out)
		return true
	})
	if err != nil {
		return c.refuse(cid, codeOf(err), c.errorText(err, "match join"))
	}
	if out == nil {
		return c.refuse(cid, rtapi.Error_MATCH_NOT_FOUND, "Match not found.")
	}
	if isNew && s.options.SingleMatch {
		s.tracker.untrackRivals(c, stream)
	}
	return out, true
}

func (s *Server) joinAuthoritative(c *socket, cid string, stream Stream, metadata map[string]string) (*rtapi.Envelope, bool) {
	if stream.Label != s.options.Node {
		return c.refuse(cid, rtapi.Error_MATCH_NOT_FOUND, "Match not found.")
	}
	matchID := stream.id()
	result, err := s.options.Matches.JoinAttempt(c.ctx, matchID, match.Joiner{Presence: c.self, Caller: c.caller, Metadata: metadata})
	switch {
	case status.Code(err) == codes.NotFound:
		return c.refuse(cid, rtapi.Error_MATCH_NOT_FOUND, "Match not found.")
	case err != nil:
		return c.refuse(cid, rtapi.Error_MATCH_JOIN_REJECTED, c.errorText(err, "match join"))
	case !result.Allow && result.Reason == "":
		return c.refuse(cid, rtapi.Error_MATCH_JOIN_REJECTED, "Match join rejected")
	case !result.Allow:
		return c.refuse(cid, rtapi.Error_MATCH_JOIN_REJECTED, result.Reason)
	}
	others := membersOf(&result, c.self.SessionID)
	out := c.matchAnswer(cid, &rtapi.Match{
		MatchId: matchID, Authoritative: true, Label: wrapperspb.String(result.Label), Size: int32(len(others)), Presences: others,
	})
	if err := s.enter(c, stream, out); err != nil {
		return c.refuse(cid, codeOf(err), c.errorText(err, "match join"))
	}
	return out, true
}

// enter puts a socket that a match has let in onto the match's stream, unless it is
// there, with its answer before the event; or it takes the join back. A match that has
// ended since is answered as one that ends right afterwards, as on Nakama, but it is
// not entered: its stream is closed already, and the presence would stay for ever.
func (s *Server) enter(c *socket, stream Stream, out *rtapi.Envelope) error {
	matchID := out.GetMatch().MatchId
	isNew, err := s.tracker.track(c, stream, c.self.UserID, Meta{}, func([]*presence) bool {
		c.send(out)
		return s.options.Matches.Exists(matchID)
	})
	if err != nil {
		left := c.self
		left.Reason = match.ReasonDisconnect
		s.options.Matches.Leave(matchID, []match.Presence{left})
		return err
	}
	s.options.Matches.Joined(matchID, c.self)
	if isNew && s.options.SingleMatch {
		s.tracker.untrackRivals(c, stream)
	}
	return nil
}

func (c *socket) matchAnswer(cid string, m *rtapi.Match) *rtapi.Envelope {
	m.Self = &rtapi.UserPresence{UserId: c.self.UserID, SessionId: c.self.SessionID, Username: c.self.Username}
	return &rtapi.Envelope{Cid: cid, Message: &rtapi.Envelope_Match{Match: m}}
}

func (c *socket) among(there []*presence) bool {
	for _, p := range there {
		if p.socket == c && p.userID == c.self.UserID {
			return true
		}
	}
	return false
}

// wireOf lists the presences that are not hidden.
func wireOf(there []*presence) []*rtapi.UserPresence {
	list := make([]*rtapi.UserPresence, 0, len(there))
	for _, p := range there {
		list = append(list, visible(p)...)
	}
	return list
}

// membersOf lists a match's members, without the one that has just come in.
func membersOf(result *match.JoinResult, joiner string) []*rtapi.UserPresence {
	list := make([]*rtapi.UserPresence, 0, len(result.Presences))
	for i := range result.Presences {
		if p := &result.Presences[i]; !result.IsNew || p.SessionID != joiner {
			list = append(list, &rtapi.UserPresence{UserId: p.UserID, SessionId: p.SessionID, Username: p.Username})
		}
	}
	return list
}

func (s *Server) matchLeave(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	stream, ok := matchStream(in.GetMatchLeave().GetMatchId())
	if !ok {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, badMatchID)
	}
	s.tracker.untrack(c, stream, c.self.UserID)
	return c.answer(&rtapi.Envelope{Cid: in.Cid})
}

// matchDataSend passes data on. Data from a socket that is not in the match is
// dropped, and an error has no cid, as on Nakama.
func (s *Server) matchDataSend(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	data := in.GetMatchDataSend()
	p := s.tracker.inMatch(c, data.MatchId)
	if p == nil {
		stream, ok := matchStream(data.MatchId)
		if !ok {
			return c.refuse("", rtapi.Error_BAD_INPUT, badMatchID)
		}
		if p = s.tracker.inMatch(c, stream.id()); p == nil {
			return nil, false
		}
	}
	if p.stream.Mode == StreamMatchRelayed {
		return nil, s.relay(c, p, data)
	}
	s.options.Matches.SendData(p.matchID, match.Message{
		Sender: c.self, OpCode: data.OpCode, Data: data.Data, Reliable: data.Reliable,
		ReceiveTimeMs: s.options.Now().UnixMilli(),
	})
	return nil, true
}

// relay sends data to the presences that it names, or to all but the sender.
func (s *Server) relay(c *socket, sender *presence, data *rtapi.MatchDataSend) bool {
	wanted := func(p *presence) bool { return p.socket != c }
	if len(data.Presences) > 0 {
		targets := make(map[string]struct{}, len(data.Presences))
		for _, p := range data.Presences {
			_, ok := parseID(p.GetUserId())
			session, ok2 := parseID(p.GetSessionId())
			if !ok || !ok2 {
				return false
			}
			targets[session.String()] = struct{}{}
		}
		wanted = func(p *presence) bool {
			_, ok := targets[p.socket.self.SessionID]
			return ok
		}
	}
	s.tracker.send(sender.stream, &broadcast{message: &matchData{
		matchID: sender.matchID, sender: &c.self, opCode: data.OpCode, data: data.Data, reliable: data.Reliable,
	}}, wanted)
	return true
}
