package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// identityColumns are the columns of users that identify one. Devices have a table of
// their own.
var identityColumns = []string{
	"apple_id", "custom_id", "email", "facebook_id", "facebook_instant_game_id", "gamecenter_id", "google_id", "steam_id",
}

// anyIdentity is the condition that a user has an identity in another column than one.
func anyIdentity(except string) string {
	var conditions []string
	for _, column := range identityColumns {
		if column != except {
			conditions = append(conditions, column+" IS NOT NULL")
		}
	}
	return strings.Join(conditions, " OR ")
}

// LinkCustom gives a user an id of the game's own, in place of the one it has. The
// error's code is InvalidArgument for an id out of form, and AlreadyExists when another
// user has it or, as on Nakama, there is no such user.
func (s *Service) LinkCustom(ctx context.Context, userID, id string) error {
	if err := checkID("Custom ID", id, minCustomID); err != nil {
		return err
	}
	return s.link(ctx, userID, "Custom ID", change{"custom_id", id})
}

// LinkEmail is LinkCustom for an email address and its password.
func (s *Service) LinkEmail(ctx context.Context, userID, email, password string) error {
	if email == "" || password == "" {
		return status.Error(codes.InvalidArgument, "Email address and password is required.")
	}
	if err := checkEmail(email); err != nil {
		return err
	}
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.link(ctx, userID, "Email", change{"email", strings.ToLower(email)}, change{"password", hash})
}

// link sets columns of a user, the first of which must not be another user's; what
// names that in errors.
func (s *Service) link(ctx context.Context, userID, what string, identity change, others ...change) error {
	args := []any{userID, s.nowMs(), identity.value}
	sets := []string{identity.column + " = $3"}
	for _, other := range others {
		args = append(args, other.value)
		sets = append(sets, fmt.Sprintf("%s = $%d", other.column, len(args)))
	}
	count, err := s.db.Exec(ctx, "UPDATE users SET update_time = $2, "+strings.Join(sets, ", ")+
		" WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM users WHERE "+identity.column+" = $3 AND id <> $1)", args...)
	if errors.Is(err, db.ErrConflict) || err == nil && count == 0 {
		return status.Error(codes.AlreadyExists, what+" is already in use.")
	}
	return err
}

// LinkDevice gives a user one more device. The error's code is InvalidArgument for an id
// out of form, AlreadyExists for another user's device, and NotFound without a user.
func (s *Service) LinkDevice(ctx context.Context, userID, id string) error {
	if err := checkID("Device ID", id, minDeviceID); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		count, err := tx.Exec(ctx, s.sql.touch, userID, s.nowMs())
		if err != nil {
			return err
		}
		if count == 0 {
			return errNoUser()
		}
		if count, err = tx.Exec(ctx, s.sql.insertDevice, id, userID); err != nil || count == 1 {
			return err
		}
		var owner string
		if _, err := tx.Row(ctx, s.sql.deviceOwner, id).Scan(&owner); err != nil {
			return err
		}
		if owner != userID {
			return status.Error(codes.AlreadyExists, "Device ID already in use.")
		}
		return nil
	})
}

// UnlinkCustom takes a user's custom id away: the given one, or with "" any. The error's
// code is PermissionDenied when the user has another one, or no other identity. Having
// none to take away is no error, as on Nakama.
func (s *Service) UnlinkCustom(ctx context.Context, userID, id string) error {
	return s.unlink(ctx, userID, "custom_id", id)
}

// UnlinkEmail is UnlinkCustom for the email address, and takes the password too.
func (s *Service) UnlinkEmail(ctx context.Context, userID, email string) error {
	return s.unlink(ctx, userID, "email", strings.ToLower(email), "password")
}

func (s *Service) unlink(ctx context.Context, userID, column, id string, others ...string) error {
	query := "UPDATE users SET update_time = $2, " + column + " = NULL"
	for _, other := range others {
		query += ", " + other + " = NULL"
	}
	query += " WHERE id = $1 AND (" + anyIdentity(column) + " OR EXISTS (SELECT 1 FROM user_device WHERE user_id = $1))"
	args := []any{userID, s.nowMs()}
	if id != "" {
		query += " AND " + column + " = $3"
		args = append(args, id)
	}
	count, err := s.db.Exec(ctx, query, args...)
	if err == nil && count == 0 {
		return errLastIdentity()
	}
	return err
}

// UnlinkDevice takes a device away from a user. The error's code is PermissionDenied
// when it is not the user's, or is its only identity.
func (s *Service) UnlinkDevice(ctx context.Context, userID, id string) error {
	if id == "" {
		return status.Error(codes.InvalidArgument, "A device ID must be supplied.")
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		count, err := tx.Exec(ctx, s.sql.deleteDevice, id, userID)
		if err != nil {
			return err
		}
		if count == 0 {
			return errLastIdentity()
		}
		_, err = tx.Exec(ctx, s.sql.touch, userID, s.nowMs())
		return err
	})
}

func errLastIdentity() error {
	return status.Error(codes.PermissionDenied, "Cannot unlink last account identifier. Check profile exists and is not last link.")
}
