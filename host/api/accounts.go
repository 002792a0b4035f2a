package api

import (
	"context"

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
	if s.Online != nil {
		account.User.Online = s.Online(caller.UserID)
	}
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
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func text(value *wrapperspb.StringValue) *string {
	if value == nil {
		return nil
	}
	return &value.Value
}
