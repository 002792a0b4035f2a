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
	for name, count := range map[string]int{"one": 1, "thousands": 5000} {
		b.Run(name, func(b *testing.B) {
			handlers, states := idleMatches(b, r, count)
			ctx := b.Context()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				at := n % count
				if states[at], err = handlers[at].Loop(ctx, int64(n), states[at], nil); err != nil {
					b.Fatal(err)
				}
			}
		})
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
