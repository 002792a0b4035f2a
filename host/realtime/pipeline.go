package realtime

import (
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

// route finds a message's name, as hooks know it, and its handler. The handler is
// nil for what nkhost does not serve; the name is "" for what no client sends.
func route(in *rtapi.Envelope) (name string, h handler) {
	switch in.Message.(type) {
	case *rtapi.Envelope_MatchDataSend:
		return "MatchDataSend", (*Server).matchDataSend
	case *rtapi.Envelope_MatchCreate:
		return "MatchCreate", (*Server).matchCreate
	case *rtapi.Envelope_MatchJoin:
		return "MatchJoin", (*Server).matchJoin
	case *rtapi.Envelope_MatchLeave:
		return "MatchLeave", (*Server).matchLeave
	case *rtapi.Envelope_MatchmakerAdd:
		return "MatchmakerAdd", (*Server).matchmakerAdd
	case *rtapi.Envelope_MatchmakerRemove:
		return "MatchmakerRemove", (*Server).matchmakerRemove
	case *rtapi.Envelope_Rpc:
		return "Rpc", (*Server).rpc
	case *rtapi.Envelope_Ping:
		return "Ping", (*Server).ping
	case *rtapi.Envelope_Pong:
		return "Pong", (*Server).pong
	case *rtapi.Envelope_StatusFollow:
		return "StatusFollow", (*Server).statusFollow
	case *rtapi.Envelope_StatusUnfollow:
		return "StatusUnfollow", (*Server).statusUnfollow
	case *rtapi.Envelope_StatusUpdate:
		return "StatusUpdate", (*Server).statusUpdate
	}
	return unserved(in), nil
}

// unserved names the messages that Nakama serves and nkhost does not.
func unserved(in *rtapi.Envelope) string {
	switch in.Message.(type) {
	case *rtapi.Envelope_ChannelJoin:
		return "ChannelJoin"
	case *rtapi.Envelope_ChannelLeave:
		return "ChannelLeave"
	case *rtapi.Envelope_ChannelMessageSend:
		return "ChannelMessageSend"
	case *rtapi.Envelope_ChannelMessageUpdate:
		return "ChannelMessageUpdate"
	case *rtapi.Envelope_ChannelMessageRemove:
		return "ChannelMessageRemove"
	case *rtapi.Envelope_PartyCreate:
		return "PartyCreate"
	case *rtapi.Envelope_PartyJoin:
		return "PartyJoin"
	case *rtapi.Envelope_PartyLeave:
		return "PartyLeave"
	case *rtapi.Envelope_PartyPromote:
		return "PartyPromote"
	case *rtapi.Envelope_PartyAccept:
		return "PartyAccept"
	case *rtapi.Envelope_PartyRemove:
		return "PartyRemove"
	case *rtapi.Envelope_PartyClose:
		return "PartyClose"
	case *rtapi.Envelope_PartyJoinRequestList:
		return "PartyJoinRequestList"
	case *rtapi.Envelope_PartyMatchmakerAdd:
		return "PartyMatchmakerAdd"
	case *rtapi.Envelope_PartyMatchmakerRemove:
		return "PartyMatchmakerRemove"
	case *rtapi.Envelope_PartyDataSend:
		return "PartyDataSend"
	case *rtapi.Envelope_PartyUpdate:
		return "PartyUpdate"
	}
	return ""
}

// Messages names the messages of Nakama's clients that are served and those that are
// not yet, each sorted.
func Messages() (served, planned []string) {
	kinds := (&rtapi.Envelope{}).ProtoReflect().Descriptor().Oneofs().ByName("message").Fields()
	for i := range kinds.Len() {
		in := (&rtapi.Envelope{}).ProtoReflect()
		in.Set(kinds.Get(i), in.NewField(kinds.Get(i)))
		switch name, h := route(in.Interface().(*rtapi.Envelope)); {
		case name == "":
		case h != nil:
			served = append(served, name)
		default:
			planned = append(planned, name)
		}
	}
	slices.Sort(served)
	slices.Sort(planned)
	return served, planned
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
	if h == nil {
		c.send(failure(in.Cid, rtapi.Error_UNRECOGNIZED_PAYLOAD, "nkhost does not serve "+name+" yet."))
		return true
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
		c.send(failure(cid, rtapi.Error_RUNTIME_FUNCTION_EXCEPTION, s.errorText(err, "before hook "+name)))
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

// errorText is what a client may know of an error: the text of one that has a code.
// Any other is logged instead.
func (s *Server) errorText(err error, doing string) string {
	if coded, ok := status.FromError(err); ok {
		return coded.Message()
	}
	s.log.Error("internal error", "in", doing, "error", err)
	return "An internal error occurred; the server's log says more."
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
	if err != nil {
		return c.refuse(in.Cid, rtapi.Error_RUNTIME_FUNCTION_EXCEPTION, s.errorText(err, "RPC "+id))
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
