package match

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// chaos is a handler that checks that it is alone and does what comes to its mind. It
// keeps to what a handler may rely on: who leaves is in, who joins is not.
type chaos struct {
	t          *testing.T
	registry   *Registry
	dispatcher Dispatcher
	others     func() string
	inside     atomic.Int32
	closed     atomic.Bool
	open       *atomic.Int64
	in         map[string]bool
	next       int64
}

func (c *chaos) callback(ctx context.Context, tick int64) (any, error) {
	if c.inside.Add(1) != 1 || c.closed.Load() {
		c.t.Error("a callback is not alone, or comes after Close")
	}
	defer c.inside.Add(-1)
	switch rand.IntN(60) {
	case 0:
		return nil, nil
	case 1:
		return nil, errors.New("chaos")
	case 2:
		c.registry.Signal(ctx, c.others(), "between matches")
	case 3:
		Yield(ctx, func() { <-time.After(time.Duration(rand.IntN(3)) * time.Millisecond) })
	case 4:
		c.registry.Create(ctx, "chaos", nil)
	case 5:
		c.dispatcher.UpdateLabel(fmt.Sprintf(`{"tick":%d}`, tick))
	}
	c.dispatcher.BroadcastDeferred(Broadcast{OpCode: tick})
	return "state", nil
}

func (c *chaos) Init(context.Context, map[string]any) (any, int, string, error) {
	return "state", 1 + rand.IntN(60), "", nil
}

func (c *chaos) JoinAttempt(ctx context.Context, tick int64, _ any, _ Joiner) (any, Verdict, error) {
	state, err := c.callback(ctx, tick)
	return state, Verdict{Allow: rand.IntN(4) > 0}, err
}

func (c *chaos) Join(ctx context.Context, tick int64, _ any, joins []Presence) (any, error) {
	for _, p := range joins {
		if c.in[p.SessionID] {
			c.t.Error("someone joins twice")
		}
		c.in[p.SessionID] = true
	}
	return c.callback(ctx, tick)
}

func (c *chaos) Leave(ctx context.Context, tick int64, _ any, leaves []Presence) (any, error) {
	for _, p := range leaves {
		if !c.in[p.SessionID] {
			c.t.Error("someone leaves who is not in")
		}
		delete(c.in, p.SessionID)
	}
	return c.callback(ctx, tick)
}

func (c *chaos) Loop(ctx context.Context, tick int64, _ any, messages []Message) (any, error) {
	if tick != c.next {
		c.t.Errorf("tick %d follows %d", tick, c.next-1)
	}
	c.next++
	last := map[string]int64{}
	for _, m := range messages {
		if m.OpCode <= last[m.Sender.SessionID] {
			c.t.Error("messages out of order")
		}
		last[m.Sender.SessionID] = m.OpCode
	}
	return c.callback(ctx, tick)
}

func (c *chaos) Signal(ctx context.Context, tick int64, _ any, data string) (any, string, error) {
	state, err := c.callback(ctx, tick)
	return state, data, err
}

func (c *chaos) Terminate(ctx context.Context, tick int64, _ any, _ int) (any, error) {
	return c.callback(ctx, tick)
}

func (c *chaos) Close() {
	if c.inside.Load() != 0 || c.closed.Swap(true) {
		c.t.Error("closed twice or while a callback runs")
	}
	c.open.Add(-1)
}

// ids are those of the matches that were created.
type ids struct {
	mu  sync.Mutex
	all []string
}

func (i *ids) add(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, id)
}

func (i *ids) random() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.all) == 0 {
		return uuid.NewString() + "."
	}
	return i.all[max(0, len(i.all)-1-rand.IntN(300))]
}

// Hundreds of matches and many users who join, leave, talk and signal at random; in
// the end nothing is left.
func TestStress(t *testing.T) {
	const users, turns = 40, 100
	var open, stopped, created atomic.Int64
	var known ids
	var r *Registry
	r = NewRegistry(Config{Workers: 3, CallQueueSize: 20, Stopped: func(string) { stopped.Add(1) }},
		func(_ context.Context, module, id string, d Dispatcher) (Handler, error) {
			if module != "chaos" {
				return nil, status.Error(codes.NotFound, "no such module")
			}
			open.Add(1)
			created.Add(1)
			known.add(id)
			return &chaos{t: t, registry: r, dispatcher: d, others: known.random, open: &open, in: map[string]bool{}}, nil
		}, nobody{})
	for range 200 {
		r.Create(t.Context(), "chaos", nil)
	}
	var all sync.WaitGroup
	first := make(chan struct{})
	var once sync.Once
	for u := range users {
		all.Go(func() {
			beUser(t, r, &known, fmt.Sprint(u), turns)
			once.Do(func() { close(first) })
		})
	}
	<-first // the others go on while the registry closes
	if err := r.Close(t.Context(), 1); err != nil {
		t.Error(err)
	}
	all.Wait()
	if r.Count() != 0 || open.Load() != 0 || r.unreleased != 0 {
		t.Errorf("left: %d matches, %d handlers, %d unreleased", r.Count(), open.Load(), r.unreleased)
	}
	if s := r.scheduler; s.free != s.places || s.first != nil || len(s.returning) != 0 {
		t.Errorf("the scheduler: %d of %d places free, run queue empty: %v, %d waiting", s.free, s.places, s.first == nil, len(s.returning))
	}
	if stopped.Load() > created.Load() || stopped.Load() < 200 {
		t.Errorf("%d matches were created and %d stopped", created.Load(), stopped.Load())
	}
	t.Logf("%d matches", created.Load())
}

func beUser(t *testing.T, r *Registry, known *ids, name string, turns int) {
	for turn := range turns {
		id := known.random()
		p := presence(fmt.Sprint(name, "-", turn))
		got, err := r.JoinAttempt(t.Context(), id, Joiner{Presence: p})
		if err != nil || !got.Allow {
			r.Create(t.Context(), "chaos", nil)
			continue
		}
		if rand.IntN(3) > 0 {
			r.Joined(id, p)
		}
		for i := range rand.Int64N(10) {
			r.SendData(id, Message{Sender: p, OpCode: i + 1})
		}
		r.Signal(t.Context(), id, "x")
		if rand.IntN(3) > 0 {
			r.Leave(id, []Presence{p})
		}
		if turn%20 == 0 {
			query := "+label.tick:>0"
			if _, err := r.List(ListQuery{Limit: 10, Query: &query}); err != nil {
				t.Error(err)
			}
		}
	}
}
