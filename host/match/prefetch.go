package match

import "slices"

// Prefetcher is a Handler that can look ahead at what its next Loop will look at. With
// thousands of matches that has left the processor's caches, and a tick mostly waits for
// memory: for the match, then for what it points to, and so on. When all matches that are
// due ask for one such step, and then for the next, they wait at the same time.
type Prefetcher interface {
	// Prefetch asks the processor for what is depth pointers away from the handler and the
	// state, from 0 to prefetchDepth; what is nearer is there. No callback runs meanwhile.
	Prefetch(state any, depth int)
}

const (
	prefetchDepth = 3
	// prefetchAtOnce is how many matches look ahead together: enough to wait at the same
	// time, and so few that what the first has asked for is still there in the end.
	prefetchAtOnce = 32
)

// becomeDue marks matches as due and keeps those that are to be put into the run queue.
func becomeDue(list []*match) (queued []*match) {
	for _, m := range list {
		m.stopped.Load() // brings it into the cache, where a lock would wait for it
	}
	return slices.DeleteFunc(list, func(m *match) bool { return !m.becomeDue() })
}

// prefetch looks ahead for matches that are about to be put into the run queue, so that
// none of them runs.
func prefetch(list []*match) {
	for depth := range prefetchDepth + 1 {
		for _, m := range list {
			if h, ok := m.handler.(Prefetcher); ok {
				h.Prefetch(m.state, depth)
			}
		}
	}
}
