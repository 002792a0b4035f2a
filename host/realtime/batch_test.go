package realtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
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
	socket := s.server.find(c.sid)
	socket.outbox.mu.Lock()
	defer socket.outbox.mu.Unlock()
	for socket.outbox.flusher {
		socket.outbox.mu.Unlock()
		runtime.Gosched()
		socket.outbox.mu.Lock()
	}
	socket.outbox.waiting, socket.outbox.flusher = frames, true
	b.sockets = append(b.sockets, socket)
}

// numbered is a frame unlike the others.
func numbered(number, size int) []byte {
	frame := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(number)), size/4+1)
	return frame[:size]
}
