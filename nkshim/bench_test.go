package nkshim

import (
	"os"
	"testing"

	"nkhost/host/match"
)

// BenchmarkIdleTick runs match_loop of the load generator's idle match: of one match over
// and over, and of thousands in turn, so that each has left the caches when it comes again.
func BenchmarkIdleTick(b *testing.B) {
	module, err := os.ReadFile("../bench/modules/bench_idle.lua")
	if err != nil {
		b.Fatal(err)
	}
	r := open(b, files{"idle.lua": string(module)})
	for _, c := range []struct {
		name  string
		count int
		ahead int
	}{{"one", 1, 0}, {"thousands", 5000, 0}, {"thousands ahead", 5000, 40}} {
		b.Run(c.name, func(b *testing.B) {
			count := c.count
			handlers, states := idleMatches(b, r, count)
			ctx := b.Context()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				at := n % count
				if c.ahead > 0 && at%c.ahead == 0 {
					prefetch(handlers[at:at+c.ahead], states[at:])
				}
				if states[at], err = handlers[at].Loop(ctx, int64(n), states[at], nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func prefetch(handlers []match.Handler, states []any) {
	for depth := range 4 {
		for i, h := range handlers {
			h.(match.Prefetcher).Prefetch(states[i], depth)
		}
	}
}

func idleMatches(b *testing.B, r *Runtime, count int) (handlers []match.Handler, states []any) {
	for range count {
		h, err := r.NewMatchHandler(b.Context(), "idle", handlerMatchID, &recorder{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(h.Close)
		state, _, _, err := h.Init(b.Context(), map[string]any{"rate": 10, "ttl_sec": 1e9})
		if err != nil {
			b.Fatal(err)
		}
		handlers, states = append(handlers, h), append(states, state)
	}
	return handlers, states
}
