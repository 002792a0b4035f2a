package realtime

import (
	"strconv"
	"testing"

	"nkhost/host/match"
)

// Bob reads only when hundreds of messages have been sent, far more than his connection
// holds. He gets them all, in order, and alice, who reads, was not kept waiting.
func TestWritersWaitForNobody(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.OutgoingQueueSize, o.WriteWait = 600, patience })
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	to := []match.Presence{{SessionID: bob.sid}, {SessionID: alice.sid}}
	data := make([]byte, 30_000)
	const messages = 300
	for i := range messages {
		s.server.Send("m.", to, match.Broadcast{OpCode: int64(i + 1), Data: data})
		inOrder(t, alice, i+1)
	}
	for i := range messages {
		inOrder(t, bob, i+1)
	}
}

func inOrder(t *testing.T, c *client, number int) {
	t.Helper()
	if got := c.read()["match_data"].(map[string]any)["op_code"]; got != strconv.Itoa(number) {
		t.Fatalf("%s got message %v, want %d", c.name, got, number)
	}
}

// Players of a large match get each message of it, in order, whether or not there is a
// moment in which they do not read.
func TestManyGetAll(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.OutgoingQueueSize, o.WriteWait = 1000, patience })
	var clients []*client
	var to []match.Presence
	for i := range 3 * batchSize {
		c := s.dial("player"+strconv.Itoa(i), "")
		clients, to = append(clients, c), append(to, match.Presence{SessionID: c.sid})
	}
	const messages = 100
	for i := range messages {
		s.server.Send("m.", to, match.Broadcast{OpCode: int64(i + 1), Data: make([]byte, 300*(i%7))})
	}
	for _, c := range clients {
		for i := range messages {
			inOrder(t, c, i+1)
		}
	}
}
