package match

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Registry creates matches, finds them and passes on what is meant for them. Its
// methods may be called by any goroutine.
type Registry struct {
	surroundings
	newHandler NewHandler
	scheduler  *scheduler
	wheel      *wheel
	waiting    sync.Mutex // guards match.waitsFor
	manual     manualClock

	mu          sync.RWMutex
	matches     map[string]*match
	byAge       []aged // oldest first
	gone        int    // how many of byAge have no match any more
	created     uint64
	unreleased  int // matches that have been started and not let go of
	closing     bool
	allReleased chan struct{} // closed when closing and nothing is unreleased
}

// aged is a match in the order of creation; nil when it has gone.
type aged struct {
	order uint64
	match *match
}

// NewRegistry starts a registry without matches. It has goroutines until Close.
func NewRegistry(cfg Config, newHandler NewHandler, clients Clients) *Registry {
	r := newRegistry(cfg, newHandler, clients)
	if cfg.Manual {
		r.wheel.now = r.manual.now
		close(r.wheel.done)
		return r
	}
	go r.wheel.run()
	return r
}

// newRegistry leaves turning the wheel to the caller.
func newRegistry(cfg Config, newHandler NewHandler, clients Clients) *Registry {
	r := &Registry{
		surroundings: surroundings{config: cfg.withDefaults(), clients: clients},
		newHandler:   newHandler,
		matches:      map[string]*match{},
		allReleased:  make(chan struct{}),
	}
	r.scheduler = newScheduler(r.config.Workers)
	start := time.Now()
	r.wheel = newWheel(func() time.Duration { return time.Since(start) }, r.tick)
	return r
}

// tick makes matches due; it may reorder the list.
func (r *Registry) tick(due []*match) {
	queued := due[:0]
	for len(due) > 0 {
		n := min(len(due), prefetchAtOnce)
		some := becomeDue(due[:n])
		prefetch(some)
		queued = append(queued, some...)
		due = due[n:]
	}
	r.scheduler.enqueueAll(queued)
}

// Create starts a match of a module: it runs the handler's Init before it returns,
// in the caller's goroutine. It fails with code NotFound when there is no such
// module, with Unavailable after Close was called, and else as Init does.
func (r *Registry) Create(ctx context.Context, module string, params map[string]any) (matchID string, err error) {
	if r.isClosing() {
		return "", errClosing()
	}
	m := &match{registry: r}
	m.surroundings = &r.surroundings
	m.id = r.config.NewID() + "." + r.config.Node
	m.module = module
	m.createTime = r.config.Now().UnixMilli()

	m.creator = callerOf(ctx)
	if err := m.checkDepth(); err != nil {
		return "", err
	}
	leave, err := r.beginWait(m.creator, m)
	if err != nil {
		return "", err
	}
	defer leave()
	handler, err := r.start(m, params)
	m.creator = nil
	if err != nil {
		return "", err
	}
	m.handler = handler
	if !r.add(m) {
		m.shielded("closing the match's handler", handler.Close)
		m.closeRecorder()
		return "", errClosing()
	}
	r.wheel.add(m)
	m.log(slog.LevelInfo, "match started")
	return m.id, nil
}

// maxDepth is how many matches may be creating one another, each in its match_init,
// when one more is created. They share one goroutine's stack.
const maxDepth = 8

func (m *match) checkDepth() error {
	depth := 0
	for creator := m.creator; creator != nil; creator = creator.creator {
		depth++
	}
	if depth <= maxDepth {
		return nil
	}
	return status.Errorf(codes.FailedPrecondition,
		"A match of module %q cannot be created here: %d matches are creating one another already, each in the match_init of the one before.", m.module, depth)
}

// start makes the handler and runs match_init. A panic in them is an error.
func (r *Registry) start(m *match, params map[string]any) (made Handler, err error) {
	var handler Handler
	defer func() {
		if p := recover(); p != nil {
			m.logPanic("match_init", p)
			made, err = nil, fmt.Errorf("create match of module %q: match_init panicked: %v", m.module, p)
		}
		if err != nil && handler != nil {
			m.shielded("closing the match's handler", handler.Close)
		}
		m.recordStart(err)
	}()
	if r.config.Record != nil {
		m.recorder = r.config.Record(m.id, m.module, params)
	}
	if handler, err = r.newHandler(m.context(), m.module, m.id, &m.life); err != nil {
		return nil, r.explain(m.module, err)
	}
	return handler, m.init(m.context(), handler, params)
}

// recordStart ends the record of a match that did not start.
func (m *match) recordStart(err error) {
	if m.recorder == nil {
		return
	}
	out := outcome{}
	if err != nil {
		out = outcome{ending: failed, err: err}
	}
	m.recorder.Done(m.outcome(out))
	if err != nil {
		m.closeRecorder()
	}
}

func (m *match) closeRecorder() {
	if m.recorder != nil {
		m.shielded("closing the match's record", m.recorder.Close)
	}
}

func (l *life) init(ctx context.Context, handler Handler, params map[string]any) error {
	state, rate, label, err := handler.Init(ctx, params)
	if err != nil {
		return fmt.Errorf("create match of module %q: %w", l.module, err)
	}
	if err := checkInit(l.module, state, rate, label); err != nil {
		return err
	}
	l.state, l.rate = state, rate
	l.setLabel(label)
	return nil
}

func checkInit(module string, state any, rate int, label string) error {
	refuse := func(format string, args ...any) error {
		return status.Errorf(codes.InvalidArgument, "match_init of module %q returned "+format, append([]any{module}, args...)...)
	}
	switch {
	case state == nil:
		return refuse("no state: the first value it returns must not be nil.")
	case rate < 1 || rate > 60:
		return refuse("the tick rate %d: it must be between 1 and 60.", rate)
	case len(label) > maxLabelBytes:
		return refuse("a label of %d bytes: it must have at most %d.", len(label), maxLabelBytes)
	}
	return nil
}

func (r *Registry) add(m *match) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return false
	}
	r.created++
	m.order = r.created
	r.matches[m.id] = m
	r.byAge = append(r.byAge, aged{m.order, m})
	r.unreleased++
	return true
}

// remove makes a match unknown.
func (r *Registry) remove(m *match) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.matches, m.id)
	at, _ := slices.BinarySearchFunc(r.byAge, m.order, func(a aged, order uint64) int { return cmp.Compare(a.order, order) })
	r.byAge[at].match = nil
	if r.gone++; r.gone > len(r.byAge)/2 {
		r.byAge = slices.DeleteFunc(r.byAge, func(a aged) bool { return a.match == nil })
		r.gone = 0
	}
}

// released counts a match as let go of.
func (r *Registry) released() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unreleased--; r.unreleased == 0 && r.closing {
		close(r.allReleased)
	}
}

// Get describes a match as it is now. It fails with code NotFound, or with
// InvalidArgument when the id cannot be one.
func (r *Registry) Get(matchID string) (Listing, error) {
	m, err := r.find(matchID)
	if err != nil {
		return Listing{}, err
	}
	return m.listing(m.label.text()), nil
}

// Exists says whether there is a match of that id. Config.Stopped has not been told of
// its end then, but will be.
func (r *Registry) Exists(matchID string) bool { return r.lookup(matchID) != nil }

// Count is the number of matches.
func (r *Registry) Count() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.matches)
}

// Joined confirms that the socket of one whom JoinAttempt let in has completed the
// join. A member who is not confirmed within Config.JoinMarkerDeadline leaves.
func (r *Registry) Joined(matchID string, p Presence) {
	if m := r.lookup(matchID); m != nil {
		m.post(input{kind: inConfirm, presences: []Presence{p}})
	}
}

// Leave tells a match who has left, and why by their Reason. Those who are not
// members are passed over. The slice must not be changed any more.
func (r *Registry) Leave(matchID string, leaves []Presence) {
	if m := r.lookup(matchID); m != nil && len(leaves) > 0 {
		m.post(input{kind: inLeave, presences: leaves})
	}
}

// SendData keeps a message for the match's next tick. The caller sees to it that the
// sender is a member.
func (r *Registry) SendData(matchID string, message Message) {
	if m := r.lookup(matchID); m != nil {
		m.postMessage(message)
	}
}

func (r *Registry) lookup(matchID string) *match {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.matches[matchID]
}

func (r *Registry) find(matchID string) (*match, error) {
	if m := r.lookup(matchID); m != nil {
		return m, nil
	}
	id, _, ok := strings.Cut(matchID, ".")
	if !ok || uuid.Validate(id) != nil {
		return nil, status.Errorf(codes.InvalidArgument, "Invalid match id %q: a match id is a UUID, a dot and the name of a node.", matchID)
	}
	return nil, status.Error(codes.NotFound, "Match not found.")
}

func (r *Registry) isClosing() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.closing
}

func errClosing() error {
	return status.Error(codes.Unavailable, "The server is shutting down: it starts no new matches.")
}
