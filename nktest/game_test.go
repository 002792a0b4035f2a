package nktest_test

import (
	"testing"

	"nkhost/modules"
	"nkhost/nktest"
)

const (
	opMove  = 1
	opState = 2
)

// TestGame plays a round of the bundled game.
func TestGame(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, modules.Game())
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Matchmake(alice, bob)
	m.Join(alice, bob)
	m.Received(bob).Last(opState).JSON("your_turn").Is(false)

	for i, move := range []string{
		`{"row":1,"col":1}`, `{"row":2,"col":1}`,
		`{"row":1,"col":2}`, `{"row":2,"col":2}`,
		`{"row":1,"col":3}`,
	} {
		m.Send([]*nktest.User{alice, bob}[i%2], opMove, move)
		m.Tick(1)
	}
	m.Received(bob).Last(opState).JSON("state.cells.0").Is([]int{1, 1, 1})
	m.Received(bob).Last(opState).JSON("state.winner").Is(1)
	m.State("countdown").Is(10)

	m.Tick(10)
	m.State("round.cells.0.0").Is(-1)
	m.Leave(alice)
	if !m.Ended() {
		t.Error("the match goes on without alice")
	}
}

// TestGameRefusesStrangers wants that only those who were matched may join.
func TestGameRefusesStrangers(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, modules.Game())
	m := h.Matchmake(h.User("alice"), h.User("bob"))
	if result := m.TryJoin(h.User("eve"), nil); result.Allowed || result.Reason != "This match is for the two players who were matched." {
		t.Errorf("eve's join: %+v", result)
	}
}

// TestGameAnswersRefusedMoves wants that a move out of turn changes nothing, and that its
// sender alone is told.
func TestGameAnswersRefusedMoves(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, modules.Game())
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Match("tictactoe_match", nil)
	m.Join(alice, bob)
	before := m.Received(alice).Count(opState)
	m.Send(bob, opMove, map[string]int{"row": 1, "col": 1}) // it is alice's turn
	m.Tick(1)
	if n := m.Received(alice).Count(opState); n != before {
		t.Errorf("alice has received %d states, want %d: bob's move was refused", n, before)
	}
	m.Received(bob).Last(opState).JSON("state.cells.0.0").Is(-1)

	m.Disconnect(bob)
	if !m.Ended() {
		t.Error("the match goes on without bob")
	}
}
