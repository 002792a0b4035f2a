package realtime

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/netio"
	"nkhost/host/party"
)

const (
	testNode = "node1"
	patience = 10 * time.Second // how long a test waits for what must come
)

// stage is a server on a port of its own, with fakes around it.
type stage struct {
	t       *testing.T
	server  *Server
	http    *httptest.Server
	matches *fakeMatches
	maker   *fakeMatchmaker
	runtime *fakeRuntime
	channel *fakeChannels
	parties *party.Registry
	tickets *matchmaker.Matchmaker // of the parties
}

func newStage(t *testing.T, change ...func(*Options)) *stage {
	t.Helper()
	s := &stage{
		t:       t,
		matches: &fakeMatches{answers: map[string]func(match.Joiner) (match.JoinResult, error){}, calls: make(chan call, 10_000)},
		maker:   &fakeMatchmaker{calls: make(chan call, 10_000)},
		runtime: &fakeRuntime{block: make(chan struct{})},
		channel: &fakeChannels{calls: make(chan string, 100)},
	}
	options := Options{
		Tokens: fakeTokens{}, Matches: s.matches, Matchmaker: s.maker, Runtime: s.runtime, Users: fakeUsers{}, Channels: s.channel,
		Node: testNode, Now: stageClock,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	s.tickets = matchmaker.New(matchmaker.Config{MaxTickets: 3, MaxIntervals: 2, Now: stageClock}, nil)
	s.parties = party.NewRegistry(party.Options{
		Clients: stageClients{s}, Matchmaker: s.tickets, Node: testNode, Now: stageClock, LabelUpdateInterval: time.Second,
	})
	options.Parties = s.parties
	for _, f := range change {
		f(&options)
	}
	s.server = New(options)
	s.channel.server = s.server
	s.http = httptest.NewUnstartedServer(s.server)
	s.http.Listener = netio.Listener(s.http.Listener)
	s.http.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.server.Close(ctx); err != nil {
			t.Error(err)
		}
		s.http.Close()
		if n := s.parties.Count() + s.tickets.Count(); n != 0 {
			t.Errorf("%d parties or tickets are left", n)
		}
		if n, p := s.server.Sessions(), s.server.Presences(); n != 0 || p != 0 {
			t.Errorf("%d sessions and %d presences are left", n, p)
		}
	})
	return s
}

func stageClock() time.Time { return time.UnixMilli(1_700_000_000_123) }

// stageClients are the sockets as parties know them, which are made before.
type stageClients struct{ stage *stage }

func (c stageClients) SendTo(sessions []string, out *rtapi.Envelope) {
	c.stage.server.SendTo(sessions, out)
}

func (c stageClients) IsOpen(sessionID string) bool { return c.stage.server.IsOpen(sessionID) }

// client is one socket of a test.
type client struct {
	t      *testing.T
	name   string
	conn   *websocket.Conn
	binary bool
	sid    string
}

// dial opens a socket; query is further parameters, such as "status=true".
func (s *stage) dial(name, query string) *client {
	s.t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial(s.url(name, query), nil)
	if err != nil {
		s.t.Fatalf("open a socket for %s: %v %v", name, err, response)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: s.t, name: name, conn: conn, binary: strings.Contains(query, "protobuf")}
	// The session's id is in the answer to a join.
	c.write(`{"cid":"hello","match_join":{"token":"match ` + userID("nobody "+name) + `."}}`)
	frame := c.skipTo("match")
	c.sid = frame["match"].(map[string]any)["self"].(map[string]any)["session_id"].(string)
	c.skipTo("match_presence_event")
	c.write(`{"cid":"bye","match_leave":{"match_id":"` + userID("nobody "+name) + `."}}`)
	for frame["cid"] != "bye" {
		frame = c.read()
	}
	return c
}

func (s *stage) url(name, query string) string {
	return "ws" + strings.TrimPrefix(s.http.URL, "http") + "/ws?token=" + url.QueryEscape("token of "+name) + "&" + query
}

func (c *client) write(text string) {
	c.t.Helper()
	data, kind := []byte(text), websocket.TextMessage
	if c.binary {
		in := &rtapi.Envelope{}
		if err := protojson.Unmarshal(data, in); err != nil {
			c.t.Fatal(err)
		}
		data, _ = proto.Marshal(in)
		kind = websocket.BinaryMessage
	}
	if err := c.conn.WriteMessage(kind, data); err != nil {
		c.t.Fatalf("%s: write: %v", c.name, err)
	}
}

// next reads a frame, or the error with which the socket was closed.
func (c *client) next() (map[string]any, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	_, data, err := c.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	if c.binary {
		out := &rtapi.Envelope{}
		if err := proto.Unmarshal(data, out); err != nil {
			return nil, err
		}
		data, _ = protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.Marshal(out)
	}
	var frame map[string]any
	return frame, json.Unmarshal(data, &frame)
}

func (c *client) read() map[string]any {
	c.t.Helper()
	frame, err := c.next()
	if err != nil {
		c.t.Fatalf("%s: no frame: %v", c.name, err)
	}
	return frame
}

// skipTo reads until a frame has the field.
func (c *client) skipTo(kind string) map[string]any {
	c.t.Helper()
	for {
		if frame := c.read(); frame[kind] != nil {
			return frame
		}
	}
}

// want reads a frame and compares it. In the wanted text $name.id and $name.sid
// stand for a client's user and session.
func (c *client) want(text string, others ...*client) {
	c.t.Helper()
	c.same(c.read(), text, others...)
}

func (c *client) same(got map[string]any, text string, others ...*client) {
	c.t.Helper()
	for _, o := range append(others, c) {
		text = strings.ReplaceAll(text, "$"+o.name+".id", userID(o.name))
		text = strings.ReplaceAll(text, "$"+o.name+".sid", o.sid)
		text = strings.ReplaceAll(text, "$"+o.name+".presence",
			fmt.Sprintf(`{"user_id":%q,"session_id":%q,"username":%q}`, userID(o.name), o.sid, o.name))
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		c.t.Fatalf("%v in %s", err, text)
	}
	dropErrorText(got)
	if !reflect.DeepEqual(got, want) {
		gotText, _ := json.Marshal(got)
		c.t.Fatalf("%s got  %s\n\twants %s", c.name, gotText, text)
	}
}

// dropErrorText leaves an error's code only, when its text is not the point.
func dropErrorText(frame map[string]any) {
	if e, ok := frame["error"].(map[string]any); ok {
		delete(e, "message")
	}
}

// quiet makes sure that nothing has been sent to the socket before now.
func (c *client) quiet() {
	c.t.Helper()
	c.write(`{"cid":"quiet","ping":{}}`)
	c.want(`{"cid":"quiet","pong":{}}`)
}

// closed reads until the server closes the socket and returns the last frames and
// the close frame's text.
func (c *client) closed() (frames []map[string]any, code int, text string) {
	c.t.Helper()
	for {
		frame, err := c.next()
		if err == nil {
			frames = append(frames, frame)
			continue
		}
		closed, ok := err.(*websocket.CloseError)
		if !ok {
			c.t.Fatalf("%s: the server did not close the socket: %v", c.name, err)
		}
		return frames, closed.Code, closed.Text
	}
}

// took waits for a fake's next call.
func took(t *testing.T, calls chan call, what string) call {
	t.Helper()
	for {
		select {
		case got := <-calls:
			if got.what == what {
				return got
			}
		case <-time.After(patience):
			t.Fatalf("nobody was told %q", what)
		}
	}
}

// eventually waits until a count has a value.
func eventually(t *testing.T, what string, count func() int, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience); count() != want; {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d, want %d", what, count(), want)
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *stage) ended(reason CloseReason) func() int {
	return func() int { return s.server.Ended(reason) }
}

func get(t *testing.T, url string, header http.Header) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
