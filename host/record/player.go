package record

import (
	"errors"
	"fmt"
	"time"

	"nkhost/host/match"
)

// Difference is where a replay first differs from the recording.
type Difference struct {
	Tick int64
	In   string // the kind of input
	What string // what differs, as a sentence
}

func (d *Difference) String() string {
	return fmt.Sprintf("tick %d, %s: %s", d.Tick, d.In, d.What)
}

// Player gives a match that is replayed what it got when it was recorded, and compares
// what comes of it. It is a match.Recorder, too.
type Player struct {
	Difference *Difference // the first, or nil
	Err        error       // how the last step failed, or nil

	seed        uint64
	appendState func(out []byte, state any) ([]byte, error)
	step        *Step
	now         time.Time
	state       uint64
	sent        sentHash
	missing     string // what Lua asked for in this step and is not in the recording
	scratch     []byte
}

// NewPlayer makes a player for what a Reader reads.
func NewPlayer(r *Reader, appendState func(out []byte, state any) ([]byte, error)) *Player {
	return &Player{seed: r.Start.Seed, now: r.Start.Time, appendState: appendState}
}

// Play makes a step the one that is played now.
func (p *Player) Play(step *Step) {
	p.step, p.missing = step, ""
}

// Seed is the seed of the match's math.random.
func (p *Player) Seed() uint64 { return p.seed }

// Now is the time that Lua was told.
func (p *Player) Now(time.Time) time.Time {
	if len(p.step.times) == 0 {
		p.missing = "Lua asks for the time more often"
		return p.now
	}
	p.now, p.step.times = p.step.times[0], p.step.times[1:]
	return p.now
}

// Call gives what came of the step's next call of that name.
func (p *Player) Call(name string, _ func() ([]byte, string)) (results []byte, failure string, err error) {
	for i := range p.step.calls {
		if call := &p.step.calls[i]; call.Name == name && !call.used {
			call.used = true
			return call.Results, call.Failure, nil
		}
	}
	p.missing = "Lua calls nakama." + name + ", which it did not when the match was recorded"
	return nil, "", errors.New("nakama." + name + " was not called here when the match was recorded")
}

// Step does nothing: Play has done it.
func (p *Player) Step(match.Input) {}

// Sent notes what is sent.
func (p *Player) Sent(to []match.Presence, message match.Broadcast) { p.sent.sent(to, message) }

// Kicked notes who is kicked.
func (p *Player) Kicked(who []match.Presence) { p.sent.kicked(who) }

// Done compares.
func (p *Player) Done(out match.Outcome) {
	var got Done
	got, p.scratch = doneOf(out, p.state, &p.sent, p.appendState, p.scratch)
	p.state, p.Err = got.State, out.Err
	what := p.compare(got)
	if p.Difference == nil && what != "" {
		p.Difference = &Difference{Tick: out.Tick, In: p.step.Input.Kind, What: what}
		if p.step.Input.Kind == "" {
			p.Difference.In = "match_init"
		}
	}
}

func (p *Player) compare(got Done) string {
	want := p.step.Done
	switch {
	case got.Err != want.Err && want.Err == "":
		return "it fails, and did not when it was recorded: " + got.Err
	case got.Err != want.Err && got.Err == "":
		return "it does not fail, and did when it was recorded: " + want.Err
	case got.Err != want.Err:
		return fmt.Sprintf("it fails with %q, and failed with %q when it was recorded", got.Err, want.Err)
	case p.missing != "":
		return p.missing
	case got.Ended != want.Ended:
		return fmt.Sprintf("the match has ended: %t, but when it was recorded: %t", got.Ended, want.Ended)
	case got.Sent != want.Sent:
		return "it sends something else than when it was recorded"
	case got.State != want.State:
		return "the state is another one than when it was recorded"
	}
	return ""
}

// Close does nothing.
func (*Player) Close() {}
