package leaderboard

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// Write is a score that an owner submits.
type Write struct {
	Caller          string // Server, or a user's id
	BoardID         string
	OwnerID         string
	Username        string // "" keeps the one that the record has
	Score, Subscore int64
	Metadata        string       // a JSON object, or null; "" keeps the one that the record has
	Operator        api.Operator // NO_OVERRIDE takes the leaderboard's
}

// Write submits a score to a leaderboard and returns the record, which stays as it was if
// the score does not change it. The error's code is NotFound for an unknown leaderboard,
// PermissionDenied for a user's write to an authoritative one, and Internal, as on Nakama,
// for a score that is out of bounds.
func (s *Service) Write(ctx context.Context, w Write) (*api.LeaderboardRecord, error) {
	b := s.find(w.BoardID)
	if b == nil {
		return nil, errNotFound()
	}
	if b.Authoritative && w.Caller != Server {
		return nil, status.Error(codes.PermissionDenied, "Leaderboard only allows authoritative score submissions.")
	}
	return s.write(ctx, b, b.expiry(s.Now()), w.OwnerID, func(_ *db.Tx, r *row, there bool) (bool, error) {
		changed, err := r.submit(b, w, there)
		if err != nil || !changed {
			return false, err
		}
		r.describe(w, s.Now())
		return true, nil
	})
}

// write changes an owner's record, or makes it, and ranks it. change is given the record,
// or if it is not there one without scores, and says whether it changed it.
func (s *Service) write(
	ctx context.Context, b *board, expiry int64, owner string, change func(tx *db.Tx, r *row, there bool) (changed bool, err error),
) (*api.LeaderboardRecord, error) {
	ranks, unlock, err := s.lockRecord(ctx, b, expiry, owner)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var r *row
	if err := s.db.Tx(ctx, func(tx *db.Tx) error {
		now := s.Now().UnixMilli()
		r = &row{owner: owner, expiry: expiry * 1000, maxNumScore: int64(b.MaxNumScore), metadata: "{}", createTime: now, updateTime: now}
		there, err := r.read(tx.Row(ctx, s.sql.old, b.ID, r.expiry, owner))
		if err != nil {
			return err
		}
		changed, err := change(tx, r, there)
		if err != nil || !changed {
			return err
		}
		_, err = tx.Exec(ctx, s.sql.save, r.values(b.ID)...)
		return err
	}); err != nil {
		return nil, err
	}
	record := r.record(b.ID)
	if ranks != nil {
		record.Rank = ranks.set(r.place())
	}
	return record, nil
}

// submit applies a score, and says whether it changes anything. In a record that is new
// it always does.
func (r *row) submit(b *board, w Write, there bool) (changed bool, err error) {
	operator := cmp.Or(w.Operator, b.Operator)
	score, subscore, err := apply(operator, b.Descending, r, w, there)
	if err != nil {
		return false, err
	}
	changed = !there || score != r.score || subscore != r.subscore
	if operator == api.Operator_INCREMENT || operator == api.Operator_DECREMENT {
		changed = !there || w.Score != 0 || w.Subscore != 0
	}
	r.score, r.subscore = score, subscore
	return changed, nil
}

// describe counts a score and takes over what comes with it.
func (r *row) describe(w Write, now time.Time) {
	r.numScore++
	r.updateTime = now.UnixMilli()
	if w.Username != "" {
		r.username = sql.NullString{String: w.Username, Valid: true}
	}
	if w.Metadata != "" {
		r.metadata = w.Metadata
	}
}

// apply is what an operator makes of a record's scores. A first score is taken as it is,
// but by decrement, which begins at 0.
func apply(operator api.Operator, descending bool, r *row, w Write, there bool) (score, subscore int64, err error) {
	var of func(old, given int64) int64
	switch operator {
	case api.Operator_BEST:
		of = func(old, given int64) int64 { return min(old, given) }
		if descending {
			of = func(old, given int64) int64 { return max(old, given) }
		}
	case api.Operator_SET:
		of = func(_, given int64) int64 { return given }
	case api.Operator_INCREMENT:
		of = func(old, given int64) int64 { return old + given } // below 0 when it is too much
	case api.Operator_DECREMENT:
		of = func(old, given int64) int64 { return max(old-given, 0) }
	default:
		return 0, 0, status.Error(codes.Internal, "invalid operator")
	}
	switch {
	case operator == api.Operator_DECREMENT && !there:
	case there:
		score, subscore = of(r.score, w.Score), of(r.subscore, w.Subscore)
	default:
		score, subscore = w.Score, w.Subscore
	}
	if w.Score < 0 || w.Subscore < 0 || score < 0 || subscore < 0 {
		return 0, 0, status.Errorf(codes.Internal, "Error writing score to leaderboard: scores must be from 0 to %d.", math.MaxInt64)
	}
	return score, subscore, nil
}

// DeleteRecord removes an owner's record of a leaderboard. The error's code is NotFound
// for an unknown leaderboard or a tournament, and PermissionDenied for a user who is not
// the server where the leaderboard is authoritative.
func (s *Service) DeleteRecord(ctx context.Context, caller, id, owner string) error {
	b := s.find(id)
	switch {
	case b == nil || b.isTournament():
		return errNotFound()
	case b.Authoritative && caller != Server:
		return status.Error(codes.PermissionDenied, "Leaderboard only allows authoritative score deletions.")
	}
	return s.deleteRecord(ctx, b, owner)
}

// deleteRecord also makes room for another owner in a tournament.
func (s *Service) deleteRecord(ctx context.Context, b *board, owner string) error {
	expiry := b.expiry(s.Now())
	ranks, unlock, err := s.lockRecord(ctx, b, expiry, owner)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.db.Tx(ctx, func(tx *db.Tx) error {
		count, err := tx.Exec(ctx, s.sql.delete, b.ID, expiry*1000, owner)
		if err == nil && count > 0 && b.hasMaxSize() {
			_, err = tx.Exec(ctx, s.sql.shrink, b.ID, sizeExpiry(expiry*1000))
		}
		return err
	}); err != nil {
		return err
	}
	if ranks == nil {
		return nil
	}
	if id, err := uuid.Parse(owner); err == nil {
		ranks.remove(id)
	}
	return nil
}
