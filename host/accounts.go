package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"nkhost/host/account"
	"nkhost/host/match"
	"nkhost/host/realtime"
	"nkhost/host/session"
)

// allAccounts are the accounts together with what sessions and sockets know of their
// users: whether they are online, and what is to end when a user is banned or deleted.
type allAccounts struct {
	*account.Service
	tokens  *session.Tokens
	sockets *realtime.Server
	// forgotten lets go of what is in memory of a user that was deleted.
	forgotten func(ctx context.Context, userID string) error
	// parts are what other services keep of a user, by their names in an export.
	parts map[string]exportPart
}

// exportPart is what one service keeps of a user. load is nil for a part that an import
// passes over; Nakama imports the account and its objects only.
type exportPart struct {
	read func(ctx context.Context, userID string) (json.RawMessage, error) // nil if there is nothing
	load func(ctx context.Context, userID string, part json.RawMessage) error
}

func (a *allAccounts) Get(ctx context.Context, userID string) (*nakama.Account, error) {
	found, err := a.Service.Get(ctx, userID)
	if err != nil {
		return nil, err
	}
	found.User.Online = a.sockets.Online(found.User.Id)
	return found, nil
}

func (a *allAccounts) Accounts(ctx context.Context, ids, devices []string) ([]*nakama.Account, error) {
	found, err := a.Service.Accounts(ctx, ids, devices)
	for _, one := range found {
		one.User.Online = a.sockets.Online(one.User.Id)
	}
	return found, err
}

func (a *allAccounts) Users(ctx context.Context, ids, usernames, facebookIDs []string) ([]*nakama.User, error) {
	return a.withOnline(a.Service.Users(ctx, ids, usernames, facebookIDs))
}

func (a *allAccounts) RandomUsers(ctx context.Context, count int) ([]*nakama.User, error) {
	return a.withOnline(a.Service.RandomUsers(ctx, count))
}

func (a *allAccounts) withOnline(users []*nakama.User, err error) ([]*nakama.User, error) {
	for _, user := range users {
		user.Online = a.sockets.Online(user.Id)
	}
	return users, err
}

// Ban bans users, ends their tokens, and closes their sockets, each of which is told.
func (a *allAccounts) Ban(ctx context.Context, ids []string) error {
	if err := a.Service.Ban(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		a.endSessions(id, realtime.UserBanned)
	}
	return nil
}

// Delete deletes a user, ends its tokens, and closes its sockets.
func (a *allAccounts) Delete(ctx context.Context, userID string, recorded bool) error {
	deleted, err := a.Service.Delete(ctx, userID, recorded)
	if deleted {
		a.endSessions(userID, realtime.SessionDisconnected)
		err = errors.Join(err, a.forgotten(ctx, userID))
	}
	return err
}

func (a *allAccounts) endSessions(userID string, reason realtime.CloseReason) {
	a.tokens.LogoutAll(userID)
	a.sockets.DisconnectUser(userID, reason)
}

// Export is all that the host keeps of a user, as Nakama's JSON.
func (a *allAccounts) Export(ctx context.Context, userID string) (string, error) {
	found, err := a.Service.Get(ctx, userID)
	if err != nil {
		return "", err
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.Marshal(found)
	if err != nil {
		return "", fmt.Errorf("encode account %s: %w", userID, err)
	}
	export := map[string]json.RawMessage{"account": text}
	for name, part := range a.parts {
		text, err := part.read(ctx, userID)
		if err != nil {
			return "", fmt.Errorf("export the %s of %s: %w", name, userID, err)
		}
		if text != nil {
			export[name] = text
		}
	}
	whole, err := json.Marshal(export)
	return string(whole), err
}

// Import brings in what Export gave: as a new user, or with a user id into that one.
func (a *allAccounts) Import(ctx context.Context, data, userID string) (*nakama.Account, error) {
	var export map[string]json.RawMessage
	if err := json.Unmarshal([]byte(data), &export); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "The export is not a JSON object: %v", err)
	}
	imported := &nakama.Account{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(export["account"], imported); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "The export's account is out of form: %v", err)
	}
	id, err := a.Service.Import(ctx, userID, imported)
	if err != nil {
		return nil, err
	}
	for name, part := range a.parts {
		if export[name] == nil || part.load == nil {
			continue
		}
		if err := part.load(ctx, id, export[name]); err != nil {
			if userID == "" {
				_, undone := a.Service.Delete(ctx, id, false) // half a user is worse than none
				err = errors.Join(err, undone)
			}
			return nil, fmt.Errorf("import the %s of %s: %w", name, id, err)
		}
	}
	return a.Get(ctx, id)
}

// GenerateToken makes a session token for a server module; without a name it makes one up.
func (a *allAccounts) GenerateToken(userID, username string, vars map[string]string, expiry int64) (token string, expires int64, err error) {
	if username == "" {
		username = a.GenerateUsername()
	}
	return a.tokens.IssueUntil(userID, username, vars, expiry)
}

// Logout ends tokens of a user; see session.Tokens.
func (a *allAccounts) Logout(userID, token, refreshToken string) error {
	return a.tokens.Logout(userID, token, refreshToken)
}

// Disconnect closes a socket, if it is open, and gives matches the reason.
func (a *allAccounts) Disconnect(sessionID string, leave match.Reason) {
	a.sockets.DisconnectSession(sessionID, leave)
}
