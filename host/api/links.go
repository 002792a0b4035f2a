package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/emptypb"

	"nkhost/host/session"
)

// empty is the answer of an operation that has nothing to say.
func empty(err error) (*emptypb.Empty, error) {
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func (s *server) linkCustom(ctx context.Context, caller *session.Caller, in *nakama.AccountCustom) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkCustom(ctx, caller.UserID, in.GetId()))
}

func (s *server) linkDevice(ctx context.Context, caller *session.Caller, in *nakama.AccountDevice) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkDevice(ctx, caller.UserID, in.GetId()))
}

func (s *server) linkEmail(ctx context.Context, caller *session.Caller, in *nakama.AccountEmail) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkEmail(ctx, caller.UserID, in.GetEmail(), in.GetPassword()))
}

func (s *server) unlinkCustom(ctx context.Context, caller *session.Caller, in *nakama.AccountCustom) (*emptypb.Empty, error) {
	return empty(s.Accounts.UnlinkCustom(ctx, caller.UserID, in.GetId()))
}

func (s *server) unlinkDevice(ctx context.Context, caller *session.Caller, in *nakama.AccountDevice) (*emptypb.Empty, error) {
	return empty(s.Accounts.UnlinkDevice(ctx, caller.UserID, in.GetId()))
}

func (s *server) unlinkEmail(ctx context.Context, caller *session.Caller, in *nakama.AccountEmail) (*emptypb.Empty, error) {
	return empty(s.Accounts.UnlinkEmail(ctx, caller.UserID, in.GetEmail()))
}
