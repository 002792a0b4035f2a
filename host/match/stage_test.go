package match

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// stage is a registry in a bubble of fake time, with handlers and clients that write
// down what happens to them.
type stage struct {
	*Registry
	t *testing.T
	journal
	modules map[string]func(ctx context.Context, c *callback)
	rate    int           // of new matches
	label   string        // of new matches
	slog    *lockedBuffer // what was logged
	closing func()        // what handlers do on Close; may be nil
}

// callback is a call of one of a handler's methods. The function that plays a module
// changes what it returns.
type callback struct {
	Dispatcher
	name     string // of the method, in lower case
	id       string // of the match
	tick     int64
	who      []Presence
	messages []Message
	data     string

	state   any // nil ends the match
	verdict Verdict
	answer  string
	err     error
	rate    int
	label   string
}

// play runs a story with a registry that is closed afterwards.
func play(t *testing.T, cfg Config, tell func(s *stage)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, cfg)
		tell(s)
		if err := s.Close(t.Context(), 0); err != nil {
			t.Errorf("Close: %v", err)
		}
		if n := s.Count(); n != 0 {
			t.Errorf("%d matches are left", n)
		}
	})
}

func newStage(t *testing.T, cfg Config) *stage {
	s := &stage{t: t, modules: map[string]func(context.Context, *callback){}, rate: 10, slog: &lockedBuffer{}}
	s.modules["plain"] = func(context.Context, *callback) {}
	cfg.Node = "n1"
	cfg.Log = slog.New(slog.NewTextHandler(s.slog, nil))
	stopped := cfg.Stopped
	cfg.Stopped = func(id string) {
		s.write("stopped")
		if stopped != nil {
			stopped(id)
		}
	}
	cfg.Modules = func() []string { return []string{"plain", "game.chess"} }
	s.Registry = NewRegistry(cfg, s.newHandler, s)
	return s
}

func (s *stage) newHandler(_ context.Context, module, matchID string, d Dispatcher) (Handler, error) {
	act, ok := s.modules[module]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "There is no match module %q.", module)
	}
	return &actor{stage: s, act: act, id: matchID, dispatcher: d}, nil
}

// module has new matches of that name played by act.
func (s *stage) module(name string, act func(ctx context.Context, c *callback)) {
	s.modules[name] = act
}

func (s *stage) create(module string) string {
	s.t.Helper()
	id, err := s.Create(s.t.Context(), module, nil)
	if err != nil {
		s.t.Fatalf("Create: %v", err)
	}
	return id
}

// join lets users in and has their sockets confirm it.
func (s *stage) join(id string, names ...string) {
	s.t.Helper()
	for _, name := range names {
		if got := s.attempt(id, name); !got.Allow {
			s.t.Fatalf("%s was refused: %+v", name, got)
		}
		s.Joined(id, presence(name))
	}
	synctest.Wait()
}

func (s *stage) attempt(id, name string) JoinResult {
	s.t.Helper()
	got, err := s.JoinAttempt(s.t.Context(), id, Joiner{Presence: presence(name)})
	if err != nil {
		s.t.Fatalf("JoinAttempt: %v", err)
	}
	synctest.Wait()
	return got
}

func (s *stage) send(id, name, text string) {
	s.SendData(id, Message{Sender: presence(name), Data: []byte(text)})
}

// pass lets time pass and whatever is due happen.
func (s *stage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// expect compares what happened since the last call.
func (s *stage) expect(want ...string) {
	s.t.Helper()
	synctest.Wait()
	if got := s.take(); !slices.Equal(got, want) {
		s.t.Errorf("what happened:\n\t%s\nwanted:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (s *stage) gone(id string) {
	s.t.Helper()
	if _, err := s.Get(id); status.Code(err) != codes.NotFound {
		s.t.Errorf("Get of a stopped match: %v", err)
	}
}

func wantCode(t *testing.T, err error, code codes.Code, texts ...string) {
	t.Helper()
	if status.Code(err) != code {
		t.Errorf("the error has code %v, want %v: %v", status.Code(err), code, err)
	}
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("the error %v does not contain %q", err, text)
		}
	}
}

func presence(name string) Presence {
	return Presence{UserID: "user-" + name, SessionID: "session-" + name, Username: name, Node: "n1"}
}

func presences(names ...string) (list []Presence) {
	for _, name := range names {
		list = append(list, presence(name))
	}
	return list
}

func names(list []Presence) string {
	var all []string
	for _, p := range list {
		name := p.Username
		if p.Reason != ReasonUnknown {
			name = fmt.Sprintf("%s(%d)", name, p.Reason)
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

// journal is a list of what happened.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) write(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// The stage is the registry's Clients.

func (s *stage) Send(_ string, to []Presence, m Broadcast) {
	s.write("send %d %s to %s", m.OpCode, m.Data, names(to))
}

func (s *stage) Kick(_ string, who []Presence) { s.write("kick %s", names(who)) }

func (s *stage) Disconnect(who []Presence) { s.write("disconnect %s", names(who)) }

// actor is the handler of one match on a stage. It writes down all calls but loops
// without messages.
type actor struct {
	stage      *stage
	act        func(ctx context.Context, c *callback)
	id         string
	dispatcher Dispatcher
}

func (a *actor) run(ctx context.Context, c *callback) *callback {
	c.id, c.Dispatcher = a.id, a.dispatcher
	c.state, c.verdict.Allow = "state", true
	what := names(c.who) + c.data
	for _, m := range c.messages {
		what += m.Sender.Username + ":" + string(m.Data) + " "
	}
	if c.name != "loop" || len(c.messages) > 0 {
		a.stage.write("%s %s", c.name, what)
	}
	a.act(ctx, c)
	return c
}

func (a *actor) Init(ctx context.Context, params map[string]any) (any, int, string, error) {
	data, _ := params["data"].(string)
	c := a.run(ctx, &callback{name: "init", data: data, rate: a.stage.rate, label: a.stage.label})
	return c.state, c.rate, c.label, c.err
}

func (a *actor) JoinAttempt(ctx context.Context, tick int64, _ any, joiner Joiner) (any, Verdict, error) {
	c := a.run(ctx, &callback{name: "attempt", tick: tick, who: []Presence{joiner.Presence}})
	return c.state, c.verdict, c.err
}

func (a *actor) Join(ctx context.Context, tick int64, _ any, joins []Presence) (any, error) {
	c := a.run(ctx, &callback{name: "join", tick: tick, who: joins})
	return c.state, c.err
}

func (a *actor) Leave(ctx context.Context, tick int64, _ any, leaves []Presence) (any, error) {
	c := a.run(ctx, &callback{name: "leave", tick: tick, who: leaves})
	return c.state, c.err
}

func (a *actor) Loop(ctx context.Context, tick int64, _ any, messages []Message) (any, error) {
	c := a.run(ctx, &callback{name: "loop", tick: tick, messages: messages})
	return c.state, c.err
}

func (a *actor) Signal(ctx context.Context, tick int64, _ any, data string) (any, string, error) {
	c := a.run(ctx, &callback{name: "signal", tick: tick, data: data, answer: "got " + data})
	return c.state, c.answer, c.err
}

func (a *actor) Terminate(ctx context.Context, tick int64, _ any, grace int) (any, error) {
	c := a.run(ctx, &callback{name: "terminate", tick: tick, data: fmt.Sprint(grace)})
	return c.state, c.err
}

func (a *actor) Close() {
	a.stage.write("close")
	if a.stage.closing != nil {
		a.stage.closing()
	}
}

// tally counts by key.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (y *tally) add(key string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.n == nil {
		y.n = map[string]int{}
	}
	y.n[key]++
}

func (y *tally) of(key string) int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.n[key]
}

type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), text)
}
