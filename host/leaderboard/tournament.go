package leaderboard

import (
	"context"
	"database/sql"
	"slices"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
	"nkhost/host/db"
)

// Join makes an owner's record in a tournament that has to be joined; of others, and of
// one that the owner has joined, it is none of the business. The error's code is NotFound
// for an unknown tournament, and InvalidArgument for one that is over or full.
func (s *Service) Join(ctx context.Context, id, owner, username string) error {
	b, err := s.tournament(id)
	if err != nil || !b.JoinRequired {
		return err
	}
	now := s.Now()
	p := b.period(now)
	if p.end <= now.Unix() {
		return status.Error(codes.InvalidArgument, "Tournament is not active and cannot accept new joins.")
	}
	_, err = s.write(ctx, b, p.expiry, owner, func(tx *db.Tx, r *row, there bool) (bool, error) {
		if there {
			return false, nil
		}
		r.username = sql.NullString{String: username, Valid: true}
		return true, s.grow(ctx, tx, b, r, codes.InvalidArgument, "Tournament cannot be joined as it has reached its max size.")
	})
	return err
}

// grow counts a new record of a tournament whose size is bounded.
func (s *Service) grow(ctx context.Context, tx *db.Tx, b *board, r *row, full codes.Code, text string) error {
	if !b.hasMaxSize() {
		return nil
	}
	count, err := tx.Exec(ctx, s.sql.grow, b.ID, sizeExpiry(r.expiry))
	if err == nil && count == 0 {
		err = status.Error(full, text)
	}
	return err
}

// WriteTournament submits a score to a tournament and returns the record. Each score
// counts as an attempt. The error's code is NotFound for an unknown tournament,
// PermissionDenied for a user's write to an authoritative one, and FailedPrecondition when
// it takes no scores at the time, is full, has to be joined first, or has taken all of the
// owner's attempts. In a tournament that has to be joined the latter is no error: the
// record stays as it is.
func (s *Service) WriteTournament(ctx context.Context, w Write) (*api.LeaderboardRecord, error) {
	b, err := s.tournament(w.BoardID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	p := b.period(now)
	switch {
	case w.Caller != Server && b.EndTime > 0 && b.EndTime <= now.Unix():
		return nil, status.Error(codes.NotFound, "Tournament not found or has ended.")
	case w.Caller != Server && b.Authoritative:
		return nil, status.Error(codes.PermissionDenied, "Tournament only allows authoritative score submissions.")
	case now.Unix() < p.start || p.end <= now.Unix():
		return nil, status.Error(codes.FailedPrecondition, "Tournament is not active and cannot accept new scores.")
	}
	return s.write(ctx, b, p.expiry, w.OwnerID, func(tx *db.Tx, r *row, there bool) (bool, error) {
		switch {
		case b.JoinRequired && !there:
			return false, status.Error(codes.FailedPrecondition, "Must join tournament before attempting to write value.")
		case b.JoinRequired && r.numScore >= r.maxNumScore:
			return false, nil
		case r.numScore >= r.maxNumScore:
			return false, status.Error(codes.FailedPrecondition, "Reached allowed max number of score attempts.")
		case !there:
			if err := s.grow(ctx, tx, b, r, codes.FailedPrecondition, "Tournament has reached max size."); err != nil {
				return false, err
			}
		}
		if _, err := r.submit(b, w, there); err != nil {
			return false, err
		}
		r.describe(w, s.Now())
		return true, nil
	})
}

// AddAttempts lets an owner who is in a tournament submit count more scores in its
// current period, or fewer. As on Nakama nothing comes of it if that leaves none at all. The error's code is NotFound for an unknown tournament, and
// FailedPrecondition for one that is over.
func (s *Service) AddAttempts(ctx context.Context, id, owner string, count int) error {
	b, err := s.tournament(id)
	if err != nil {
		return err
	}
	now := s.Now()
	p := b.period(now)
	if p.end <= now.Unix() {
		return status.Error(codes.FailedPrecondition, "tournament outside of duration")
	}
	defer s.lockOwner(b, owner)()
	_, err = s.sql.attempts.Exec(ctx, b.ID, p.expiry*1000, owner, count)
	return err
}

// DeleteTournamentRecord removes an owner's record of a tournament's current period. The
// error's code is NotFound for an unknown tournament, and PermissionDenied for a user
// where it is authoritative.
func (s *Service) DeleteTournamentRecord(ctx context.Context, caller, id, owner string) error {
	b, err := s.tournament(id)
	if err != nil {
		return err
	}
	if b.Authoritative && caller != Server {
		return status.Error(codes.PermissionDenied, "Tournament only allows authoritative score deletions.")
	}
	return s.deleteRecord(ctx, b, owner)
}

// TournamentRecords is Records of a tournament. The error's code is NotFound also for one
// that has ended, unless a period is asked for.
func (s *Service) TournamentRecords(ctx context.Context, id string, request ListRequest) (*api.TournamentRecordList, error) {
	b, err := s.tournament(id)
	if err != nil {
		return nil, err
	}
	if request.Expiry == 0 && b.EndTime > 0 && b.EndTime <= s.Now().Unix() {
		return nil, status.Error(codes.NotFound, "Tournament has ended.")
	}
	list, err := s.Records(ctx, id, request)
	if err != nil {
		return nil, err
	}
	return &api.TournamentRecordList{
		Records: list.Records, OwnerRecords: list.OwnerRecords, NextCursor: list.NextCursor, PrevCursor: list.PrevCursor,
		RankCount: list.RankCount,
	}, nil
}

// TournamentAround is Around of a tournament. As on Nakama both cursors are that of the
// next page.
func (s *Service) TournamentAround(ctx context.Context, id, owner string, limit int, from string, expiry int64) (*api.TournamentRecordList, error) {
	if _, err := s.tournament(id); err != nil {
		return nil, err
	}
	list, err := s.Around(ctx, id, owner, limit, from, expiry)
	if err != nil {
		return nil, err
	}
	return &api.TournamentRecordList{Records: list.Records, NextCursor: list.NextCursor, PrevCursor: list.NextCursor, RankCount: list.RankCount}, nil
}

// Tournaments returns those of the tournaments that exist, each once. As on Nakama they do
// not tell whether they have to be joined.
func (s *Service) Tournaments(ctx context.Context, ids []string) ([]*api.Tournament, error) {
	var found []*api.Tournament
	seen := map[string]bool{}
	for _, id := range ids {
		b, err := s.tournament(id)
		if err != nil || seen[id] {
			continue
		}
		seen[id] = true
		one, err := s.describe(ctx, b)
		if err != nil {
			return nil, err
		}
		one.JoinRequired = false
		found = append(found, one)
	}
	return found, nil
}

// describe tells a tournament with the size of its current period.
func (s *Service) describe(ctx context.Context, b *board) (*api.Tournament, error) {
	now := s.Now()
	size, err := s.size(ctx, b, b.period(now))
	if err != nil {
		return nil, err
	}
	return b.tournament(now, size), nil
}

// size counts the records of a period, if the size is bounded.
func (s *Service) size(ctx context.Context, b *board, p period) (size int64, err error) {
	if b.hasMaxSize() {
		_, err = s.sql.size.Row(ctx, b.ID, sizeExpiry(p.expiry*1000)).Scan(&size)
	}
	return size, err
}

// TournamentFilter says which tournaments to list. Times are Unix seconds.
type TournamentFilter struct {
	CategoryStart, CategoryEnd int
	StartTime                  int64 // the earliest start
	// EndTime is the latest end. 0 lists those that never end, and -1 those that have not
	// ended yet.
	EndTime int64
}

func (f TournamentFilter) fits(b *board, now int64) bool {
	ends := b.EndTime != 0
	switch {
	case b.Category < f.CategoryStart, b.Category > f.CategoryEnd, b.StartTime < f.StartTime:
		return false
	case f.EndTime < 0:
		return !ends || b.EndTime >= now
	case f.EndTime == 0:
		return !ends
	}
	return ends && b.EndTime <= f.EndTime
}

// lastTournament is the last tournament of a page.
type lastTournament struct {
	StartTime int64  `json:"s"`
	EndTime   int64  `json:"e"`
	Category  int    `json:"c"`
	ID        string `json:"i"`
}

// ListTournaments returns a page of tournaments, by their start. The error's code is
// Unknown, as on Nakama, for a cursor that is none.
func (s *Service) ListTournaments(ctx context.Context, filter TournamentFilter, limit int, from string) (*api.TournamentList, error) {
	var after lastTournament
	if err := cursor.Decode(from, &after); err != nil {
		return nil, status.Error(codes.Unknown, "leaderboard cursor invalid")
	}
	list := &api.TournamentList{}
	for _, b := range s.tournamentsAfter(after, filter, limit+1) {
		if len(list.Tournaments) == limit {
			last := list.Tournaments[limit-1]
			list.Cursor = cursor.Encode(lastTournament{last.StartTime.GetSeconds(), last.EndTime.GetSeconds(), int(last.Category), last.Id})
			break
		}
		one, err := s.describe(ctx, b)
		if err != nil {
			return nil, err
		}
		list.Tournaments = append(list.Tournaments, one)
	}
	return list, nil
}

func (s *Service) tournamentsAfter(after lastTournament, filter TournamentFilter, limit int) (found []*board) {
	now := s.Now().Unix()
	s.mu.RLock()
	defer s.mu.RUnlock()
	at := 0
	if after.ID != "" {
		place := &board{New: New{ID: after.ID, StartTime: after.StartTime, EndTime: after.EndTime, Category: after.Category}}
		var there bool
		if at, there = slices.BinarySearchFunc(s.contests, place, compareTournaments); there {
			at++
		}
	}
	for _, b := range s.contests[at:] {
		if len(found) < limit && filter.fits(b, now) {
			found = append(found, b)
		}
	}
	return found
}
