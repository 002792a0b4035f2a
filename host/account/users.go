package account

import (
	"context"
	"database/sql"
	"slices"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// SystemUser is the id of the user that owns what belongs to nobody. It has an account,
// with which nobody can log in, and which cannot be deleted.
const SystemUser = "00000000-0000-0000-0000-000000000000"

// addSystemUser makes the system user unless it is there.
func (s *Service) addSystemUser(ctx context.Context) error {
	_, err := s.sql.insertUser.Exec(ctx, SystemUser, "", nil, nil, nil, s.nowMs())
	return err
}

// Accounts returns the accounts with the given ids and of the given devices, each once;
// those that do not exist are left out.
func (s *Service) Accounts(ctx context.Context, ids, devices []string) ([]*api.Account, error) {
	ids = slices.Clone(ids)
	for _, device := range devices {
		found, ok, err := s.find(ctx, s.sql.byDevice, device)
		if err != nil {
			return nil, err
		}
		if ok {
			ids = append(ids, found.ID)
		}
	}
	accounts := make([]*api.Account, 0, len(ids))
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		account, err := s.Get(ctx, id)
		if status.Code(err) == codes.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	return accounts, nil
}

// Users returns what others may know of the users with the given ids, names and Facebook
// ids, each once and in that order; those that do not exist are left out.
func (s *Service) Users(ctx context.Context, ids, usernames, facebookIDs []string) ([]*api.User, error) {
	var users []*api.User
	seen := map[string]bool{}
	for _, search := range []struct {
		by    lookup
		keys  []string
		keyOf func(*api.User) string
	}{
		{s.sql.userByID, ids, (*api.User).GetId},
		{s.sql.userByUsername, usernames, (*api.User).GetUsername},
		{s.sql.userByFacebook, facebookIDs, (*api.User).GetFacebookId},
	} {
		found := make(map[string]*api.User, len(search.keys))
		for keys := range slices.Chunk(search.keys, lookupSize) {
			some, err := s.lookUp(ctx, search.by, keys)
			if err != nil {
				return nil, err
			}
			for _, user := range some {
				found[search.keyOf(user)] = user
			}
		}
		for _, key := range search.keys {
			if user := found[key]; user != nil && !seen[user.Id] {
				seen[user.Id] = true
				users = append(users, user)
			}
		}
	}
	return users, nil
}

// lookUp finds the users with up to lookupSize keys, in any order.
func (s *Service) lookUp(ctx context.Context, by lookup, keys []string) ([]*api.User, error) {
	if len(keys) == 1 {
		return s.users(ctx, by.one, keys[0])
	}
	args := make([]any, lookupSize)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)] // the last fills up the rest
	}
	return s.users(ctx, by.many, args...)
}

// RandomUsers returns up to count users, without the system user: those whose ids follow
// a random one.
func (s *Service) RandomUsers(ctx context.Context, count int) ([]*api.User, error) {
	if count == 0 {
		return nil, nil
	}
	users, err := s.users(ctx, s.sql.usersAfter, s.newID(), count)
	if err != nil || len(users) == count {
		return users, err
	}
	// There are too few after it: go on with the first.
	first, err := s.users(ctx, s.sql.usersAfter, SystemUser, count)
	if err != nil {
		return nil, err
	}
	for _, user := range first {
		isThere := slices.ContainsFunc(users, func(u *api.User) bool { return u.Id == user.Id })
		if !isThere && len(users) < count {
			users = append(users, user)
		}
	}
	return users, nil
}

func (s *Service) users(ctx context.Context, by *db.Stmt, args ...any) ([]*api.User, error) {
	var users []*api.User
	err := by.Each(ctx, func(rows *sql.Rows) error {
		user := &api.User{}
		var times userTimes
		if err := rows.Scan(userFields(user, &times)...); err != nil {
			return err
		}
		times.set(user)
		users = append(users, user)
		return nil
	}, args...)
	return users, err
}

// userTimes are the times of userColumns as they are stored.
type userTimes struct{ create, update int64 }

func (t userTimes) set(user *api.User) {
	user.CreateTime, user.UpdateTime = seconds(t.create), seconds(t.update)
}

// userFields are where the columns of userColumns go.
func userFields(user *api.User, times *userTimes) []any {
	return []any{
		&user.Id, &user.Username, &user.DisplayName, &user.AvatarUrl, &user.LangTag, &user.Location, &user.Timezone, &user.Metadata,
		&user.AppleId, &user.FacebookId, &user.FacebookInstantGameId, &user.GamecenterId, &user.GoogleId, &user.SteamId,
		&user.EdgeCount, &times.create, &times.update,
	}
}
