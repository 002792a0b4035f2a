package nkshim

import (
	"github.com/heroiclabs/nakama-common/api"

	"nkhost/lua/glua"
)

var userFunctions = map[string]function{
	"users_ban_id":       usersBanID,
	"users_get_id":       usersGetID,
	"users_get_random":   usersGetRandom,
	"users_get_username": usersGetUsername,
	"users_unban_id":     usersUnbanID,
}

// maxRandomUsers is how many users Nakama gives at a time.
const maxRandomUsers = 1000

// usersGetID refuses an empty list, as Nakama does.
func usersGetID(r *Runtime, c call) int {
	var ids, facebookIDs []string
	if c.L.Get(1) != glua.LNil {
		if ids = c.ids(1, "user ids"); len(ids) == 0 {
			c.refuse(1, "user ids", "nil or a list that is not empty")
		}
	}
	if c.L.Get(2) != glua.LNil {
		if facebookIDs = c.filledTexts(2, "Facebook ids"); len(facebookIDs) == 0 {
			c.refuse(2, "Facebook ids", "nil or a list that is not empty")
		}
	}
	return pushUsers(r, c, ids, nil, facebookIDs)
}

func usersGetUsername(r *Runtime, c call) int {
	return pushUsers(r, c, nil, c.filledTexts(1, "usernames"), nil)
}

func pushUsers(r *Runtime, c call, ids, usernames, facebookIDs []string) int {
	ctx := c.context()
	var found []*api.User
	r.await(c, func() (err error) {
		found, err = r.deps.Accounts.Users(ctx, ids, usernames, facebookIDs)
		return err
	})
	return c.push(userList(c, found))
}

func usersGetRandom(r *Runtime, c call) int {
	ctx, count := c.context(), c.optInt(1, "count", 0)
	if count < 0 || count > maxRandomUsers {
		c.fail("argument 1 (count) must be from 0 to %d, got %d", maxRandomUsers, count)
	}
	var found []*api.User
	r.await(c, func() (err error) {
		found, err = r.deps.Accounts.RandomUsers(ctx, count)
		return err
	})
	return c.push(userList(c, found))
}

func usersBanID(r *Runtime, c call) int {
	ctx, ids := c.context(), c.ids(1, "user ids")
	r.await(c, func() error { return r.deps.Accounts.Ban(ctx, ids) })
	return 0
}

func usersUnbanID(r *Runtime, c call) int {
	ctx, ids := c.context(), c.ids(1, "user ids")
	r.await(c, func() error { return r.deps.Accounts.Unban(ctx, ids) })
	return 0
}

func userList(c call, users []*api.User) *glua.LTable {
	list := newList(len(users))
	for _, user := range users {
		list.Append(userTable(c, user))
	}
	return list
}

// userTable leaves out the identities that a user does not have.
func userTable(c call, u *api.User) *glua.LTable {
	t := newTable(20)
	t.SetField("user_id", glua.LString(u.Id))
	t.SetField("username", glua.LString(u.Username))
	t.SetField("display_name", glua.LString(u.DisplayName))
	t.SetField("avatar_url", glua.LString(u.AvatarUrl))
	t.SetField("lang_tag", glua.LString(u.LangTag))
	t.SetField("location", glua.LString(u.Location))
	t.SetField("timezone", glua.LString(u.Timezone))
	setText(t, "apple_id", u.AppleId)
	setText(t, "facebook_id", u.FacebookId)
	setText(t, "facebook_instant_game_id", u.FacebookInstantGameId)
	setText(t, "google_id", u.GoogleId)
	setText(t, "gamecenter_id", u.GamecenterId)
	setText(t, "steam_id", u.SteamId)
	t.SetField("online", glua.LBool(u.Online))
	t.SetField("edge_count", glua.LNumber(u.EdgeCount))
	t.SetField("create_time", glua.LNumber(u.CreateTime.GetSeconds()))
	t.SetField("update_time", glua.LNumber(u.UpdateTime.GetSeconds()))
	t.SetField("metadata", c.decoded(u.Metadata))
	return t
}
