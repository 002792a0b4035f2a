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

func (s *server) authenticateDevice(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateDeviceRequest) (*nakama.Session, error) {
	user, created, err := s.Accounts.AuthenticateDevice(ctx, in.GetAccount().GetId(), in.GetUsername(), wantsCreate(in.GetCreate()))
	if err != nil {
		return nil, err
	}
	return s.login(caller, user, created, in.GetAccount().GetVars())
}

func (s *server) authenticateCustom(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateCustomRequest) (*nakama.Session, error) {
	user, created, err := s.Accounts.AuthenticateCustom(ctx, in.GetAccount().GetId(), in.GetUsername(), wantsCreate(in.GetCreate()))
	if err != nil {
		return nil, err
	}
	return s.login(caller, user, created, in.GetAccount().GetVars())
}

func (s *server) authenticateEmail(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateEmailRequest) (*nakama.Session, error) {
	if in.GetAccount() == nil {
		return nil, status.Error(codes.InvalidArgument, "Email address and password is required.")
	}
	user, created, err := s.Accounts.AuthenticateEmail(ctx,
		in.GetAccount().GetEmail(), in.GetAccount().GetPassword(), in.GetUsername(), wantsCreate(in.GetCreate()))
	if err != nil {
		return nil, err
	}
	return s.login(caller, user, created, in.GetAccount().GetVars())
}

// wantsCreate is whether an authentication may make an account: unless it says no.
func wantsCreate(flag *wrapperspb.BoolValue) bool { return flag == nil || flag.GetValue() }

// login begins a session. The caller becomes its user, for the hook that follows.
func (s *server) login(caller *session.Caller, user account.User, created bool, vars map[string]string) (*nakama.Session, error) {
	pair, err := s.Tokens.Issue(user.ID, user.Username, vars)
	if err != nil {
		return nil, err
	}
	caller.UserID, caller.Username, caller.Vars, caller.Expiry = user.ID, user.Username, vars, pair.Expiry
	return &nakama.Session{Created: created, Token: pair.Token, RefreshToken: pair.RefreshToken}, nil
}

func (s *server) sessionRefresh(ctx context.Context, caller *session.Caller, in *nakama.SessionRefreshRequest) (*nakama.Session, error) {
	if in.GetToken() == "" {
		return nil, status.Error(codes.InvalidArgument, "Refresh token is required.")
	}
	old, err := s.Tokens.CheckRefresh(in.GetToken())
	if err != nil {
		return nil, err
	}
	user, err := s.Accounts.Active(ctx, old.UserID)
	if err != nil {
		return nil, err
	}
	pair, err := s.Tokens.Renew(old, user.Username, in.GetVars())
	if err != nil {
		return nil, err
	}
	caller.UserID, caller.Username, caller.Expiry = user.ID, user.Username, pair.Expiry
	if caller.Vars = in.GetVars(); len(caller.Vars) == 0 {
		caller.Vars = old.Vars
	}
	return &nakama.Session{Token: pair.Token, RefreshToken: pair.RefreshToken}, nil
}

func (s *server) sessionLogout(_ context.Context, caller *session.Caller, in *nakama.SessionLogoutRequest) (*emptypb.Empty, error) {
	if err := s.Tokens.Logout(caller.UserID, in.GetToken(), in.GetRefreshToken()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
