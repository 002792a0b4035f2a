package realtime

import (
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"nkhost/host/match"
	"nkhost/host/netio"
)

// outbox is the bounded queue of a socket's outgoing frames. While it is empty it
// costs no goroutine and hardly any memory: whoever puts the first frame in sees to a
// flusher, one of the server's writers or a goroutine of the socket's own, that writes
// until none is left, all that waits at a time.
//
// All frames but those of the WebSocket library's own protocol errors go out this
// way, each whole in one write, so that frames of both never mix.
type outbox struct {
	mu      sync.Mutex
	state   outboxState
	waiting [][]byte
	spare   [][]byte    // the other one of two lists that take turns
	flusher bool        // somebody is writing or about to
	writing bool        // a write waits for the client, or may
	unread  bool        // the reader has finished; whoever writes last closes the connection
	reply   int         // the code of the client's close frame
	why     CloseReason // of stopped, or of giving up on the connection

	deadline time.Time // of writes to the connection; belongs to who is writing
}

type outboxState uint8

const (
	taking  outboxState = iota
	stopped             // the session is about to end; only close still puts frames in
	sealed              // nothing goes in
)

// unstarted is how many times the queue's size may wait while no write waits for the
// client. It is then the host that is slow, as when a match sends hundreds of messages in
// one tick, and not the client.
const unstarted = 16

// maxSpare is up to how many frames the lists of an idle socket keep room for.
const maxSpare = 8

// enqueue puts a frame on the queue. When the queue is full the session ends as
// SlowClient; what waited is dropped. Frames for a session that has ended, and nil,
// are dropped. It never waits for the client.
func (s *socket) enqueue(frame []byte) {
	if frame == nil {
		return
	}
	box := &s.outbox
	box.mu.Lock()
	defer box.mu.Unlock()
	if box.state != taking {
		return
	}
	limit := s.server.options.OutgoingQueueSize
	if !box.writing {
		limit *= unstarted
	}
	if len(box.waiting) >= limit {
		box.waiting = nil
		s.stop(SlowClient)
		return
	}
	s.push(frame)
}

// push adds a frame and sees to its being written. outbox.mu is held, and the
// session's reader is running.
func (s *socket) push(frame []byte) {
	if s.receive != nil {
		s.deliver(frame)
		return
	}
	box := &s.outbox
	box.waiting = append(box.waiting, frame)
	switch {
	case box.flusher:
	case s.fd != netio.NoFD:
		box.flusher = true
		s.server.writers.add(s)
	default:
		box.flusher = true
		s.flushSoon(nil)
	}
}

// flushSoon makes a goroutine the flusher, which may wait for the client. The caller must
// be counted by the server's running.
func (s *socket) flushSoon(taken [][]byte) {
	s.server.running.Add(1)
	go s.flush(taken)
}

// flush writes frames that were taken, and then until nothing waits. It waits for the
// client.
func (s *socket) flush(taken [][]byte) {
	defer s.server.running.Done()
	if taken != nil {
		s.outbox.waitsForClient()
	}
	for frames := taken; ; {
		if err := s.write(frames); err != nil {
			s.abandon()
			s.end(WriteFailed, match.ReasonDisconnect)
			return
		}
		if frames = s.take(true); frames == nil {
			return
		}
	}
}

// take takes all that waits, or gives the flusher's place up. waits says whether what is
// taken will be written by waiting for the client.
func (s *socket) take(waits bool) [][]byte {
	box := &s.outbox
	box.mu.Lock()
	defer box.mu.Unlock()
	if !s.mustFlush() {
		return nil
	}
	box.writing = waits
	frames := box.waiting
	box.waiting, box.spare = box.spare[:0], frames
	return frames
}

func (b *outbox) waitsForClient() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing = true
}

// flushed notes that what was taken has been written. It says whether there is more;
// if not, it gives the flusher's place up.
func (s *socket) flushed() (more bool) {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return s.mustFlush()
}

// mustFlush says whether the flusher has more to do; if not, it is one no more.
// outbox.mu is held.
func (s *socket) mustFlush() bool {
	box := &s.outbox
	box.writing = false
	if len(box.waiting) > 0 {
		return true
	}
	box.flusher = false
	if cap(box.spare) > maxSpare {
		box.spare = nil
	}
	if cap(box.waiting) > maxSpare {
		box.waiting = nil
	}
	if box.unread {
		_ = s.conn.Close()
	}
	return false
}

// maxChunk is how many bytes a client has the write wait for: one that is slow but
// reads must not be cut off since much waits for it.
const maxChunk = 64 << 10

// write writes frames, as many at a time as make a chunk. They are, or end, the socket's
// spare list, which is empty afterwards.
func (s *socket) write(frames [][]byte) error {
	defer clear(frames)
	for rest := frames; len(rest) > 0; {
		n, size := 1, len(rest[0])
		for n < len(rest) && size+len(rest[n]) <= maxChunk {
			size += len(rest[n])
			n++
		}
		if err := s.writeChunk(rest[:n], size); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// writeChunk writes frames in one go. A frame that is longer than a chunk goes out
// whole, but has as much longer to.
func (s *socket) writeChunk(frames [][]byte, size int) error {
	conn := s.out
	patience := s.server.options.WriteWait * time.Duration(1+size/(maxChunk+1))
	// Setting a deadline costs as much as a tenth of a write, so that one is set to last
	// for the next writes too: a client has the write wait and at most twice that.
	if now := time.Now(); s.outbox.deadline.Sub(now) < patience {
		s.outbox.deadline = now.Add(2 * patience)
		if err := conn.SetWriteDeadline(s.outbox.deadline); err != nil {
			return err
		}
	}
	if len(frames) == 1 {
		_, err := conn.Write(frames[0])
		return err
	}
	buffers := net.Buffers(frames)
	_, err := buffers.WriteTo(conn)
	return err
}

// abandon gives up on a connection that cannot be written to.
func (s *socket) abandon() {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	s.outbox.state, s.outbox.waiting, s.outbox.spare = sealed, nil, nil
	s.outbox.flusher = false
	if s.outbox.why == StillOpen {
		s.outbox.why = WriteFailed
	}
	_ = s.conn.Close()
}

// cause is why the session ends, if the outbox was first to know; else it is reason.
func (b *outbox) cause(reason CloseReason) CloseReason {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.why != StillOpen {
		return b.why
	}
	return reason
}

// close lets nothing more in after a notice, which may be nil, and a close frame, and
// gives the client a while to answer it.
func (s *socket) close(how closing, notice []byte) {
	box := &s.outbox
	box.mu.Lock()
	defer box.mu.Unlock()
	if box.state == sealed {
		return
	}
	box.state = sealed
	if notice != nil {
		s.push(notice)
	}
	switch {
	case box.reply != 0:
		s.push(controlFrame(websocket.CloseMessage, websocket.FormatCloseMessage(box.reply, "")))
	case how.text != "":
		s.push(controlFrame(websocket.CloseMessage, websocket.FormatCloseMessage(how.code, how.text)))
	}
	if s.conn != nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.server.options.CloseAckWait))
	}
}

// echo notes that the client's close frame wants an answer.
func (b *outbox) echo(code int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reply = code
}

// closed reports whether the session has ended or is about to.
func (b *outbox) closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state != taking
}

// finish is the reader's last act: the connection is closed as soon as nothing
// waits to be written.
func (s *socket) finish() {
	s.server.forget(s)
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	s.outbox.unread = true
	if !s.outbox.flusher {
		_ = s.conn.Close()
	}
}
