package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/providers"
	"nkhost/host/session"
	"nkhost/host/social"
)

func (s *server) authenticateApple(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateAppleRequest) (*nakama.Session, error) {
	return s.authenticateWith(ctx, caller, in, s.Providers.Apple(in.GetAccount().GetToken()), in.GetAccount().GetVars())
}

func (s *server) authenticateFacebook(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateFacebookRequest) (*nakama.Session, error) {
	token := in.GetAccount().GetToken()
	return s.authenticateWithFriends(ctx, caller, in, s.Providers.Facebook(token), token, in.GetAccount().GetVars())
}

func (s *server) authenticateFacebookInstantGame(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateFacebookInstantGameRequest) (*nakama.Session, error) {
	return s.authenticateWith(ctx, caller, in, s.Providers.FacebookInstantGame(in.GetAccount().GetSignedPlayerInfo()), in.GetAccount().GetVars())
}

func (s *server) authenticateGameCenter(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateGameCenterRequest) (*nakama.Session, error) {
	return s.authenticateWith(ctx, caller, in, s.Providers.GameCenter(gameCenterSignature(in.GetAccount())), in.GetAccount().GetVars())
}

func (s *server) authenticateGoogle(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateGoogleRequest) (*nakama.Session, error) {
	return s.authenticateWith(ctx, caller, in, s.Providers.Google(in.GetAccount().GetToken()), in.GetAccount().GetVars())
}

func (s *server) authenticateSteam(ctx context.Context, caller *session.Caller, in *nakama.AuthenticateSteamRequest) (*nakama.Session, error) {
	token := in.GetAccount().GetToken()
	return s.authenticateWithFriends(ctx, caller, in, s.Providers.Steam(token), token, in.GetAccount().GetVars())
}

// newcomer is what all requests to authenticate say of a user that is not there yet.
type newcomer interface {
	GetUsername() string
	GetCreate() *wrapperspb.BoolValue
}

func (s *server) authenticateWith(
	ctx context.Context, caller *session.Caller, in newcomer, proof providers.Proof, vars map[string]string,
) (*nakama.Session, error) {
	user, created, err := s.Accounts.AuthenticateWith(ctx, proof, in.GetUsername(), wantsCreate(in.GetCreate()))
	if err != nil {
		return nil, err
	}
	return s.login(caller, user, created, vars)
}

// syncing is what requests say that may import the user's friends.
type syncing interface{ GetSync() *wrapperspb.BoolValue }

// authenticateWithFriends is authenticateWith for providers that know friends.
func (s *server) authenticateWithFriends(ctx context.Context, caller *session.Caller, in interface {
	newcomer
	syncing
}, proof providers.Proof, token string, vars map[string]string,
) (*nakama.Session, error) {
	var profile providers.Profile
	user, created, err := s.Accounts.AuthenticateWith(ctx, proof.Noting(&profile), in.GetUsername(), wantsCreate(in.GetCreate()))
	if err != nil {
		return nil, err
	}
	if in.GetSync().GetValue() {
		s.bringFriends(ctx, social.User{ID: user.ID, Username: user.Username}, profile, token)
	}
	return s.login(caller, user, created, vars)
}

func gameCenterSignature(in *nakama.AccountGameCenter) providers.GameCenterSignature {
	return providers.GameCenterSignature{
		PlayerID: in.GetPlayerId(), BundleID: in.GetBundleId(), Timestamp: in.GetTimestampSeconds(),
		Salt: in.GetSalt(), Signature: in.GetSignature(), PublicKeyURL: in.GetPublicKeyUrl(),
	}
}

func (s *server) linkApple(ctx context.Context, caller *session.Caller, in *nakama.AccountApple) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkWith(ctx, caller.UserID, s.Providers.Apple(in.GetToken())))
}

func (s *server) linkFacebook(ctx context.Context, caller *session.Caller, in *nakama.LinkFacebookRequest) (*emptypb.Empty, error) {
	token := in.GetAccount().GetToken()
	return s.linkWithFriends(ctx, caller, in, s.Providers.Facebook(token), token)
}

func (s *server) linkFacebookInstantGame(ctx context.Context, caller *session.Caller, in *nakama.AccountFacebookInstantGame) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkWith(ctx, caller.UserID, s.Providers.FacebookInstantGame(in.GetSignedPlayerInfo())))
}

func (s *server) linkGameCenter(ctx context.Context, caller *session.Caller, in *nakama.AccountGameCenter) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkWith(ctx, caller.UserID, s.Providers.GameCenter(gameCenterSignature(in))))
}

func (s *server) linkGoogle(ctx context.Context, caller *session.Caller, in *nakama.AccountGoogle) (*emptypb.Empty, error) {
	return empty(s.Accounts.LinkWith(ctx, caller.UserID, s.Providers.Google(in.GetToken())))
}

func (s *server) linkSteam(ctx context.Context, caller *session.Caller, in *nakama.LinkSteamRequest) (*emptypb.Empty, error) {
	token := in.GetAccount().GetToken()
	return s.linkWithFriends(ctx, caller, in, s.Providers.Steam(token), token)
}

func (s *server) linkWithFriends(ctx context.Context, caller *session.Caller, in syncing, proof providers.Proof, token string) (*emptypb.Empty, error) {
	var profile providers.Profile
	if err := s.Accounts.LinkWith(ctx, caller.UserID, proof.Noting(&profile)); err != nil {
		return nil, err
	}
	if in.GetSync().GetValue() {
		s.bringFriends(ctx, social.User{ID: caller.UserID, Username: caller.Username}, profile, token)
	}
	return &emptypb.Empty{}, nil
}

func (s *server) unlinkApple(ctx context.Context, caller *session.Caller, in *nakama.AccountApple) (*emptypb.Empty, error) {
	return s.unlinkFrom(ctx, caller, providers.Apple, in.GetToken(), s.Providers.Apple)
}

func (s *server) unlinkFacebook(ctx context.Context, caller *session.Caller, in *nakama.AccountFacebook) (*emptypb.Empty, error) {
	return s.unlinkFrom(ctx, caller, providers.Facebook, in.GetToken(), s.Providers.Facebook)
}

func (s *server) unlinkFacebookInstantGame(ctx context.Context, caller *session.Caller, in *nakama.AccountFacebookInstantGame) (*emptypb.Empty, error) {
	return s.unlinkFrom(ctx, caller, providers.FacebookInstantGame, in.GetSignedPlayerInfo(), s.Providers.FacebookInstantGame)
}

// unlinkGameCenter takes a signature that lacks something for none, as Nakama does.
func (s *server) unlinkGameCenter(ctx context.Context, caller *session.Caller, in *nakama.AccountGameCenter) (*emptypb.Empty, error) {
	var proof providers.Proof
	if signature := gameCenterSignature(in); signature.IsComplete() {
		proof = s.Providers.GameCenter(signature)
	}
	return empty(s.Accounts.UnlinkFrom(ctx, caller.UserID, providers.GameCenter, proof))
}

func (s *server) unlinkGoogle(ctx context.Context, caller *session.Caller, in *nakama.AccountGoogle) (*emptypb.Empty, error) {
	return s.unlinkFrom(ctx, caller, providers.Google, in.GetToken(), s.Providers.Google)
}

func (s *server) unlinkSteam(ctx context.Context, caller *session.Caller, in *nakama.AccountSteam) (*emptypb.Empty, error) {
	return s.unlinkFrom(ctx, caller, providers.Steam, in.GetToken(), s.Providers.Steam)
}

// unlinkFrom unlinks what a token proves, or without one what there is.
func (s *server) unlinkFrom(
	ctx context.Context, caller *session.Caller, kind providers.Kind, token string, prove func(token string) providers.Proof,
) (*emptypb.Empty, error) {
	var proof providers.Proof
	if token != "" {
		proof = prove(token)
	}
	return empty(s.Accounts.UnlinkFrom(ctx, caller.UserID, kind, proof))
}
