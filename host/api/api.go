// Package api serves the REST operations of Nakama's clients. All of them stand in
// one table (operations.go), from which the routes and the names of hooks follow. One codec (codec.go) turns requests into
// the messages of nakama-common and back, by the rules of the gateway that Nakama
// puts before its own API.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"nkhost/host/account"
	"nkhost/host/chat"
	"nkhost/host/group"
	"nkhost/host/leaderboard"
	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/notification"
	"nkhost/host/party"
	"nkhost/host/providers"
	"nkhost/host/session"
	"nkhost/host/social"
	"nkhost/host/storage"
)

// Tokens issues and checks the tokens of sessions.
type Tokens interface {
	Issue(userID, username string, vars map[string]string) (session.Pair, error)
	Check(token string) (*session.Claims, error)
	CheckRefresh(token string) (*session.Claims, error)
	Renew(old *session.Claims, username string, vars map[string]string) (session.Pair, error)
	Logout(userID, token, refreshToken string) error
}

// Accounts keeps users. See account.Service for the codes of its errors.
type Accounts interface {
	AuthenticateDevice(ctx context.Context, id, username string, create bool) (user account.User, created bool, err error)
	AuthenticateCustom(ctx context.Context, id, username string, create bool) (user account.User, created bool, err error)
	AuthenticateEmail(ctx context.Context, email, password, username string, create bool) (user account.User, created bool, err error)
	Active(ctx context.Context, userID string) (account.User, error)
	Get(ctx context.Context, userID string) (*nakama.Account, error)
	Update(ctx context.Context, userID string, update account.Update) error
	// Delete also ends the user's tokens and sockets.
	Delete(ctx context.Context, userID string, recorded bool) error
	Users(ctx context.Context, ids, usernames, facebookIDs []string) ([]*nakama.User, error)

	LinkCustom(ctx context.Context, userID, id string) error
	LinkDevice(ctx context.Context, userID, id string) error
	LinkEmail(ctx context.Context, userID, email, password string) error
	UnlinkCustom(ctx context.Context, userID, id string) error
	UnlinkDevice(ctx context.Context, userID, id string) error
	UnlinkEmail(ctx context.Context, userID, email string) error

	AuthenticateWith(ctx context.Context, proof providers.Proof, username string, create bool) (user account.User, created bool, err error)
	LinkWith(ctx context.Context, userID string, proof providers.Proof) error
	// UnlinkFrom takes a nil proof for whatever id the user has there.
	UnlinkFrom(ctx context.Context, userID string, kind providers.Kind, proof providers.Proof) error
}

// Matches lists matches.
type Matches interface {
	List(query match.ListQuery) ([]match.Listing, error)
}

// Matchmaker counts the tickets that wait.
type Matchmaker interface{ Stats() matchmaker.Stats }

// Parties lists parties. See party.Registry for its errors.
type Parties interface {
	List(query party.ListQuery) (parties []*nakama.Party, cursor string, err error)
}

// Storage keeps storage objects. See storage.Service for its errors.
type Storage interface {
	Read(ctx context.Context, caller string, ids []storage.ID) ([]*nakama.StorageObject, error)
	List(ctx context.Context, caller string, request storage.ListRequest) (objects []*nakama.StorageObject, cursor string, err error)
	Write(ctx context.Context, caller string, writes []storage.Write) ([]*nakama.StorageObjectAck, error)
	Delete(ctx context.Context, caller string, deletes []storage.Delete) error
}

// Notifications keeps notifications. See notification.Service for its errors.
type Notifications interface {
	List(ctx context.Context, userID string, limit int, cursor string) (notification.Page, error)
	Delete(ctx context.Context, deletions []notification.Deletion) error
}

// Channels keeps what is said in channels. See chat.Service for its errors.
type Channels interface {
	List(ctx context.Context, request chat.ListRequest) (*nakama.ChannelMessageList, error)
}

// Purchases keeps what stores have confirmed. See purchase.Service for its errors.
type Purchases interface {
	Validate(ctx context.Context, userID string, receipt providers.Receipt, persist bool) (*nakama.ValidatePurchaseResponse, error)
	ValidateSubscription(ctx context.Context, userID string, receipt providers.SubscriptionReceipt, persist bool) (*nakama.ValidateSubscriptionResponse, error)
	Subscription(ctx context.Context, userID, productID string) (*nakama.ValidatedSubscription, error)
	ListSubscriptions(ctx context.Context, userID string, limit int, cursor string) (*nakama.SubscriptionList, error)
}

// Friends keeps who is whose friend. See social.Service for its errors.
type Friends interface {
	Find(ctx context.Context, user social.User, ids, usernames []string) ([]string, error)
	List(ctx context.Context, userID string, limit int, state *int32, cursor string) (*nakama.FriendList, error)
	FriendsOfFriends(ctx context.Context, userID string, limit int, cursor string) (*nakama.FriendsOfFriendsList, error)
	Add(ctx context.Context, user social.User, friends []string, metadata string) error
	Delete(ctx context.Context, user social.User, friends []string) error
	Block(ctx context.Context, userID string, friends []string) error
	Import(ctx context.Context, user social.User, friends providers.Friends, reset bool) error
}

// Groups keeps groups. See group.Service for its errors.
type Groups interface {
	Create(ctx context.Context, n group.New) (*nakama.Group, error)
	Update(ctx context.Context, groupID, userID string, update group.Update) error
	Delete(ctx context.Context, groupID, userID string) error
	Join(ctx context.Context, groupID string, user group.User) error
	Leave(ctx context.Context, groupID string, user group.User) error
	AddUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	BanUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	KickUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	PromoteUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	DemoteUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	List(ctx context.Context, filter group.Filter, limit int, cursor string) (*nakama.GroupList, error)
	ListUsers(ctx context.Context, groupID string, limit int, state *int32, cursor string) (*nakama.GroupUserList, error)
	ListUserGroups(ctx context.Context, userID string, limit int, state *int32, cursor string) (*nakama.UserGroupList, error)
}

// Leaderboards keeps leaderboards and tournaments. See leaderboard.Service for its errors.
type Leaderboards interface {
	Records(ctx context.Context, id string, request leaderboard.ListRequest) (*nakama.LeaderboardRecordList, error)
	Around(ctx context.Context, id, owner string, limit int, cursor string, expiry int64) (*nakama.LeaderboardRecordList, error)
	Write(ctx context.Context, w leaderboard.Write) (*nakama.LeaderboardRecord, error)
	DeleteRecord(ctx context.Context, caller, id, owner string) error

	ListTournaments(ctx context.Context, filter leaderboard.TournamentFilter, limit int, cursor string) (*nakama.TournamentList, error)
	TournamentRecords(ctx context.Context, id string, request leaderboard.ListRequest) (*nakama.TournamentRecordList, error)
	TournamentAround(ctx context.Context, id, owner string, limit int, cursor string, expiry int64) (*nakama.TournamentRecordList, error)
	Join(ctx context.Context, id, owner, username string) error
	WriteTournament(ctx context.Context, w leaderboard.Write) (*nakama.LeaderboardRecord, error)
	DeleteTournamentRecord(ctx context.Context, caller, id, owner string) error
}

// Runtime runs the modules' RPCs.
type Runtime interface {
	// RPC fails with code NotFound when no such RPC is registered, else with the code
	// to answer. id is as the client wrote it.
	RPC(ctx context.Context, id string, caller *session.Caller, payload string) (string, error)
}

// Hooks run around every operation except RPCs. operation is a name of the table.
type Hooks interface {
	// BeforeRequest may change request, which is nil for an operation that takes
	// none, or refuse it by an error. It runs after the caller's credentials were
	// checked and before anything else was.
	BeforeRequest(ctx context.Context, operation string, caller *session.Caller, request proto.Message) error
	// AfterRequest is told of each operation that went well. After an authentication
	// caller is who was authenticated.
	AfterRequest(ctx context.Context, operation string, caller *session.Caller, answer, request proto.Message)
}

// Options are what the API needs. All but those said to be optional must be set.
type Options struct {
	Tokens     Tokens
	Accounts   Accounts
	Providers  *providers.Client
	Matches    Matches
	Matchmaker Matchmaker
	Parties    Parties
	Runtime    Runtime
	Hooks      Hooks // optional

	Storage       Storage
	Notifications Notifications
	Channels      Channels
	Purchases     Purchases
	Friends       Friends
	Groups        Groups
	Leaderboards  Leaderboards

	ServerKey string // with which clients authenticate (socket.server_key)
	HTTPKey   string // with which servers call RPCs (runtime.http_key); "" lets none in
	// MaxRequestSize is how many bytes a request's body may have, also when it has been
	// decompressed (socket.max_request_size_bytes).
	MaxRequestSize int64
	// ProxyCount is how many proxies stand before the host and add to
	// X-Forwarded-For (socket.proxy_count, 1 on Nakama).
	ProxyCount int
	Log        *slog.Logger
}

type server struct {
	Options
	routes routes
	zips   sync.Pool // of *gzip.Writer
}

// New returns the handler of /v2/… and /healthcheck, and of "/", which it answers
// with nothing. It sets the CORS headers that Nakama sets.
func New(options Options) http.Handler {
	s := &server{Options: options}
	s.routes = newRoutes(s.operations())
	return withCORS(s)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if r.URL.Path == "/" && r.Method == http.MethodGet {
		return
	}
	header["Cache-Control"] = cacheControl
	header["Vary"] = vary
	op, params, known := s.routes.find(r.Method, r.URL.Path)
	switch {
	case op == nil && known:
		s.fail(w, r, status.Error(codes.Unimplemented, http.StatusText(http.StatusMethodNotAllowed)))
	case op == nil:
		s.fail(w, r, status.Error(codes.NotFound, http.StatusText(http.StatusNotFound)))
	case op.serve != nil:
		op.serve(w, r, params)
	default:
		answer, err := s.perform(w, r, op, params)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.answer(w, r, answer)
	}
}

// The values of headers that are in every answer, shared by all.
var (
	cacheControl = []string{"no-store, no-cache, must-revalidate"}
	vary         = []string{"Accept-Encoding"}
	typeJSON     = []string{"application/json"}
)

// perform takes an operation from the caller's credentials to its answer.
func (s *server) perform(w http.ResponseWriter, r *http.Request, op *operation, params []string) (proto.Message, error) {
	ctx := r.Context()
	caller, err := s.authorize(r, op.needs)
	if err != nil {
		return nil, err
	}
	caller.ClientIP, _ = ClientAddr(r, s.ProxyCount)
	body, err := s.readBody(w, r, op)
	if err != nil {
		return nil, err
	}
	request := op.newRequest()
	if err := op.decode(request, body, params, r.URL.RawQuery); err != nil {
		return nil, err
	}
	if s.Hooks == nil {
		return op.handle(ctx, caller, request)
	}
	// A nil interface, not the empty message, tells hooks that there is no request.
	var seen proto.Message
	if !op.empty {
		seen = request
	}
	if err := s.Hooks.BeforeRequest(ctx, op.name, caller, seen); err != nil {
		return nil, err
	}
	answer, err := op.handle(ctx, caller, request)
	if err == nil {
		if op.hidesRequest() {
			seen = nil
		}
		s.Hooks.AfterRequest(ctx, op.name, caller, answer, seen)
	}
	return answer, err
}
