package realtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// What a batch writes at once, and what it leaves to goroutines that wait, make the whole,
// for each client its own.
func TestBatchWritesAll(t *testing.T) {
	t.Parallel()
	for _, ringless := range []bool{false, true} {
		t.Run(fmt.Sprint("ringless ", ringless), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(o *Options) { o.WriteWait = patience })
			b := &batch{ringless: ringless}
			defer b.close()
			var clients []*client
			var wanted [][]byte
			for i, test := range []struct{ frames, size int }{{1, 10}, {3, 10}, {100, 3000}, {3, 2 * maxChunk}, {1, 64 << 20}, {5000, 4000}, {0, 0}} {
				var frames [][]byte
				for n := range test.frames {
					frames = append(frames, numbered(i<<16+n, test.size))
				}
				c := s.dial(fmt.Sprint("player", i), "")
				c.queue(s, b, frames)
				clients, wanted = append(clients, c), append(wanted, bytes.Join(frames, nil))
			}
			b.write()
			if len(b.sockets)+len(b.writes)+len(b.again) > 0 {
				t.Errorf("the batch is not empty: %d sockets, %d writes, %d again", len(b.sockets), len(b.writes), len(b.again))
			}
			if large := s.server.find(clients[4].sid); !large.isFlushed() {
				t.Error("a connection took all of 64 MB that nobody reads; it was to take a part")
			}
			for i, c := range clients {
				got := make([]byte, len(wanted[i]))
				_ = c.conn.NetConn().SetReadDeadline(time.Now().Add(patience))
				if _, err := io.ReadFull(c.conn.NetConn(), got); err != nil {
					t.Fatal(c.name, err)
				}
				if !bytes.Equal(got, wanted[i]) {
					t.Errorf("%s got other bytes than were written", c.name)
				}
			}
		})
	}
}

// A client to whom nothing can be written any more loses its session, and keeps nobody else
// from getting theirs.
func TestBatchWithoutAConnection(t *testing.T) {
	t.Parallel()
	for _, ringless := range []bool{false, true} {
		s := newStage(t)
		b := &batch{ringless: ringless}
		defer b.close()
		var clients []*client
		for i := range 2 * worthRing {
			c := s.dial(fmt.Sprint("player", i), "")
			c.queue(s, b, [][]byte{numbered(i, 10), numbered(i, 20)})
			clients = append(clients, c)
		}
		_ = s.server.find(clients[1].sid).out.(interface{ CloseWrite() error }).CloseWrite()
		b.write()
		for i, c := range clients {
			if i == 1 {
				continue
			}
			got := make([]byte, 30)
			_ = c.conn.NetConn().SetReadDeadline(time.Now().Add(patience))
			if _, err := io.ReadFull(c.conn.NetConn(), got); err != nil || !bytes.Equal(got, append(numbered(i, 10), numbered(i, 20)...)) {
				t.Errorf("ringless %v: %s got %v, %v", ringless, c.name, got, err)
			}
		}
		eventually(t, WriteFailed.String(), s.ended(WriteFailed), 1)
	}
}

// isFlushed says whether somebody writes to the socket.
func (s *socket) isFlushed() bool {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return s.outbox.flusher
}

// More may come than the queue holds while a batch is on its way: no client is waited for.
func TestBatchIsNotSlow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		waits, cut bool
	}{{false, false}, {true, true}} {
		s := newStage(t, func(o *Options) { o.OutgoingQueueSize = 4 })
		c := s.dial("alice", "")
		c.queue(s, &batch{}, [][]byte{controlFrame(websocket.PongMessage, nil)})
		socket := s.server.find(c.sid)
		frames := socket.take(test.waits)
		for range 5 {
			socket.enqueue(controlFrame(websocket.PongMessage, nil))
		}
		if cut := socket.outbox.closed(); cut != test.cut {
			t.Errorf("written by waiting %v: cut off %v, want %v", test.waits, cut, test.cut)
		}
		socket.flushSoon(frames)
	}
}

// queue makes a batch the flusher of a client's socket, for which frames wait, as soon as
// the socket's last answer is out.
func (c *client) queue(s *stage, b *batch, frames [][]byte) {
	c.t.Helper()
	socket := s.server.find(c.sid)
	eventually(c.t, "flushers", func() int {
		if socket.isFlushed() {
			return 1
		}
		return 0
	}, 0)
	socket.outbox.mu.Lock()
	defer socket.outbox.mu.Unlock()
	socket.outbox.waiting, socket.outbox.flusher = frames, true
	b.sockets = append(b.sockets, socket)
}

// numbered is a frame unlike the others.
func numbered(number, size int) []byte {
	frame := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(number)), size/4+1)
	return frame[:size]
}
