package match

import (
	"fmt"
	"slices"
	"testing"
)

// ahead is a handler that notes what it is asked to look ahead at.
type ahead struct {
	still
	number int
	asked  *[]string
}

func (a ahead) Prefetch(state any, depth int) {
	*a.asked = append(*a.asked, fmt.Sprint(a.number, " ", state, " ", depth))
}

// Matches that are due look ahead together, step by step, each with its own state. Those
// that have stopped or still run do not.
func TestPrefetchBeforeTheTick(t *testing.T) {
	t.Parallel()
	r := newRegistry(Config{}, newStill, nobody{})
	r.scheduler.retire()
	var asked []string
	var due []*match
	for i := range prefetchAtOnce + 2 {
		m := &match{registry: r, life: life{handler: ahead{number: i, asked: &asked}, state: i, surroundings: &r.surroundings}}
		due = append(due, m)
	}
	due[0].stopped.Store(true)
	due[1].phase = running
	r.tick(due)
	var want []string
	for _, together := range [][2]int{{2, prefetchAtOnce}, {prefetchAtOnce, prefetchAtOnce + 2}} {
		for depth := range prefetchDepth + 1 {
			for i := together[0]; i < together[1]; i++ {
				want = append(want, fmt.Sprint(i, " ", i, " ", depth))
			}
		}
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked\n%v, want\n%v", asked, want)
	}
	queued := 0
	for m := r.scheduler.first; m != nil; m = m.nextRun {
		queued++
	}
	if queued != prefetchAtOnce {
		t.Errorf("%d matches are in the run queue, want %d", queued, prefetchAtOnce)
	}
}
