package match

import (
	"context"

	"nkhost/host/session"
)

// Handler is the code of one match: Nakama's seven callbacks. Its methods are
// called by one goroutine at a time, not always the same one. Their context ends
// when the match is stopped; a method that waits does so within Yield.
//
// State is whatever the callback before returned. A nil state without an error
// ends the match silently; an error ends it and disconnects its clients.
type Handler interface {
	// Init returns the first state, the tick rate (1 to 60 a second) and the label.
	Init(ctx context.Context, params map[string]any) (state any, tickRate int, label string, err error)
	JoinAttempt(ctx context.Context, tick int64, state any, joiner Joiner) (newState any, verdict Verdict, err error)
	Join(ctx context.Context, tick int64, state any, joins []Presence) (any, error)
	Leave(ctx context.Context, tick int64, state any, leaves []Presence) (any, error)
	// Loop runs at the tick rate. messages is reused: it is valid during the call.
	Loop(ctx context.Context, tick int64, state any, messages []Message) (any, error)
	Signal(ctx context.Context, tick int64, state any, data string) (newState any, answer string, err error)
	Terminate(ctx context.Context, tick int64, state any, graceSeconds int) (any, error)
	// Close lets go of what the handler holds. No method is called after it.
	Close()
}

// NewHandler makes the handler of a new match of the named module. It returns an
// error with code NotFound when there is no such module.
type NewHandler func(ctx context.Context, module, matchID string, dispatcher Dispatcher) (Handler, error)

// Dispatcher is what a match's callbacks can ask of their match. Its methods may
// only be called while a callback runs.
type Dispatcher interface {
	// Broadcast sends to the given members, or to all if to is nil. Presences that
	// are not members are passed over. sender may be nil.
	Broadcast(message Broadcast) error
	// BroadcastDeferred does so after the callback has returned. It fails when
	// match.deferred_queue_size messages wait already.
	BroadcastDeferred(message Broadcast) error
	Kick(presences []Presence) error
	UpdateLabel(label string) error
}

// Broadcast is a message from a match to its members.
type Broadcast struct {
	OpCode   int64
	Data     []byte
	To       []Presence // nil: everyone in the match; empty: nobody
	Sender   *Presence  // nil: the match itself
	Reliable bool
}

// Presence is one member of a match: a user on one socket.
type Presence struct {
	UserID    string
	SessionID string
	Username  string
	Node      string
	Reason    Reason // why the presence joined or left
}

// Reason says why a presence appeared or went, by Nakama's numbers.
type Reason int

// The reasons of presence events.
const (
	ReasonUnknown Reason = iota
	ReasonJoin
	ReasonUpdate
	ReasonLeave
	ReasonDisconnect
)

// Joiner asks to join a match.
type Joiner struct {
	Presence Presence
	Caller   *session.Caller
	Metadata map[string]string
}

// Verdict is a match's answer to a Joiner.
type Verdict struct {
	Allow  bool
	Reason string // why not; may be empty
}

// Message is data that a member sent to its match.
type Message struct {
	Sender        Presence
	OpCode        int64
	Data          []byte
	Reliable      bool
	ReceiveTimeMs int64 // Unix milliseconds
}
