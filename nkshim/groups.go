package nkshim

import (
	"context"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/group"
	"nkhost/lua/glua"
)

// Groups keeps groups. See group.Service.
type Groups interface {
	Get(ctx context.Context, ids []string) ([]*api.Group, error)
	Random(ctx context.Context, count int) ([]*api.Group, error)
	List(ctx context.Context, filter group.Filter, limit int, cursor string) (*api.GroupList, error)
	ListUsers(ctx context.Context, groupID string, limit int, state *int32, cursor string) (*api.GroupUserList, error)
	ListUserGroups(ctx context.Context, userID string, limit int, state *int32, cursor string) (*api.UserGroupList, error)
	Create(ctx context.Context, n group.New) (*api.Group, error)
	Update(ctx context.Context, groupID, userID string, update group.Update) error
	Delete(ctx context.Context, groupID, userID string) error
	Join(ctx context.Context, groupID string, user group.User) error
	Leave(ctx context.Context, groupID string, user group.User) error
	AddUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	BanUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	KickUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	PromoteUsers(ctx context.Context, caller, groupID string, userIDs []string) error
	DemoteUsers(ctx context.Context, caller, groupID string, userIDs []string) error
}

var groupFunctions = map[string]function{
	"group_create":        groupCreate,
	"group_delete":        groupDelete,
	"group_update":        groupUpdate,
	"group_user_join":     groupUser(Groups.Join),
	"group_user_leave":    groupUser(Groups.Leave),
	"group_users_add":     groupUsers(Groups.AddUsers),
	"group_users_ban":     groupUsers(Groups.BanUsers),
	"group_users_demote":  groupUsers(Groups.DemoteUsers),
	"group_users_kick":    groupUsers(Groups.KickUsers),
	"group_users_list":    groupUsersList,
	"group_users_promote": groupUsers(Groups.PromoteUsers),
	"groups_get_id":       groupsGetID,
	"groups_get_random":   groupsGetRandom,
	"groups_list":         groupsList,
	"user_groups_list":    userGroupsList,
}

func groupCreate(r *Runtime, c call) int {
	n := group.New{
		UserID: c.id(1, "user id"), Name: c.filledText(2, "name"), CreatorID: c.optID(3, "creator id"),
		LangTag: c.optText(4, "language tag", ""), Description: c.optText(5, "description", ""), AvatarURL: c.optText(6, "avatar URL", ""),
		Open: c.optBool(7, "open", false), MaxCount: c.optInt(9, "max count", 100),
	}
	if n.CreatorID == "" {
		n.CreatorID = group.Server
	}
	if n.MaxCount < 1 {
		c.refuse(9, "max count", "a number above 0")
	}
	if table := c.optTable(8, "metadata"); table != nil {
		n.Metadata = c.object(8, "metadata")
	}
	var made *api.Group
	r.await(c, func() (err error) {
		made, err = r.deps.Groups.Create(c.context(), n)
		return err
	})
	return c.push(groupTable(c, made))
}

// groupUpdate leaves a field alone that is nil or empty.
func groupUpdate(r *Runtime, c call) int {
	id, userID := c.id(1, "group id"), c.callerID(2)
	update := group.Update{
		Name: c.optFilled(3, "name"), LangTag: c.optFilled(5, "language tag"), Description: c.optFilled(6, "description"),
		AvatarURL: c.optFilled(7, "avatar URL"), MaxCount: max(0, c.optInt(10, "max count", 0)),
	}
	if creator := c.optID(4, "creator id"); creator != "" {
		update.CreatorID = &creator
	}
	if c.L.Get(8) != glua.LNil {
		open := c.optBool(8, "open", false)
		update.Open = &open
	}
	if c.optTable(9, "metadata") != nil {
		metadata := c.object(9, "metadata")
		update.Metadata = &metadata
	}
	r.await(c, func() error { return r.deps.Groups.Update(c.context(), id, userID, update) })
	return 0
}

func groupDelete(r *Runtime, c call) int {
	id := c.id(1, "group id")
	r.await(c, func() error { return r.deps.Groups.Delete(c.context(), id, group.Server) })
	return 0
}

// groupUser does something as a user.
func groupUser(do func(groups Groups, ctx context.Context, groupID string, user group.User) error) function {
	return func(r *Runtime, c call) int {
		id, user := c.id(1, "group id"), group.User{ID: c.id(2, "user id"), Username: c.filledText(3, "username")}
		r.await(c, func() error { return do(r.deps.Groups, c.context(), id, user) })
		return 0
	}
}

// groupUsers does something to users, for a caller or for the server.
func groupUsers(do func(groups Groups, ctx context.Context, caller, groupID string, userIDs []string) error) function {
	return func(r *Runtime, c call) int {
		id, users := c.id(1, "group id"), c.ids(2, "user ids")
		for _, user := range users {
			if user == group.Server {
				c.refuse(2, "user ids", "a list without the system user")
			}
		}
		if len(users) == 0 {
			return 0
		}
		caller := c.callerID(3)
		r.await(c, func() error { return do(r.deps.Groups, c.context(), caller, id, users) })
		return 0
	}
}

// callerID is the user for whom something is done, or group.Server.
func (c call) callerID(n int) string {
	if id := c.optID(n, "caller id"); id != "" {
		return id
	}
	return group.Server
}

func groupsGetID(r *Runtime, c call) int {
	ids := c.ids(1, "group ids")
	return r.pushGroups(c, func(ctx context.Context) ([]*api.Group, error) { return r.deps.Groups.Get(ctx, ids) })
}

// maxRandomGroups is how many groups Nakama gives at a time.
const maxRandomGroups = 1000

func groupsGetRandom(r *Runtime, c call) int {
	count := c.optInt(1, "count", 0)
	if count < 0 || count > maxRandomGroups {
		c.fail("argument 1 (count) must be from 0 to %d, got %d", maxRandomGroups, count)
	}
	return r.pushGroups(c, func(ctx context.Context) ([]*api.Group, error) { return r.deps.Groups.Random(ctx, count) })
}

func (r *Runtime) pushGroups(c call, find func(ctx context.Context) ([]*api.Group, error)) int {
	var found []*api.Group
	r.await(c, func() (err error) {
		found, err = find(c.context())
		return err
	})
	return c.push(groupList(c, found))
}

// groupsList wants the third argument to be given, as Nakama does.
func groupsList(r *Runtime, c call) int {
	filter := group.Filter{Name: c.optText(1, "name", ""), LangTag: c.optText(2, "language tag", "")}
	if open, ok := given[glua.LBool](c, 3, "open", "a boolean"); ok {
		value := bool(open)
		filter.Open = &value
	}
	filter.Members = c.optInt(4, "edge count", -1)
	limit, cursor := c.limitWithin(5, 100, maxRandomGroups), c.optText(6, "cursor", "")
	var page *api.GroupList
	r.await(c, func() (err error) {
		page, err = r.deps.Groups.List(c.context(), filter, limit, cursor)
		return err
	})
	c.push(groupList(c, page.Groups))
	c.push(textOrNil(page.Cursor))
	return 2
}

func groupUsersList(r *Runtime, c call) int {
	id, limit := c.id(1, "group id"), c.limitWithin(2, 100, 10_000)
	state, cursor := c.stateWithin(3, group.StateBanned), c.optText(4, "cursor", "")
	var page *api.GroupUserList
	r.await(c, func() (err error) {
		page, err = r.deps.Groups.ListUsers(c.context(), id, limit, state, cursor)
		return err
	})
	list := newList(len(page.GroupUsers))
	for _, one := range page.GroupUsers {
		t := newTable(2)
		t.SetField("user", userTable(c, one.User))
		t.SetField("state", glua.LNumber(one.State.GetValue()))
		list.Append(t)
	}
	c.push(list)
	c.push(textOrNil(page.Cursor))
	return 2
}

func userGroupsList(r *Runtime, c call) int {
	id, limit := c.id(1, "user id"), c.limitWithin(2, 100, 100)
	state, cursor := c.stateWithin(3, group.StateBanned), c.optText(4, "cursor", "")
	var page *api.UserGroupList
	r.await(c, func() (err error) {
		page, err = r.deps.Groups.ListUserGroups(c.context(), id, limit, state, cursor)
		return err
	})
	list := newList(len(page.UserGroups))
	for _, one := range page.UserGroups {
		t := newTable(2)
		t.SetField("group", groupTable(c, one.Group))
		t.SetField("state", glua.LNumber(one.State.GetValue()))
		list.Append(t)
	}
	c.push(list)
	c.push(textOrNil(page.Cursor))
	return 2
}

func groupList(c call, groups []*api.Group) *glua.LTable {
	list := newList(len(groups))
	for _, one := range groups {
		list.Append(groupTable(c, one))
	}
	return list
}

func groupTable(c call, g *api.Group) *glua.LTable {
	t := newTable(12)
	t.SetField("id", glua.LString(g.Id))
	t.SetField("creator_id", glua.LString(g.CreatorId))
	t.SetField("name", glua.LString(g.Name))
	t.SetField("description", glua.LString(g.Description))
	t.SetField("avatar_url", glua.LString(g.AvatarUrl))
	t.SetField("lang_tag", glua.LString(g.LangTag))
	t.SetField("metadata", c.decodedTable(g.Metadata))
	t.SetField("open", glua.LBool(g.Open.GetValue()))
	t.SetField("edge_count", glua.LNumber(g.EdgeCount))
	t.SetField("max_count", glua.LNumber(g.MaxCount))
	t.SetField("create_time", glua.LNumber(g.CreateTime.GetSeconds()))
	t.SetField("update_time", glua.LNumber(g.UpdateTime.GetSeconds()))
	return t
}
