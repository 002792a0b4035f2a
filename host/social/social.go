// Package social keeps who is whose friend, who has asked whom, and who has blocked
// whom. Its rules, error codes and texts are Nakama's (core_friend.go, api_friend.go).
//
// Two users are tied by two edges, one from each to the other; a block is an edge from
// one to the other alone, unless both block.
package social

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/notification"
)

// The states of an edge, from the side of the user it starts at.
const (
	StateFriend int32 = iota
	StateInviteSent
	StateInviteReceived
	StateBlocked
)

// The codes of the notifications that are sent.
const (
	codeRequest int32 = -2
	codeAccept  int32 = -3
	codeJoin    int32 = -6
	codeRemove  int32 = -9
)

// User is who does something, by the name that others are told.
type User struct{ ID, Username string }

// Options are the settings of a Service.
type Options struct {
	Now func() time.Time
	// Users finds what others may know of users, without those who do not exist.
	Users func(ctx context.Context, ids []string) ([]*api.User, error)
	// Notify sends notifications. What goes wrong with them is its own to report: what
	// they tell of has happened.
	Notify func(ctx context.Context, notices []notification.Notification)
	// Blocked is told of each block once it is made.
	Blocked func(userID, friendID string)
}

// Service keeps friends in a database. An error it returns has a gRPC code and a text
// for clients, or none when the database failed. Ids are UUIDs in their usual form.
//
// It is safe for concurrent use.
type Service struct {
	Options
	db  *db.DB
	sql statements
}

// NewService returns the friends in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of friends: %w", err)
	}
	return &Service{Options: options, db: database, sql: sql}, nil
}

// Find returns the users with the given ids, whether they exist or not, and those with
// the given names that do, each once. The error's code is InvalidArgument for what is no
// id, for an empty name, and for the user itself.
func (s *Service) Find(ctx context.Context, user User, ids, usernames []string) ([]string, error) {
	var found []string
	seen := map[string]bool{}
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			found = append(found, id)
		}
	}
	for _, text := range ids {
		id, err := uuid.Parse(text)
		switch {
		case err != nil || id == uuid.Nil:
			return nil, status.Errorf(codes.InvalidArgument, "Invalid user ID '%s'.", text)
		case id.String() == user.ID:
			return nil, errSelf()
		}
		add(id.String())
	}
	for _, name := range usernames {
		switch name {
		case "":
			return nil, status.Error(codes.InvalidArgument, "Username must not be empty.")
		case user.Username:
			return nil, errSelf()
		}
	}
	for _, name := range usernames {
		var id string
		ok, err := s.sql.userByName.Row(ctx, name).Scan(&id)
		if err != nil {
			return nil, err
		}
		if ok && id != uuid.Nil.String() {
			add(id)
		}
	}
	return found, nil
}

func errSelf() error {
	return status.Error(codes.InvalidArgument, "Cannot add, block or delete self.")
}

// Forget takes a user that is being deleted out of the counts of those it is tied to.
// Its edges go with it.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, userID string) error {
	_, err := tx.Exec(ctx, s.sql.uncount, userID)
	return err
}
