package realtime

import (
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/rtapi"
)

// TestAnswers sends one envelope and compares the one answer. A code is Nakama's;
// where Nakama leaves the cid out, so do we.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const id = "4ec4f126-3f9d-11e7-84ef-b7c182b36521"
	cases := []struct{ name, in, want string }{
		{"ping", `{"cid":"1","ping":{}}`, `{"cid":"1","pong":{}}`},
		{"no cid", `{"ping":{}}`, `{"pong":{}}`},
		{"spaces", ` { "cid" : "a b" , "ping" : { } } `, `{"cid":"a b","pong":{}}`},
		{"camel case", `{"matchJoin":{"matchId":"x"}}`, `{"error":{"code":3}}`},

		{"rpc", `{"cid":"1","rpc":{"id":"echo","payload":"x"}}`, `{"cid":"1","rpc":{"id":"echo","payload":"x"}}`},
		{"rpc id keeps its case", `{"cid":"1","rpc":{"id":"Echo","payload":"x"}}`, `{"cid":"1","rpc":{"id":"Echo","payload":"x"}}`},
		{"rpc without payload", `{"cid":"1","rpc":{"id":"echo"}}`, `{"cid":"1","rpc":{"id":"echo"}}`},
		{"rpc raises", `{"cid":"1","rpc":{"id":"raise"}}`, `{"cid":"1","error":{"code":7}}`},
		{"rpc raises not found", `{"cid":"1","rpc":{"id":"not found"}}`, `{"cid":"1","error":{"code":7}}`},
		{"rpc fails inside", `{"cid":"1","rpc":{"id":"break"}}`, `{"cid":"1","error":{"code":7}}`},
		{"rpc unknown", `{"cid":"1","rpc":{"id":"none"}}`, `{"cid":"1","error":{"code":6}}`},
		{"rpc empty", `{"cid":"1","rpc":{}}`, `{"cid":"1","error":{"code":3}}`},
		{"rpc answer is binary", `{"cid":"1","rpc":{"id":"binary"}}`, `{"cid":"1","error":{}}`},

		{"join nothing", `{"cid":"1","match_join":{}}`, `{"cid":"1","error":{"code":3}}`},
		{"join no id", `{"cid":"1","match_join":{"match_id":"nope"}}`, `{"cid":"1","error":{"code":3}}`},
		{"join no uuid", `{"cid":"1","match_join":{"match_id":"nope.node1"}}`, `{"cid":"1","error":{"code":3}}`},
		{"join unknown", `{"cid":"1","match_join":{"match_id":"` + id + `.node1"}}`, `{"cid":"1","error":{"code":4}}`},
		{"join elsewhere", `{"cid":"1","match_join":{"match_id":"` + id + `.node2"}}`, `{"cid":"1","error":{"code":4}}`},
		{"join relayed unknown", `{"cid":"1","match_join":{"match_id":"` + id + `."}}`, `{"cid":"1","error":{"code":4}}`},
		{"join bad token", `{"cid":"1","match_join":{"token":"nope"}}`, `{"cid":"1","error":{"code":3}}`},
		{"join token of no id", `{"cid":"1","match_join":{"token":"match nope"}}`, `{"cid":"1","error":{"code":3}}`},
		{"leave no id", `{"cid":"1","match_leave":{}}`, `{"cid":"1","error":{"code":3}}`},
		{"leave unknown", `{"cid":"1","match_leave":{"match_id":"` + id + `.node1"}}`, `{"cid":"1"}`},
		{"data no id", `{"cid":"1","match_data_send":{"match_id":"nope"}}`, `{"error":{"code":3}}`},
		{"data empty", `{"cid":"1","match_data_send":{}}`, `{"error":{"code":3}}`},

		{"ticket", `{"cid":"1","matchmaker_add":{"min_count":2,"max_count":2}}`, `{"cid":"1","matchmaker_ticket":{"ticket":"ticket-1"}}`},
		{"ticket counts", `{"cid":"1","matchmaker_add":{}}`, `{"cid":"1","error":{"code":3}}`},
		{"ticket query", `{"cid":"1","matchmaker_add":{"min_count":2,"query":"bad"}}`, `{"cid":"1","error":{}}`},
		{"ticket fails inside", `{"cid":"1","matchmaker_add":{"min_count":2,"query":"broken"}}`, `{"cid":"1","error":{}}`},
		{"ticket removed", `{"cid":"1","matchmaker_remove":{"ticket":"ticket-1"}}`, `{"cid":"1"}`},
		{"ticket unknown", `{"cid":"1","matchmaker_remove":{}}`, `{"cid":"1","error":{"code":3}}`},

		{"follow nobody", `{"cid":"1","status_follow":{}}`, `{"cid":"1","status":{}}`},
		{"follow no id", `{"cid":"1","status_follow":{"user_ids":["x"]}}`, `{"cid":"1","error":{"code":3}}`},
		{"follow no name", `{"cid":"1","status_follow":{"usernames":[""]}}`, `{"cid":"1","error":{"code":3}}`},
		{"follow oneself", `{"cid":"1","status_follow":{"user_ids":["` + userID("alice") + `"],"usernames":["alice"]}}`, `{"cid":"1","status":{}}`},
		{"follow strangers", `{"cid":"1","status_follow":{"user_ids":["` + id + `"],"usernames":["zed"]}}`, `{"cid":"1","status":{}}`},
		{"follow the system", `{"cid":"1","status_follow":{"user_ids":["00000000-0000-0000-0000-000000000000"]}}`, `{"cid":"1","status":{}}`},
		{"follow fails inside", `{"cid":"1","status_follow":{"usernames":["broken"]}}`, `{"cid":"1","error":{}}`},
		{"unfollow nobody", `{"cid":"1","status_unfollow":{}}`, `{"cid":"1"}`},
		{"unfollow no id", `{"cid":"1","status_unfollow":{"user_ids":["x"]}}`, `{"cid":"1","error":{"code":3}}`},
		{"unfollow strangers", `{"cid":"1","status_unfollow":{"user_ids":["` + id + `"]}}`, `{"cid":"1"}`},
		{"status too long", `{"cid":"1","status_update":{"status":"` + strings.Repeat("x", 2049) + `"}}`, `{"cid":"1","error":{"code":3}}`},
		{"no status", `{"cid":"1","status_update":{}}`, `{"cid":"1"}`},
	}
	s := newStage(t)
	for _, format := range []string{"json", "protobuf"} {
		c := s.dial("alice", "format="+format)
		for _, test := range cases {
			t.Run(format+"/"+test.name, func(t *testing.T) {
				c.t = t
				c.write(test.in)
				c.want(test.want)
			})
		}
	}
}

// TestSilence sends envelopes that have no answer.
func TestSilence(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.dial("alice", "")
	for _, in := range []string{
		`{"cid":"1","pong":{}}`,
		`{"cid":"1","match_data_send":{"match_id":"4ec4f126-3f9d-11e7-84ef-b7c182b36521.node1"}}`,
		`{"cid":"1","match_data_send":{"match_id":"4ec4f126-3f9d-11e7-84ef-b7c182b36521."}}`,
	} {
		c.write(in)
	}
	c.quiet()
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.dial("alice", "")
	for in, want := range map[string]string{
		`{"rpc":{"id":"raise"}}`:             "told to raise",
		`{"rpc":{"id":"break"}}`:             "An internal error occurred; the server's log says more.",
		`{"rpc":{"id":"Nope"}}`:              "There is no RPC function Nope.",
		`{"matchmaker_add":{"min_count":1}}`: "counts",
	} {
		c.write(in)
		if got := c.read()["error"].(map[string]any)["message"]; got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// Each of Nakama's messages is one that clients may send, or one that only the server does.
func TestEveryMessageIsKnown(t *testing.T) {
	t.Parallel()
	sent := strings.Fields(`channel channel_message channel_message_ack channel_presence_event error match match_data
		match_presence_event matchmaker_matched matchmaker_ticket notifications status status_presence_event stream_data
		stream_presence_event party party_leader party_join_request party_matchmaker_ticket party_data party_presence_event`)
	fields := (&rtapi.Envelope{}).ProtoReflect().Descriptor().Oneofs().ByName("message").Fields()
	if served := fields.Len() - len(sent); served != len(routes) {
		t.Errorf("%d messages are served, want %d", len(routes), served)
	}
	for i := range fields.Len() {
		field := fields.Get(i)
		in := &rtapi.Envelope{}
		in.ProtoReflect().Set(field, in.ProtoReflect().NewField(field))
		name, h := route(in)
		if served := name != ""; served == slices.Contains(sent, string(field.Name())) {
			t.Errorf("%s is served: %t", field.Name(), served)
		}
		if name != "" && (h == nil || name != string(field.Message().Name())) {
			t.Errorf("%s is known to hooks as %q", field.Name(), name)
		}
	}
}

// TestCloses sends what makes the server close the socket: the last frames before
// that, and the reason that the close frame gives.
func TestCloses(t *testing.T) {
	t.Parallel()
	long := `{"cid":"` + strings.Repeat("x", 4096) + `","ping":{}}`
	for _, test := range []struct {
		name, in string
		kind     int
		reason   CloseReason
		code     int
		answer   string
	}{
		{"empty", ``, 1, MessageMalformed, 1000, ""},
		{"no object", `5`, 1, MessageMalformed, 1000, ""},
		{"null", `null`, 1, MessageMalformed, 1000, ""},
		{"half", `{`, 1, MessageMalformed, 1000, ""},
		{"two", `{"ping":{}} {}`, 1, MessageMalformed, 1000, ""},
		{"unknown field", `{"ping":{"x":1}}`, 1, MessageMalformed, 1000, ""},
		{"duplicate key", `{"cid":"1","cid":"2","ping":{}}`, 1, MessageMalformed, 1000, ""},
		{"two messages", `{"ping":{},"pong":{}}`, 1, MessageMalformed, 1000, ""},
		{"wrong type", `{"match_join":{"match_id":5}}`, 1, MessageMalformed, 1000, ""},
		{"not base64", `{"match_data_send":{"data":"####"}}`, 1, MessageMalformed, 1000, ""},
		{"no message", `{"cid":"1"}`, 1, MessageRefused, 1000, `{"cid":"1","error":{"code":2}}`},
		{"an answer", `{"cid":"1","match":{}}`, 1, MessageRefused, 1000, `{"cid":"1","error":{"code":1}}`},
		{"an event", `{"cid":"1","notifications":{}}`, 1, MessageRefused, 1000, `{"cid":"1","error":{"code":1}}`},
		{"binary", `{"cid":"1","ping":{}}`, 2, MessageTypeWrong, 1000, ""},
		{"too long", long, 1, MessageTooLong, 1009, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			c := s.dial("alice", "")
			if err := c.conn.WriteMessage(test.kind, []byte(test.in)); err != nil {
				t.Fatal(err)
			}
			frames, code, text := c.closed()
			if code != test.code || text != test.reason.how().text {
				t.Errorf("closed with %d %q, want %d %q", code, text, test.code, test.reason.how().text)
			}
			if test.answer == "" && len(frames) > 0 || test.answer != "" && len(frames) != 1 {
				t.Fatalf("%d frames before the close: %v", len(frames), frames)
			}
			if test.answer != "" {
				c.same(frames[0], test.answer)
			}
			eventually(t, test.reason.String(), s.ended(test.reason), 1)
			eventually(t, "sessions", s.server.Sessions, 0)
		})
	}
}

// TestProtobufCloses: a socket in protobuf takes no text and no JSON.
func TestProtobufCloses(t *testing.T) {
	t.Parallel()
	for kind, reason := range map[int]CloseReason{websocket.TextMessage: MessageTypeWrong, websocket.BinaryMessage: MessageMalformed} {
		s := newStage(t)
		c := s.dial("alice", "format=protobuf")
		if err := c.conn.WriteMessage(kind, []byte(`{"cid":"1","ping":{}}`)); err != nil {
			t.Fatal(err)
		}
		if _, _, text := c.closed(); text != reason.how().text {
			t.Errorf("closed with %q, want %q", text, reason.how().text)
		}
	}
}

// TestLongestMessage: 4,096 bytes pass, in one frame or in pieces.
func TestLongestMessage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	c := s.dial("alice", "")
	payload := strings.Repeat("x", 4096-len(`{"rpc":{"id":"echo","payload":""}}`))
	in := `{"rpc":{"id":"echo","payload":"` + payload + `"}}`
	c.write(in)
	c.want(in)
	w, err := c.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(in); i += 1000 {
		if _, err := w.Write([]byte(in[i:min(i+1000, len(in))])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.want(in)
}
