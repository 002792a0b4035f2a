package account

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
)

// Import brings in an account that Get once returned, perhaps of another host. With ""
// as userID it makes a user with the account's id and all but its password; else it
// gives that user the account's metadata and wallet, and nothing more. It returns the
// user's id.
//
// The error's code is InvalidArgument for an account out of form, AlreadyExists when the
// id, the name or an identity is taken, and NotFound without such a user.
func (s *Service) Import(ctx context.Context, userID string, account *api.Account) (string, error) {
	account, err := checkImport(account)
	if err != nil {
		return "", err
	}
	if userID != "" {
		count, err := s.sql.importIn.Exec(ctx, userID, account.User.Metadata, account.Wallet)
		if err == nil && count == 0 {
			err = errNoUser()
		}
		return userID, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, s.sql.importUser, s.importArgs(account)...); err != nil {
			return err
		}
		for _, device := range account.Devices {
			count, err := tx.Exec(ctx, s.sql.insertDevice, device.GetId(), account.User.Id)
			if err != nil {
				return err
			}
			if count == 0 {
				return errTaken
			}
		}
		return nil
	})
	if errors.Is(err, db.ErrConflict) || errors.Is(err, errTaken) {
		return "", status.Error(codes.AlreadyExists, "The account's user id, username or another identifier is already in use.")
	}
	return account.User.Id, err
}

// checkImport returns a copy of the account that has all its parts.
func checkImport(given *api.Account) (*api.Account, error) {
	if given.GetUser() == nil {
		return nil, status.Error(codes.InvalidArgument, "There is no account to import.")
	}
	account := proto.Clone(given).(*api.Account)
	id, err := uuid.Parse(account.User.Id)
	if err != nil || id == uuid.Nil {
		return nil, status.Error(codes.InvalidArgument, "The account's user id must be a UUID, and not the system user's.")
	}
	account.User.Id = id.String()
	if err := checkUsername(account.User.Username); err != nil {
		return nil, err
	}
	account.User.Metadata, account.Wallet = orEmptyObject(account.User.Metadata), orEmptyObject(account.Wallet)
	if !isJSONObject(account.User.Metadata) || !isJSONObject(account.Wallet) {
		return nil, status.Error(codes.InvalidArgument, "The account's metadata and wallet must be JSON objects.")
	}
	if account.User.LangTag == "" {
		account.User.LangTag = "en"
	}
	return account, nil
}

func orEmptyObject(text string) string {
	if text == "" {
		return "{}"
	}
	return text
}

// importArgs are the arguments of the statement importUser.
func (s *Service) importArgs(account *api.Account) []any {
	user := account.User
	return []any{
		user.Id, user.Username, orNull(user.DisplayName), orNull(user.AvatarUrl), user.LangTag, orNull(user.Location), orNull(user.Timezone),
		user.Metadata, account.Wallet, orNull(account.Email), orNull(account.CustomId),
		orNull(user.AppleId), orNull(user.FacebookId), orNull(user.FacebookInstantGameId), orNull(user.GamecenterId), orNull(user.GoogleId), orNull(user.SteamId),
		s.msOrNow(user.CreateTime), s.msOrNow(user.UpdateTime), msOrNever(account.VerifyTime), msOrNever(account.DisableTime),
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func msOrNever(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMilli()
}

func (s *Service) msOrNow(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return s.nowMs()
	}
	return t.AsTime().UnixMilli()
}
