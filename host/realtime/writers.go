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
	idle    []*writeAttempt // of writers that have ended
}

// waitingPerWriter is how many sockets may wait for each writer before another one comes.
const waitingPerWriter = 32

// turnsInARow is how many times a writer looks at a socket's outbox before it looks at
// the next one's.
const turnsInARow = 4

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
		go w.work(w.attempt())
	}
}

// next takes the first socket off the queue. Without one the writer is to end.
func (w *writers) next(attempt *writeAttempt) *socket {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.first
	if s == nil {
		w.working--
		w.idle = append(w.idle, attempt)
		return nil
	}
	if w.first = s.nextToWrite; w.first == nil {
		w.last = nil
	}
	s.nextToWrite = nil
	w.waiting--
	return s
}

func (w *writers) attempt() *writeAttempt {
	last := len(w.idle) - 1
	if last < 0 {
		return newWriteAttempt()
	}
	attempt := w.idle[last]
	w.idle = w.idle[:last]
	return attempt
}

func (w *writers) work(attempt *writeAttempt) {
	defer w.alive.Done()
	for s := w.next(attempt); s != nil; s = w.next(attempt) {
		w.write(s, attempt)
	}
}

// write writes a socket's frames for some turns, and lets it queue again if there are
// still more.
func (w *writers) write(s *socket, attempt *writeAttempt) {
	for range turnsInARow {
		frames := s.take()
		if frames == nil {
			return
		}
		rest := attempt.write(s.raw, frames)
		clear(frames[:len(frames)-len(rest)])
		if len(rest) > 0 {
			w.alive.Add(1)
			go s.flush(rest)
			return
		}
	}
	w.add(s)
}
