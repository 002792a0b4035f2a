package match

import (
	"sync"
	"time"
)

// The wheel turns slotWidth at a time; a tick is late by at most that much. One turn
// takes longer than the slowest tick, which is a second.
const (
	slotWidth = 4 * time.Millisecond
	slots     = 256
)

// wheel says when matches tick. Tick n of a match is due n periods after it started,
// exactly, so that ticks do not drift. When a match or the wheel falls behind, the
// ticks it missed become one, as with time.Ticker.
//
// Times are durations since the wheel was made.
type wheel struct {
	fire func(due []*match) // is lent the list
	now  func() time.Duration

	mu     sync.Mutex
	slot   [slots]*match // lists through onWheel.next
	turned int64         // the last slot that was fired, counted from the start
	count  int
	due    []*match

	changed chan struct{} // has an element when a match was added
	closing chan struct{}
	done    chan struct{}
}

// onWheel is a match's place on the wheel, and belongs to it.
type onWheel struct {
	next    *match
	start   time.Duration
	periods int64 // after start, of the next tick
}

func newWheel(now func() time.Duration, fire func([]*match)) *wheel {
	return &wheel{
		fire:    fire,
		now:     now,
		changed: make(chan struct{}, 1),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
}

// add starts a match's ticks: the first comes after one period.
func (w *wheel) add(m *match) {
	w.mu.Lock()
	m.start, m.periods = w.now(), 1
	w.put(m)
	w.count++
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// put files a match under the first slot that is not before its tick.
func (w *wheel) put(m *match) {
	at := slotOf(m.dueAt()) % slots
	m.next = w.slot[at]
	w.slot[at] = m
}

func slotOf(due time.Duration) int64 {
	return int64((due + slotWidth - 1) / slotWidth)
}

func (m *match) dueAt() time.Duration {
	rate := int64(m.rate)
	return m.start + time.Duration(m.periods/rate)*time.Second +
		time.Duration(m.periods%rate)*time.Second/time.Duration(rate)
}

// periodsBy is how many periods are over at a time.
func (m *match) periodsBy(now time.Duration) int64 {
	elapsed, rate := now-m.start, int64(m.rate)
	return int64(elapsed/time.Second)*rate + int64(elapsed%time.Second)*rate/int64(time.Second)
}

// advance fires all that is due by now and says how long to wait for the next; if
// nothing ever comes, a turn. Matches that have stopped drop out.
func (w *wheel) advance(now time.Duration) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	target := int64(now / slotWidth)
	from := max(w.turned+1, target-slots+1)
	for at := from; at <= target; at++ {
		w.empty(at%slots, target, now)
	}
	w.turned = target
	w.fire(w.due)
	clear(w.due)
	w.due = w.due[:0]
	return w.untilNext(now)
}

func (w *wheel) empty(at, target int64, now time.Duration) {
	m := w.slot[at]
	w.slot[at] = nil
	for m != nil {
		next := m.next
		m.next = nil
		switch {
		case m.stopped.Load():
			w.count--
		case slotOf(m.dueAt()) > target:
			w.put(m)
		default:
			w.due = append(w.due, m)
			m.periods = max(m.periods, m.periodsBy(now)) + 1
			w.put(m)
		}
		m = next
	}
}

func (w *wheel) untilNext(now time.Duration) time.Duration {
	if w.count > 0 {
		for i := int64(1); i < slots; i++ {
			if w.slot[(w.turned+i)%slots] != nil {
				return time.Duration(w.turned+i)*slotWidth - now
			}
		}
	}
	return slots * slotWidth
}

// run turns the wheel until it is closed.
func (w *wheel) run() {
	defer close(w.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-w.changed:
		case <-w.closing:
			return
		}
		timer.Reset(w.advance(w.now()))
	}
}

func (w *wheel) close() {
	close(w.closing)
	<-w.done
}
