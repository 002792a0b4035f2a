package realtime

import (
	"runtime"
	"sync"
)

// writers write what waits in outboxes to connections that take it at once. They are a
// few goroutines for all sockets, that end when nothing waits: starting one for each
// socket costs a fifth of what its write does. A connection that does not take all of it
// gets a goroutine of its own, so that none waits for another's client.
type writers struct {
	limit int             // of goroutines
	alive *sync.WaitGroup // counts them

	mu      sync.Mutex
	first   *socket // the queue, through socket.nextToWrite
	last    *socket
	waiting int
	working int
	idle    []*batch // of writers that have ended
}

// waitingPerWriter is how many sockets may wait for each writer before another one comes.
// A writer writes to as many in one or two milliseconds; two that write at the same time
// hinder each other and the clients more than that.
const waitingPerWriter = 256

func newWriters(alive *sync.WaitGroup) *writers {
	return &writers{limit: runtime.GOMAXPROCS(0), alive: alive}
}

// add puts a socket that holds its flusher's place at the end of the queue. The caller
// must be counted by alive.
func (w *writers) add(s *socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.first = s
	} else {
		w.last.nextToWrite = s
	}
	w.last = s
	w.waiting++
	if w.working < w.limit && w.waiting > w.working*waitingPerWriter {
		w.working++
		w.alive.Add(1)
		go w.work(w.batch())
	}
}

func (w *writers) batch() *batch {
	last := len(w.idle) - 1
	if last < 0 {
		return &batch{}
	}
	b := w.idle[last]
	w.idle = w.idle[:last]
	return b
}

func (w *writers) work(b *batch) {
	defer w.alive.Done()
	for w.next(b) {
		b.write()
		for _, s := range b.again {
			w.add(s)
		}
		clear(b.again)
	}
}

// next fills an empty batch with the first sockets of the queue. Without any the writer
// is to end.
func (w *writers) next(b *batch) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first == nil {
		w.working--
		w.idle = append(w.idle, b)
		return false
	}
	for w.first != nil && len(b.sockets) < batchSize {
		s := w.first
		w.first, s.nextToWrite = s.nextToWrite, nil
		b.sockets = append(b.sockets, s)
	}
	if w.first == nil {
		w.last = nil
	}
	w.waiting -= len(b.sockets)
	return true
}

// close lets go of what the writers have kept. Nobody adds any more.
func (w *writers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.idle {
		b.close()
	}
	w.idle = nil
}
