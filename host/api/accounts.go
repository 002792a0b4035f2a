package api

import (
	"context"

	"github.com/google/uuid"
	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/account"
	"nkhost/host/session"
)

func (s *server) getAccount(ctx context.Context, caller *session.Caller, _ *emptypb.Empty) (*nakama.Account, error) {
	account, err := s.Accounts.Get(ctx, caller.UserID)
	if err != nil {
		return nil, err
	}
	account.DisableTime = nil // clients are not told
	return account, nil
}

func (s *server) updateAccount(ctx context.Context, caller *session.Caller, in *nakama.UpdateAccountRequest) (*emptypb.Empty, error) {
	err := s.Accounts.Update(ctx, caller.UserID, account.Update{
		Username:    text(in.GetUsername()),
		DisplayName: text(in.GetDisplayName()),
		AvatarURL:   text(in.GetAvatarUrl()),
		LangTag:     text(in.GetLangTag()),
		Location:    text(in.GetLocation()),
		Timezone:    text(in.GetTimezone()),
	})
	if status.Code(err) == codes.AlreadyExists {
		// So does Nakama, while a new account with a taken name is AlreadyExists.
		return nil, status.Error(codes.InvalidArgument, status.Convert(err).Message())
	}
	return empty(err)
}

func (s *server) deleteAccount(ctx context.Context, caller *session.Caller, _ *emptypb.Empty) (*emptypb.Empty, error) {
	return empty(s.Accounts.Delete(ctx, caller.UserID, false))
}

func (s *server) getUsers(ctx context.Context, _ *session.Caller, in *nakama.GetUsersRequest) (*nakama.Users, error) {
	ids := make([]string, len(in.GetIds()))
	for i, text := range in.GetIds() {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "ID '%s' is not a valid system ID.", text)
		}
		ids[i] = id.String()
	}
	users, err := s.Accounts.Users(ctx, ids, in.GetUsernames(), in.GetFacebookIds())
	if err != nil {
		return nil, err
	}
	return &nakama.Users{Users: users}, nil
}

func text(value *wrapperspb.StringValue) *string {
	if value == nil {
		return nil
	}
	return &value.Value
}
