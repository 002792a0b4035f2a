package nkshim

import (
	"context"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/providers"
	"nkhost/host/social"
	"nkhost/lua/glua"
)

// Friends keeps who is whose friend. See social.Service.
type Friends interface {
	Find(ctx context.Context, user social.User, ids, usernames []string) ([]string, error)
	List(ctx context.Context, userID string, limit int, state *int32, cursor string) (*api.FriendList, error)
	FriendsOfFriends(ctx context.Context, userID string, limit int, cursor string) (*api.FriendsOfFriendsList, error)
	Status(ctx context.Context, userID string, ids []string) ([]*api.Friend, error)
	Add(ctx context.Context, user social.User, friends []string, metadata string) error
	Delete(ctx context.Context, user social.User, friends []string) error
	Block(ctx context.Context, userID string, friends []string) error
	UpdateMetadata(ctx context.Context, userID, friendID, metadata string) error
	Import(ctx context.Context, user social.User, friends providers.Friends, reset bool) error
}

var friendFunctions = map[string]function{
	"friend_metadata_update":  friendMetadataUpdate,
	"friends_add":             friendsAdd,
	"friends_block":           friendsBlock,
	"friends_delete":          friendsDelete,
	"friends_list":            friendsList,
	"friends_of_friends_list": friendsOfFriendsList,
	"users_get_friend_status": usersGetFriendStatus,
}

func friendsAdd(r *Runtime, c call) int {
	metadata := ""
	if table := c.optTable(5, "metadata"); table != nil {
		metadata = c.objectText(table, "metadata")
	}
	return r.withFriends(c, func(ctx context.Context, user social.User, ids []string) error {
		return r.deps.Friends.Add(ctx, user, ids, metadata)
	})
}

func friendsDelete(r *Runtime, c call) int {
	return r.withFriends(c, r.deps.Friends.Delete)
}

func friendsBlock(r *Runtime, c call) int {
	return r.withFriends(c, func(ctx context.Context, user social.User, ids []string) error {
		return r.deps.Friends.Block(ctx, user.ID, ids)
	})
}

// withFriends does something with the users whom arguments 3 and 4 name.
func (r *Runtime) withFriends(c call, do func(ctx context.Context, user social.User, ids []string) error) int {
	user := social.User{ID: c.id(1, "user id"), Username: c.filledText(2, "username")}
	ids, usernames := c.optItems(3, "user ids"), c.optItems(4, "usernames")
	if len(ids)+len(usernames) == 0 {
		return 0
	}
	var found []string
	r.await(c, func() (err error) {
		if found, err = r.deps.Friends.Find(c.context(), user, ids, usernames); err == nil && len(found) > 0 {
			err = do(c.context(), user, found)
		}
		return err
	})
	if len(found) == 0 {
		c.fail("no valid ID or username was provided")
	}
	return 0
}

// items is a list of strings that are not empty. Unlike filledTexts it must not be empty
// itself: to Nakama such a table is no list.
func (c call) items(n int, what string) []string {
	items := c.filledTexts(n, what)
	if len(items) == 0 {
		c.refuse(n, what, "a list that is not empty")
	}
	return items
}

func (c call) optItems(n int, what string) []string {
	if c.L.Get(n) == glua.LNil {
		return nil
	}
	return c.items(n, what)
}

// itemIDs are items that are UUIDs, in their usual form.
func (c call) itemIDs(n int, what string) []string {
	ids := c.ids(n, what)
	if len(ids) == 0 {
		c.refuse(n, what, "a list that is not empty")
	}
	return ids
}

func friendMetadataUpdate(r *Runtime, c call) int {
	user, friend := c.id(1, "user id"), c.id(2, "friend's user id")
	metadata := c.objectText(c.table(3, "metadata"), "metadata")
	if metadata == "null" {
		c.refuse(3, "metadata", "a table with named fields")
	}
	r.await(c, func() error { return r.deps.Friends.UpdateMetadata(c.context(), user, friend, metadata) })
	return 0
}

// limitWithin is a number in argument n from 1 to most.
func (c call) limitWithin(n, otherwise, most int) int {
	limit := c.optInt(n, "limit", otherwise)
	if limit < 1 || limit > most {
		c.fail("argument %d (limit) must be from 1 to %d, got %d", n, most, limit)
	}
	return limit
}

// stateWithin is a number in argument n from 0 to most, or nil if it is -1 or missing.
func (c call) stateWithin(n int, most int32) *int32 {
	state := c.optInt(n, "state", -1)
	if state == -1 {
		return nil
	}
	if state < 0 || state > int(most) {
		c.fail("argument %d (state) must be from 0 to %d, got %d", n, most, state)
	}
	narrow := int32(state)
	return &narrow
}

func friendsList(r *Runtime, c call) int {
	user, limit := c.id(1, "user id"), c.limitWithin(2, 100, 1000)
	state, cursor := c.stateWithin(3, social.StateBlocked), c.optText(4, "cursor", "")
	var page *api.FriendList
	r.await(c, func() (err error) {
		page, err = r.deps.Friends.List(c.context(), user, limit, state, cursor)
		return err
	})
	c.push(friendList(c, page.Friends))
	c.push(textOrNil(page.Cursor))
	return 2
}

func usersGetFriendStatus(r *Runtime, c call) int {
	user, ids := c.id(1, "user id"), c.itemIDs(2, "user ids")
	var friends []*api.Friend
	r.await(c, func() (err error) {
		friends, err = r.deps.Friends.Status(c.context(), user, ids)
		return err
	})
	return c.push(friendList(c, friends))
}

func friendList(c call, friends []*api.Friend) *glua.LTable {
	list := newList(len(friends))
	for _, friend := range friends {
		t := newTable(4)
		t.SetField("state", glua.LNumber(friend.State.GetValue()))
		t.SetField("update_time", glua.LNumber(friend.UpdateTime.GetSeconds()))
		t.SetField("user", userTable(c, friend.User))
		t.SetField("metadata", c.decodedTable(friend.Metadata))
		list.Append(t)
	}
	return list
}

func friendsOfFriendsList(r *Runtime, c call) int {
	user, limit, cursor := c.id(1, "user id"), c.limitWithin(2, 100, 1000), c.optText(3, "cursor", "")
	var page *api.FriendsOfFriendsList
	r.await(c, func() (err error) {
		page, err = r.deps.Friends.FriendsOfFriends(c.context(), user, limit, cursor)
		return err
	})
	list := newList(len(page.FriendsOfFriends))
	for _, one := range page.FriendsOfFriends {
		t := newTable(2)
		t.SetField("referrer", glua.LString(one.Referrer))
		t.SetField("user", userTable(c, one.User))
		list.Append(t)
	}
	c.push(list)
	c.push(textOrNil(page.Cursor))
	return 2
}

// parsedIDs are UUIDs that the call has checked.
func parsedIDs(ids []string) []uuid.UUID {
	parsed := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		parsed[i] = uuid.MustParse(id)
	}
	return parsed
}
