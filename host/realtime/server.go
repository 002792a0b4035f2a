package realtime

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"nkhost/host/match"
	"nkhost/host/netio"
	"nkhost/host/session"
)

// Server is the /ws endpoint and all its sessions.
type Server struct {
	options  Options
	log      *slog.Logger
	tracker  *tracker
	upgrader websocket.Upgrader
	buffers  sync.Pool      // *bytes.Buffer, for reading a message
	running  sync.WaitGroup // all goroutines
	endings  endings
	writers  *writers

	mu      sync.RWMutex
	sockets map[string]*socket // by session id, until their goroutine ends
	opened  uint64             // sockets ever
	closed  bool

	open atomic.Int64
	ends [closeReasons]atomic.Int64
}

// New returns a server without sessions.
func New(options Options) *Server {
	options = options.withDefaults()
	s := &Server{
		options: options,
		log:     options.Log,
		tracker: newTracker(&options),
		upgrader: websocket.Upgrader{
			ReadBufferSize: options.ReadBufferSize,
			// Frames are written past the library, so that no socket needs a buffer.
			WriteBufferPool: &sync.Pool{},
			CheckOrigin:     func(*http.Request) bool { return true },
		},
		buffers: sync.Pool{New: func() any { return &bytes.Buffer{} }},
		sockets: map[string]*socket{},
	}
	s.writers = newWriters(&s.running)
	return s
}

// ServeHTTP opens a session. The URL's parameters are Nakama's: token (or a bearer
// token in the header), format (json, protobuf), lang (default en) and status
// (whether the user appears online). It refuses an unknown format with 400, a token
// that does not hold with 401, and everything with 503 once Close was called.
//
// It returns as soon as the socket is open, which sets the HTTP server's own
// goroutine and buffers for the connection free.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.isClosed() {
		http.Error(w, "The server is closing.", http.StatusServiceUnavailable)
		return
	}
	query := r.URL.Query()
	format, ok := parseFormat(query.Get("format"))
	if !ok {
		http.Error(w, `Invalid format: it is "json" or "protobuf".`, http.StatusBadRequest)
		return
	}
	claims, err := s.options.Tokens.CheckSocket(bearer(r))
	if err != nil {
		http.Error(w, "Missing or invalid token.", http.StatusUnauthorized)
		return
	}
	user, ok := parseID(claims.UserID)
	if !ok {
		http.Error(w, "The token's user id is not a UUID.", http.StatusUnauthorized)
		return
	}
	held := &heldHandshake{ResponseWriter: w}
	conn, err := s.upgrader.Upgrade(held, r, nil)
	if err != nil {
		s.log.Debug("could not upgrade to a WebSocket", "error", err) // Upgrade has answered
		return
	}
	ip, port := s.options.ClientAddr(r)
	c := s.newSocket(conn, held.conn.Conn, format, user, &session.Caller{
		UserID:     claims.UserID,
		Username:   claims.Username,
		Vars:       claims.Vars,
		Expiry:     claims.Expiry,
		SessionID:  s.newSessionID(),
		Lang:       language(query.Get("lang")),
		ClientIP:   ip,
		ClientPort: port,
	})
	status, _ := strconv.ParseBool(query.Get("status"))
	s.start(c, held.conn.take(), status)
}

// bearer is the request's session token. A header that is no bearer token is none
// at all, even beside a token parameter.
func bearer(r *http.Request) string {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return r.URL.Query().Get("token")
	}
	token, _ := strings.CutPrefix(header[0], "Bearer ")
	if len(token) == len(header[0]) {
		return ""
	}
	return token
}

// language clones, lest a session keep its whole URL in memory.
func language(lang string) string {
	if lang == "" {
		return "en"
	}
	return strings.Clone(lang)
}

func (s *Server) newSocket(conn *websocket.Conn, out net.Conn, format format, user uuid.UUID, caller *session.Caller) *socket {
	c := &socket{
		server: s, conn: conn, out: out, fd: netio.FD(out), format: format, user: user, caller: caller,
		self: match.Presence{UserID: caller.UserID, SessionID: caller.SessionID, Username: caller.Username, Node: s.options.Node},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.pings = time.AfterFunc(s.options.PingPeriod, c.ping)
	return c
}

// start makes the session known, and then answers the handshake and lets it read.
func (s *Server) start(c *socket, handshake []byte, status bool) {
	// The handshake goes out before all frames, as the first of them.
	c.outbox.waiting, c.outbox.flusher = [][]byte{handshake}, true
	if !s.admit(c, 2) {
		c.cancel()
		c.pings.Stop()
		_ = c.conn.Close()
		return
	}
	s.greet(c, status)
	go c.flush(nil)
	go c.run()
}

// admit makes a session known that has so many goroutines, unless the server is closing.
func (s *Server) admit(c *socket, goroutines int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.opened++
	c.order = s.opened
	s.sockets[c.self.SessionID] = c
	s.running.Add(goroutines)
	s.open.Add(1)
	return true
}

// greet puts a new session on its user's streams. It is on none yet, so that neither
// can fail.
func (s *Server) greet(c *socket, status bool) {
	_, _ = s.tracker.track(c, notificationStream(c.user), c.self.UserID, Meta{Hidden: true}, nil)
	if status {
		_, _ = s.tracker.track(c, statusStream(c.user), c.self.UserID, Meta{}, nil)
	}
	if s.options.SingleSocket {
		endOlder(s.tracker.sockets(c.user))
	}
	s.log.Debug("session started", "session", c.self.SessionID, "user", c.self.UserID)
}

// endOlder ends all sockets of a user but the newest, which need not be the one that is
// just being started: two may be at the same time.
func endOlder(sockets []*socket) {
	var newest uint64
	for _, c := range sockets {
		newest = max(newest, c.order)
	}
	for _, c := range sockets {
		if c.order != newest {
			c.endSoon(OtherSocketOpened)
		}
	}
}

func (s *Server) isClosed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closed
}

func (s *Server) find(sessionID string) *socket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sockets[sessionID]
}

func (s *Server) ended(reason CloseReason) {
	s.open.Add(-1)
	s.ends[reason].Add(1)
}

func (s *Server) forget(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, c.self.SessionID)
}

// Sessions is how many sessions are open.
func (s *Server) Sessions() int { return int(s.open.Load()) }

// Presences is how many presences there are on all streams together.
func (s *Server) Presences() int { return s.tracker.presences() }

// Ended is how many sessions have ended for a reason since the start.
func (s *Server) Ended(reason CloseReason) int { return int(s.ends[reason].Load()) }

// Online reports whether a user has a socket with a status.
func (s *Server) Online(userID string) bool {
	user, ok := parseID(userID)
	return ok && s.tracker.online(user)
}

// DisconnectSession ends a session, if it is open, and reports whether it was.
// Matches are given leave as the reason of its leaving.
func (s *Server) DisconnectSession(sessionID string, leave match.Reason) bool {
	c := s.find(sessionID)
	if c == nil {
		return false
	}
	c.end(SessionDisconnected, leave)
	return true
}

// DisconnectUser ends all sessions of a user: with UserBanned each is told so.
func (s *Server) DisconnectUser(userID string, reason CloseReason) {
	user, ok := parseID(userID)
	if !ok {
		return
	}
	for _, c := range s.tracker.sockets(user) {
		c.end(reason, match.ReasonDisconnect)
	}
}

// Close refuses new sockets, sends those that are open a close frame and waits for
// them to end. When ctx ends first it closes what is left of the connections and
// returns an error that says how many there were.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	sockets := slices.Collect(maps.Values(s.sockets))
	s.mu.Unlock()
	for _, c := range sockets {
		c.end(ServerClosing, match.ReasonDisconnect)
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		s.writers.close()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.sockets {
		netio.CutOff(c.out)
	}
	return fmt.Errorf("close sockets: %d had not ended in time: %w", len(s.sockets), ctx.Err())
}
