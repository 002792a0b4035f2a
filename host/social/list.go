package social

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/cursor"
	"nkhost/host/export"
)

// position is the first edge of a page.
type position struct {
	State    int32  `json:"s"`
	Position int64  `json:"p"`
	ID       string `json:"i"`
}

func readCursor(text string, place any) error {
	if cursor.Decode(text, place) != nil {
		return errCursor()
	}
	return nil
}

func errCursor() error { return status.Error(codes.InvalidArgument, "Cursor is invalid.") }

// List returns a page of whom a user is tied to, by state and then in the order in which
// that began; state nil is all. The error's code is InvalidArgument for a cursor that is
// none, or is of another state.
func (s *Service) List(ctx context.Context, userID string, limit int, state *int32, from string) (*api.FriendList, error) {
	first := position{State: -1, Position: math.MinInt64}
	if err := readCursor(from, &first); err != nil {
		return nil, err
	}
	wanted := int32(-1)
	if state != nil {
		wanted = *state
	}
	if from != "" && state != nil && first.State != wanted {
		return nil, errCursor()
	}
	var found []*api.Friend
	var next string
	err := s.sql.list.Each(ctx, func(rows *sql.Rows) error {
		friend, at, err := scan(rows)
		if err != nil {
			return err
		}
		if len(found) == limit {
			next = cursor.Encode(at)
			return nil
		}
		found = append(found, friend)
		return nil
	}, userID, wanted, first.State, first.Position, first.ID, limit+1)
	if err != nil {
		return nil, err
	}
	friends, err := s.withUsers(ctx, found)
	return &api.FriendList{Friends: friends, Cursor: next}, err
}

// scan reads an edge as a friend of whom only the id is known.
func scan(rows *sql.Rows) (*api.Friend, position, error) {
	var at position
	var updateMs int64
	friend := &api.Friend{}
	if err := rows.Scan(&at.ID, &at.State, &at.Position, &updateMs, &friend.Metadata); err != nil {
		return nil, position{}, err
	}
	friend.User = &api.User{Id: at.ID}
	friend.State = wrapperspb.Int32(at.State)
	friend.UpdateTime = &timestamppb.Timestamp{Seconds: updateMs / 1000}
	return friend, at, nil
}

// withUsers completes friends, and leaves out those whose user has been deleted since.
// As on Nakama their edge counts are not told here.
func (s *Service) withUsers(ctx context.Context, friends []*api.Friend) ([]*api.Friend, error) {
	ids := make([]string, len(friends))
	for i, friend := range friends {
		ids[i] = friend.User.Id
	}
	users, err := s.usersByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	complete := friends[:0]
	for _, friend := range friends {
		if friend.User = users[friend.User.Id]; friend.User != nil {
			friend.User.EdgeCount = 0
			complete = append(complete, friend)
		}
	}
	return complete, nil
}

func (s *Service) usersByID(ctx context.Context, ids []string) (map[string]*api.User, error) {
	users, err := s.Users(ctx, ids)
	byID := make(map[string]*api.User, len(users))
	for _, user := range users {
		byID[user.Id] = user
	}
	return byID, err
}

// Blocks says whether a user has blocked another.
func (s *Service) Blocks(ctx context.Context, userID, otherID string) (blocks bool, err error) {
	err = s.sql.status.Each(ctx, func(rows *sql.Rows) error {
		friend, _, err := scan(rows)
		blocks = err == nil && friend.State.GetValue() == int32(api.Friend_BLOCKED)
		return err
	}, userID, otherID)
	return blocks, err
}

// Status returns those of the given users that a user is tied to, and how.
func (s *Service) Status(ctx context.Context, userID string, ids []string) ([]*api.Friend, error) {
	var found []*api.Friend
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if err := s.sql.status.Each(ctx, func(rows *sql.Rows) error {
			friend, _, err := scan(rows)
			found = append(found, friend)
			return err
		}, userID, id); err != nil {
			return nil, err
		}
	}
	return s.withUsers(ctx, found)
}

// through is the first of a page: a friend of a friend.
type through struct {
	Friend string `json:"f"`
	ID     string `json:"i"`
}

// FriendsOfFriends returns a page of the friends of a user's friends who are not friends
// of the user's own, once for each friend they are known through. The error's code is
// InvalidArgument for a cursor that is none.
func (s *Service) FriendsOfFriends(ctx context.Context, userID string, limit int, from string) (*api.FriendsOfFriendsList, error) {
	var first through
	if err := readCursor(from, &first); err != nil {
		return nil, err
	}
	friends, err := s.friendsFrom(ctx, userID, first.Friend)
	if err != nil {
		return nil, err
	}
	var found []through
	for _, friend := range friends {
		after := ""
		if friend == first.Friend {
			after = first.ID
		}
		if err := s.sql.others.Each(ctx, func(rows *sql.Rows) error {
			other := through{Friend: friend}
			err := rows.Scan(&other.ID)
			found = append(found, other)
			return err
		}, friend, userID, after, limit+1-len(found)); err != nil {
			return nil, err
		}
		if len(found) > limit {
			break
		}
	}
	return s.throughFriends(ctx, found, limit)
}

// friendsFrom are a user's friends by their ids, from the given one on.
func (s *Service) friendsFrom(ctx context.Context, userID, first string) ([]string, error) {
	var friends []string
	err := s.sql.friends.Each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		friends = append(friends, id)
		return err
	}, userID, first)
	return friends, err
}

func (s *Service) throughFriends(ctx context.Context, found []through, limit int) (*api.FriendsOfFriendsList, error) {
	list := &api.FriendsOfFriendsList{}
	if len(found) > limit {
		list.Cursor = cursor.Encode(found[limit])
		found = found[:limit]
	}
	ids := make([]string, len(found))
	for i, one := range found {
		ids[i] = one.ID
	}
	users, err := s.usersByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		if user := users[one.ID]; user != nil {
			list.FriendsOfFriends = append(list.FriendsOfFriends, &api.FriendsOfFriendsList_FriendOfFriend{Referrer: one.Friend, User: user})
		}
	}
	return list, nil
}

// Export is a JSON list of all whom a user is tied to, or nil if there are none.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	const some = 1000
	var list export.List
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := s.List(ctx, userID, some, nil, cursor)
		if err != nil {
			return nil, err
		}
		for _, friend := range page.Friends {
			if err := list.Add(friend); err != nil {
				return nil, err
			}
		}
		cursor = page.Cursor
	}
	return list.JSON()
}
