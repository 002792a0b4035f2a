package match

import (
	"context"
	"fmt"
)

// Replay is the life of one match without a registry: it goes through the inputs that it
// is given.
type Replay struct {
	life
	ended bool
}

// noClients are the clients of a match that is replayed.
type noClients struct{}

func (noClients) Send(string, []Presence, Broadcast) {}
func (noClients) Kick(string, []Presence)            {}
func (noClients) Disconnect([]Presence)              {}

// NewReplay starts a match as Registry.Create does. The recorder is told its course. That
// the match does not start is an outcome, of which the Replay has ended.
func NewReplay(ctx context.Context, cfg Config, newHandler NewHandler, recorder Recorder, module, matchID string, params map[string]any) *Replay {
	r := &Replay{}
	r.surroundings = &surroundings{config: cfg.withDefaults(), clients: noClients{}}
	r.id, r.module, r.recorder = matchID, module, recorder
	out := outcome{}
	handler, err := newHandler(ctx, module, matchID, &r.life)
	if err == nil {
		err = r.init(ctx, handler, params)
		if err != nil {
			handler.Close()
		}
	}
	if err != nil {
		out, r.ended = outcome{ending: failed, err: err}, true
	} else {
		r.handler = handler
	}
	recorder.Done(r.outcome(out))
	return r
}

// Step does what an input asks for, unless the match has ended. It fails for an input
// that no match can have.
func (r *Replay) Step(ctx context.Context, in Input) error {
	imported, ok := importInput(in)
	if !ok {
		return fmt.Errorf("there is no input of the kind %q", in.Kind)
	}
	if r.ended {
		return nil
	}
	if out := r.step(ctx, imported); out.ending != goesOn {
		r.ended = true
	}
	return nil
}

// Ended says whether the match has ended.
func (r *Replay) Ended() bool { return r.ended }

// Snapshot looks at the match.
func (r *Replay) Snapshot() Snapshot {
	return Snapshot{Listing: r.listing(r.label.text()), Tick: r.tick, State: r.state, Members: r.members.Load().all()}
}

// Close lets go of the handler.
func (r *Replay) Close() {
	if r.handler != nil {
		r.handler.Close()
	}
}
