package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"nkhost/host/session"
)

// operation is a row of the table.
type operation struct {
	name   string // Nakama's, by which hooks are registered too
	method string
	path   string // a segment {field} sets that field of the request; {field...} takes the rest
	body   string // which field the body sets; "*" is the whole request, "" ignores the body

	needs      credential
	newRequest func() proto.Message
	handle     func(ctx context.Context, caller *session.Caller, request proto.Message) (proto.Message, error)
	// serve takes the place of all of the above for an operation that is not like the
	// others.
	serve func(w http.ResponseWriter, r *http.Request, params []string)

	empty  bool     // whether the request has no fields
	fields []string // that the path sets, in order
	fixed  []string // fields that the URL's parameters cannot set
}

// hidesRequest says that the hook after the operation gets no request, as on Nakama.
func (op *operation) hidesRequest() bool {
	return op.name == "ListFriends" || op.name == "ListFriendsOfFriends"
}

// credential is what a caller must show.
type credential int

const (
	nothing      credential = iota
	serverKey               // basic authentication with socket.server_key as the user
	sessionToken            // a bearer token
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// operations is the table: every operation of Nakama's REST API (apigrpc.proto), in
// the order of their paths.
func (s *server) operations() []operation {
	return []operation{
		served("Healthcheck", get, "/healthcheck", "", nothing, s.healthcheck),

		served("GetAccount", get, "/v2/account", "", sessionToken, s.getAccount),
		served("UpdateAccount", put, "/v2/account", "*", sessionToken, s.updateAccount),
		served("DeleteAccount", del, "/v2/account", "", sessionToken, s.deleteAccount),

		served("AuthenticateApple", post, "/v2/account/authenticate/apple", "account", serverKey, s.authenticateApple),
		served("AuthenticateCustom", post, "/v2/account/authenticate/custom", "account", serverKey, s.authenticateCustom),
		served("AuthenticateDevice", post, "/v2/account/authenticate/device", "account", serverKey, s.authenticateDevice),
		served("AuthenticateEmail", post, "/v2/account/authenticate/email", "account", serverKey, s.authenticateEmail),
		served("AuthenticateFacebook", post, "/v2/account/authenticate/facebook", "account", serverKey, s.authenticateFacebook),
		served("AuthenticateFacebookInstantGame", post, "/v2/account/authenticate/facebookinstantgame", "account", serverKey, s.authenticateFacebookInstantGame),
		served("AuthenticateGameCenter", post, "/v2/account/authenticate/gamecenter", "account", serverKey, s.authenticateGameCenter),
		served("AuthenticateGoogle", post, "/v2/account/authenticate/google", "account", serverKey, s.authenticateGoogle),
		served("AuthenticateSteam", post, "/v2/account/authenticate/steam", "account", serverKey, s.authenticateSteam),
		served("SessionRefresh", post, "/v2/account/session/refresh", "*", serverKey, s.sessionRefresh),
		served("SessionLogout", post, "/v2/session/logout", "*", sessionToken, s.sessionLogout),

		served("LinkApple", post, "/v2/account/link/apple", "*", sessionToken, s.linkApple),
		served("LinkCustom", post, "/v2/account/link/custom", "*", sessionToken, s.linkCustom),
		served("LinkDevice", post, "/v2/account/link/device", "*", sessionToken, s.linkDevice),
		served("LinkEmail", post, "/v2/account/link/email", "*", sessionToken, s.linkEmail),
		served("LinkFacebook", post, "/v2/account/link/facebook", "account", sessionToken, s.linkFacebook),
		served("LinkFacebookInstantGame", post, "/v2/account/link/facebookinstantgame", "*", sessionToken, s.linkFacebookInstantGame),
		served("LinkGameCenter", post, "/v2/account/link/gamecenter", "*", sessionToken, s.linkGameCenter),
		served("LinkGoogle", post, "/v2/account/link/google", "*", sessionToken, s.linkGoogle),
		served("LinkSteam", post, "/v2/account/link/steam", "*", sessionToken, s.linkSteam),
		served("UnlinkApple", post, "/v2/account/unlink/apple", "*", sessionToken, s.unlinkApple),
		served("UnlinkCustom", post, "/v2/account/unlink/custom", "*", sessionToken, s.unlinkCustom),
		served("UnlinkDevice", post, "/v2/account/unlink/device", "*", sessionToken, s.unlinkDevice),
		served("UnlinkEmail", post, "/v2/account/unlink/email", "*", sessionToken, s.unlinkEmail),
		served("UnlinkFacebook", post, "/v2/account/unlink/facebook", "*", sessionToken, s.unlinkFacebook),
		served("UnlinkFacebookInstantGame", post, "/v2/account/unlink/facebookinstantgame", "*", sessionToken, s.unlinkFacebookInstantGame),
		served("UnlinkGameCenter", post, "/v2/account/unlink/gamecenter", "*", sessionToken, s.unlinkGameCenter),
		served("UnlinkGoogle", post, "/v2/account/unlink/google", "*", sessionToken, s.unlinkGoogle),
		served("UnlinkSteam", post, "/v2/account/unlink/steam", "*", sessionToken, s.unlinkSteam),

		served("ListChannelMessages", get, "/v2/channel/{channel_id}", "", sessionToken, s.listChannelMessages),

		served("Event", post, "/v2/event", "*", sessionToken, s.event),

		served("ListFriends", get, "/v2/friend", "", sessionToken, s.listFriends),
		served("AddFriends", post, "/v2/friend", "", sessionToken, s.addFriends),
		served("DeleteFriends", del, "/v2/friend", "", sessionToken, s.deleteFriends),
		served("BlockFriends", post, "/v2/friend/block", "", sessionToken, s.blockFriends),
		served("ImportFacebookFriends", post, "/v2/friend/facebook", "account", sessionToken, s.importFacebookFriends),
		served("ListFriendsOfFriends", get, "/v2/friend/friends", "", sessionToken, s.listFriendsOfFriends),
		served("ImportSteamFriends", post, "/v2/friend/steam", "account", sessionToken, s.importSteamFriends),

		served("ListGroups", get, "/v2/group", "", sessionToken, s.listGroups),
		served("CreateGroup", post, "/v2/group", "*", sessionToken, s.createGroup),
		served("UpdateGroup", put, "/v2/group/{group_id}", "*", sessionToken, s.updateGroup),
		served("DeleteGroup", del, "/v2/group/{group_id}", "", sessionToken, s.deleteGroup),
		served("AddGroupUsers", post, "/v2/group/{group_id}/add", "", sessionToken, s.addGroupUsers),
		served("BanGroupUsers", post, "/v2/group/{group_id}/ban", "", sessionToken, s.banGroupUsers),
		served("DemoteGroupUsers", post, "/v2/group/{group_id}/demote", "", sessionToken, s.demoteGroupUsers),
		served("JoinGroup", post, "/v2/group/{group_id}/join", "", sessionToken, s.joinGroup),
		served("KickGroupUsers", post, "/v2/group/{group_id}/kick", "", sessionToken, s.kickGroupUsers),
		served("LeaveGroup", post, "/v2/group/{group_id}/leave", "", sessionToken, s.leaveGroup),
		served("PromoteGroupUsers", post, "/v2/group/{group_id}/promote", "", sessionToken, s.promoteGroupUsers),
		served("ListGroupUsers", get, "/v2/group/{group_id}/user", "", sessionToken, s.listGroupUsers),

		served("ValidatePurchaseApple", post, "/v2/iap/purchase/apple", "*", sessionToken, s.validatePurchaseApple),
		served("ValidatePurchaseFacebookInstant", post, "/v2/iap/purchase/facebookinstant", "*", sessionToken, s.validatePurchaseFacebookInstant),
		served("ValidatePurchaseGoogle", post, "/v2/iap/purchase/google", "*", sessionToken, s.validatePurchaseGoogle),
		served("ValidatePurchaseHuawei", post, "/v2/iap/purchase/huawei", "*", sessionToken, s.validatePurchaseHuawei),
		served("ValidatePurchaseSamsung", post, "/v2/iap/purchase/samsung", "*", sessionToken, s.validatePurchaseSamsung),
		served("ListSubscriptions", post, "/v2/iap/subscription", "*", sessionToken, s.listSubscriptions),
		served("ValidateSubscriptionApple", post, "/v2/iap/subscription/apple", "*", sessionToken, s.validateSubscriptionApple),
		served("ValidateSubscriptionGoogle", post, "/v2/iap/subscription/google", "*", sessionToken, s.validateSubscriptionGoogle),
		served("GetSubscription", get, "/v2/iap/subscription/{product_id}", "", sessionToken, s.getSubscription),

		served("ListLeaderboardRecords", get, "/v2/leaderboard/{leaderboard_id}", "", sessionToken, s.listLeaderboardRecords),
		served("WriteLeaderboardRecord", post, "/v2/leaderboard/{leaderboard_id}", "record", sessionToken, s.writeLeaderboardRecord),
		served("DeleteLeaderboardRecord", del, "/v2/leaderboard/{leaderboard_id}", "", sessionToken, s.deleteLeaderboardRecord),
		served("ListLeaderboardRecordsAroundOwner", get, "/v2/leaderboard/{leaderboard_id}/owner/{owner_id}", "", sessionToken, s.listLeaderboardRecordsAroundOwner),

		served("ListMatches", get, "/v2/match", "", sessionToken, s.listMatches),
		served("GetMatchmakerStats", get, "/v2/matchmaker/stats", "", sessionToken, s.getMatchmakerStats),

		served("ListNotifications", get, "/v2/notification", "", sessionToken, s.listNotifications),
		served("DeleteNotifications", del, "/v2/notification", "", sessionToken, s.deleteNotifications),

		served("ListParties", get, "/v2/party", "", sessionToken, s.listParties),

		{name: "RpcFunc", method: post, path: "/v2/rpc/{id...}", body: "payload", serve: s.rpc},
		{name: "RpcFunc", method: get, path: "/v2/rpc/{id...}", serve: s.rpc},

		served("ReadStorageObjects", post, "/v2/storage", "*", sessionToken, s.readStorageObjects),
		served("WriteStorageObjects", put, "/v2/storage", "*", sessionToken, s.writeStorageObjects),
		served("DeleteStorageObjects", put, "/v2/storage/delete", "*", sessionToken, s.deleteStorageObjects),
		served("ListStorageObjects", get, "/v2/storage/{collection}", "", sessionToken, s.listStorageObjects),
		served("ListStorageObjects", get, "/v2/storage/{collection}/{user_id}", "", sessionToken, s.listStorageObjects),

		served("ListTournaments", get, "/v2/tournament", "", sessionToken, s.listTournaments),
		served("ListTournamentRecords", get, "/v2/tournament/{tournament_id}", "", sessionToken, s.listTournamentRecords),
		served("WriteTournamentRecord", post, "/v2/tournament/{tournament_id}", "record", sessionToken, s.writeTournamentRecord),
		served("WriteTournamentRecord", put, "/v2/tournament/{tournament_id}", "record", sessionToken, s.writeTournamentRecord),
		served("DeleteTournamentRecord", del, "/v2/tournament/{tournament_id}", "", sessionToken, s.deleteTournamentRecord),
		served("JoinTournament", post, "/v2/tournament/{tournament_id}/join", "", sessionToken, s.joinTournament),
		served("ListTournamentRecordsAroundOwner", get, "/v2/tournament/{tournament_id}/owner/{owner_id}", "", sessionToken, s.listTournamentRecordsAroundOwner),

		served("GetUsers", get, "/v2/user", "", sessionToken, s.getUsers),
		served("ListUserGroups", get, "/v2/user/{user_id}/group", "", sessionToken, s.listUserGroups),
	}
}

// Operations names the operations of Nakama's REST API, sorted.
func Operations() []string {
	var names []string
	for _, op := range (&server{}).operations() {
		names = append(names, op.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// served is the row of an operation with its code. handle's caller is set whatever
// the operation needs, without a user if that is not a session token.
func served[Request, Answer proto.Message](
	name, method, path, body string, needs credential,
	handle func(context.Context, *session.Caller, Request) (Answer, error),
) operation {
	var none Request
	messages := none.ProtoReflect().Type()
	_, empty := any(none).(*emptypb.Empty)
	return operation{
		name: name, method: method, path: path, body: body, needs: needs, empty: empty,
		newRequest: func() proto.Message { return messages.New().Interface() },
		handle: func(ctx context.Context, caller *session.Caller, request proto.Message) (proto.Message, error) {
			answer, err := handle(ctx, caller, request.(Request))
			if err != nil {
				return nil, err // not a nil Answer, which as an interface is not nil
			}
			return answer, nil
		},
	}
}

// event takes an event and does no more: a Lua module cannot listen to events, and no
// outside collector is configured.
func (s *server) event(ctx context.Context, caller *session.Caller, in *nakama.Event) (*emptypb.Empty, error) {
	in.External = true
	s.Log.LogAttrs(ctx, slog.LevelDebug, "event", slog.String("name", in.GetName()), slog.Any("properties", in.GetProperties()),
		slog.String("user_id", caller.UserID))
	return &emptypb.Empty{}, nil
}

func (s *server) healthcheck(context.Context, *session.Caller, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
