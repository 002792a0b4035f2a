package leaderboard

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// eventKind says what modules are told of a leaderboard or tournament.
type eventKind int

const (
	tournamentEnded eventKind = iota
	tournamentReset
	leaderboardReset
)

// events are what happens to a leaderboard at a time, which is zero if nothing does.
type events struct {
	at    time.Time
	kinds []eventKind
}

// eventsAfter are a leaderboard's first events after a time.
func (b *board) eventsAfter(after time.Time) (next events) {
	after = after.UTC()
	if !b.isTournament() {
		return events{b.nextReset(after), []eventKind{leaderboardReset}}
	}
	p := b.period(after)
	for _, event := range []struct {
		kind eventKind
		unix int64
	}{{tournamentEnded, p.end}, {tournamentReset, p.expiry}} {
		at := time.Unix(event.unix, 0).UTC()
		switch {
		case event.unix == 0 || !at.After(after):
		case next.at.IsZero() || at.Before(next.at):
			next = events{at, []eventKind{event.kind}}
		case at.Equal(next.at):
			next.kinds = append(next.kinds, event.kind)
		}
	}
	return next
}

// Due is when modules are to be told something next; zero is never, as far as is known.
func (s *Service) Due() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var due time.Time
	for _, b := range s.boards {
		if at := b.next.at; !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	return due
}

// event is one that is due.
type event struct {
	board *board
	kind  eventKind
	at    time.Time
}

// take are the events that are due, the earliest first. Of those that a leaderboard had
// while nobody took them only the first is told, as on Nakama.
func (s *Service) take() (due []event) {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.boards {
		if b.next.at.IsZero() || b.next.at.After(now) {
			continue
		}
		for _, kind := range b.next.kinds {
			due = append(due, event{b, kind, b.next.at})
		}
		b.next = b.eventsAfter(now)
	}
	slices.SortFunc(due, func(a, b event) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.board.position, b.board.position), cmp.Compare(a.kind, b.kind))
	})
	return due
}

// Tell tells modules what is due.
func (s *Service) Tell(ctx context.Context) {
	for _, e := range s.take() {
		s.tell(ctx, e)
	}
}

func (s *Service) tell(ctx context.Context, e event) {
	before, b := e.at.Add(-time.Second), e.board
	if b.dropExpired(e.at) || ctx.Err() != nil {
		return
	}
	if e.kind == leaderboardReset {
		s.LeaderboardReset(ctx, b.leaderboard(before), e.at.Unix())
		return
	}
	p := b.period(before)
	size, err := s.size(ctx, b, p)
	if err != nil {
		s.Failed(fmt.Errorf("read the size of tournament %s: %w", b.ID, err))
		return
	}
	callback := s.TournamentEnded
	if e.kind == tournamentReset {
		callback = s.TournamentReset
	}
	callback(ctx, b.tournament(before, size), p.end, p.expiry)
}

// dropExpired lets go of the ranks of a period that is over, and says whether the
// leaderboard was deleted.
func (b *board) dropExpired(now time.Time) (deleted bool) {
	b.changes.Lock()
	defer b.changes.Unlock()
	if b.ranks != nil && b.ranks.expiry != 0 && b.ranks.expiry <= now.Unix() {
		b.ranks = nil
	}
	return b.deleted
}

// longestWait is after how long Run looks at the clock at the latest, which may have been
// set or have stood still.
const longestWait = time.Minute

// Run ranks what is not ranked yet and tells modules what is due, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { s.rankAll(ctx) })
	queue := make(chan event, s.QueueSize)
	defer close(queue)
	for range s.Workers {
		running.Go(func() {
			for e := range queue {
				s.tell(ctx, e)
			}
		})
	}
	for {
		for _, e := range s.take() {
			select {
			case queue <- e:
			case <-ctx.Done():
				return
			}
		}
		if !s.await(ctx) {
			return
		}
	}
}

// await waits until there may be something to tell, and says whether ctx goes on.
func (s *Service) await(ctx context.Context) bool {
	wait := longestWait
	if due := s.Due(); !due.IsZero() {
		wait = min(wait, max(0, due.Sub(s.Now())))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.changed:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// wake has Run look anew what is due.
func (s *Service) wake() {
	select {
	case s.changed <- struct{}{}:
	default: // it will
	}
}

// rankAll ranks the records of all leaderboards.
func (s *Service) rankAll(ctx context.Context) {
	all := s.all()
	boards := make(chan *board, len(all))
	for _, b := range all {
		boards <- b
	}
	close(boards)
	var loaders sync.WaitGroup
	defer loaders.Wait()
	for range s.Loaders {
		loaders.Go(func() {
			for b := range boards {
				if _, err := s.ranking(ctx, b, b.expiry(s.Now())); err != nil && ctx.Err() == nil {
					s.Failed(err)
				}
			}
		})
	}
}
