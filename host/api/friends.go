package api

import (
	"context"
	"log/slog"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/providers"
	"nkhost/host/session"
	"nkhost/host/social"
)

func (s *server) listFriends(ctx context.Context, caller *session.Caller, in *nakama.ListFriendsRequest) (*nakama.FriendList, error) {
	limit, err := limitWithin(in.GetLimit(), 1000, 1000)
	if err != nil {
		return nil, err
	}
	state, err := stateWithin(in.GetState(), social.StateBlocked)
	if err != nil {
		return nil, err
	}
	return s.Friends.List(ctx, caller.UserID, limit, state, in.GetCursor())
}

func (s *server) listFriendsOfFriends(ctx context.Context, caller *session.Caller, in *nakama.ListFriendsOfFriendsRequest) (*nakama.FriendsOfFriendsList, error) {
	limit, err := limitWithin(in.GetLimit(), 10, 100)
	if err != nil {
		return nil, err
	}
	return s.Friends.FriendsOfFriends(ctx, caller.UserID, limit, in.GetCursor())
}

func (s *server) addFriends(ctx context.Context, caller *session.Caller, in *nakama.AddFriendsRequest) (*emptypb.Empty, error) {
	return s.withFriends(ctx, caller, in, true, func(user social.User, ids []string) error {
		return s.Friends.Add(ctx, user, ids, in.GetMetadata())
	})
}

func (s *server) deleteFriends(ctx context.Context, caller *session.Caller, in *nakama.DeleteFriendsRequest) (*emptypb.Empty, error) {
	return s.withFriends(ctx, caller, in, false, func(user social.User, ids []string) error {
		return s.Friends.Delete(ctx, user, ids)
	})
}

func (s *server) blockFriends(ctx context.Context, caller *session.Caller, in *nakama.BlockFriendsRequest) (*emptypb.Empty, error) {
	return s.withFriends(ctx, caller, in, true, func(user social.User, ids []string) error {
		return s.Friends.Block(ctx, user.ID, ids)
	})
}

func (s *server) importFacebookFriends(ctx context.Context, caller *session.Caller, in *nakama.ImportFacebookFriendsRequest) (*emptypb.Empty, error) {
	user := social.User{ID: caller.UserID, Username: caller.Username}
	return empty(s.Friends.Import(ctx, user, s.Providers.FacebookFriends(in.GetAccount().GetToken()), in.GetReset_().GetValue()))
}

func (s *server) importSteamFriends(ctx context.Context, caller *session.Caller, in *nakama.ImportSteamFriendsRequest) (*emptypb.Empty, error) {
	user := social.User{ID: caller.UserID, Username: caller.Username}
	return empty(s.Friends.Import(ctx, user, s.Providers.SteamFriends(in.GetAccount().GetToken()), in.GetReset_().GetValue()))
}

// bringFriends imports the friends of who has shown a token to log in or to link. That it
// fails holds nothing up, as on Nakama.
func (s *server) bringFriends(ctx context.Context, user social.User, profile providers.Profile, token string) {
	friends := s.Providers.FriendsOf(profile, token)
	if friends == nil {
		return
	}
	if err := s.Friends.Import(ctx, user, friends, false); err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "friends could not be imported", slog.String("user_id", user.ID), slog.Any("error", err))
	}
}

// named is what all requests about friends have.
type named interface {
	GetIds() []string
	GetUsernames() []string
}

// withFriends does something with the users that a request names. If all of them are
// unknown names there is nothing to do, or with mustFind the request is refused.
func (s *server) withFriends(
	ctx context.Context, caller *session.Caller, in named, mustFind bool, do func(user social.User, ids []string) error,
) (*emptypb.Empty, error) {
	if len(in.GetIds())+len(in.GetUsernames()) == 0 {
		return &emptypb.Empty{}, nil
	}
	user := social.User{ID: caller.UserID, Username: caller.Username}
	ids, err := s.Friends.Find(ctx, user, in.GetIds(), in.GetUsernames())
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0 && mustFind:
		return nil, status.Error(codes.InvalidArgument, "No valid ID or username was provided.")
	case len(ids) == 0:
		return &emptypb.Empty{}, nil
	}
	return empty(do(user, ids))
}

func limitWithin(given *wrapperspb.Int32Value, otherwise, most int32) (int, error) {
	if given == nil {
		return int(otherwise), nil
	}
	if given.GetValue() < 1 || given.GetValue() > most {
		return 0, status.Errorf(codes.InvalidArgument, "Invalid limit - limit must be between 1 and %d.", most)
	}
	return int(given.GetValue()), nil
}

// stateWithin is the state that a client asks for, or nil for all.
func stateWithin(given *wrapperspb.Int32Value, most int32) (*int32, error) {
	if given == nil {
		return nil, nil
	}
	state := given.GetValue()
	if state < 0 || state > most {
		return nil, status.Errorf(codes.InvalidArgument, "Invalid state - state must be between 0 and %d.", most)
	}
	return &state, nil
}
