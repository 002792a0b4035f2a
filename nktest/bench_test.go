package nktest_test

import (
	"testing"

	"nkhost/modules"
	"nkhost/nktest"
)

// BenchmarkTick is a tick of a match in which two play.
func BenchmarkTick(b *testing.B) {
	h := nktest.Open(b, testModules())
	m := h.Match("arena", nil)
	m.Join(h.User("alice"), h.User("bob"))
	b.ResetTimer()
	m.Tick(b.N)
}

// BenchmarkGame is a match of the bundled game, from its start to its end, with a round.
func BenchmarkGame(b *testing.B) {
	h := nktest.Open(b, modules.Game())
	players := []*nktest.User{h.User("alice"), h.User("bob")}
	moves := []string{`{"row":1,"col":1}`, `{"row":2,"col":1}`, `{"row":1,"col":2}`, `{"row":2,"col":2}`, `{"row":1,"col":3}`}
	for b.Loop() {
		m := h.Match("tictactoe_match", nil)
		m.Join(players...)
		for i, move := range moves {
			m.Send(players[i%2], opMove, move)
			m.Tick(1)
		}
		m.Received(players[1]).Last(opState).JSON("state.winner").Is(1)
		m.Leave(players...)
	}
}

// BenchmarkOpen is a host with the bundled game.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		inner := &recorder{}
		b.StartTimer()
		nktest.Open(inner, modules.Game())
		for _, cleanup := range inner.cleanups {
			cleanup()
		}
	}
}

// BenchmarkTickRecorded is BenchmarkTick while the match is recorded.
func BenchmarkTickRecorded(b *testing.B) {
	h := nktest.Open(b, testModules(), recordTo(b.TempDir()))
	m := h.Match("arena", nil)
	m.Join(h.User("alice"), h.User("bob"))
	b.ResetTimer()
	m.Tick(b.N)
}
