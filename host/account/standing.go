package account

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// Ban keeps users from logging in. Those that do not exist are passed over. Ending the
// sessions that they have is the caller's part.
func (s *Service) Ban(ctx context.Context, ids []string) error {
	return s.setDisabled(ctx, ids, s.nowMs())
}

// Unban lets users log in again.
func (s *Service) Unban(ctx context.Context, ids []string) error {
	return s.setDisabled(ctx, ids, 0)
}

func (s *Service) setDisabled(ctx context.Context, ids []string, time int64) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			if _, err := tx.Exec(ctx, s.sql.setDisabled, id, time); err != nil {
				return err
			}
		}
		return nil
	})
}

// Delete deletes a user with all that depends on it, and says whether there was one.
// With recorded its id is kept in the table user_tombstone. Ending its sessions is the
// caller's part. The system user is refused with code InvalidArgument.
func (s *Service) Delete(ctx context.Context, id string, recorded bool) (deleted bool, err error) {
	if id == SystemUser {
		return false, status.Error(codes.InvalidArgument, "The system user cannot be deleted.")
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if s.forget != nil {
			if err := s.forget(ctx, tx, id); err != nil {
				return err
			}
		}
		count, err := tx.Exec(ctx, s.sql.deleteUser, id)
		if err != nil || count == 0 {
			return err
		}
		deleted = true
		if recorded {
			_, err = tx.Exec(ctx, s.sql.insertTomb, id, s.nowMs())
		}
		return err
	})
	return deleted && err == nil, err
}
