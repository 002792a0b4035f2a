package match

import (
	"context"
	"sync"
	"time"
)

// A stall is when something has waited for a place for this long and none has become
// free.
const stallTime = 50 * time.Millisecond

// maxLent is how many places there may be besides the scheduler's own.
const maxLent = 64

// scheduler runs the matches that have something to do, each by one worker at a
// time. It has a number of places; who runs callbacks holds one. A callback that
// waits gives its place away and takes one again before it goes on, so that there
// are more goroutines than places only while callbacks wait.
//
// Callbacks that hold all places for long, as by a loop without end, would stop every
// other match. At each stall the scheduler therefore lends itself one more place, and
// for each it takes one back when a callback ends that began before.
type scheduler struct {
	mu        sync.Mutex
	wake      sync.Cond
	places    int
	free      int
	parked    int         // workers that wait for work
	coming    bool        // one was woken or started and has not looked for work yet
	returning []returning // callbacks that have waited and want a place, oldest first
	first     *match      // the run queue
	last      *match
	closed    bool
	workers   sync.WaitGroup

	lent     int    // how many places are lent
	lendings uint64 // how many have ever been
	given    uint64 // how many times a place was given back
	watching bool   // stall is about to run
	seen     uint64 // what given was when it was set to run
	watch    *time.Timer
}

// returning is a match whose callback wants a place.
type returning struct {
	match *match
	ready chan struct{}
}

func newScheduler(places int) *scheduler {
	s := &scheduler{places: places, free: places}
	s.wake.L = &s.mu
	return s
}

// enqueue puts a match that has just been marked as queued into the run queue.
func (s *scheduler) enqueue(m *match) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push(m)
	s.wakeOne()
}

// enqueueAll does so for many, in order.
func (s *scheduler) enqueueAll(list []*match) {
	if len(list) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range list {
		s.push(m)
	}
	s.wakeOne()
}

func (s *scheduler) push(m *match) {
	if s.last == nil {
		s.first = m
	} else {
		s.last.nextRun = m
	}
	s.last = m
}

func (s *scheduler) pop() *match {
	m := s.first
	if s.first = m.nextRun; s.first == nil {
		s.last = nil
	}
	m.nextRun = nil
	return m
}

// wakeOne sees to it that a worker comes if there is work and a place for it. One
// comes at a time; if it finds work it wakes the next.
func (s *scheduler) wakeOne() {
	if s.free == 0 {
		s.watchOut()
		return
	}
	if s.coming || s.first == nil || s.closed {
		return
	}
	s.coming = true
	if s.parked > 0 {
		s.parked--
		s.wake.Signal()
		return
	}
	s.workers.Go(s.work)
}

// work runs matches until there are workers enough without it.
func (s *scheduler) work() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coming = false
	for s.await() {
		m := s.pop()
		s.free--
		m.placed = s.lendings
		s.wakeOne()
		s.mu.Unlock()
		again := m.run()
		s.mu.Lock()
		s.givePlace(m)
		if again {
			s.push(m)
		}
	}
}

// await waits for a match and a place; false means that the worker is to go.
func (s *scheduler) await() bool {
	for !s.closed && (s.first == nil || s.free == 0) {
		if s.parked >= s.places {
			return false
		}
		s.parked++
		s.wake.Wait()
		s.coming = false
	}
	return !s.closed
}

// givePlace gives back the place that a match's callbacks had. If they have had it
// since before the last stall it goes back to where it was lent.
func (s *scheduler) givePlace(m *match) {
	s.given++
	if s.lent > 0 && m.placed < s.lendings {
		s.lent--
		return
	}
	s.addPlace()
}

// addPlace passes a place to the callback that has wanted one longest, if any.
func (s *scheduler) addPlace() {
	if len(s.returning) == 0 {
		s.free++
		return
	}
	next := s.returning[0]
	s.returning = s.returning[1:]
	next.match.placed = s.lendings
	close(next.ready)
}

// watchOut sees to it that a stall does not last, if something waits for a place.
func (s *scheduler) watchOut() {
	if s.watching || s.closed || s.first == nil && len(s.returning) == 0 {
		return
	}
	s.watching, s.seen = true, s.given
	if s.watch == nil {
		s.watch = time.AfterFunc(stallTime, s.stall)
	} else {
		s.watch.Reset(stallTime)
	}
}

// stall lends a place if nothing has moved since watchOut.
func (s *scheduler) stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = false
	waits := s.first != nil || len(s.returning) > 0
	if waits && s.free == 0 && s.given == s.seen && s.lent < maxLent && !s.closed {
		s.lent++
		s.lendings++
		s.addPlace()
	}
	s.wakeOne()
}

// without runs fn without the place of a match's callback.
func (s *scheduler) without(m *match, fn func()) {
	s.mu.Lock()
	s.givePlace(m)
	s.wakeOne()
	s.mu.Unlock()
	defer s.takePlace(m)
	fn()
}

func (s *scheduler) takePlace(m *match) {
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		m.placed = s.lendings
		s.mu.Unlock()
		return
	}
	mine := returning{m, make(chan struct{})}
	s.returning = append(s.returning, mine)
	s.watchOut()
	s.mu.Unlock()
	<-mine.ready
}

// retire lets the workers go, each after the match it is in; what is still in the run
// queue stays undone.
func (s *scheduler) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.watch != nil {
		s.watch.Stop()
	}
	s.wake.Broadcast()
}

// close retires the workers and waits until they have gone.
func (s *scheduler) close() {
	s.retire()
	s.workers.Wait()
}

// Yield runs fn, which blocks, and lets other matches have the worker meanwhile. No
// other callback of the same match runs before fn has returned. ctx is the one that
// the callback was given, or one made from it; with any other Yield just runs fn.
func Yield(ctx context.Context, fn func()) {
	m := callerOf(ctx)
	for m != nil && m.creator != nil {
		m = m.creator
	}
	if m == nil || !m.onWorker || m.yielding {
		fn()
		return
	}
	m.yielding = true
	defer func() { m.yielding = false }()
	m.registry.scheduler.without(m, fn)
}
