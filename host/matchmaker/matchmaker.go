// Package matchmaker brings players together: it keeps the tickets that wait and
// finds at each interval which of them fit each other.
//
// A ticket has a query, properties that the queries of others are about, and how
// many players it wants to play with. At each interval every ticket that still
// searches, the longest-waiting first, looks for others whose properties its query
// finds; that they want it, too, is asked only with Config.RevPrecision. The rules
// are those of Nakama's matchmaker.
package matchmaker

import (
	"context"
	"hash/maphash"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Presence is a player behind a ticket.
type Presence struct {
	UserID    string
	SessionID string
	Username  string
	Node      string
}

// Entry is one player of a group that was matched.
type Entry struct {
	Ticket   string
	Presence Presence
	PartyID  string
	// A key may stand in both; the matched hook then sees the number.
	StringProperties  map[string]string
	NumericProperties map[string]float64
	CreateTime        int64 // Unix nanoseconds
}

// Config is Nakama's matchmaker configuration.
type Config struct {
	MaxTickets   int           // a session or a party may have at a time
	Interval     time.Duration // between two calls of Process by Run
	MaxIntervals int           // a ticket searches in before it only waits to be found

	// RevPrecision matches players only if each one's query finds all others.
	RevPrecision bool
	// RevThreshold drops RevPrecision for the rest of a pass that has taken this
	// many intervals; 0 is never.
	RevThreshold int

	Now   func() time.Time
	NewID func() string // of tickets; nil makes random UUIDs
	Log   *slog.Logger
}

// Matchmaker is safe for use by several goroutines.
type Matchmaker struct {
	cfg     Config
	matched func(groups [][]Entry)
	seed    maphash.Seed

	processing sync.Mutex // held during a pass

	mu        sync.Mutex
	tickets   map[string]*ticket
	bySession holders
	byParty   holders
	pool      []*ticket // the oldest first; those that are gone drop out sooner or later
	gone      int       // how many of pool are gone
	completed []Completion
}

// New returns an empty matchmaker. It calls matched once for each pass that formed
// groups, from the goroutine of Process and with no lock held.
func New(cfg Config, matched func(groups [][]Entry)) *Matchmaker {
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	return &Matchmaker{
		cfg:       cfg,
		matched:   matched,
		seed:      maphash.MakeSeed(),
		tickets:   map[string]*ticket{},
		bySession: holders{},
		byParty:   holders{},
	}
}

// Run calls Process at each interval until the context ends.
func (m *Matchmaker) Run(ctx context.Context) {
	ticker := time.NewTicker(m.cfg.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.Process()
		}
	}
}

// Process is one interval: every ticket that still searches does so once. Tickets
// may come and go meanwhile; a new one is first looked at in the next interval. A
// panic is logged and ends the interval.
func (m *Matchmaker) Process() {
	defer func() {
		if fault := recover(); fault != nil {
			m.cfg.Log.Error("an interval of the matchmaker panicked", "panic", fault, "stack", string(debug.Stack()))
		}
	}()
	if groups := m.process(); len(groups) > 0 {
		m.matched(groups)
	}
}

func (m *Matchmaker) process() [][]Entry {
	m.processing.Lock()
	defer m.processing.Unlock()
	start := m.cfg.Now()
	p := newPass(m.cfg, m.seed, m.waiting())
	p.run()
	groups := m.take(p)
	if took := m.cfg.Now().Sub(start); took > m.cfg.Interval {
		m.cfg.Log.Warn("The matchmaker needs longer than its interval.",
			"took", took, "interval", m.cfg.Interval, "tickets", len(p.pool), "groups", len(groups))
	}
	return groups
}

// waiting returns the tickets in the pool. The slice stays as it is until the next
// call, since Add only appends and tidy makes a new one.
func (m *Matchmaker) waiting() []*ticket {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pool = slices.DeleteFunc(m.pool, func(t *ticket) bool { return t.gone.Load() })
	m.gone = 0
	return slices.Clip(m.pool)
}

// tidy drops the tickets that are gone once they are most of the pool. A pass may be
// reading the old slice. It wants the lock to be held.
func (m *Matchmaker) tidy() {
	const few = 64
	if m.gone <= len(m.pool)/2+few {
		return
	}
	rest := make([]*ticket, 0, len(m.tickets)+few)
	for _, t := range m.pool {
		if !t.gone.Load() {
			rest = append(rest, t)
		}
	}
	m.pool, m.gone = rest, 0
}

// take removes the groups' tickets. A group of which a ticket was removed during
// the pass is broken up; its other tickets wait on.
func (m *Matchmaker) take(p *pass) [][]Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	var taken [][]Entry
	broken := false
	for _, group := range p.groups {
		if slices.ContainsFunc(group, func(t *ticket) bool { return t.gone.Load() }) {
			broken = true
			continue
		}
		var entries []Entry
		for _, t := range group {
			m.remove(t)
			entries = append(entries, t.entries...)
		}
		m.complete(entries)
		taken = append(taken, entries)
	}
	if broken {
		p.searchAgain()
	}
	return taken
}

// Count is the number of tickets that wait.
func (m *Matchmaker) Count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.tickets)
}
