// Package chat knows channels: rooms, the channels of groups and those of two users. It
// says who may be in which, sends what is said there to those present, and keeps it if
// it is to be kept. Its rules, ids and error codes are Nakama's (core_channel.go,
// pipeline_channel.go).
package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/db"
)

// Relations says how users stand to each other and to groups.
type Relations interface {
	// Blocks says whether a user has blocked another.
	Blocks(ctx context.Context, userID, otherID string) (bool, error)
	// InGroup says whether a user is a member of a group, or more; one who has only
	// asked to join is not.
	InGroup(ctx context.Context, groupID, userID string) (bool, error)
}

// Invitation tells a user that another waits in their direct channel.
type Invitation struct {
	UserID   string // who is told
	SenderID string // who waits
	Subject  string
	Content  string // a JSON object
}

// InvitationCode is the code of a notification that is an Invitation.
const InvitationCode = -1

// Options are the settings of a Service.
type Options struct {
	Now       func() time.Time
	NewID     func() string // UUIDs that sort in the order in which they are made
	Relations Relations
	// Deliver sends a message to those present in a channel. It does not wait for them.
	Deliver func(channel Channel, message *api.ChannelMessage)
	Invite  func(ctx context.Context, invitation Invitation) error
}

// Service is the channels, whose messages it keeps in a database. An error it returns
// has a gRPC code and a text for clients, or none when the database failed.
//
// It is safe for concurrent use.
type Service struct {
	Options
	db  *db.DB
	sql statements
}

// NewService returns the channels in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of channels: %w", err)
	}
	return &Service{Options: options, db: database, sql: sql}, nil
}

// Greet invites the other user of a direct channel, into which one has come while the
// other was not there. In other channels, and in a user's channel with themselves, it
// does nothing.
func (s *Service) Greet(ctx context.Context, channel Channel, userID, username string) error {
	other, ok := channel.Partner(userID)
	if !ok || other == userID {
		return nil
	}
	content, err := json.Marshal(map[string]string{"username": username})
	if err != nil {
		return fmt.Errorf("encode an invitation of %q: %w", username, err)
	}
	return s.Invite(ctx, Invitation{
		UserID: other, SenderID: userID, Subject: username + " wants to chat", Content: string(content),
	})
}
