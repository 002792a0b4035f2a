package realtime

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"nkhost/host/match"
)

// Bob does not read. A match broadcasts to him and Alice: he is cut off by name
// when his queue is full, at once to the match; Alice gets every message, and no
// broadcast waits for him.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.OutgoingQueueSize = 8; o.WriteWait = patience })
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	id := s.matches.open(letIn(""))
	var members []match.Presence
	for _, c := range []*client{alice, bob} {
		c.write(`{"match_join":{"match_id":"` + id + `"}}`)
		c.skipTo("match_presence_event")
		members = append(members, match.Presence{UserID: userID(c.name), SessionID: c.sid, Node: testNode})
	}
	alice.skipTo("match_presence_event")

	data := make([]byte, 300_000)
	sent := 0
	for ; s.server.Ended(SlowClient) == 0; sent++ {
		if sent == 1000 {
			t.Fatal("bob was never cut off")
		}
		s.server.Send(id, members, match.Broadcast{OpCode: int64(sent + 1), Data: data})
		alice.skipTo("match_data")
	}
	alice.skipTo("match_presence_event")
	if left := took(t, s.matches.calls, "leave "+id).leaves; left[0].SessionID != bob.sid || left[0].Reason != match.ReasonDisconnect {
		t.Errorf("the match was left by %+v", left)
	}
	if n := s.server.Sessions(); n != 1 {
		t.Errorf("%d sessions are open", n)
	}
	frames, code, text := bob.closed() // reads at last
	if code != 1000 || text != "session outgoing queue full" {
		t.Errorf("closed with %d %q", code, text)
	}
	if len(frames) >= sent {
		t.Errorf("all %d frames came through", len(frames))
	}
}

// A client that never reads again is given up on after the write wait.
func TestWriteWait(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) {
		o.WriteWait = 20 * time.Millisecond
		o.CloseAckWait = 20 * time.Millisecond
		o.OutgoingQueueSize = 1000
	})
	bob := s.dial("bob", "")
	data := make([]byte, 300_000)
	for s.server.Sessions() > 0 {
		s.server.Send("m.", []match.Presence{{SessionID: bob.sid}}, match.Broadcast{Data: data})
		time.Sleep(time.Millisecond)
	}
	if n := s.server.Ended(WriteFailed); n != 1 {
		t.Errorf("%d sessions ended as %v", n, WriteFailed)
	}
}

// What a match sends in one go arrives whole and in order, though it is written many
// frames at a time.
func TestBurst(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice := s.dial("alice", "")
	const rounds, burst = 20, 60 // a burst fits the queue, whoever is scheduled when
	for round := range rounds {
		for i := range burst {
			s.server.Send("m.", []match.Presence{{SessionID: alice.sid}}, match.Broadcast{OpCode: int64(round*burst + i + 1)})
		}
		for i := range burst {
			want := strconv.Itoa(round*burst + i + 1)
			if got := alice.read()["match_data"].(map[string]any)["op_code"]; got != want {
				t.Fatalf("got message %v, want %v", got, want)
			}
		}
	}
}

// The queue's bound holds for frames whose writing has begun, and a multiple of it
// for those that the host has not got round to.
func TestQueueBounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		writing bool
		fits    int
	}{{true, 4}, {false, 4 * unstarted}} {
		s := New(Options{OutgoingQueueSize: 4, Matchmaker: &fakeMatchmaker{calls: make(chan call, 10)}, Log: discard()})
		c := idleSocket(s)
		c.outbox.flusher, c.outbox.writing = true, test.writing
		for range test.fits {
			c.enqueue([]byte("x"))
		}
		if n := len(c.outbox.waiting); n != test.fits || c.outbox.state != taking {
			t.Errorf("writing %v: %d frames wait, want %d; state %d", test.writing, n, test.fits, c.outbox.state)
		}
		c.outbox.mu.Lock()
		c.outbox.state = sealed // there is no connection to close
		c.outbox.mu.Unlock()
	}
}

// Alice answers pings and stays; her own ping is answered with its text. Bob does
// not answer and is closed.
func TestPingAndPong(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.PingPeriod, o.PongWait = 10*time.Millisecond, time.Second })
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	bob.conn.SetPingHandler(func(string) error { return nil })

	pinged, ponged := make(chan struct{}, 10_000), make(chan string, 1)
	answer := alice.conn.PingHandler()
	alice.conn.SetPingHandler(func(data string) error { pinged <- struct{}{}; return answer(data) })
	alice.conn.SetPongHandler(func(data string) error { ponged <- data; return nil })
	if err := alice.conn.WriteControl(websocket.PingMessage, []byte("hi"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	aliceRead := make(chan struct{})
	go func() {
		defer close(aliceRead)
		_, _ = alice.next() // answers pings until the socket is closed
	}()

	if _, _, text := bob.closed(); text != "no pong in time" {
		t.Errorf("bob was closed with %q", text)
	}
	if n := s.server.Ended(PongTimeout); n != 1 {
		t.Errorf("%d sessions ended as %v", n, PongTimeout)
	}
	if got := <-ponged; got != "hi" {
		t.Errorf("ponged with %q", got)
	}
	for range 30 {
		select {
		case <-pinged:
		case <-aliceRead:
			t.Fatal("alice was closed, too")
		}
	}
	s.server.DisconnectSession(alice.sid, match.ReasonDisconnect)
	<-aliceRead
}

func TestClientCloses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob, carol := s.dial("alice", ""), s.dial("bob", ""), s.dial("carol", "")
	payload := websocket.FormatCloseMessage(websocket.CloseGoingAway, "bye")
	if err := alice.conn.WriteControl(websocket.CloseMessage, payload, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, code, text := alice.closed(); code != websocket.CloseGoingAway || text != "" {
		t.Errorf("the close frame was answered with %d %q", code, text)
	}
	_ = bob.conn.Close()
	if _, err := carol.conn.NetConn().Write([]byte{0xff, 0x80, 0, 0, 0, 0}); err != nil { // no such op code
		t.Fatal(err)
	}
	if _, code, _ := carol.closed(); code != websocket.CloseProtocolError {
		t.Errorf("closed with %d", code)
	}
	eventually(t, "sessions", s.server.Sessions, 0)
	for _, reason := range []CloseReason{ClientClosed, ConnectionLost, ProtocolBroken} {
		if n := s.server.Ended(reason); n != 1 {
			t.Errorf("%d sessions ended as %v", n, reason)
		}
	}
}

// Opening sockets: what is refused and with which status.
func TestOpen(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.ClientAddr = func(*http.Request) (string, string) { return "10.0.0.1", "" } })
	good := "token=" + strings.ReplaceAll("token of alice", " ", "+")
	for _, test := range []struct {
		query, authorization string
		want                 int
	}{
		{"", "", 401},
		{"token=", "", 401},
		{"token=nope", "", 401},
		{good + "&format=xml", "", 400},
		{"format=xml", "", 400},
		{good, "", 400}, // not a WebSocket handshake
		{good, "Basic eA==", 401},
		{good, "Bearer nope", 401},
		{"", "bearer token of alice", 401},
		{"", "Bearer token of alice", 400},
	} {
		header := http.Header{}
		if test.authorization != "" {
			header.Set("Authorization", test.authorization)
		}
		if got := get(t, s.http.URL+"/ws?"+test.query, header); got != test.want {
			t.Errorf("%q %q: status %d, want %d", test.query, test.authorization, got, test.want)
		}
	}

	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/ws?status=maybe&lang=", http.Header{"Authorization": {"Bearer token of alice"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	c := &client{t: t, name: "alice", conn: conn}
	c.write(`{"rpc":{"id":"echo"}}`)
	c.want(`{"rpc":{"id":"echo"}}`)
	if caller := s.runtime.last; caller.Lang != "en" || caller.ClientIP != "10.0.0.1" || caller.Headers != nil || caller.UserID != userID("alice") {
		t.Errorf("the RPC was called by %+v", caller)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "format=protobuf")
	closed := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		closed <- s.server.Close(ctx)
	}()
	for _, c := range []*client{alice, bob} {
		if _, code, text := c.closed(); code != websocket.CloseGoingAway || text != "server closing" {
			t.Errorf("closed with %d %q", code, text)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := get(t, s.http.URL+"/ws?token=x", nil); got != http.StatusServiceUnavailable {
		t.Errorf("a new socket got status %d", got)
	}
}

// A client that does not answer the close frame does not hold Close up.
func TestCloseGivesUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.CloseAckWait = time.Hour })
	s.dial("alice", "")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.server.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 had not ended") {
		t.Errorf("closing said %v", err)
	}
}

// A session is on so many streams and follows so many users at most.
func TestBounds(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.MaxPresences, o.MaxFollows = 2, 1 })
	alice := s.dial("alice", "")
	alice.write(`{"match_create":{}}`)
	alice.skipTo("match_presence_event")
	alice.write(`{"cid":"1","match_create":{}}`)
	alice.want(`{"cid":"1","error":{}}`)
	alice.write(`{"cid":"2","status_update":{"status":"x"}}`)
	alice.want(`{"cid":"2","error":{}}`)
	id := s.matches.open(letIn(""))
	alice.write(`{"cid":"3","match_join":{"match_id":"` + id + `"}}`)
	alice.want(`{"cid":"3","error":{}}`)
	took(t, s.matches.calls, "leave "+id)
	alice.write(`{"cid":"4","match_join":{"token":"match ` + uuid.NewString() + `."}}`)
	alice.want(`{"cid":"4","error":{}}`)
	alice.write(`{"cid":"5","status_follow":{"usernames":["bob","carol"]}}`)
	alice.want(`{"cid":"5","error":{}}`)
	alice.write(`{"cid":"6","status_follow":{"usernames":["bob"]}}`)
	alice.want(`{"cid":"6","status":{}}`)
}
