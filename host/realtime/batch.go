package realtime

import "nkhost/host/netio"

// batch is the sockets that a writer writes to at a time, if it can with one system
// call. It belongs to one goroutine, and is empty between its calls.
type batch struct {
	sockets []*socket // the flusher of each is the batch's writer
	again   []*socket // those with new frames, when write has returned

	writes   []socketWrite
	sends    []netio.Send // of the writes, in their order
	joined   []byte       // room for several frames of a socket
	ring     *netio.Ring
	ringless bool // none is to be had
}

// socketWrite is what is left of the frames that a socket had.
type socketWrite struct {
	socket *socket
	frames [][]byte
	begun  int // how many of them are being written
}

const (
	// batchSize is the most sockets of a batch, and a ring's size.
	batchSize = 32
	// worthRing is from how many sends one system call for all is the cheaper way.
	worthRing = 4
)

// write writes what the sockets have. Each either is in again, or has a goroutine that
// waits for its client, or nothing to be written.
func (b *batch) write() {
	b.again = b.again[:0]
	for _, s := range b.sockets {
		if frames := s.take(false); frames != nil {
			b.writes = append(b.writes, socketWrite{socket: s, frames: frames})
		}
	}
	clear(b.sockets)
	b.sockets = b.sockets[:0]
	for len(b.writes) > 0 {
		b.begin()
		b.send()
		b.finish()
	}
	if cap(b.joined) > maxChunk {
		b.joined = nil
	}
}

// begin chooses the next bytes of each write.
func (b *batch) begin() {
	b.joined, b.sends = b.joined[:0], b.sends[:0]
	for i := range b.writes {
		w := &b.writes[i]
		var data []byte
		data, w.begun = b.chunk(w.frames)
		b.sends = append(b.sends, netio.Send{FD: w.socket.fd, Data: data})
	}
}

// chunk is the next bytes to write, and how many frames they are.
func (b *batch) chunk(frames [][]byte) (data []byte, n int) {
	if len(frames) == 1 || len(frames[0]) > maxChunk {
		return frames[0], 1
	}
	start := len(b.joined)
	for n < len(frames) && len(b.joined)-start+len(frames[n]) <= maxChunk {
		b.joined = append(b.joined, frames[n]...)
		n++
	}
	return b.joined[start:], n
}

func (b *batch) send() {
	if len(b.sends) < worthRing || !b.hasRing() {
		b.sendEach()
		return
	}
	if b.ring.Send(b.sends) == nil {
		return
	}
	b.close()
	b.ring, b.ringless = nil, true
	b.sendEach()
}

// sendEach sends what is not sent, each with a call of its own.
func (b *batch) sendEach() {
	for i := range b.sends {
		if s := &b.sends[i]; s.Sent == 0 {
			s.Sent = netio.TryWrite(s.FD, s.Data)
		}
	}
}

func (b *batch) hasRing() bool {
	if b.ring == nil && !b.ringless {
		ring, err := netio.New(batchSize)
		b.ring, b.ringless = ring, err != nil
	}
	return b.ring != nil
}

// finish keeps the writes that have more frames, and lets the others go.
func (b *batch) finish() {
	kept := b.writes[:0]
	for i, w := range b.writes {
		send := &b.sends[i]
		if send.Sent < len(send.Data) {
			w.socket.flushSoon(skip(w.frames, send.Sent))
			continue
		}
		clear(w.frames[:w.begun])
		w.frames = w.frames[w.begun:]
		switch {
		case len(w.frames) > 0:
			kept = append(kept, w)
		case w.socket.flushed():
			b.again = append(b.again, w.socket)
		}
	}
	clear(b.writes[len(kept):])
	clear(b.sends)
	b.writes = kept
}

// skip drops the bytes that are written from the front of a list.
func skip(frames [][]byte, written int) [][]byte {
	for written >= len(frames[0]) {
		written -= len(frames[0])
		frames[0], frames = nil, frames[1:]
	}
	frames[0] = frames[0][written:]
	return frames
}

func (b *batch) close() {
	if b.ring != nil {
		b.ring.Close()
	}
}
