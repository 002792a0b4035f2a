package realtime

import (
	"context"
	"errors"
	"sync"

	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/match"
	"nkhost/host/session"
)

// Local is a session without a connection: who opened it calls Handle where a client
// would write, and is given what a client would read. In everything else it is a session
// like any other.
type Local struct {
	socket *socket
}

// OpenLocal opens a session for a caller, who has a user id and a session id. receive is
// given each envelope in order; it must not block nor call back into the Server.
func (s *Server) OpenLocal(caller *session.Caller, receive func(*rtapi.Envelope)) (*Local, error) {
	user, ok := parseID(caller.UserID)
	if !ok {
		return nil, errors.New("open a session: the user id is not a UUID")
	}
	c := &socket{
		server: s, format: formatProtobuf, user: user, caller: caller, receive: receive,
		self: match.Presence{UserID: caller.UserID, SessionID: caller.SessionID, Username: caller.Username, Node: s.options.Node},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if !s.admit(c, 0) {
		c.cancel()
		return nil, errors.New("open a session: the server is closing")
	}
	s.greet(c, true)
	return &Local{c}, nil
}

// Handle does what a message from the client asks for, and returns when that is done. A
// session that a message may end is closed then, as a socket would be.
func (l *Local) Handle(in *rtapi.Envelope) {
	c := l.socket
	if c.outbox.closed() {
		return
	}
	if !c.server.handle(c, in) {
		c.end(MessageRefused, match.ReasonDisconnect)
	}
}

// Close ends the session as a lost connection does.
func (l *Local) Close() { l.socket.end(ConnectionLost, match.ReasonDisconnect) }

// Open reports whether the session goes on.
func (l *Local) Open() bool { return !l.socket.outbox.closed() }

// deliver gives a local session what a frame holds.
func (s *socket) deliver(frame []byte) {
	if frame[0]&0x0f != byte(formatProtobuf.messageType()) {
		return // a close frame
	}
	size := 2
	switch frame[1] {
	case 126:
		size = 4
	case 127:
		size = frameHeaderSize
	}
	if out, err := s.format.decode(frame[size:]); err == nil {
		s.receive(out)
	}
}

// endings counts the sessions that end in a goroutine of their own.
type endings struct {
	mu    sync.Mutex
	begun uint64
	open  int
	none  chan struct{} // closed when none is open any more; nil while nobody waits
}

func (e *endings) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begun++
	e.open++
}

func (e *endings) done() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open--; e.open == 0 && e.none != nil {
		close(e.none)
		e.none = nil
	}
}

// wait waits until no session is ending, and says how many have begun to.
func (e *endings) wait(ctx context.Context) (begun uint64, err error) {
	for {
		e.mu.Lock()
		if e.open == 0 {
			defer e.mu.Unlock()
			return e.begun, nil
		}
		if e.none == nil {
			e.none = make(chan struct{})
		}
		none := e.none
		e.mu.Unlock()
		select {
		case <-none:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// AwaitEndings waits until no session is just being ended by others than its client, and
// returns how many ever were: if the number is the same later, nothing has happened.
func (s *Server) AwaitEndings(ctx context.Context) (uint64, error) { return s.endings.wait(ctx) }
