package match

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// life is a match as its callbacks see it: what follows from its inputs and nothing
// else. It knows no queue, and of time only its ticks; only the worker that is in
// the match steps it. What others may read meanwhile is atomic or has its own lock.
type life struct {
	*surroundings
	id         string
	module     string
	createTime int64 // Unix milliseconds
	rate       int   // ticks a second

	handler Handler
	state   any
	tick    int64 // how many loops have run

	members    atomic.Pointer[members]
	markers    joinMarkers
	emptyTicks int
	deferred   []delivery
	label      label
	stopped    atomic.Bool // no more may be broadcast
	recorder   Recorder    // nil unless the match is recorded or replayed
}

// surroundings are what the matches of a registry share.
type surroundings struct {
	config  Config
	clients Clients
}

// input is one thing that happens to a match. All that a match's course depends on
// reaches it as an input of step, in this order.
type input struct {
	kind      inputKind
	presences []Presence // joined, confirmed, left
	messages  []Message  // ticked
	joiner    *Joiner    // attempted
	rejoin    bool       // attempted: only a member is let in
	data      string     // signalled
	grace     int        // terminating: seconds
	request   *request   // who waits for the outcome; nil if nobody does
}

type inputKind uint8

const (
	inTick inputKind = iota
	inAttempt
	inJoin
	inConfirm // the socket has completed the join
	inLeave
	inSignal
	inTerminate
)

func (k inputKind) String() string {
	return [...]string{"match_loop", "match_join_attempt", "match_join", "join confirmation",
		"match_leave", "match_signal", "match_terminate"}[k]
}

// outcome is what came of an input.
type outcome struct {
	ending  ending
	why     string // of an ending
	err     error  // of a failure
	verdict Verdict
	member  bool // the joiner was a member already: no callback has run
	answer  string
}

type ending uint8

const (
	goesOn   ending = iota
	finished        // the match ends; its members notice nothing
	failed          // the match ends and its members are disconnected
)

// do is step without the recorder.
func (l *life) do(ctx context.Context, in input) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = outcome{ending: failed, why: in.kind.String() + " panicked", err: fmt.Errorf("%v\n%s", p, debug.Stack())}
		}
	}()
	switch in.kind {
	case inTick:
		return l.loop(ctx, in.messages)
	case inAttempt:
		return l.attempt(ctx, in)
	case inJoin:
		return l.join(ctx, in.presences)
	case inConfirm:
		l.confirm(in.presences)
	case inLeave:
		for i := range in.presences { // as on Nakama, match_leave is called for each
			if out = l.leave(ctx, in.presences[i:i+1]); out.ending != goesOn {
				return out
			}
		}
	case inSignal:
		state, answer, err := l.handler.Signal(ctx, l.tick, l.state, in.data)
		out = l.settle(in.kind, state, err)
		out.answer = answer
	case inTerminate:
		state, err := l.handler.Terminate(ctx, l.tick, l.state, in.grace)
		out = l.settle(in.kind, state, err)
	}
	return out
}

// attempt decides on a joiner by who is a member when the match gets round to it: a
// leave that came before has been dealt with.
func (l *life) attempt(ctx context.Context, in input) outcome {
	if l.members.Load().has(&in.joiner.Presence) {
		return outcome{verdict: Verdict{Allow: true}, member: true}
	}
	if in.rejoin {
		return outcome{verdict: Verdict{Reason: notAccepting}}
	}
	state, verdict, err := l.handler.JoinAttempt(ctx, l.tick, l.state, *in.joiner)
	out := l.settle(in.kind, state, err)
	if out.ending == goesOn {
		out.verdict = verdict
	}
	return out
}

// settle keeps what a callback returned and sends what it put off. Nakama treats all
// callbacks alike in this.
func (l *life) settle(kind inputKind, state any, err error) outcome {
	if err != nil {
		return outcome{ending: failed, why: kind.String() + " failed", err: err}
	}
	if state == nil {
		return outcome{ending: finished, why: kind.String() + " returned no state"}
	}
	l.state = state
	l.sendDeferred()
	return outcome{}
}

func (l *life) loop(ctx context.Context, messages []Message) outcome {
	state, err := l.handler.Loop(ctx, l.tick, l.state, messages)
	out := l.settle(inTick, state, err)
	if out.ending != goesOn {
		return out
	}
	l.tick++
	if l.emptyForTooLong() {
		return outcome{ending: finished, why: "nobody has been in the match for " + l.config.MaxEmpty.String()}
	}
	if gone := l.markers.expired(l.tick); gone != nil {
		return l.leave(ctx, gone)
	}
	return out
}

// emptyForTooLong counts the ticks in a row without members.
func (l *life) emptyForTooLong() bool {
	if l.config.MaxEmpty <= 0 {
		return false
	}
	if l.members.Load() != nil {
		l.emptyTicks = 0
		return false
	}
	l.emptyTicks++
	return l.emptyTicks >= l.ticksIn(l.config.MaxEmpty)
}

func (l *life) ticksIn(d time.Duration) int {
	rate := time.Duration(l.rate)
	return int(d/time.Second*rate + d%time.Second*rate/time.Second)
}

// join adds members before match_join is called, so that it can broadcast to them.
// Each gets a marker, which the socket's confirmation clears.
func (l *life) join(ctx context.Context, presences []Presence) outcome {
	members, joins := l.members.Load().with(presences)
	if len(joins) == 0 {
		return outcome{}
	}
	l.members.Store(members)
	expires := l.tick + max(1, int64(l.ticksIn(l.config.JoinMarkerDeadline)))
	for _, p := range joins {
		l.markers = append(l.markers, joinMarker{presence: p, expires: expires})
	}
	state, err := l.handler.Join(ctx, l.tick, l.state, joins)
	return l.settle(inJoin, state, err)
}

// confirm clears the markers of sockets that have completed their joins. Those that
// came too late, or that the match wants out, are kicked: a socket must not go on as
// if it were in a match that it is not a member of.
func (l *life) confirm(presences []Presence) {
	for i := range presences {
		p := &presences[i]
		if marker, _ := l.markers.clear(p.SessionID); marker.kicked || !l.members.Load().has(p) {
			l.kick(presences[i : i+1])
		}
	}
}

func (l *life) leave(ctx context.Context, presences []Presence) outcome {
	members, leaves := l.members.Load().without(presences)
	if len(leaves) == 0 {
		return outcome{}
	}
	l.members.Store(members)
	for i := range leaves {
		l.markers.clear(leaves[i].SessionID)
	}
	state, err := l.handler.Leave(ctx, l.tick, l.state, leaves)
	return l.settle(inLeave, state, err)
}

func (l *life) listing(label string) Listing {
	return Listing{
		ID:            l.id,
		Authoritative: true,
		Label:         label,
		TickRate:      l.rate,
		Handler:       l.module,
		Size:          len(l.members.Load().all()),
		CreateTime:    l.createTime,
	}
}
