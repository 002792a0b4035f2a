package match

import (
	"sync/atomic"
	"time"
)

// manualClock is the wheel's clock of a registry that its owner turns.
type manualClock struct{ elapsed atomic.Int64 }

func (c *manualClock) now() time.Duration { return time.Duration(c.elapsed.Load()) }

// Advance lets time pass for the matches of a manual registry, does what has become due,
// waits until that is done, and says when to advance next. Of ticks that it passes over a
// match gets one, so that whoever wants them all advances by no more than that.
func (r *Registry) Advance(by time.Duration) (next time.Duration) {
	now := time.Duration(r.manual.elapsed.Add(int64(by)))
	next = r.wheel.advance(now)
	r.AwaitQuiet()
	return next
}

// AwaitQuiet waits until no match has anything to do but its ticks.
func (r *Registry) AwaitQuiet() { r.scheduler.awaitQuiet() }

// Snapshot is a match between two callbacks.
type Snapshot struct {
	Listing
	Tick    int64 // how many loops have run
	State   any   // what the handler's last callback returned
	Members []Presence
}

// Snapshot looks at a match while the registry is quiet. Its error is Get's.
func (r *Registry) Snapshot(matchID string) (Snapshot, error) {
	m, err := r.find(matchID)
	if err != nil {
		return Snapshot{}, err
	}
	return Snapshot{Listing: m.listing(m.label.text()), Tick: m.tick, State: m.state, Members: m.members.Load().all()}, nil
}

// Terminate tells one match how long it has, as Close does with all.
func (r *Registry) Terminate(matchID string, graceSeconds int) error {
	m, err := r.find(matchID)
	if err == nil {
		m.post(input{kind: inTerminate, grace: graceSeconds})
	}
	return err
}
