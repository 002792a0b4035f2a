package match

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A match's course follows from its inputs alone: without a registry, a worker or a
// clock, the same inputs do the same.
func TestStepNeedsOnlyInputs(t *testing.T) {
	t.Parallel()
	course := func() []string {
		s := &stage{t: t}
		l := &life{id: "m", rate: 2, surroundings: &surroundings{clients: s, config: Config{}.withDefaults()}}
		l.handler = &actor{stage: s, id: l.id, dispatcher: l, act: func(_ context.Context, c *callback) {
			c.BroadcastDeferred(Broadcast{OpCode: c.tick, Data: []byte(c.name)})
			if c.name == "signal" {
				c.Kick(presences("bob"))
			}
		}}
		for _, in := range []input{
			{kind: inAttempt, joiner: &Joiner{Presence: presence("alice")}},
			{kind: inJoin, presences: presences("alice")},
			{kind: inConfirm, presences: presences("alice")},
			{kind: inTick, messages: []Message{{Sender: presence("alice"), Data: []byte("hi")}}},
			{kind: inJoin, presences: presences("bob")},
			{kind: inSignal, data: "out with bob"},
			{kind: inConfirm, presences: presences("bob")},
			{kind: inTick},
			{kind: inLeave, presences: presences("bob")},
			{kind: inTerminate, grace: 3},
		} {
			out := l.step(t.Context(), in)
			s.write("%v: %d %v %q", in.kind, out.ending, out.verdict.Allow, out.answer)
		}
		return s.take()
	}
	want := []string{
		"attempt alice", `match_join_attempt: 0 true ""`,
		"join alice", "send 0 join to alice", `match_join: 0 false ""`,
		`join confirmation: 0 false ""`,
		"loop alice:hi", "send 0 loop to alice", `match_loop: 0 false ""`,
		"join bob", "send 1 join to alice bob", `match_join: 0 false ""`,
		"signal out with bob", "kick bob", "send 1 signal to alice bob", `match_signal: 0 false "got out with bob"`,
		"kick bob", `join confirmation: 0 false ""`,
		"send 1 loop to alice bob", `match_loop: 0 false ""`,
		"leave bob", "send 2 leave to alice", `match_leave: 0 false ""`,
		"terminate 3", "send 2 terminate to alice", `match_terminate: 0 false ""`,
	}
	for range 2 {
		if got := course(); !slices.Equal(got, want) {
			t.Fatalf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
}

// members agree with a plain list through random joins and leaves, below and above
// the size at which they are indexed; what was handed out never changes.
func TestMembersAgainstAList(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var m *members
	var model []string
	for range 5000 {
		name := fmt.Sprint("p", random.IntN(3*indexedFrom))
		before, shown := m, names(m.all())
		at := slices.Index(model, name)
		if random.IntN(2) == 0 {
			var joins []Presence
			m, joins = m.with(presences(name, name))
			if (at < 0) != (names(joins) == name) {
				t.Fatalf("%s joins %v and is told %v", name, model, joins)
			}
			if at < 0 {
				model = append(model, name)
			}
		} else {
			var leaves []Presence
			m, leaves = m.without(presences(name))
			if (at >= 0) != (names(leaves) == name) {
				t.Fatalf("%s leaves %v and is told %v", name, model, leaves)
			}
			if at >= 0 {
				model = slices.Delete(model, at, at+1)
			}
		}
		p := presence(name)
		if m.has(&p) != slices.Contains(model, name) || names(m.all()) != strings.Join(model, " ") {
			t.Fatalf("members are %q, want %q", names(m.all()), model)
		}
		if names(before.all()) != shown {
			t.Fatal("a list that was handed out has changed")
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	among := []string{"tictactoe_match", "game.chess", "util.json"}
	for name, want := range map[string]string{
		"tictactoe": "", "tictactoe_macth": "tictactoe_match", "TicTacToe_Match": "tictactoe_match",
		"chess": "game.chess", "games.util.json": "util.json", "x": "", "": "",
	} {
		if got, ok := nearest(name, among); got != want || ok != (want != "") {
			t.Errorf("nearest to %q: %q, %v, want %q", name, got, ok, want)
		}
	}
}

func TestTicksIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d    time.Duration
		rate int
		want int
	}{
		{time.Second, 60, 60}, {1500 * time.Millisecond, 2, 3}, {99 * time.Millisecond, 10, 0},
		{10 * 365 * 24 * time.Hour, 60, 10 * 365 * 24 * 3600 * 60}, // longer than there are nanoseconds times 60
	} {
		if got := (&life{rate: test.rate}).ticksIn(test.d); got != test.want {
			t.Errorf("%v at %d a second: %d ticks, want %d", test.d, test.rate, got, test.want)
		}
	}
}
