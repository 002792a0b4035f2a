package group

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/cursor"
	"nkhost/host/db"
)

// scan reads the columns of a group, and more after them. updateMs is its update time,
// more exact than the group says.
func scan(rows *sql.Rows, more ...any) (g *api.Group, updateMs int64, err error) {
	g = &api.Group{}
	var state int
	var createMs int64
	fields := []any{
		&g.Id, &g.CreatorId, &g.Name, &g.Description, &g.AvatarUrl, &g.LangTag, &g.Metadata, &state, &g.EdgeCount, &g.MaxCount,
		&createMs, &updateMs,
	}
	if err := rows.Scan(append(fields, more...)...); err != nil {
		return nil, 0, err
	}
	g.Open = wrapperspb.Bool(state == 0)
	g.CreateTime = &timestamppb.Timestamp{Seconds: createMs / 1000}
	g.UpdateTime = &timestamppb.Timestamp{Seconds: updateMs / 1000}
	return g, updateMs, nil
}

// find reads a group in a transaction.
func (s *Service) find(ctx context.Context, tx *db.Tx, id string) (g *api.Group, ok bool, err error) {
	err = tx.Each(ctx, s.sql.getInTx, func(rows *sql.Rows) (err error) {
		g, _, err = scan(rows)
		return err
	}, id)
	return g, g != nil, err
}

func groups(ctx context.Context, stmt *db.Stmt, args ...any) ([]*api.Group, error) {
	var found []*api.Group
	err := stmt.Each(ctx, func(rows *sql.Rows) error {
		g, _, err := scan(rows)
		found = append(found, g)
		return err
	}, args...)
	return found, err
}

// IsMember says whether a user is a member of a group, or more. One who has only asked to
// join is not, nor is one who was banned.
func (s *Service) IsMember(ctx context.Context, groupID, userID string) (bool, error) {
	var state int32
	there, err := s.sql.member.Row(ctx, groupID, userID).Scan(&state)
	return there && state <= int32(api.GroupUserList_GroupUser_MEMBER), err
}

// Get returns those of the groups that exist, each once.
func (s *Service) Get(ctx context.Context, ids []string) ([]*api.Group, error) {
	var found []*api.Group
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		one, err := groups(ctx, s.sql.get, id)
		if err != nil {
			return nil, err
		}
		found = append(found, one...)
	}
	return found, nil
}

// Random returns up to count groups: those whose ids follow a random one.
func (s *Service) Random(ctx context.Context, count int) ([]*api.Group, error) {
	from := uuid.NewString()
	found, err := groups(ctx, s.sql.after, from, count)
	if err != nil || len(found) == count {
		return found, err
	}
	// There are too few after it: go on with the first.
	first, err := groups(ctx, s.sql.after, "", count-len(found))
	for _, g := range first {
		if g.Id <= from {
			found = append(found, g)
		}
	}
	return found, err
}

// Filter says which groups to list. Name cannot be combined with the others.
type Filter struct {
	// Name is a pattern that ignores case: % stands for any text, _ for any character.
	Name    string
	LangTag string
	Open    *bool
	Members int // at most so many; below 0 any
}

// filters are which of the fields of a Filter are set.
type filters struct{ open, lang, members bool }

func allFilters() []filters {
	var all []filters
	for i := range 8 {
		all = append(all, filters{open: i&1 != 0, lang: i&2 != 0, members: i&4 != 0})
	}
	return all
}

// order is by what the groups are sorted, as on Nakama, and whether downwards.
func (f filters) order() (columns [3]string, down bool) {
	switch {
	case f.lang:
		return [3]string{"lang_tag", "edge_count", "id"}, f.open || f.members
	case f.members && f.open:
		return [3]string{"edge_count", "lang_tag", "id"}, true
	case f.members:
		return [3]string{"edge_count", "update_time", "id"}, true
	}
	return [3]string{"update_time", "edge_count", "id"}, false
}

// query lists groups. Its parameters are the limit, the order's columns of the last group
// of the page before, whether there is one, and the filters that are set.
func (f filters) query() string {
	order, down := f.order()
	than, direction := ">", ""
	if down {
		than, direction = "<", " DESC"
	}
	number := 5
	query := strings.Builder{}
	fmt.Fprintf(&query, "SELECT "+columns+" FROM groups g WHERE ($5 = 0 OR (%s, %s, %s) %s ($2, $3, $4))", order[0], order[1], order[2], than)
	for _, filter := range []struct {
		set  bool
		text string
	}{{f.open, "state ="}, {f.lang, "lang_tag ="}, {f.members, "edge_count <="}} {
		if filter.set {
			number++
			fmt.Fprintf(&query, " AND %s $%d", filter.text, number)
		}
	}
	fmt.Fprintf(&query, " ORDER BY %s%s, %s%s, %s%s LIMIT $1", order[0], direction, order[1], direction, order[2], direction)
	return query.String()
}

// last is the last group of a page.
type last struct {
	Name     string `json:"n"`
	LangTag  string `json:"l"`
	Members  int32  `json:"m"`
	UpdateMs int64  `json:"t"`
	ID       string `json:"i"`
}

func (l last) column(name string) any {
	switch name {
	case "lang_tag":
		return l.LangTag
	case "edge_count":
		return l.Members
	case "update_time":
		return l.UpdateMs
	}
	return l.ID
}

// List returns a page of groups. The error's code is InvalidArgument for filters that
// cannot be combined, and Internal, as on Nakama, for a cursor that is none.
func (s *Service) List(ctx context.Context, filter Filter, limit int, from string) (*api.GroupList, error) {
	if filter.Name != "" && (filter.LangTag != "" || filter.Open != nil || filter.Members >= 0) {
		return nil, status.Error(codes.InvalidArgument, "name filter cannot be combined with any other filter")
	}
	var after last
	if err := cursor.Decode(from, &after); err != nil {
		return nil, status.Error(codes.Internal, "Malformed cursor was used.")
	}
	stmt, args, err := s.listing(filter, limit+1, after, from != "")
	if err != nil {
		return nil, err
	}
	list := &api.GroupList{}
	err = stmt.Each(ctx, func(rows *sql.Rows) error {
		g, updateMs, err := scan(rows)
		switch {
		case err != nil:
			return err
		case len(list.Groups) == limit:
			list.Cursor = cursor.Encode(after)
			return nil
		}
		after = last{Name: g.Name, LangTag: g.LangTag, Members: g.EdgeCount, UpdateMs: updateMs, ID: g.Id}
		list.Groups = append(list.Groups, g)
		return nil
	}, args...)
	return list, err
}

// maxPattern is how long a pattern of names may be, in bytes.
const maxPattern = 2048

// listing is the statement for a filter, with its arguments.
func (s *Service) listing(filter Filter, limit int, after last, goesOn bool) (*db.Stmt, []any, error) {
	if name := strings.TrimLeft(filter.Name, "% "); name != "" {
		slashes := len(name) - len(strings.TrimRight(name, `\`))
		if slashes%2 != 0 || len(name) > maxPattern {
			return nil, nil, status.Error(codes.InvalidArgument, "The name filter is too long, or ends amid an escape.")
		}
		return s.sql.named, []any{fold(name), after.Name, limit}, nil
	}
	set := filters{open: filter.Open != nil, lang: filter.LangTag != "", members: filter.Members >= 0}
	order, _ := set.order()
	started := 0
	if goesOn {
		started = 1
	}
	args := []any{limit, after.column(order[0]), after.column(order[1]), after.column(order[2]), started}
	if set.open {
		args = append(args, stateOfGroup(*filter.Open))
	}
	if set.lang {
		args = append(args, filter.LangTag)
	}
	if set.members {
		args = append(args, filter.Members)
	}
	return s.sql.lists[set], args, nil
}

// position is the first edge of a page of edges.
type position struct {
	State    int32  `json:"s"`
	Position int64  `json:"p"`
	ID       string `json:"i"`
}

// edges reads a page of edges, in the order of their states and of when they began. read
// gives an edge's place and what takes it into the page. next is "" on the last page.
func edges(
	ctx context.Context, stmt *db.Stmt, ofID string, limit int, state *int32, from string,
	read func(rows *sql.Rows) (at position, keep func(), err error),
) (next string, err error) {
	first := position{State: -1, Position: math.MinInt64}
	wanted := int32(-1)
	if state != nil {
		wanted = *state
	}
	if err := cursor.Decode(from, &first); err != nil || from != "" && state != nil && first.State != wanted {
		return "", status.Error(codes.InvalidArgument, "Cursor is invalid.")
	}
	count := 0
	err = stmt.Each(ctx, func(rows *sql.Rows) error {
		at, keep, err := read(rows)
		switch {
		case err != nil:
			return err
		case count == limit:
			next = cursor.Encode(at)
			return nil
		}
		count++
		keep()
		return nil
	}, ofID, wanted, first.State, first.Position, first.ID, limit+1)
	return next, err
}

// ListUsers returns a page of the users of a group; state nil is all but the banned. The
// error's code is InvalidArgument for a cursor that is none, or is of another state.
func (s *Service) ListUsers(ctx context.Context, groupID string, limit int, state *int32, from string) (*api.GroupUserList, error) {
	var found []position
	var ids []string
	next, err := edges(ctx, s.sql.users, groupID, limit, state, from, func(rows *sql.Rows) (at position, keep func(), err error) {
		err = rows.Scan(&at.ID, &at.State, &at.Position)
		return at, func() { found, ids = append(found, at), append(ids, at.ID) }, err
	})
	if err != nil {
		return nil, err
	}
	users, err := s.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*api.User, len(users))
	for _, user := range users {
		byID[user.Id] = user
	}
	list := &api.GroupUserList{Cursor: next}
	for _, at := range found {
		if user := byID[at.ID]; user != nil {
			list.GroupUsers = append(list.GroupUsers, &api.GroupUserList_GroupUser{User: user, State: wrapperspb.Int32(at.State)})
		}
	}
	return list, nil
}

// ListUserGroups returns a page of the groups that a user is in or asks to join, or only
// of those in a state. It fails as ListUsers does.
func (s *Service) ListUserGroups(ctx context.Context, userID string, limit int, state *int32, from string) (*api.UserGroupList, error) {
	list := &api.UserGroupList{}
	next, err := edges(ctx, s.sql.userGroups, userID, limit, state, from, func(rows *sql.Rows) (at position, keep func(), err error) {
		g, _, err := scan(rows, &at.State, &at.Position)
		at.ID = g.GetId()
		return at, func() {
			list.UserGroups = append(list.UserGroups, &api.UserGroupList_UserGroup{Group: g, State: wrapperspb.Int32(at.State)})
		}, err
	})
	list.Cursor = next
	return list, err
}
