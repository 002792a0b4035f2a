package realtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
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

// What an attempt says it has left, and what has arrived before, make the whole.
func TestWriteAttempt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ frames, size int }{{1, 10}, {3, 10}, {100, 3000}, {3, 2 * maxChunk}, {1, 64 << 20}, {5000, 4000}} {
		t.Run(fmt.Sprint(test.frames, " of ", test.size), func(t *testing.T) {
			t.Parallel()
			here, there := connected(t)
			raw := rawConn(here)
			if raw == nil {
				t.Skip("connections are written to by goroutines of their own here")
			}
			var frames [][]byte
			for i := range test.frames {
				frames = append(frames, numbered(i, test.size))
			}
			want := bytes.Join(frames, nil)
			rest := newWriteAttempt().write(raw, frames)
			left := bytes.Join(rest, nil)
			if len(want) > 32<<20 && len(left) == 0 {
				t.Error("the connection took all of it; it was to take a part")
			}
			got := make([]byte, len(want)-len(left))
			if _, err := io.ReadFull(there, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(append(got, left...), want) {
				t.Error("what arrived and what is left are not what was written")
			}
		})
	}
}

func TestWriteAttemptAtClosedConnection(t *testing.T) {
	t.Parallel()
	here, _ := connected(t)
	raw := rawConn(here)
	if raw == nil {
		t.Skip("connections are written to by goroutines of their own here")
	}
	_ = here.Close()
	if rest := newWriteAttempt().write(raw, [][]byte{{1}, {2}}); len(rest) != 2 {
		t.Errorf("%d frames are left, want 2", len(rest))
	}
}

// numbered is a frame unlike the others.
func numbered(number, size int) []byte {
	frame := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(number)), size/4+1)
	return frame[:size]
}

// connected returns both ends of a TCP connection.
func connected(t *testing.T) (here, there net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if there, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if here, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = here.Close(), there.Close() })
	return here, there
}
