package match

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// JoinResult is what came of a join attempt.
type JoinResult struct {
	Allow bool
	// IsNew is false if the joiner was a member already: no callback has run.
	IsNew     bool
	Reason    string // why not; may be empty
	Label     string
	Presences []Presence // the members, without a joiner who is new; must not be changed
}

// request is an event whose sender waits for a while. One that the sender has given
// up before the match began it is not run.
type request struct {
	state  atomic.Int32
	answer chan answer
}

const (
	requested int32 = iota
	begun
	answered
	givenUp
)

type answer struct {
	join  JoinResult
	text  string
	ended bool // the match ended before it could answer, or instead
}

func newRequest() *request { return &request{answer: make(chan answer, 1)} }

func (r *request) begin() bool { return r.state.CompareAndSwap(requested, begun) }

// reply answers and says whether the sender still waits for it. It is called once a
// request.
func (r *request) reply(a answer) (heard bool) {
	if r == nil || r.state.Swap(answered) == givenUp {
		return false
	}
	r.answer <- a
	return true
}

// giveUp is what comes of a request that has waited too long, unless its answer comes
// at the same time.
func (r *request) giveUp(why error) (answer, error) {
	if r.state.Swap(givenUp) == answered {
		return <-r.answer, nil
	}
	return answer{}, why
}

func refuse(waiting []*request) {
	for _, r := range waiting {
		r.reply(answer{ended: true})
	}
}

const notAccepting = "Match is not currently accepting join requests"

// JoinAttempt asks a match to let a user in, and waits for its answer. A user who
// may join is a member at once; Joined must follow. One who lets ctx end, or for whom
// the answer comes too late, has left again. The error has code NotFound when
// there is no such match, and InvalidArgument when the id cannot be one. A match that
// fails, ends, is too busy or does not answer in time refuses.
func (r *Registry) JoinAttempt(ctx context.Context, matchID string, joiner Joiner) (JoinResult, error) {
	m, err := r.find(matchID)
	if err != nil {
		return JoinResult{}, err
	}
	got, err := r.ask(ctx, m, input{kind: inAttempt, joiner: &joiner, rejoin: r.isClosing()})
	switch status.Code(err) {
	case codes.OK:
		got.join.IsNew = got.join.IsNew || got.ended
		return got.join, nil
	case codes.NotFound, codes.FailedPrecondition:
		return JoinResult{}, err
	case codes.ResourceExhausted:
		return JoinResult{IsNew: true, Reason: notAccepting}, nil
	default:
		return JoinResult{IsNew: true}, nil
	}
}

// Signal passes data to a match's Signal and waits for the answer. The error's code
// is NotFound, InvalidArgument for what cannot be an id, ResourceExhausted when too
// many signals wait, DeadlineExceeded when the match does not answer in time, Aborted
// when it ends instead, and FailedPrecondition when the match cannot answer because
// it waits itself for the callback that signals.
func (r *Registry) Signal(ctx context.Context, matchID, data string) (answer string, err error) {
	m, err := r.find(matchID)
	if err != nil {
		return "", err
	}
	got, err := r.ask(ctx, m, input{kind: inSignal, data: data})
	return got.text, err
}

// ask posts a request and waits for its answer. If a match's callback asks, other
// matches run meanwhile.
func (r *Registry) ask(ctx context.Context, m *match, in input) (answer, error) {
	done, err := r.beginWait(callerOf(ctx), m)
	if err != nil {
		return answer{}, err
	}
	defer done()
	in.request = newRequest()
	switch m.post(in) {
	case queueFull:
		return answer{}, status.Error(codes.ResourceExhausted, "The match is busy: too many requests wait for it.")
	case matchStopped:
		return answer{}, status.Error(codes.NotFound, "Match not found.")
	}
	var got answer
	Yield(ctx, func() { got, err = in.request.wait(ctx, r.config.JoinAttemptTimeout) })
	if err == nil && got.ended && in.kind == inSignal {
		err = status.Error(codes.Aborted, "The match ended instead of answering the signal.")
	}
	return got, err
}

func (r *request) wait(ctx context.Context, timeout time.Duration) (answer, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case a := <-r.answer:
		return a, nil
	case <-timer.C:
		return r.giveUp(status.Errorf(codes.DeadlineExceeded, "The match is busy: it has not answered within %v.", timeout))
	case <-ctx.Done():
		return r.giveUp(status.FromContextError(ctx.Err()).Err())
	}
}

// beginWait notes that a callback of caller waits for target until the returned
// function is called. It refuses what could never end: that a match waits for itself,
// be it by way of others. A nil caller is not a match and may always wait.
func (r *Registry) beginWait(caller, target *match) (end func(), err error) {
	if caller == nil {
		return func() {}, nil
	}
	r.waiting.Lock()
	defer r.waiting.Unlock()
	for m := target; m != nil; m = m.waitsFor {
		if m != caller {
			continue
		}
		if m == target {
			return nil, status.Error(codes.FailedPrecondition, "A match cannot signal itself: it could only answer after the callback that waits for the answer.")
		}
		return nil, status.Errorf(codes.FailedPrecondition, "Match %s cannot answer: its own callback waits for this match.", target.id)
	}
	caller.waitsFor = target
	return func() {
		r.waiting.Lock()
		defer r.waiting.Unlock()
		caller.waitsFor = nil
	}, nil
}
