package realtime

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/match"
	"nkhost/host/session"
)

// socket is one client's session. Its goroutine is run; all else is called by
// whoever has something for it.
type socket struct {
	server *Server
	conn   *websocket.Conn // nil of a session without a connection
	// receive takes what such a session is sent.
	receive func(*rtapi.Envelope)
	out     net.Conn // what conn writes to, for whole frames
	fd      int      // out's, for the server's writers; netio.NoFD if they cannot use it
	format  format
	user    uuid.UUID
	self    match.Presence  // without a reason
	caller  *session.Caller // never changed
	ctx     context.Context // ends with the session
	cancel  context.CancelFunc

	outbox      outbox
	nextToWrite *socket // in the writers' queue, which it belongs to

	pings    *time.Timer
	received int           // messages since the ping was last put off; the reader's
	busy     time.Duration // spent on messages since then; the reader's
	order    uint64        // in which the sockets were opened

	ending sync.Once

	// Guarded by tracker.mu.
	presences []*presence
	follows   map[uuid.UUID]struct{}
	gone      bool // the session has ended
}

// run reads until the session ends, and then until the client has answered the
// close frame.
func (s *socket) run() {
	defer s.server.running.Done()
	s.conn.SetReadLimit(s.server.options.MaxMessageSize)
	s.conn.SetPongHandler(func(string) error { s.alive(); return nil })
	s.conn.SetPingHandler(s.pong)
	s.conn.SetCloseHandler(func(code int, _ string) error {
		s.outbox.echo(code)
		return nil
	})
	s.alive()

	reason := s.read()
	s.end(reason, match.ReasonDisconnect)
	s.drain(reason)
	s.finish()
}

// read handles messages until the session ends, and says why it should.
func (s *socket) read() CloseReason {
	for {
		if reason := s.readOne(); reason != StillOpen {
			return reason
		}
	}
}

// readOne handles one message. A panic costs the client its session, and nobody else
// anything.
func (s *socket) readOne() (reason CloseReason) {
	var in *rtapi.Envelope
	defer func() {
		if fault := recover(); fault != nil {
			s.server.log.Error("a message's handling panicked", "session", s.self.SessionID, "user", s.self.UserID,
				"panic", fault, "stack", string(debug.Stack()))
			s.send(failure(in.GetCid(), rtapi.Error_RUNTIME_EXCEPTION, internalError))
			reason = InternalFault
		}
	}()
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return readFailure(err)
	}
	if s.outbox.closed() {
		return SessionDisconnected
	}
	if kind != s.format.messageType() {
		return MessageTypeWrong
	}
	in, err = s.next(r)
	switch {
	case errors.Is(err, errMalformed):
		return MessageMalformed
	case err != nil:
		return readFailure(err)
	}
	if s.received++; s.received >= s.server.options.PingBackoffThreshold {
		s.alive()
	}
	return s.serve(in)
}

// serve handles a message that has been read. Pongs are not read meanwhile: before that
// could look as if the client sent none, patience begins anew.
func (s *socket) serve(in *rtapi.Envelope) CloseReason {
	began := time.Now()
	if !s.server.handle(s, in) {
		return MessageRefused
	}
	s.busy += time.Since(began)
	if o := &s.server.options; s.busy > (o.PongWait-o.PingPeriod)/2 {
		s.alive()
	}
	return StillOpen
}

var errMalformed = errors.New("malformed message")

// next reads one message through a borrowed buffer, so that a socket that waits
// holds none.
func (s *socket) next(r io.Reader) (*rtapi.Envelope, error) {
	buffer := s.server.buffers.Get().(*bytes.Buffer)
	defer s.server.buffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(r); err != nil {
		return nil, err
	}
	in, err := s.format.decode(buffer.Bytes())
	if err != nil {
		s.server.log.Warn("received a malformed message", "session", s.self.SessionID, "user", s.self.UserID, "error", err)
		return nil, errMalformed
	}
	return in, nil
}

func readFailure(err error) CloseReason {
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		return ClientClosed
	case errors.Is(err, websocket.ErrReadLimit):
		return MessageTooLong
	case errors.As(err, &network) && network.Timeout():
		return PongTimeout
	case closed != nil, network != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ConnectionLost
	}
	return ProtocolBroken
}

// alive puts the next ping and the end of patience off.
func (s *socket) alive() {
	s.received, s.busy = 0, 0
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	if s.outbox.state != taking {
		return
	}
	s.pings.Reset(s.server.options.PingPeriod)
	_ = s.conn.SetReadDeadline(time.Now().Add(s.server.options.PongWait))
}

// ping is sent once; the pong sets the timer again.
func (s *socket) ping() { s.enqueue(controlFrame(websocket.PingMessage, nil)) }

func (s *socket) pong(data string) error {
	s.enqueue(controlFrame(websocket.PongMessage, []byte(data)))
	return nil
}

// send puts one message on the socket's queue.
func (s *socket) send(out *rtapi.Envelope) {
	frame, err := encodeFrame(envelope{out}, s.format)
	if err != nil {
		s.server.log.Warn("an answer could not be encoded", "session", s.self.SessionID, "error", err)
		frame, err = encodeFrame(envelope{failure(out.Cid, rtapi.Error_RUNTIME_EXCEPTION, "The answer is not UTF-8 text.")}, s.format)
	}
	if err == nil {
		s.enqueue(frame)
	}
}

// end ends the session, once: it takes the session out of all that knows it and
// lets what waits for the client and a close frame go out. Whoever calls it second
// waits until that is done. The caller must not hold the tracker's lock.
func (s *socket) end(reason CloseReason, leave match.Reason) {
	s.ending.Do(func() {
		reason = s.outbox.cause(reason)
		how := reason.how()
		s.cancel()
		s.server.options.Matchmaker.RemoveSession(s.self.SessionID)
		s.server.tracker.untrackSocket(s, leave)
		s.server.ended(reason)
		s.close(how, s.notice(how))
		if s.receive != nil {
			s.server.forget(s)
		} else {
			s.pings.Stop()
		}
		level := slog.LevelDebug
		if how.warn {
			level = slog.LevelWarn
		}
		s.server.log.Log(context.Background(), level, "session ended",
			"reason", how.name, "session", s.self.SessionID, "user", s.self.UserID)
	})
}

// endSoon is end for callers who hold locks or must not wait.
func (s *socket) endSoon(reason CloseReason) {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	if s.outbox.state == taking {
		s.stop(reason)
	}
}

// stop lets nothing more in and ends the session in a goroutine of its own.
// outbox.mu is held, and the outbox is taking, so that the reader is running.
func (s *socket) stop(reason CloseReason) {
	s.outbox.state, s.outbox.why = stopped, reason
	s.server.running.Add(1)
	s.server.endings.begin()
	go func() {
		defer s.server.running.Done()
		defer s.server.endings.done()
		s.end(reason, match.ReasonDisconnect)
	}()
}

// notice is the frame that announces a close, or nil.
func (s *socket) notice(how closing) []byte {
	if how.notice == 0 {
		return nil
	}
	out := &rtapi.Envelope{Message: &rtapi.Envelope_Notifications{Notifications: &rtapi.Notifications{
		Notifications: []*api.Notification{{
			Id: s.server.options.NewID(), Subject: noticeSubject(how.notice), Content: "{}", Code: how.notice,
			CreateTime: &timestamppb.Timestamp{Seconds: s.server.options.Now().Unix()},
		}},
	}}}
	frame, _ := encodeFrame(envelope{out}, s.format) // its text is our own
	return frame
}

// drain waits for the client's close frame, and until then drops what it sends.
// Without that a close frame might be lost with the connection.
func (s *socket) drain(reason CloseReason) {
	switch reason {
	case ClientClosed, ConnectionLost, WriteFailed, PongTimeout:
		return
	case MessageTooLong, ProtocolBroken:
		_, _ = io.Copy(io.Discard, s.conn.NetConn())
		return
	}
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			return
		}
	}
}
