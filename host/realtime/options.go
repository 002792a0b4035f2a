// Package realtime serves sockets: it opens a session for each, decodes envelopes
// and routes them to matches, the matchmaker and RPCs, keeps track of who is
// present on which stream, and writes to each socket through a bounded queue.
//
// A socket has one goroutine of its own, which reads; it lends itself to whatever
// its messages ask for, so that a client's messages are handled one at a time and
// in order. Writing takes a second goroutine for as long as there is something to
// write. Nothing that puts a frame on a socket's queue ever waits for the socket.
package realtime

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/chat"
	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/party"
	"nkhost/host/session"
)

// Tokens says who opens a socket and which match a matchmaker token leads to.
type Tokens interface {
	// CheckSocket returns what a session token says, or an error if it may not open
	// sockets.
	CheckSocket(token string) (*session.Claims, error)
	// CheckMatch returns the match id of a matchmaker token.
	CheckMatch(token string) (matchID string, err error)
}

// Matches are the authoritative matches. No method may call back into the Server
// before it returns, except for the methods of match.Clients.
type Matches interface {
	// JoinAttempt asks a match to let someone in. An error with code NotFound: there
	// is no such match; any other: it takes nobody now.
	JoinAttempt(ctx context.Context, matchID string, joiner match.Joiner) (match.JoinResult, error)
	// Exists says whether there is a match: if so, the Server is told when it ends, by
	// MatchEnded. It is called with the tracker's lock held.
	Exists(matchID string) bool
	// Joined says that a presence that was let in is there.
	Joined(matchID string, p match.Presence)
	Leave(matchID string, leaves []match.Presence)
	SendData(matchID string, m match.Message)
}

// Matchmaker keeps the tickets of sessions. Its errors with code InvalidArgument or
// NotFound are answered as the client's fault.
type Matchmaker interface {
	Add(request matchmaker.AddRequest) (ticket string, err error)
	Remove(sessionID, ticket string) error
	RemoveSession(sessionID string)
}

// Channels are where users talk. Errors with code InvalidArgument or NotFound are answered
// as the client's fault. No method may call back into the Server before it returns, except
// for ChannelSend and Notify.
type Channels interface {
	// Find is the channel that a user means to join.
	Find(ctx context.Context, userID, target string, kind chat.Type) (chat.Channel, error)
	// Greet is told of a user who has come into a direct channel where the other is not.
	Greet(ctx context.Context, channel chat.Channel, userID, username string) error
	Send(ctx context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error)
	Update(ctx context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error)
	Remove(ctx context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error)
}

// Parties are the parties. They may call SendTo and IsOpen of the Server and nothing else.
// Their errors are answered as the client's fault, but for those without a code.
type Parties interface {
	// Create, Admit, Joined, Left, Ended, Accept and Remove are called with the tracker's
	// lock held.
	Create(id string, n party.New) error
	Admit(id string, joiner party.Presence) (in bool, err error)
	Joined(id string, joiner party.Presence)
	Left(id string, leaver party.Presence)
	Ended(id string)

	Accept(id, session string, target party.Presence) error
	Remove(id, session string, target party.Presence) (member bool, err error)
	Promote(id, session string, target party.Presence) error
	Close(id, session string) error
	Requests(id, session string) ([]*rtapi.UserPresence, error)
	MatchmakerAdd(id, session string, request matchmaker.AddRequest) (ticket string, err error)
	MatchmakerRemove(id, session, ticket string) error
	SendData(id, session string, opCode int64, data []byte) error
	Update(id, session, label string, open, hidden bool) error
}

// Runtime holds the RPC functions. Ids are given in lower case.
type Runtime interface {
	HasRPC(id string) bool
	RPC(ctx context.Context, id string, caller *session.Caller, payload string) (string, error)
}

// User is an account that can be followed.
type User struct {
	ID       string
	Username string
}

// Users finds accounts.
type Users interface {
	// Find returns those of the named accounts that exist, each once or more.
	Find(ctx context.Context, ids, usernames []string) ([]User, error)
}

// Hooks run around each message except RPCs. A name is the message's in Nakama's
// spelling, such as "MatchmakerAdd".
type Hooks interface {
	// Before returns the message to handle in place of in, which it may change.
	//   - nil without an error refuses the message and closes the socket;
	//   - an error is answered and the socket stays open. The answer has the cid of
	//     the returned envelope if there is one, else of in.
	// It returns in, nil when there is no hook of that name.
	Before(ctx context.Context, name string, caller *session.Caller, in *rtapi.Envelope) (*rtapi.Envelope, error)
	// After is told of each message that went well. out is nil when it has no answer.
	After(ctx context.Context, name string, caller *session.Caller, out, in *rtapi.Envelope)
}

// Options are what a Server needs and how large its queues are. Sizes and times
// that are zero have Nakama's defaults (socket.*).
type Options struct {
	Tokens     Tokens
	Matches    Matches
	Matchmaker Matchmaker
	Runtime    Runtime
	Users      Users
	Channels   Channels
	Parties    Parties
	Hooks      Hooks // may be nil

	Node string
	// ClientAddr finds the address of who asks; nil takes the connection's.
	ClientAddr func(*http.Request) (ip, port string)
	Now        func() time.Time
	NewID      func() string // of sessions; nil makes random UUIDs
	Log        *slog.Logger

	MaxMessageSize int64 // bytes of one message from a client
	// ReadBufferSize is what each socket keeps for reading, in bytes. Longer messages
	// pass through it; it is 1,024 unless set, a quarter of Nakama's.
	ReadBufferSize    int
	OutgoingQueueSize int // frames that may wait for a socket that is being written to
	WriteWait         time.Duration
	PongWait          time.Duration
	PingPeriod        time.Duration // shorter than PongWait
	// PingBackoffThreshold is after how many messages from a client its next ping is
	// put off.
	PingBackoffThreshold int
	CloseAckWait         time.Duration
	// MaxPresences is how many streams a session may be on, and MaxFollows how many
	// users it may follow; 1,024 and 10,000 unless set. Nakama has no such bounds.
	MaxPresences int
	MaxFollows   int

	SingleSocket bool // a new socket closes the user's other ones (session.single_socket)
	SingleMatch  bool // joining a match leaves the session's other ones (session.single_match)
	SingleParty  bool // joining a party leaves the session's other ones (session.single_party)
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxMessageSize, 4096)
	setDefault(&o.ReadBufferSize, 1024)
	setDefault(&o.OutgoingQueueSize, 64)
	setDefault(&o.WriteWait, 5*time.Second)
	setDefault(&o.PongWait, 25*time.Second)
	setDefault(&o.PingPeriod, 15*time.Second)
	setDefault(&o.PingBackoffThreshold, 20)
	setDefault(&o.CloseAckWait, 2*time.Second)
	setDefault(&o.MaxPresences, 1024)
	setDefault(&o.MaxFollows, 10_000)
	if o.NewID == nil {
		o.NewID = uuid.NewString
	}
	if o.ClientAddr == nil {
		o.ClientAddr = remoteAddr
	}
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func remoteAddr(r *http.Request) (ip, port string) {
	ip, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr, ""
	}
	return ip, port
}

// parseID reads an id in any of the forms that Nakama takes.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil
}
