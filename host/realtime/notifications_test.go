package realtime

import (
	"testing"

	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/api"
)

func notice(subject string) []*api.Notification {
	return []*api.Notification{{Id: "1", Subject: subject, Content: "{}", Code: 5}}
}

// Alice hears of what is sent to her on both of her sockets, bob does not; all hear
// of what is sent to all.
func TestNotify(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, phone, bob := s.dial("alice", ""), s.dial("alice", "format=protobuf"), s.dial("bob", "")
	s.server.Notify(userID("alice"), notice("one"))
	s.server.Notify("no id", notice("lost"))
	s.server.Notify(userID("carol"), notice("lost"))
	s.server.NotifyAll(notice("all"))
	want := func(subject string) string {
		return `{"notifications":{"notifications":[{"id":"1","subject":"` + subject + `","content":"{}","code":5}]}}`
	}
	for _, c := range []*client{alice, phone} {
		c.want(want("one"))
		c.want(want("all"))
	}
	bob.want(want("all"))
}

// A user's socket opens, and at that moment something is sent to the user: it was once
// lost when the client was quicker to see the socket open than the host to know it.
func TestASocketThatIsOpenIsReached(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for range 100 {
		conn, _, err := websocket.DefaultDialer.Dial(s.url("alice", ""), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.server.Notify(userID("alice"), notice("hello"))
		c := &client{t: t, name: "alice", conn: conn}
		if frame := c.read(); frame["notifications"] == nil {
			t.Fatalf("received %v", frame)
		}
		_ = conn.Close()
	}
}
