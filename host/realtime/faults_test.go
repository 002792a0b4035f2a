package realtime

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/session"
)

// rpcFunc is a Runtime with one RPC of every name.
type rpcFunc func(ctx context.Context, id string) (string, error)

func (rpcFunc) HasRPC(string) bool { return true }

func (f rpcFunc) RPC(ctx context.Context, id string, _ *session.Caller, _ string) (string, error) {
	return f(ctx, id)
}

// lockedLog is a log that may be read while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) contains(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// Alice's RPC panics: she gets an error and is closed by name, the log says where, and
// bob notices nothing.
func TestPanicEndsOneSession(t *testing.T) {
	t.Parallel()
	log := &lockedLog{}
	s := newStage(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(log, nil))
		o.Runtime = rpcFunc(func(context.Context, string) (string, error) { panic("broken") })
	})
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	alice.write(`{"cid":"1","rpc":{"id":"x"}}`)
	frames, code, text := alice.closed()
	if code != 1000 || text != "internal error" || len(frames) != 1 {
		t.Fatalf("closed with %d %q after %v", code, text, frames)
	}
	alice.same(frames[0], `{"cid":"1","error":{}}`)
	eventually(t, InternalFault.String(), s.ended(InternalFault), 1)
	if !log.contains("panicked") || !log.contains("faults_test.go") {
		t.Error("the log does not say where")
	}
	bob.quiet()
}

// What the end of a session cuts short is no fault of the host's, and not logged as one.
func TestCallsCutShortAreNoErrors(t *testing.T) {
	t.Parallel()
	log := &lockedLog{}
	called, returned := make(chan struct{}), make(chan struct{})
	s := newStage(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(log, nil))
		o.Runtime = rpcFunc(func(ctx context.Context, _ string) (string, error) {
			close(called)
			<-ctx.Done()
			defer close(returned)
			return "", ctx.Err()
		})
	})
	alice := s.dial("alice", "")
	alice.write(`{"rpc":{"id":"x"}}`)
	<-called
	s.server.DisconnectSession(alice.sid, match.ReasonDisconnect)
	<-returned
	alice.closed()
	if err := s.server.Close(t.Context()); err != nil { // waits for the reader
		t.Error(err)
	}
	if log.contains("internal error") {
		t.Error("the log has an internal error")
	}
}

// A match kicks many at once, one of them twice: it is told of all in one call, since
// it only takes so many.
func TestKickIsOneLeave(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.matches.open(letIn(""))
	var members []match.Presence
	for i := range 5 {
		c := s.dial(fmt.Sprint("player", i), "")
		c.write(`{"match_join":{"match_id":"` + id + `"}}`)
		c.skipTo("match_presence_event")
		members = append(members, match.Presence{UserID: userID(c.name), SessionID: c.sid, Node: testNode})
	}
	before := s.server.Presences()
	s.server.Kick(id, append(members, members[0]))
	left := took(t, s.matches.calls, "leave "+id).leaves
	if len(left) != len(members) || left[4].SessionID != members[4].SessionID || left[4].Reason != match.ReasonLeave {
		t.Errorf("the match was left by %+v", left)
	}
	if n := before - s.server.Presences(); n != len(members) {
		t.Errorf("%d presences went, want %d", n, len(members))
	}
}

// A match ends between letting alice in and her entering. She has her answer, as if it
// ended a moment later, but is on no stream that nobody would ever close.
func TestMatchEndsBeforeItIsEntered(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var id string
	id = s.matches.open(func(match.Joiner) (match.JoinResult, error) {
		s.matches.end(id, s.server)
		return match.JoinResult{Allow: true, IsNew: true}, nil
	})
	alice := s.dial("alice", "")
	before := s.server.Presences()
	alice.write(`{"cid":"1","match_join":{"match_id":"` + id + `"}}`)
	alice.want(`{"cid":"1","match":{"match_id":"` + id + `","authoritative":true,"label":"","self":$alice.presence}}`)
	alice.quiet()
	if n := s.server.Presences(); n != before {
		t.Errorf("%d presences, %d before", n, before)
	}
}

// A match has alice as a member of whom no socket knows, as after a join that she gave
// up. When she asks again she enters.
func TestMemberWithoutAPresenceEnters(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.matches.open(func(j match.Joiner) (match.JoinResult, error) {
		return match.JoinResult{Allow: true, Presences: []match.Presence{j.Presence}}, nil
	})
	alice := s.dial("alice", "")
	alice.write(`{"cid":"1","match_join":{"match_id":"` + id + `"}}`)
	alice.want(`{"cid":"1","match":{"match_id":"` + id + `","authoritative":true,"label":"","size":1,"presences":[$alice.presence],"self":$alice.presence}}`)
	alice.want(`{"match_presence_event":{"match_id":"` + id + `","joins":[$alice.presence]}}`)
	took(t, s.matches.calls, "joined "+id)
	alice.write(`{"match_data_send":{"match_id":"` + id + `"}}`)
	took(t, s.matches.calls, "data "+id)
}

// A client on a slow link reads all the time, but all that waits for it takes it longer
// than the write wait.
func TestSlowLinkIsNotCutOff(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.WriteWait = 600 * time.Millisecond })
	c := s.dial("alice", "")
	socket, conn := s.server.find(c.sid), c.conn.NetConn()
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	_ = socket.out.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(64 << 10)
	const size, frames, perSecond = 60_000, 60, 2_000_000
	frame := append([]byte{0x82, 126, size >> 8, size & 0xff}, make([]byte, size)...)
	for range frames {
		socket.enqueue(frame)
	}
	total, buffer := 0, make([]byte, 64<<10)
	for began := time.Now(); total < frames*len(frame); {
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		n, err := conn.Read(buffer)
		if total += n; err != nil {
			t.Fatalf("after %d bytes and %v: %v; %d writes failed", total, time.Since(began), err, s.server.Ended(WriteFailed))
		}
		time.Sleep(time.Second * time.Duration(n) / perSecond) // the link
	}
}

// While an RPC runs no pong is read. However the calls lie between pings, a client that
// answers them is not taken for dead.
func TestLongCallsAreNoSilence(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		calls int
		took  time.Duration
	}{{1, 550 * time.Millisecond}, {5, 180 * time.Millisecond}} {
		t.Run(fmt.Sprint(test.calls, " calls"), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(o *Options) { // in Nakama's proportions: 15 s and 25 s
				o.PingPeriod, o.PongWait = 600*time.Millisecond, time.Second
				o.Runtime = rpcFunc(func(context.Context, string) (string, error) {
					time.Sleep(test.took)
					return "", nil
				})
			})
			c := s.dial("alice", "")
			time.Sleep(500 * time.Millisecond) // the ping comes during the call
			for range test.calls {
				c.write(`{"cid":"1","rpc":{"id":"x"}}`)
			}
			for range test.calls {
				c.want(`{"cid":"1","rpc":{"id":"x"}}`)
			}
			c.quiet()
		})
	}
}

// With single_socket, of two sockets that are opened at once exactly one stays open.
func TestSingleSocketsOpenedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.SingleSocket = true })
	for i := range 50 {
		name := fmt.Sprint("user", i)
		user, _ := parseID(userID(name))
		var dials sync.WaitGroup
		var conns [2]*websocket.Conn
		for k := range conns {
			dials.Go(func() { conns[k], _, _ = websocket.DefaultDialer.Dial(s.url(name, ""), nil) })
		}
		dials.Wait()
		eventually(t, "sockets of "+name, func() int { return len(s.server.tracker.sockets(user)) }, 1)
		eventually(t, "closed sockets", s.ended(OtherSocketOpened), i+1)
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
}

// Following again those who are followed already needs no room.
func TestFollowingAgainAtTheLimit(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.MaxFollows = 2 })
	c := s.dial("dave", "")
	for range 2 {
		c.write(`{"cid":"1","status_follow":{"usernames":["alice","bob"]}}`)
		c.want(`{"cid":"1","status":{}}`)
	}
	c.write(`{"cid":"2","status_follow":{"usernames":["alice","carol"]}}`)
	c.want(`{"cid":"2","error":{}}`)
}

// expiringTokens hold until a time.
type expiringTokens struct {
	fakeTokens
	now    func() time.Time
	expiry int64
}

func (e expiringTokens) CheckSocket(token string) (*session.Claims, error) {
	if e.now().Unix() >= e.expiry {
		return nil, status.Error(codes.Unauthenticated, "expired")
	}
	claims, err := e.fakeTokens.CheckSocket(token)
	if err == nil {
		claims.Expiry = e.expiry
	}
	return claims, err
}

// A session token opens sockets until it expires. A socket that is open stays so and
// does all it could, as on Nakama.
func TestSocketOutlivesItsToken(t *testing.T) {
	t.Parallel()
	var seconds atomic.Int64
	seconds.Store(1000)
	now := func() time.Time { return time.Unix(seconds.Load(), 0) }
	s := newStage(t, func(o *Options) {
		o.Now = now
		o.Tokens = expiringTokens{now: now, expiry: 1060}
	})
	alice := s.dial("alice", "")
	seconds.Store(2000)
	if got := get(t, strings.Replace(s.url("alice", ""), "ws", "http", 1), nil); got != 401 {
		t.Errorf("a new socket got status %d", got)
	}
	alice.write(`{"cid":"1","match_join":{"token":"match ` + uuid.NewString() + `."}}`)
	alice.skipTo("match_presence_event")
	alice.write(`{"cid":"2","rpc":{"id":"echo"}}`)
	alice.want(`{"cid":"2","rpc":{"id":"echo"}}`)
	if expiry := s.runtime.last.Expiry; expiry != 1060 {
		t.Errorf("the RPC's caller has the expiry %d", expiry)
	}
}
