package realtime

import "github.com/gorilla/websocket"

// CloseReason says why a session ended.
type CloseReason uint8

// The reasons for which a session ends.
const (
	StillOpen CloseReason = iota
	ClientClosed
	ConnectionLost
	PongTimeout
	WriteFailed
	SlowClient
	MessageMalformed
	MessageTypeWrong
	MessageTooLong
	ProtocolBroken
	MessageRefused
	SessionDisconnected
	OtherSocketOpened
	UserBanned
	MatchFailed
	ServerClosing
	InternalFault
	closeReasons
)

// closing is how a socket is closed for a reason.
type closing struct {
	name string
	// code and text are those of the close frame. Without a text none is sent:
	// nobody is there to read it, or the WebSocket library has sent one.
	code int
	text string
	// notice is the code of a notification that goes before the close frame.
	notice int32
	warn   bool // the log should show it
}

// how follows Nakama in that a close by the server has code 1000, so that clients which
// tell a clean close from a broken one see the same. Only a server that closes says so.
func (r CloseReason) how() closing {
	const normal = websocket.CloseNormalClosure
	return [closeReasons]closing{
		StillOpen:           {name: "open"},
		ClientClosed:        {name: "client_closed"},
		ConnectionLost:      {name: "connection_lost"},
		PongTimeout:         {"pong_timeout", normal, "no pong in time", 0, false},
		WriteFailed:         {name: "write_failed"},
		SlowClient:          {"slow_client", normal, "session outgoing queue full", 0, true},
		MessageMalformed:    {"message_malformed", normal, "received malformed payload", 0, true},
		MessageTypeWrong:    {"message_type_wrong", normal, "received unexpected WebSocket message type", 0, true},
		MessageTooLong:      {name: "message_too_long", warn: true},
		ProtocolBroken:      {name: "protocol_broken", warn: true},
		MessageRefused:      {"message_refused", normal, "error processing message", 0, true},
		SessionDisconnected: {"session_disconnected", normal, "server-side session disconnect", 0, false},
		OtherSocketOpened:   {"other_socket_opened", normal, "server-side session disconnect", noticeSingleSocket, false},
		UserBanned:          {"user_banned", normal, "server-side session disconnect", noticeUserBanned, false},
		MatchFailed:         {"match_failed", normal, "match failed", 0, false},
		ServerClosing:       {"server_closing", websocket.CloseGoingAway, "server closing", 0, false},
		InternalFault:       {"internal_fault", normal, "internal error", 0, true},
	}[r]
}

// The codes of Nakama's notifications that announce a close.
const (
	noticeSingleSocket int32 = -7
	noticeUserBanned   int32 = -8
)

// noticeSubjects are the subjects of those notifications.
func noticeSubject(code int32) string {
	if code == noticeUserBanned {
		return "banned"
	}
	return "single_socket"
}

// String returns the name by which logs and counts know the reason.
func (r CloseReason) String() string { return r.how().name }
