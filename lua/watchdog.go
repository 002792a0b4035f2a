package lua

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nkhost/lua/glua"
)

// ErrLimit is what errors.Is finds in the error of a call that was stopped because it ran
// too long or made too much garbage that is none.
var ErrLimit = errors.New("a limit of Lua calls was reached")

// A watchdog looks at the stacks from outside: a stack whose call is over its limits is
// told to stop, and raises at the next call or turn of a loop, whatever it does.

const (
	// watchPeriod is the time between two looks while a call runs.
	watchPeriod = 10 * time.Millisecond
	// calmPeriod is the time to the next look when none was seen to run: each look wakes up
	// a program that may have nothing else to do.
	calmPeriod = 50 * time.Millisecond
	// After so many looks without a running call the watchdog sleeps until the next.
	idleLooks = 4
)

// phase is what the call on an outermost stack is doing.
type phase uint64

const (
	noCall  phase = iota
	running       // Lua runs, or a Go function that Lua called
	waiting       // within Wait: its time does not count
	overdue       // over a limit: whatever it does raises
)

// watch is a stack as the watchdog sees it. Calls of pcall and the like have stacks of
// their own; the watch that counts is the outermost stack's.
type watch struct {
	// state is the number of the call, shifted by phaseBits, and its phase. A call ends
	// by a swap, which shows it whether the watchdog was first.
	state  atomic.Uint64
	number uint64 // of the last call; belongs to who runs it

	mu      sync.Mutex
	stopped atomic.Bool // what the interpreter asks; true while the call is overdue
	reason  error       // why the call is overdue; settled before it becomes so

	// What the watchdog remembers between two looks.
	seen uint64        // the number of the call it saw
	ran  time.Duration // how long that ran
	live uint64        // bytes that were in use at the look before that

	over       int    // after how many collections in a row too much was in use
	collection uint64 // the number of the last of these
}

const (
	phaseBits = 2
	phaseMask = 1<<phaseBits - 1
)

func (w *watch) phase() phase { return phase(w.state.Load() & phaseMask) }

func (w *watch) begin() {
	w.number++
	w.state.Store(w.number<<phaseBits | uint64(running))
}

// end says why the call was stopped, if it was.
func (w *watch) end() (reason error) {
	old := w.state.Swap(w.number<<phaseBits | uint64(noCall))
	if phase(old&phaseMask) != overdue {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped.Store(false)
	return w.reason
}

// change moves the call to another phase, unless it has become overdue.
func (w *watch) change(from, to phase) bool {
	number := w.number << phaseBits
	return w.state.CompareAndSwap(number|uint64(from), number|uint64(to))
}

// stop makes the call overdue, if it still runs.
func (w *watch) stop(state uint64, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reason = reason
	if w.state.CompareAndSwap(state, state&^phaseMask|uint64(overdue)) {
		w.stopped.Store(true)
	}
}

// watchdog looks at all stacks of a Runtime while calls run.
type watchdog struct {
	timeout time.Duration // that a call may run; 0 is without end
	memory  uint64        // bytes that a call may add to what is in use; 0 is without end

	awake  atomic.Bool
	mu     sync.Mutex
	stacks []*stack

	live       uint64 // bytes that the last collection left
	collection uint64 // the number of that
	collecting atomic.Bool
}

func (d *watchdog) add(s *stack) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stacks = append(d.stacks, s)
}

func (d *watchdog) remove(s *stack) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.stacks, s); i >= 0 {
		d.stacks = slices.Delete(d.stacks, i, i+1)
	}
}

// wake sees to it that the watchdog looks, after a call has begun.
func (d *watchdog) wake() {
	if !d.awake.Load() && d.awake.CompareAndSwap(false, true) {
		wakeMonitor()
		d.weigh() // before the call takes anything
		go d.run()
	}
}

func (d *watchdog) run() {
	if d.timeout <= 0 && d.memory == 0 {
		return // and stay awake, so that nobody starts it again
	}
	timer := time.NewTimer(watchPeriod)
	defer timer.Stop()
	last := time.Now()
	for idle := 0; ; {
		now := <-timer.C
		// Of a time in which the whole process stood still, little counts.
		wait := watchPeriod
		if d.look(min(now.Sub(last), 2*watchPeriod)) {
			idle = 0
		} else if idle++; idle < idleLooks {
			wait = calmPeriod
		} else {
			d.awake.Store(false)
			// A call that began before that has not woken anyone.
			if !d.look(0) || !d.awake.CompareAndSwap(false, true) {
				return
			}
			idle = 0
		}
		timer.Reset(wait)
		last = now
	}
}

// look counts the time since the last look and stops what is over a limit. It says
// whether any call is running.
func (d *watchdog) look(elapsed time.Duration) (busy bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.live
	d.weighLocked()
	for _, s := range d.stacks {
		w := &s.watch
		state := w.state.Load()
		if phase(state&phaseMask) == noCall {
			continue
		}
		busy = true
		if w.seen != state>>phaseBits {
			w.seen, w.ran, w.live, w.over = state>>phaseBits, 0, before, 0
			continue
		}
		if phase(state&phaseMask) == running {
			w.ran += elapsed
			if reason := d.limit(w); reason != nil {
				w.stop(state, reason)
			}
		}
	}
	return busy
}

// weigh notes what is in use, if there is a limit to it.
func (d *watchdog) weigh() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.weighLocked()
}

func (d *watchdog) weighLocked() {
	if d.memory == 0 {
		return
	}
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	d.live, d.collection = samples[0].Value.Uint64(), samples[1].Value.Uint64()
}

// limit says which limit a call is over.
func (d *watchdog) limit(w *watch) error {
	switch {
	case d.timeout > 0 && w.ran > d.timeout:
		return fmt.Errorf("%w: the call ran longer than %v", ErrLimit, d.timeout)
	case d.tooMuch(w):
		return fmt.Errorf("%w: the call took more than %d MB of memory", ErrLimit, d.memory>>20)
	}
	return nil
}

// proofs is after how many collections in a row too much has to be in use. Each keeps what
// was made while it ran, be it garbage, and on a busy machine one may run for half a second.
const proofs = 3

// tooMuch says whether a call has taken too much memory, and has collections run to prove it.
func (d *watchdog) tooMuch(w *watch) bool {
	switch {
	case d.memory == 0:
		return false
	case d.live <= w.live+d.memory:
		w.over = 0
		return false
	case w.over == 0 || w.collection != d.collection:
		w.over++
		w.collection = d.collection
	}
	if w.over == proofs {
		return true
	}
	d.collect()
	return false
}

// collect has a collection run, unless one is under way. It does not wait, since other calls
// may come to be over their time meanwhile.
func (d *watchdog) collect() {
	if d.collecting.CompareAndSwap(false, true) {
		go func() {
			defer d.collecting.Store(false)
			runtime.GC()
		}()
	}
}

// raiseIfOverdue raises in a Go function that Lua has called when the call is overdue.
func (s *stack) raiseIfOverdue(L *glua.LState) {
	if reason := s.overdue(); reason != nil {
		L.RaiseError("%v", reason)
	}
}

// overdue says why the call is over a limit, or nil. It is for Go functions that work for
// long, which look every now and then. There may be no stack.
func (s *stack) overdue() error {
	if s == nil {
		return nil
	}
	if w := &s.root.watch; w.phase() == overdue {
		return w.reason
	}
	return nil
}

// valuesPerLook is how many values Go functions go through between two looks.
const valuesPerLook = 1 << 12

// looking is for work on many values within a call.
type looking struct {
	stack *stack // nil if no Lua call waits for the work
	seen  int
}

// look is to be asked at each value.
func (k *looking) look() error {
	if k.seen++; k.seen%valuesPerLook != 0 {
		return nil
	}
	return k.stack.overdue()
}
