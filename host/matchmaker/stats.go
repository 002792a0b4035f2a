package matchmaker

import "time"

// maxCompletions is how many of the last matched players Stats tells of, as on Nakama.
const maxCompletions = 10

// Completion is a player's way to a match.
type Completion struct{ Created, Completed time.Time }

// Stats is how much the matchmaker has to do, and how long it takes.
type Stats struct {
	Tickets     int       // that wait
	Oldest      time.Time // when the one that has waited longest was added; zero if none waits
	Completions []Completion
}

// Stats counts the tickets as they are now; Nakama's are those of the last interval.
func (m *Matchmaker) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Stats{Tickets: len(m.tickets), Completions: append([]Completion(nil), m.completed...)}
	for _, t := range m.pool {
		if !t.gone.Load() {
			s.Oldest = time.Unix(0, t.created)
			break
		}
	}
	return s
}

// complete remembers the players of a group. It wants the lock to be held.
func (m *Matchmaker) complete(entries []Entry) {
	now := m.cfg.Now()
	for _, e := range entries {
		m.completed = append(m.completed, Completion{Created: time.Unix(0, e.CreateTime), Completed: now})
	}
	if surplus := len(m.completed) - maxCompletions; surplus > 0 {
		m.completed = append(m.completed[:0], m.completed[surplus:]...)
	}
}
