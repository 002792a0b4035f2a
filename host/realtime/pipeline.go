package realtime

import (
	"reflect"
	"slices"
	"strings"

	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// handler does what a message asks for and answers it. It returns the answer for
// the hooks, nil if there is none, and whether all went well.
type handler func(s *Server, c *socket, in *rtapi.Envelope) (out *rtapi.Envelope, ok bool)

// routes are the messages of Nakama's clients by their type in the envelope: the name
// by which hooks know each, and its handler.
var routes = map[reflect.Type]struct {
	name    string
	handler handler
}{
	reflect.TypeFor[*rtapi.Envelope_MatchDataSend]():    {"MatchDataSend", (*Server).matchDataSend},
	reflect.TypeFor[*rtapi.Envelope_MatchCreate]():      {"MatchCreate", (*Server).matchCreate},
	reflect.TypeFor[*rtapi.Envelope_MatchJoin]():        {"MatchJoin", (*Server).matchJoin},
	reflect.TypeFor[*rtapi.Envelope_MatchLeave]():       {"MatchLeave", (*Server).matchLeave},
	reflect.TypeFor[*rtapi.Envelope_MatchmakerAdd]():    {"MatchmakerAdd", (*Server).matchmakerAdd},
	reflect.TypeFor[*rtapi.Envelope_MatchmakerRemove](): {"MatchmakerRemove", (*Server).matchmakerRemove},
	reflect.TypeFor[*rtapi.Envelope_Rpc]():              {"Rpc", (*Server).rpc},
	reflect.TypeFor[*rtapi.Envelope_Ping]():             {"Ping", (*Server).ping},
	reflect.TypeFor[*rtapi.Envelope_Pong]():             {"Pong", (*Server).pong},
	reflect.TypeFor[*rtapi.Envelope_StatusFollow]():     {"StatusFollow", (*Server).statusFollow},
	reflect.TypeFor[*rtapi.Envelope_StatusUnfollow]():   {"StatusUnfollow", (*Server).statusUnfollow},
	reflect.TypeFor[*rtapi.Envelope_StatusUpdate]():     {"StatusUpdate", (*Server).statusUpdate},

	reflect.TypeFor[*rtapi.Envelope_ChannelJoin]():          {"ChannelJoin", (*Server).channelJoin},
	reflect.TypeFor[*rtapi.Envelope_ChannelLeave]():         {"ChannelLeave", (*Server).channelLeave},
	reflect.TypeFor[*rtapi.Envelope_ChannelMessageSend]():   {"ChannelMessageSend", (*Server).channelMessageSend},
	reflect.TypeFor[*rtapi.Envelope_ChannelMessageUpdate](): {"ChannelMessageUpdate", (*Server).channelMessageUpdate},
	reflect.TypeFor[*rtapi.Envelope_ChannelMessageRemove](): {"ChannelMessageRemove", (*Server).channelMessageRemove},

	reflect.TypeFor[*rtapi.Envelope_PartyCreate]():           {"PartyCreate", (*Server).partyCreate},
	reflect.TypeFor[*rtapi.Envelope_PartyJoin]():             {"PartyJoin", (*Server).partyJoin},
	reflect.TypeFor[*rtapi.Envelope_PartyLeave]():            {"PartyLeave", (*Server).partyLeave},
	reflect.TypeFor[*rtapi.Envelope_PartyPromote]():          {"PartyPromote", (*Server).partyPromote},
	reflect.TypeFor[*rtapi.Envelope_PartyAccept]():           {"PartyAccept", (*Server).partyAccept},
	reflect.TypeFor[*rtapi.Envelope_PartyRemove]():           {"PartyRemove", (*Server).partyRemove},
	reflect.TypeFor[*rtapi.Envelope_PartyClose]():            {"PartyClose", (*Server).partyClose},
	reflect.TypeFor[*rtapi.Envelope_PartyJoinRequestList]():  {"PartyJoinRequestList", (*Server).partyJoinRequestList},
	reflect.TypeFor[*rtapi.Envelope_PartyMatchmakerAdd]():    {"PartyMatchmakerAdd", (*Server).partyMatchmakerAdd},
	reflect.TypeFor[*rtapi.Envelope_PartyMatchmakerRemove](): {"PartyMatchmakerRemove", (*Server).partyMatchmakerRemove},
	reflect.TypeFor[*rtapi.Envelope_PartyDataSend]():         {"PartyDataSend", (*Server).partyDataSend},
	reflect.TypeFor[*rtapi.Envelope_PartyUpdate]():           {"PartyUpdate", (*Server).partyUpdate},
}

// route finds a message's name and its handler. The name is "" for what no client
// sends.
func route(in *rtapi.Envelope) (name string, h handler) {
	r := routes[reflect.TypeOf(in.Message)]
	return r.name, r.handler
}

// Messages names the messages of Nakama's clients, sorted. All are served.
func Messages() []string {
	var names []string
	for _, r := range routes {
		names = append(names, r.name)
	}
	slices.Sort(names)
	return names
}

// handle takes one message through the hooks and its handler. It returns false when
// the socket is to be closed.
func (s *Server) handle(c *socket, in *rtapi.Envelope) bool {
	if in.Message == nil {
		c.send(failure(in.Cid, rtapi.Error_MISSING_PAYLOAD, "The envelope holds no message."))
		return false
	}
	name, h := route(in)
	if name == "" {
		c.send(failure(in.Cid, rtapi.Error_UNRECOGNIZED_PAYLOAD, "Clients do not send this message."))
		return false
	}
	if s.options.Hooks == nil || name == "Rpc" {
		h(s, c, in)
		return true
	}
	return s.handleHooked(c, name, h, in)
}

func (s *Server) handleHooked(c *socket, name string, h handler, in *rtapi.Envelope) bool {
	cid := in.Cid
	message, err := s.options.Hooks.Before(c.ctx, name, c.caller, in)
	if err != nil {
		if message != nil {
			cid = message.Cid
		}
		c.send(failure(cid, rtapi.Error_RUNTIME_FUNCTION_EXCEPTION, c.errorText(err, "before hook "+name)))
		return true
	}
	if message == nil {
		s.log.Warn("a before hook refused a message", "message", name, "session", c.self.SessionID)
		c.send(failure(cid, rtapi.Error_UNRECOGNIZED_PAYLOAD, "The server has switched "+name+" off."))
		return false
	}
	if after, _ := route(message); after != name {
		s.log.Warn("a before hook returned another message", "message", name, "returned", after)
		c.send(failure(cid, rtapi.Error_RUNTIME_FUNCTION_EXCEPTION, "The before hook of "+name+" returned another message."))
		return true
	}
	if out, ok := h(s, c, message); ok {
		s.options.Hooks.After(c.ctx, name, c.caller, out, message)
	}
	return true
}

// failure is an error envelope.
func failure(cid string, code rtapi.Error_Code, text string) *rtapi.Envelope {
	return &rtapi.Envelope{Cid: cid, Message: &rtapi.Envelope_Error{Error: &rtapi.Error{Code: int32(code), Message: text}}}
}

// refuse answers with an error.
func (c *socket) refuse(cid string, code rtapi.Error_Code, text string) (*rtapi.Envelope, bool) {
	c.send(failure(cid, code, text))
	return nil, false
}

// answer answers a message that went well.
func (c *socket) answer(out *rtapi.Envelope) (*rtapi.Envelope, bool) {
	c.send(out)
	return out, true
}

const internalError = "An internal error occurred; the server's log says more."

// errorText is what a client may know of an error: the text of one that has a code.
// Any other is logged instead, unless it comes of the session's end, which cuts short
// what the client has asked for.
func (c *socket) errorText(err error, doing string) string {
	if coded, ok := status.FromError(err); ok {
		return coded.Message()
	}
	if c.ctx.Err() == nil {
		c.server.log.Error("internal error", "in", doing, "error", err)
	}
	return internalError
}

func (s *Server) ping(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	return c.answer(&rtapi.Envelope{Cid: in.Cid, Message: &rtapi.Envelope_Pong{Pong: &rtapi.Pong{}}})
}

func (s *Server) pong(*socket, *rtapi.Envelope) (*rtapi.Envelope, bool) { return nil, true }

func (s *Server) rpc(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	call := in.GetRpc()
	if call.Id == "" {
		return c.refuse(in.Cid, rtapi.Error_BAD_INPUT, "The RPC has no id.")
	}
	id := strings.ToLower(call.Id)
	if !s.options.Runtime.HasRPC(id) {
		return c.refuse(in.Cid, rtapi.Error_RUNTIME_FUNCTION_NOT_FOUND, "There is no RPC function "+call.Id+".")
	}
	payload, err := s.options.Runtime.RPC(c.ctx, id, c.caller, call.Payload)
	if c.ctx.Err() != nil {
		return nil, false // the session has ended meanwhile, and nobody waits for the answer
	}
	if err != nil {
		return c.refuse(in.Cid, rtapi.Error_RUNTIME_FUNCTION_EXCEPTION, c.errorText(err, "RPC "+id))
	}
	return c.answer(&rtapi.Envelope{Cid: in.Cid, Message: &rtapi.Envelope_Rpc{Rpc: &api.Rpc{Id: call.Id, Payload: payload}}})
}

// codeOf is the realtime code of a service's error.
func codeOf(err error) rtapi.Error_Code {
	if code := status.Code(err); code == codes.InvalidArgument || code == codes.NotFound {
		return rtapi.Error_BAD_INPUT
	}
	return rtapi.Error_RUNTIME_EXCEPTION
}
