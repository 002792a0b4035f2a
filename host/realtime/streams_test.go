package realtime

import (
	"testing"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A module's stream: members see each other come, change and go, hidden ones are
// seen by nobody but see the others; closing it tells nobody.
func TestStreams(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	stream := Stream{Mode: 123, Subject: uuid.MustParse("4ec4f126-3f9d-11e7-84ef-b7c182b36521"), Label: "room"}
	const wire = `"stream":{"mode":123,"subject":"4ec4f126-3f9d-11e7-84ef-b7c182b36521","label":"room"}`
	before := s.server.Presences()

	join := func(c *client, meta Meta, want bool) {
		t.Helper()
		if isNew, err := s.server.StreamUserJoin(stream, userID(c.name), c.sid, meta); isNew != want || err != nil {
			t.Errorf("join: %v, %v", isNew, err)
		}
	}
	join(bob, Meta{Hidden: true}, true)
	join(bob, Meta{}, false)
	join(alice, Meta{Persistence: true, Status: "s"}, true)
	const persistent = `{"user_id":"$alice.id","session_id":"$alice.sid","username":"alice","persistence":true}`
	for _, c := range []*client{alice, bob} {
		c.want(`{"stream_presence_event":{`+wire+`,"joins":[`+persistent+`]}}`, alice)
	}
	if n := s.server.StreamCount(stream); n != 2 || s.server.Presences() != before+2 {
		t.Errorf("%d on the stream, %d in all", n, s.server.Presences())
	}
	want := Presence{UserID: userID("alice"), SessionID: alice.sid, Username: "alice", Node: testNode, Meta: Meta{Persistence: true, Status: "s"}}
	if list := s.server.StreamUserList(stream, false, true); len(list) != 1 || list[0] != want {
		t.Errorf("listed %+v", list)
	}
	if list := s.server.StreamUserList(stream, true, true); len(list) != 2 {
		t.Errorf("listed %+v", list)
	}

	update := func(c *client, meta Meta) {
		t.Helper()
		if err := s.server.StreamUserUpdate(stream, userID(c.name), c.sid, meta); err != nil {
			t.Error(err)
		}
	}
	update(bob, Meta{})
	alice.want(`{"stream_presence_event":{`+wire+`,"joins":[$bob.presence]}}`, bob)
	update(alice, Meta{})
	alice.want(`{"stream_presence_event":{` + wire + `,"joins":[$alice.presence],"leaves":[` + persistent + `]}}`)
	update(bob, Meta{Hidden: true})
	alice.want(`{"stream_presence_event":{`+wire+`,"leaves":[$bob.presence]}}`, bob)

	data := &rtapi.Envelope{Message: &rtapi.Envelope_StreamData{StreamData: &rtapi.StreamData{Data: "x"}}}
	s.server.StreamSend(stream, nil, data)
	s.server.StreamSend(stream, []Presence{{SessionID: alice.sid}}, data)
	alice.want(`{"stream_data":{"data":"x"}}`)
	alice.want(`{"stream_data":{"data":"x"}}`)
	if err := s.server.SendToSession(bob.sid, data); err != nil {
		t.Error(err)
	}
	bob.skipTo("stream_data")
	bob.want(`{"stream_data":{"data":"x"}}`)
	bob.quiet()

	s.server.StreamUserLeave(stream, userID("bob"), bob.sid)
	s.server.StreamUserLeave(stream, userID("bob"), bob.sid)
	alice.quiet()
	update(bob, Meta{})
	alice.want(`{"stream_presence_event":{`+wire+`,"joins":[$bob.presence]}}`, bob)
	bob.skipTo("stream_presence_event")
	s.server.StreamClose(stream)
	alice.quiet()
	bob.quiet()
	if n := s.server.StreamCount(stream); n != 0 || s.server.Presences() != before {
		t.Errorf("%d on a closed stream, %d in all", n, s.server.Presences())
	}
}

// A stream that a module gives a match's or user's mode has that one's events.
func TestStreamModes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice := s.dial("alice", "")
	subject := uuid.New()
	for mode, want := range map[StreamMode]string{
		StreamMatchRelayed:  `{"match_presence_event":{"match_id":"` + subject.String() + `.","joins":[$alice.presence]}}`,
		StreamNotifications: `{"stream_presence_event":{"stream":{"subject":"` + subject.String() + `"},"joins":[$alice.presence]}}`,
	} {
		if _, err := s.server.StreamUserJoin(Stream{Mode: mode, Subject: subject}, userID("alice"), alice.sid, Meta{}); err != nil {
			t.Error(err)
		}
		alice.want(want)
	}
}

func TestStreamErrors(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.MaxPresences = 2 })
	alice := s.dial("alice", "")
	join := func(mode StreamMode, session string) error {
		_, err := s.server.StreamUserJoin(Stream{Mode: mode}, userID("alice"), session, Meta{Hidden: true})
		return err
	}
	update := func(mode StreamMode, session string) error {
		return s.server.StreamUserUpdate(Stream{Mode: mode}, userID("alice"), session, Meta{Hidden: true})
	}
	for _, test := range []struct {
		name string
		err  error
		want codes.Code
	}{
		{"join gone", join(100, "gone"), codes.NotFound},
		{"update gone", update(100, "gone"), codes.NotFound},
		{"send gone", s.server.SendToSession("gone", nil), codes.NotFound},
		{"join", join(100, alice.sid), codes.OK},
		{"again", join(100, alice.sid), codes.OK},
		{"update", update(100, alice.sid), codes.OK},
		{"one too many", join(101, alice.sid), codes.ResourceExhausted},
		{"one too many by update", update(101, alice.sid), codes.ResourceExhausted},
	} {
		if got := status.Code(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.err, test.want)
		}
	}
	s.server.StreamUserLeave(Stream{Mode: 1}, userID("alice"), "gone")
	if s.server.Online("nonsense") {
		t.Error("nonsense is online")
	}
	if _, ok := s.server.RelayedMatch("nonsense"); ok {
		t.Error("nonsense is a match")
	}
	s.server.MatchEnded("nonsense")
}
