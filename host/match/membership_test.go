package match

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
)

// Alice leaves and comes back while her match is busy. It deals with the leave first,
// and so with the join as with anyone's.
func TestLeaveThenJoinIsANewJoin(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		id, done := s.busy("slow")
		s.Leave(id, presences("alice"))
		back := make(chan JoinResult)
		go func() { back <- s.attempt(id, "alice") }()
		synctest.Wait()
		done()
		if got := <-back; !got.Allow || !got.IsNew {
			t.Errorf("alice came back as %+v", got)
		}
		s.expect("leave alice", "attempt alice", "join alice")
		if l, err := s.Get(id); err != nil || l.Size != 1 {
			t.Errorf("%d are in the match, %v", l.Size, err)
		}
	})
}

// Bob's join takes longer than he waits, by the clock or because his socket closes.
// The match lets him in and out again; when he asks again he is asked for anew.
func TestJoinThatIsGivenUpLeavesNoGhost(t *testing.T) {
	for name, patience := range map[string]time.Duration{"timed out": time.Hour, "socket closed": time.Second} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{JoinAttemptTimeout: 3 * time.Second}, func(s *stage) {
				slow := make(chan struct{})
				s.module("slow", func(_ context.Context, c *callback) {
					if c.name == "attempt" {
						<-slow
					}
				})
				id := s.create("slow")
				s.take()
				ctx, cancel := context.WithTimeout(s.t.Context(), patience)
				defer cancel()
				if got, err := s.JoinAttempt(ctx, id, Joiner{Presence: presence("bob")}); got.Allow || err != nil {
					t.Errorf("bob was told %+v, %v", got, err)
				}
				close(slow)
				s.expect("attempt bob", "join bob", "leave bob(4)")
				if got := s.attempt(id, "bob"); !got.Allow || !got.IsNew {
					t.Errorf("bob came again as %+v", got)
				}
				s.expect("attempt bob", "join bob")
			})
		})
	}
}

// Alice is in the match. When she asks again and gives up, she stays in.
func TestGivingUpARejoinKeepsTheMember(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		id, done := s.busy("slow")
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		if got, _ := s.JoinAttempt(ctx, id, Joiner{Presence: presence("alice")}); got.Allow {
			t.Errorf("a busy match answered %+v", got)
		}
		done()
		s.expect()
		if l, _ := s.Get(id); l.Size != 1 {
			t.Errorf("%d are in the match", l.Size)
		}
	})
}

// Bob's socket confirms his join after the match has given him up: it is taken off
// the match's stream, lest it go on sending to a match that it is not in.
func TestConfirmationThatComesTooLate(t *testing.T) {
	play(t, Config{JoinMarkerDeadline: time.Second}, func(s *stage) {
		id := s.create("plain")
		s.attempt(id, "bob")
		s.pass(1100 * time.Millisecond)
		s.expect("init", "attempt bob", "join bob", "leave bob")
		s.Joined(id, presence("bob"))
		s.expect("kick bob")
	})
}

// A deadline shorter than a tick still leaves a joiner the tick's time.
func TestJoinMarkerLastsATick(t *testing.T) {
	play(t, Config{JoinMarkerDeadline: time.Millisecond}, func(s *stage) {
		id := s.create("plain")
		s.attempt(id, "bob")
		s.pass(50 * time.Millisecond)
		s.Joined(id, presence("bob"))
		s.pass(time.Second)
		s.expect("init", "attempt bob", "join bob")
	})
}

func TestWhileClosingOnlyMembersRejoin(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		id := s.create("plain")
		s.join(id, "alice")
		closed := make(chan error)
		go func() { closed <- s.Close(s.t.Context(), 2) }()
		synctest.Wait()
		s.take()
		if got := s.attempt(id, "alice"); !got.Allow || got.IsNew {
			t.Errorf("alice was told %+v", got)
		}
		if got := s.attempt(id, "bob"); got.Allow || got.Reason != notAccepting {
			t.Errorf("bob was told %+v", got)
		}
		s.expect()
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// A match_init that creates a match of its own module goes so deep and no deeper.
func TestNestedCreateHasABound(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		inits := 0
		s.module("doll", func(ctx context.Context, c *callback) {
			if c.name == "init" {
				inits++
				_, c.err = s.Create(ctx, "doll", nil)
			}
		})
		_, err := s.Create(s.t.Context(), "doll", nil)
		wantCode(s.t, err, codes.FailedPrecondition, "9 matches are creating one another")
		if inits != maxDepth+1 || s.Count() != 0 {
			t.Errorf("match_init ran %d times, and %d matches are left", inits, s.Count())
		}
	})
}
