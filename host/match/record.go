package match

import "context"

// Recorder is told the course of one match. Step and Done enclose each input; what is
// sent and whom the match kicks meanwhile comes in between. The start of the match has no
// Step. No slice may be kept.
type Recorder interface {
	Step(in Input)
	Sent(to []Presence, message Broadcast)
	Kicked(presences []Presence)
	Done(out Outcome)
	// Close is called once no callback runs any more.
	Close()
}

// Input is one thing that happens to a match. All that a match's course depends on, but
// for what its handler finds out by itself, is in its parameters and its inputs.
type Input struct {
	Kind      string     `json:"kind"` // the callback's name, or "join confirmation"
	Presences []Presence `json:"presences,omitempty"`
	Messages  []Message  `json:"messages,omitempty"`
	Joiner    *Joiner    `json:"joiner,omitempty"`
	Rejoin    bool       `json:"rejoin,omitempty"`
	Data      []byte     `json:"data,omitempty"`
	Grace     int        `json:"grace,omitempty"`
}

// KindTick is the kind of a tick.
const KindTick = "match_loop"

// Outcome is what came of an input.
type Outcome struct {
	Tick  int64 // the match's, after it
	State any   // the handler's
	Err   error
	Ended bool
	Why   string // of an end
	Label string
}

// step does what an input asks for and says whether the match goes on. It does not
// stop the match: see match.stop.
func (l *life) step(ctx context.Context, in input) outcome {
	if l.recorder == nil {
		return l.do(ctx, in)
	}
	l.recorder.Step(in.export())
	out := l.do(ctx, in)
	l.recorder.Done(l.outcome(out))
	return out
}

func (l *life) outcome(out outcome) Outcome {
	return Outcome{Tick: l.tick, State: l.state, Err: out.err, Ended: out.ending != goesOn, Why: out.why, Label: l.label.text()}
}

func (in *input) export() Input {
	return Input{
		Kind: in.kind.String(), Presences: in.presences, Messages: in.messages, Joiner: in.joiner,
		Rejoin: in.rejoin, Data: []byte(in.data), Grace: in.grace,
	}
}

// importInput is not ok if there is no such kind.
func importInput(in Input) (imported input, ok bool) {
	for kind := inTick; kind <= inTerminate; kind++ {
		if kind.String() == in.Kind {
			return input{
				kind: kind, presences: in.Presences, messages: in.Messages, joiner: in.Joiner,
				rejoin: in.Rejoin, data: string(in.Data), grace: in.Grace,
			}, kind != inAttempt || in.Joiner != nil
		}
	}
	return input{}, false
}

// send is all that a match sends.
func (l *life) send(to []Presence, message Broadcast) {
	if l.recorder != nil {
		l.recorder.Sent(to, message)
	}
	l.clients.Send(l.id, to, message)
}

func (l *life) kick(presences []Presence) {
	if l.recorder != nil {
		l.recorder.Kicked(presences)
	}
	l.clients.Kick(l.id, presences)
}
