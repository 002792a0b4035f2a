package match

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestLifeOfAMatch(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("echo", func(_ context.Context, c *callback) {
			for _, m := range c.messages {
				c.Broadcast(Broadcast{OpCode: c.tick, Data: m.Data, To: []Presence{m.Sender}})
			}
			if c.name == "join" {
				c.Broadcast(Broadcast{OpCode: 9, Data: []byte("welcome")})
			}
		})
		id := s.create("echo")

		got := s.attempt(id, "alice")
		if !got.Allow || !got.IsNew || len(got.Presences) != 0 {
			t.Errorf("the first to join: %+v", got)
		}
		s.Joined(id, presence("alice"))
		got = s.attempt(id, "bob")
		if !reflect.DeepEqual(got.Presences, presences("alice")) {
			t.Errorf("who is in already: %+v", got.Presences)
		}
		s.Joined(id, presence("bob"))
		s.expect("init", "attempt alice", "join alice", "send 9 welcome to alice",
			"attempt bob", "join bob", "send 9 welcome to alice bob")

		s.send(id, "alice", "one")
		s.send(id, "bob", "two")
		s.pass(90 * time.Millisecond)
		s.expect()
		s.pass(20 * time.Millisecond)
		s.expect("loop alice:one bob:two", "send 0 one to alice", "send 0 two to bob")

		gone := presence("alice")
		gone.Reason = ReasonLeave
		s.Leave(id, []Presence{gone})
		s.expect("leave alice(3)")
		s.Leave(id, []Presence{gone})
		s.expect()
		if l, err := s.Get(id); err != nil || l.Size != 1 || l.TickRate != 10 || l.Handler != "echo" || !l.Authoritative {
			t.Errorf("Get: %+v, %v", l, err)
		}
	})
}

func TestRejoinAsksNobody(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.label = "again"
		id := s.create("plain")
		s.join(id, "alice", "bob")
		s.take()
		got := s.attempt(id, "alice")
		want := JoinResult{Allow: true, Label: "again", Presences: presences("alice", "bob")}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		s.expect()
	})
}

func TestJoinAttemptRefused(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("full", func(_ context.Context, c *callback) {
			if c.name == "attempt" {
				c.verdict = Verdict{Reason: "the table is full"}
			}
		})
		id := s.create("full")
		if got := s.attempt(id, "alice"); got.Allow || !got.IsNew || got.Reason != "the table is full" {
			t.Errorf("got %+v", got)
		}
		s.expect("init", "attempt alice")
	})
}

// Every callback can end the match: by no state silently, by an error or a panic so
// that the members are disconnected. What was put off is sent all the same.
func TestCallbacksThatEndTheMatch(t *testing.T) {
	trigger := map[string]func(s *stage, id string){
		"attempt": func(s *stage, id string) {
			if got := s.attempt(id, "bob"); got.Allow {
				s.t.Errorf("bob was let in: %+v", got)
			}
		},
		"join":      func(s *stage, id string) { s.attempt(id, "bob") },
		"leave":     func(s *stage, id string) { s.Leave(id, presences("carol")) },
		"loop":      func(s *stage, _ string) { s.pass(100 * time.Millisecond) },
		"signal":    func(s *stage, id string) { _, err := s.Signal(s.t.Context(), id, "x"); s.t.Log(err) },
		"terminate": func(s *stage, _ string) { s.terminate(s.t.Context(), 5) },
	}
	before := map[string][]string{
		"attempt": {"attempt bob"}, "join": {"attempt bob", "join bob"}, "leave": {"leave carol"},
		"signal": {"signal x"}, "terminate": {"terminate 5"},
	}
	members := map[string]string{"join": "alice carol bob", "leave": "alice"}
	ways := map[string]func(c *callback){
		"no state": func(c *callback) { c.state = nil },
		"error":    func(c *callback) { c.err = errors.New("told to fail") },
		"panic":    func(*callback) { panic("told to panic") },
	}
	for name, start := range trigger {
		for way, end := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				play(t, Config{}, func(s *stage) {
					s.module("ends", func(_ context.Context, c *callback) {
						if armed := len(c.who) == 0 || c.who[0].Username == "bob" || c.name == "leave"; c.name == name && armed {
							c.BroadcastDeferred(Broadcast{Data: []byte("farewell"), To: presences("alice")})
							end(c)
						}
					})
					id := s.create("ends")
					s.join(id, "alice", "carol")
					s.take()
					start(s, id)
					want := append(before[name], "send 0 farewell to alice", "stopped", "close")
					if way != "no state" {
						who := members[name]
						if who == "" {
							who = "alice carol"
						}
						want = append(want, "disconnect "+who)
					}
					s.expect(want...)
					s.gone(id)
				})
			})
		}
	}
}

func TestJoinThatIsNeverConfirmedBecomesALeave(t *testing.T) {
	play(t, Config{JoinMarkerDeadline: 3 * time.Second}, func(s *stage) {
		id := s.create("plain")
		s.join(id, "alice")
		s.attempt(id, "bob")
		s.attempt(id, "carol")
		s.Leave(id, presences("carol"))
		s.expect("init", "attempt alice", "join alice", "attempt bob", "join bob",
			"attempt carol", "join carol", "leave carol")
		s.pass(2900 * time.Millisecond)
		s.expect()
		s.pass(200 * time.Millisecond)
		s.expect("leave bob")
		s.pass(10 * time.Second)
		s.expect()
	})
}

func TestKick(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.module("strict", func(_ context.Context, c *callback) {
			switch {
			case c.name == "join" && c.who[0].Username == "carol":
				c.Kick(c.who)
			case c.name == "signal":
				elsewhere := presence("alice")
				elsewhere.Node = "n2"
				c.Kick(append(presences("alice", "stranger"), elsewhere))
				c.Kick(presences("stranger"))
			}
		})
		id := s.create("strict")
		s.join(id, "alice", "bob")
		s.take()
		s.Signal(s.t.Context(), id, "")
		s.expect("signal", "kick alice")

		// The socket cannot take carol out before it knows of the join.
		s.attempt(id, "carol")
		s.expect("attempt carol", "join carol", "kick carol")
		s.Joined(id, presence("carol"))
		s.expect("kick carol")
		s.Joined(id, presence("carol"))
		s.expect()
	})
}

func TestBroadcastReachesMembersOnly(t *testing.T) {
	for _, size := range []int{2, indexedFrom + 3} {
		t.Run(fmt.Sprint(size, " members"), func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				s.module("sends", func(_ context.Context, c *callback) {
					if c.name != "signal" {
						return
					}
					elsewhere := presence("m0")
					elsewhere.Node = "n2"
					c.Broadcast(Broadcast{OpCode: 1, To: []Presence{}})
					c.Broadcast(Broadcast{OpCode: 2, To: append(presences("m1", "stranger", "m0"), elsewhere)})
					c.Broadcast(Broadcast{OpCode: 3, To: presences("stranger")})
				})
				id := s.create("sends")
				for i := range size {
					s.join(id, fmt.Sprint("m", i))
				}
				s.take()
				s.Signal(s.t.Context(), id, "")
				s.expect("signal", "send 2  to m1 m0")
			})
		})
	}
}

func TestDeferredBroadcasts(t *testing.T) {
	play(t, Config{DeferredQueueSize: 2}, func(s *stage) {
		var full error
		s.module("defers", func(_ context.Context, c *callback) {
			if c.name == "signal" {
				c.BroadcastDeferred(Broadcast{OpCode: 1, To: presences("nobody")})
				c.BroadcastDeferred(Broadcast{OpCode: 2})
				c.Broadcast(Broadcast{OpCode: 3})
				c.BroadcastDeferred(Broadcast{OpCode: 4})
				full = c.BroadcastDeferred(Broadcast{OpCode: 5})
			}
		})
		id := s.create("defers")
		s.join(id, "alice")
		s.take()
		for range 2 {
			s.Signal(s.t.Context(), id, "")
			s.expect("signal", "send 3  to alice", "send 2  to alice", "send 4  to alice")
			if full == nil {
				t.Error("a third deferred broadcast was accepted")
			}
		}
	})
}

func TestMaxEmptyCountsTicksInARow(t *testing.T) {
	play(t, Config{MaxEmpty: 2 * time.Second}, func(s *stage) {
		id := s.create("plain")
		s.pass(1900 * time.Millisecond)
		s.join(id, "alice")
		s.pass(5 * time.Second)
		s.Leave(id, presences("alice"))
		s.expect("init", "attempt alice", "join alice", "leave alice")
		s.pass(1900 * time.Millisecond)
		s.expect()
		s.pass(200 * time.Millisecond)
		s.expect("stopped", "close")
		s.gone(id)
	})
}
