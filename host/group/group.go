// Package group keeps groups of users, with who leads them, who asks to join, and who is
// banned. Its rules, error codes and texts are Nakama's (core_group.go, api_group.go).
package group

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/db"
	"nkhost/host/notification"
)

// The states of a user in a group.
const (
	StateSuperadmin int32 = iota
	StateAdmin
	StateMember
	StateJoinRequest
	StateBanned
)

// The codes of the messages that are written to a group's channel.
const (
	MessageJoin    int32 = 3
	MessageAdd     int32 = 4
	MessageLeave   int32 = 5
	MessageKick    int32 = 6
	MessagePromote int32 = 7
	MessageBan     int32 = 8
	MessageDemote  int32 = 9
)

// The codes of the notifications that are sent.
const (
	codeAdd         int32 = -4
	codeJoinRequest int32 = -5
)

// Server is who does what a server module does without naming a user. It may do all.
const Server = "00000000-0000-0000-0000-000000000000"

// User is who does something, by the name that others are told.
type User struct{ ID, Username string }

// Message tells a group's channel what has become of a user.
type Message struct {
	GroupID string
	User    User
	Code    int32
}

// Options are the settings of a Service.
type Options struct {
	Now   func() time.Time
	NewID func() string
	// Users finds what others may know of users, without those who do not exist.
	Users func(ctx context.Context, ids []string) ([]*api.User, error)
	// Notify sends notifications. What goes wrong with them is its own to report: what
	// they tell of has happened.
	Notify func(ctx context.Context, notices []notification.Notification)
	// Write saves messages to a group's channel in the transaction of what they tell, and
	// returns what is to send them once that is committed. nil writes none.
	Write func(ctx context.Context, tx *db.Tx, messages []Message) (send func(), err error)
	// Left is told who is no longer a member, and Deleted which group is no more.
	Left    func(groupID string, userIDs []string)
	Deleted func(groupID string)
}

// Service keeps groups in a database. An error it returns has a gRPC code and a text for
// clients, or none when the database failed. Ids are UUIDs in their usual form.
//
// It is safe for concurrent use.
type Service struct {
	Options
	db  *db.DB
	sql statements
}

// NewService returns the groups in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of groups: %w", err)
	}
	return &Service{Options: options, db: database, sql: sql}, nil
}

// ParseID reads a group's id. The error's code is InvalidArgument.
func ParseID(text string) (string, error) {
	if text == "" {
		return "", status.Error(codes.InvalidArgument, "Group ID must be set.")
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return "", status.Error(codes.InvalidArgument, "Group ID must be a valid ID.")
	}
	return id.String(), nil
}

// ParseUserIDs reads the ids of users. The error's code is InvalidArgument.
func ParseUserIDs(texts []string) ([]string, error) {
	ids := make([]string, len(texts))
	for i, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil || id == uuid.Nil {
			return nil, status.Error(codes.InvalidArgument, "User ID must be a valid ID.")
		}
		ids[i] = id.String()
	}
	return ids, nil
}

func errNotFound() error { return status.Error(codes.NotFound, "Group not found.") }

func errDenied() error { return status.Error(codes.NotFound, "Group not found or permission denied.") }

func errFull() error { return status.Error(codes.InvalidArgument, "Group is full.") }

func errNoUser() error { return status.Error(codes.InvalidArgument, "One or more users not found.") }
