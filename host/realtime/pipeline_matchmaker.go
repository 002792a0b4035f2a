package realtime

import (
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/matchmaker"
)

func (s *Server) matchmakerAdd(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	add := in.GetMatchmakerAdd()
	ticket, err := s.options.Matchmaker.Add(matchmaker.AddRequest{
		Presences:         []matchmaker.Presence{{UserID: c.self.UserID, SessionID: c.self.SessionID, Username: c.self.Username, Node: c.self.Node}},
		SessionID:         c.self.SessionID,
		Query:             add.Query,
		MinCount:          int(add.MinCount),
		MaxCount:          int(add.MaxCount),
		CountMultiple:     countMultiple(add),
		StringProperties:  add.StringProperties,
		NumericProperties: add.NumericProperties,
	})
	if err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "matchmaker add"))
	}
	if c.ctx.Err() != nil {
		// The session has ended meanwhile and may have taken its tickets out already.
		s.options.Matchmaker.RemoveSession(c.self.SessionID)
	}
	return c.answer(&rtapi.Envelope{Cid: in.Cid, Message: &rtapi.Envelope_MatchmakerTicket{
		MatchmakerTicket: &rtapi.MatchmakerTicket{Ticket: ticket},
	}})
}

// countMultiple is 1 for a message that does not set it.
func countMultiple(add interface {
	GetCountMultiple() *wrapperspb.Int32Value
}) int {
	if multiple := add.GetCountMultiple(); multiple != nil {
		return int(multiple.Value)
	}
	return 1
}

func (s *Server) matchmakerRemove(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	if err := s.options.Matchmaker.Remove(c.self.SessionID, in.GetMatchmakerRemove().GetTicket()); err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "matchmaker remove"))
	}
	return c.answer(&rtapi.Envelope{Cid: in.Cid})
}

// Matched tells each of a group which match it is to join: by id or, when matchID
// is "", by token.
func (s *Server) Matched(group []matchmaker.Entry, matchID, token string) {
	users := make([]*rtapi.MatchmakerMatched_MatchmakerUser, len(group))
	for i := range group {
		entry := &group[i]
		users[i] = &rtapi.MatchmakerMatched_MatchmakerUser{
			Presence: &rtapi.UserPresence{
				UserId: entry.Presence.UserID, SessionId: entry.Presence.SessionID, Username: entry.Presence.Username,
			},
			PartyId:           entry.PartyID,
			StringProperties:  entry.StringProperties,
			NumericProperties: entry.NumericProperties,
		}
	}
	for i := range group {
		c := s.find(group[i].Presence.SessionID)
		if c == nil {
			continue
		}
		matched := &rtapi.MatchmakerMatched{Ticket: group[i].Ticket, Users: users, Self: users[i]}
		if matchID != "" {
			matched.Id = &rtapi.MatchmakerMatched_MatchId{MatchId: matchID}
		} else {
			matched.Id = &rtapi.MatchmakerMatched_Token{Token: token}
		}
		c.send(&rtapi.Envelope{Message: &rtapi.Envelope_MatchmakerMatched{MatchmakerMatched: matched}})
	}
}
