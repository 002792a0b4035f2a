// Package leaderboard keeps leaderboards and tournaments with their records, and ranks
// these in memory. Its rules, error codes and texts are Nakama's (core_leaderboard.go,
// core_tournament.go, api_leaderboard.go, api_tournament.go).
//
// A tournament is a leaderboard that takes scores for a duration only, from its start or
// from each time of its schedule, and that may bound its size and each owner's attempts.
// The database has the records; what is in memory is all settings, and the ranks of the
// current period of each leaderboard that has been asked for them.
//
// At the times of the schedules modules are to be called. The times come from
// Options.Now: Run waits for them on a clock that goes by itself; who turns the clock asks
// Due for the next, turns it there, and calls Tell.
package leaderboard

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// Server is who does what a server module does. It may write what is authoritative.
const Server = "00000000-0000-0000-0000-000000000000"

// Options are the settings of a Service.
type Options struct {
	Now func() time.Time
	// Unranked names the leaderboards whose records have no ranks; "*" alone is all of
	// them (leaderboard.blacklist_rank_cache).
	Unranked []string
	// Loaders is how many leaderboards Run ranks at a time when it begins
	// (leaderboard.rank_cache_workers); the others are ranked when they are asked for.
	Loaders int
	// QueueSize and Workers are how many events may wait and how many are told at a time
	// (leaderboard.callback_queue_size, leaderboard.callback_queue_workers). While the queue
	// is full, later events are late.
	QueueSize, Workers int
	// TournamentEnded is told of a tournament that takes no more scores, TournamentReset
	// and LeaderboardReset of those whose records have expired, as they were a second
	// before. Times are Unix seconds; end and reset are those of that period, and reset is 0
	// for a tournament that is not reset.
	TournamentEnded, TournamentReset func(ctx context.Context, tournament *api.Tournament, end, reset int64)
	LeaderboardReset                 func(ctx context.Context, leaderboard *api.Leaderboard, reset int64)
	// Failed is told what went wrong in Run.
	Failed func(err error)
}

// stripes is how many owners' records may be written at a time.
const stripes = 64

// Service keeps leaderboards and tournaments in a database. An error it returns has a gRPC
// code and a text for clients, or none when the database failed. Owners are UUIDs in their
// usual form, scores are not negative, and times are Unix seconds.
//
// It is safe for concurrent use. Only one Service may write a database's leaderboards.
type Service struct {
	Options
	db  *db.DB
	sql statements

	creating sync.Mutex // held while a leaderboard is made or deleted
	mu       sync.RWMutex
	boards   map[string]*board
	list     []*board // leaderboards that are no tournaments, by their position
	contests []*board // tournaments, see compareTournaments
	last     int64    // the greatest position

	seed    maphash.Seed
	owners  [stripes]sync.Mutex // of those whose records are being written, by hash
	changed chan struct{}       // holds one if there may be an event that Run does not know of
}

// NewService returns the leaderboards in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of leaderboards: %w", err)
	}
	s := &Service{
		Options: options, db: database, sql: sql, boards: map[string]*board{},
		seed: maphash.MakeSeed(), changed: make(chan struct{}, 1),
	}
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("load the leaderboards: %w", err)
	}
	return s, nil
}

// find is the leaderboard or tournament of an id, or nil.
func (s *Service) find(id string) *board {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.boards[id]
}

// all are the leaderboards and tournaments, in no order.
func (s *Service) all() []*board {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Values(s.boards))
}

// tournament finds one. The error's code is NotFound.
func (s *Service) tournament(id string) (*board, error) {
	b := s.find(id)
	if b == nil || !b.isTournament() {
		return nil, errNoTournament()
	}
	return b, nil
}

// lockRecord keeps others from an owner's record of a leaderboard, until it is changed and
// ranked. ranks is nil if it has no rank. The error's code is NotFound for a leaderboard
// that was deleted meanwhile.
func (s *Service) lockRecord(ctx context.Context, b *board, expiry int64, owner string) (ranks *ranking, unlock func(), err error) {
	if _, err := s.ranking(ctx, b, expiry); err != nil {
		return nil, nil, err
	}
	b.changes.RLock()
	if b.deleted {
		b.changes.RUnlock()
		return nil, nil, errNotFound()
	}
	// The ranks may be others by now. Those that are read later have what is written here.
	if b.ranks != nil && b.ranks.expiry == expiry {
		ranks = b.ranks
	}
	unlockOwner := s.lockOwner(b, owner)
	return ranks, func() {
		unlockOwner()
		b.changes.RUnlock()
	}, nil
}

// lockOwner keeps others from writing an owner's record of a leaderboard.
func (s *Service) lockOwner(b *board, owner string) (unlock func()) {
	stripe := &s.owners[maphash.String(s.seed, b.ID+owner)%stripes]
	stripe.Lock()
	return stripe.Unlock
}

// ranking is that of a period, or nil if its records have no ranks: only those of the
// current one do. It is read from the database when it is not in memory. The caller holds
// none of the board's locks.
func (s *Service) ranking(ctx context.Context, b *board, expiry int64) (*ranking, error) {
	now := s.Now()
	if expiry != 0 && expiry <= now.Unix() || s.isUnranked(b.ID) {
		return nil, nil
	}
	b.changes.RLock()
	ranked, ranks := b.ranked, b.ranks
	b.changes.RUnlock()
	if !ranked || ranks != nil && ranks.expiry == expiry {
		return ranks, nil
	}
	if expiry != b.expiry(now) {
		return nil, nil
	}
	b.changes.Lock()
	defer b.changes.Unlock()
	if !b.ranked || b.deleted || b.ranks != nil && b.ranks.expiry == expiry {
		return b.ranks, nil
	}
	loaded, err := s.rank(ctx, b, expiry)
	if err != nil {
		return nil, fmt.Errorf("rank the records of leaderboard %s: %w", b.ID, err)
	}
	b.ranks = loaded
	return loaded, nil
}

func (s *Service) isUnranked(id string) bool {
	return len(s.Unranked) == 1 && s.Unranked[0] == "*" || slices.Contains(s.Unranked, id)
}

func errNotFound() error { return status.Error(codes.NotFound, "Leaderboard not found.") }

func errNoTournament() error { return status.Error(codes.NotFound, "Tournament not found.") }

func errCursor() error { return status.Error(codes.InvalidArgument, "Cursor is invalid or expired.") }
