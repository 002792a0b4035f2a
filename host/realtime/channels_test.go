package realtime

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/chat"
)

// fakeChannels let everyone into rooms and alice into a direct channel with bob, and send
// what is said to those present.
type fakeChannels struct {
	server *Server
	calls  chan string
}

func (f *fakeChannels) Find(_ context.Context, _, target string, kind chat.Type) (chat.Channel, error) {
	switch {
	case target == "broken":
		return chat.Channel{}, errors.New("secret")
	case kind == chat.TypeRoom:
		return chat.Channel{Kind: chat.Room, Label: target}, nil
	case kind == chat.TypeDirect:
		return chat.Channel{Kind: chat.Direct, Subject: uuid.MustParse(userID("alice")), Subcontext: uuid.MustParse(userID("bob"))}, nil
	}
	return chat.Channel{}, status.Error(codes.InvalidArgument, "no such channel")
}

func (f *fakeChannels) Greet(_ context.Context, channel chat.Channel, userID, username string) error {
	f.calls <- "greet " + channel.ID() + " " + userID + " " + username
	return errors.New("only logged")
}

func (f *fakeChannels) Send(_ context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error) {
	return f.say("send", m)
}

func (f *fakeChannels) Update(_ context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error) {
	if m.Content == `{"absent":1}` {
		return nil, status.Error(codes.NotFound, "no such message")
	}
	return f.say("update "+m.ID, m)
}

func (f *fakeChannels) Remove(_ context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error) {
	return f.say("remove "+m.ID, m)
}

func (f *fakeChannels) say(what string, m chat.Message) (*rtapi.ChannelMessageAck, error) {
	if m.Content == `{"broken":1}` {
		return nil, errors.New("secret")
	}
	kept := ""
	if m.Persistent {
		kept = " kept"
	}
	f.calls <- what + " " + m.SenderID + " " + m.Username + kept
	f.server.ChannelSend(m.Channel, &api.ChannelMessage{ChannelId: m.Channel.ID(), Content: m.Content})
	return &rtapi.ChannelMessageAck{ChannelId: m.Channel.ID(), Persistent: wrapperspb.Bool(m.Persistent)}, nil
}

func (f *fakeChannels) want(t *testing.T, text string) {
	t.Helper()
	select {
	case got := <-f.calls:
		if got != text {
			t.Errorf("asked for %q, want %q", got, text)
		}
	default:
		t.Errorf("not asked for %q", text)
	}
}

const anyMessage = "3f1d3f3c-0000-4000-8000-000000000001"

// Alice and bob meet in a room, where carol is hidden. The answer to a join stands before
// its event, and what is said before the answer to it.
func TestChannels(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob, carol := s.dial("alice", ""), s.dial("bob", "format=protobuf"), s.dial("carol", "")
	const lasting = `{"user_id":"$alice.id","session_id":"$alice.sid","username":"alice","persistence":true}`
	const room = `"id":"2...r","room_name":"r"`
	event := func(change, presence string) string {
		return `{"channel_presence_event":{"channel_id":"2...r","room_name":"r","` + change + `":[` + presence + `]}}`
	}

	carol.write(`{"cid":"1","channel_join":{"target":"r","type":1,"hidden":true}}`)
	carol.want(`{"cid":"1","channel":{` + room + `,"self":{"user_id":"$carol.id","session_id":"$carol.sid","username":"carol","persistence":true}}}`)
	alice.write(`{"cid":"1","channel_join":{"target":"r","type":1}}`)
	alice.want(`{"cid":"1","channel":{` + room + `,"self":` + lasting + `}}`)
	alice.want(event("joins", lasting))
	carol.want(event("joins", lasting), alice)
	bob.write(`{"cid":"1","channel_join":{"target":"r","type":1,"persistence":false}}`)
	bob.want(`{"cid":"1","channel":{`+room+`,"presences":[`+lasting+`],"self":$bob.presence}}`, alice)
	for _, c := range []*client{alice, bob, carol} {
		c.want(event("joins", "$bob.presence"), bob)
	}
	// A second join changes nothing, and finds the user there already.
	alice.write(`{"cid":"2","channel_join":{"target":"r","type":1,"hidden":true}}`)
	frame := alice.read()
	if there := frame["channel"].(map[string]any)["presences"].([]any); len(there) != 2 {
		t.Errorf("there are %v", there)
	}

	alice.write(`{"cid":"3","channel_message_send":{"channel_id":"2...r","content":"{\"n\":1}"}}`)
	for _, c := range []*client{alice, bob, carol} {
		c.want(`{"channel_message":{"channel_id":"2...r","content":"{\"n\":1}"}}`)
	}
	alice.want(`{"cid":"3","channel_message_ack":{"channel_id":"2...r","persistent":true}}`)
	s.channel.want(t, "send "+userID("alice")+" alice kept")
	bob.write(`{"cid":"2","channel_message_update":{"channel_id":"2...r","message_id":"` + anyMessage + `","content":"{}"}}`)
	bob.want(`{"channel_message":{"channel_id":"2...r","content":"{}"}}`)
	bob.want(`{"cid":"2","channel_message_ack":{"channel_id":"2...r","persistent":false}}`)
	s.channel.want(t, "update "+anyMessage+" "+userID("bob")+" bob")
	bob.write(`{"cid":"3","channel_message_remove":{"channel_id":"2...r","message_id":"` + anyMessage + `"}}`)
	bob.skipTo("channel_message_ack")
	s.channel.want(t, "remove "+anyMessage+" "+userID("bob")+" bob")
	for range 2 {
		alice.want(`{"channel_message":{"channel_id":"2...r","content":"{}"}}`)
	}

	bob.write(`{"cid":"4","channel_leave":{"channel_id":"2...r"}}`)
	bob.want(`{"cid":"4"}`)
	alice.want(event("leaves", "$bob.presence"), bob)
	stream := Stream{Mode: StreamChannel, Label: "r"}
	for _, c := range []*client{carol, bob} {
		if err := s.server.StreamUserLeave(stream, userID(c.name), c.sid); err != nil {
			t.Errorf("%s leaves: %v", c.name, err)
		}
	}
	alice.quiet()
	if n := s.server.StreamCount(stream); n != 1 {
		t.Errorf("%d are in the room", n)
	}
}

// Who comes into a direct channel first has the other invited; who comes second does not,
// nor who comes again.
func TestDirectChannel(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	id := "4." + userID("alice") + "." + userID("bob") + "."
	join := func(c *client) {
		t.Helper()
		c.write(`{"cid":"1","channel_join":{"target":"x","type":2}}`)
		channel := c.skipTo("channel")["channel"].(map[string]any)
		if channel["id"] != id || channel["user_id_one"] != userID("alice") || channel["user_id_two"] != userID("bob") {
			t.Errorf("joined %v", channel)
		}
		c.write(`{"cid":"pong","ping":{}}`)
		c.skipTo("pong")
	}
	join(bob)
	s.channel.want(t, "greet "+id+" "+userID("bob")+" bob")
	join(alice)
	join(bob)
	if n := len(s.channel.calls); n != 0 {
		t.Errorf("%d more calls", n)
	}
}

func TestChannelErrors(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice := s.dial("alice", "")
	alice.write(`{"cid":"1","channel_join":{"target":"r","type":1}}`)
	alice.skipTo("channel_presence_event")
	const message = `"message_id":"` + anyMessage + `"`
	for _, test := range []struct {
		send string
		code int
	}{
		{`"channel_join":{"target":"r","type":3}`, 3},
		{`"channel_join":{"target":"broken","type":1}`, 0},
		{`"channel_leave":{"channel_id":"nope"}`, 3},
		{`"channel_message_send":{"channel_id":"nope","content":"{}"}`, 3},
		{`"channel_message_send":{"channel_id":"2...r","content":"[]"}`, 3},
		{`"channel_message_send":{"channel_id":"2...elsewhere","content":"{}"}`, 3},
		{`"channel_message_send":{"channel_id":"2...r","content":"{\"broken\":1}"}`, 0},
		{`"channel_message_update":{"channel_id":"2...r","message_id":"x","content":"{}"}`, 3},
		{`"channel_message_update":{"channel_id":"2...r",` + message + `,"content":"x"}`, 3},
		{`"channel_message_update":{"channel_id":"2...elsewhere",` + message + `,"content":"{}"}`, 3},
		{`"channel_message_update":{"channel_id":"2...r",` + message + `,"content":"{\"absent\":1}"}`, 3},
		{`"channel_message_remove":{"channel_id":"2...r","message_id":"x"}`, 3},
		{`"channel_message_remove":{"channel_id":"2...elsewhere",` + message + `}`, 3},
	} {
		alice.write(`{"cid":"e",` + test.send + `}`)
		frame := alice.read()
		failure, _ := frame["error"].(map[string]any)
		code, _ := failure["code"].(float64)
		if frame["cid"] != "e" || failure == nil || int(code) != test.code || failure["message"] == "secret" {
			t.Errorf("%s: %v", test.send, frame)
		}
	}
	if n := len(s.channel.calls); n != 0 {
		t.Errorf("%d calls", n)
	}
}
