package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
)

// Get returns an account. Whether the user is online is not its to know. The
// error's code is NotFound.
func (s *Service) Get(ctx context.Context, userID string) (*api.Account, error) {
	var account *api.Account
	err := s.sql.account.Each(ctx, func(rows *sql.Rows) error {
		row, device, err := scanAccount(rows)
		if err != nil {
			return err
		}
		if account == nil {
			account = row
		}
		if device != "" {
			account.Devices = append(account.Devices, &api.AccountDevice{Id: device})
		}
		return nil
	}, userID)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return nil, status.Error(codes.NotFound, "Account not found.")
	}
	return account, nil
}

func scanAccount(rows *sql.Rows) (account *api.Account, device string, err error) {
	account = &api.Account{User: &api.User{}}
	var times userTimes
	var verify, disable int64
	fields := append(userFields(account.User, &times), &account.Wallet, &account.Email, &account.CustomId, &verify, &disable, &device)
	if err := rows.Scan(fields...); err != nil {
		return nil, "", err
	}
	times.set(account.User)
	if verify != 0 {
		account.VerifyTime = seconds(verify)
	}
	if disable != 0 {
		account.DisableTime = seconds(disable)
	}
	return account, device, nil
}

// seconds makes a time of Unix milliseconds; Nakama's answers have no fractions.
func seconds(ms int64) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: ms / 1000}
}

// Update says what to change in an account. A nil field stays; "" clears one that
// may be empty.
type Update struct {
	Username    *string
	DisplayName *string // at most 255 characters
	AvatarURL   *string // 512
	LangTag     *string // 18, not empty
	Location    *string // 255
	Timezone    *string // 255, anything
	Metadata    *string // a JSON object
}

// Update changes an account; a user that does not exist is none. Its update time
// moves only if a field does. The error's code is InvalidArgument for a bad name or
// an empty update, AlreadyExists for a name that is taken, and Internal, as on
// Nakama, for a field that is too long or must not be empty.
func (s *Service) Update(ctx context.Context, userID string, update Update) error {
	changes, err := update.changes()
	if err != nil {
		return err
	}
	args := []any{userID, s.nowMs()}
	var sets, differs []string
	for _, change := range changes {
		args = append(args, change.value)
		sets = append(sets, fmt.Sprintf("%s = $%d", change.column, len(args)))
		differs = append(differs, fmt.Sprintf("%s IS DISTINCT FROM $%d", change.column, len(args)))
	}
	_, err = s.db.Exec(ctx, "UPDATE users SET update_time = $2, "+strings.Join(sets, ", ")+
		" WHERE id = $1 AND ("+strings.Join(differs, " OR ")+")", args...)
	if errors.Is(err, db.ErrConflict) {
		return errUsernameTaken()
	}
	return err
}

type change struct {
	column string
	value  any // nil for NULL
}

// changes lists the columns that an update sets, after checking its fields.
func (u Update) changes() ([]change, error) {
	var changes []change
	if u.Username != nil {
		if err := checkUsername(*u.Username); err != nil {
			return nil, err
		}
		changes = append(changes, change{"username", *u.Username})
	}
	for _, field := range []struct {
		column, name string
		value        *string
		limit        int // characters
		required     bool
	}{
		{"display_name", "Display name", u.DisplayName, 255, false},
		{"avatar_url", "Avatar URL", u.AvatarURL, 512, false},
		{"lang_tag", "Language tag", u.LangTag, 18, true},
		{"location", "Location", u.Location, 255, false},
		{"timezone", "Timezone", u.Timezone, 255, false},
	} {
		switch {
		case field.value == nil:
		case *field.value != "":
			if n := utf8.RuneCountInString(*field.value); n > field.limit {
				return nil, status.Errorf(codes.Internal, "%s too long, must be at most %d characters.", field.name, field.limit)
			}
			changes = append(changes, change{field.column, *field.value})
		case field.required:
			return nil, status.Errorf(codes.Internal, "%s must not be empty.", field.name)
		default:
			changes = append(changes, change{field.column, nil})
		}
	}
	if u.Metadata != nil {
		if !isJSONObject(*u.Metadata) {
			return nil, status.Error(codes.InvalidArgument, "Metadata must be a JSON object.")
		}
		changes = append(changes, change{"metadata", *u.Metadata})
	}
	if len(changes) == 0 {
		return nil, status.Error(codes.InvalidArgument, "No fields to update.")
	}
	return changes, nil
}

func isJSONObject(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") && json.Valid([]byte(text))
}
