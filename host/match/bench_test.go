package match

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
)

// still is a handler that does nothing.
type still struct{}

func (still) Init(context.Context, map[string]any) (any, int, string, error) { return 0, 10, "", nil }
func (still) JoinAttempt(_ context.Context, _ int64, s any, _ Joiner) (any, Verdict, error) {
	return s, Verdict{Allow: true}, nil
}
func (still) Join(_ context.Context, _ int64, s any, _ []Presence) (any, error)  { return s, nil }
func (still) Leave(_ context.Context, _ int64, s any, _ []Presence) (any, error) { return s, nil }
func (still) Loop(_ context.Context, _ int64, s any, _ []Message) (any, error)   { return s, nil }
func (still) Signal(_ context.Context, _ int64, s any, data string) (any, string, error) {
	return s, data, nil
}
func (still) Terminate(_ context.Context, _ int64, s any, _ int) (any, error) { return s, nil }
func (still) Close()                                                          {}

func newStill(context.Context, string, string, Dispatcher) (Handler, error) { return still{}, nil }

// nobody is Clients without clients.
type nobody struct{}

func (nobody) Send(string, []Presence, Broadcast) {}
func (nobody) Kick(string, []Presence)            {}
func (nobody) Disconnect([]Presence)              {}

// byHand is a registry of n idle matches. turn lets a second pass: it fires the wheel
// slot by slot and runs what is due in the calling goroutine.
func byHand(tb testing.TB, n int) (r *Registry, turn func()) {
	r = newRegistry(Config{Workers: 1}, newStill, nobody{})
	now := time.Duration(0)
	r.wheel.now = func() time.Duration { return now }
	r.wheel.fire = func(due []*match) {
		for _, m := range due {
			if m.becomeDue() {
				m.run()
			}
		}
	}
	for i := range n {
		now = time.Duration(i) * time.Second / time.Duration(n)
		if _, err := r.Create(tb.Context(), "still", nil); err != nil {
			tb.Fatal(err)
		}
	}
	return r, func() {
		for range slots {
			now += slotWidth
			r.wheel.advance(now)
		}
	}
}

func TestIdleTickAllocatesNothing(t *testing.T) {
	r, turn := byHand(t, 10)
	turn()
	if n := testing.AllocsPerRun(10, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for _, m := range r.matches {
		if m.tick < 100 {
			t.Errorf("only %d ticks", m.tick)
		}
	}
}

// Buffers of a match that had messages are freed when it idles.
func TestIdleMatchKeepsNoBuffers(t *testing.T) {
	r, turn := byHand(t, 1)
	for id, m := range r.matches {
		m.handle(input{kind: inJoin, presences: presences("alice")})
		m.BroadcastDeferred(Broadcast{})
		r.SendData(id, Message{})
		m.phase = queued // nobody but this test runs it
		r.Leave(id, presences("bob"))
		m.run()
		turn()
		if b := &m.inbox; b.events != nil || b.messages != nil || b.spare != nil || m.deferred != nil {
			t.Errorf("kept: events %d, messages %d, spare %d, deferred %d", cap(b.events), cap(b.messages), cap(b.spare), cap(m.deferred))
		}
	}
}

// BenchmarkIdleTick is what one tick of one match costs without its handler and
// without waking workers.
func BenchmarkIdleTick(b *testing.B) {
	for _, n := range []int{100, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, turn := byHand(b, n)
			b.ReportAllocs()
			ticks := 0
			for b.Loop() {
				turn()
				ticks += n * 10 * int(slots*slotWidth) / int(time.Second)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(ticks), "ns/tick")
		})
	}
}

// BenchmarkIdleMemory is what a match takes without its handler and state.
func BenchmarkIdleMemory(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		before := heap()
		r, _ := byHand(b, n)
		b.ReportMetric(float64(heap()-before)/n, "B/match")
		runtime.KeepAlive(r)
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func BenchmarkCreate(b *testing.B) {
	r := newRegistry(Config{}, newStill, nobody{})
	b.ReportAllocs()
	for b.Loop() {
		id, _ := r.Create(b.Context(), "still", nil)
		r.lookup(id).stop(outcome{})
		r.wheel.slot = [slots]*match{}
	}
}

func BenchmarkBroadcast(b *testing.B) {
	for _, n := range []int{2, 200} {
		list := make([]Presence, n)
		for i := range list {
			list[i] = presence(fmt.Sprint(i))
		}
		m := &match{life: life{handler: still{}, surroundings: &surroundings{clients: nobody{}}}}
		m.members.Store(newMembers(list))
		for name, to := range map[string][]Presence{"all": nil, "one": list[n/2 : n/2+1], "half": list[:n/2]} {
			b.Run(fmt.Sprint(name, " of ", n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					m.Broadcast(Broadcast{OpCode: 1, To: to})
				}
			})
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	r, _ := byHand(b, 1)
	for id, m := range r.matches {
		b.ReportAllocs()
		for b.Loop() {
			r.SendData(id, Message{})
			if m.becomeDue() {
				m.run()
			}
		}
	}
}

// BenchmarkSignal goes through a worker and back.
func BenchmarkSignal(b *testing.B) {
	r := NewRegistry(Config{}, newStill, nobody{})
	defer r.Close(b.Context(), 0)
	id, _ := r.Create(b.Context(), "still", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Signal(b.Context(), id, "x"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	r, _ := byHand(b, 20_000)
	later := time.Now().Add(time.Minute)
	r.config.Now = func() time.Time { return later }
	none, query := "none", "+label.mode:duel"
	for name, q := range map[string]ListQuery{
		"newest 10": {Limit: 10}, "by label": {Limit: 10, Label: &none}, "by query": {Limit: 10, Query: &query},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.List(q)
			}
		})
	}
}
