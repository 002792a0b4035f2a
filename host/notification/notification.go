// Package notification sends notifications to users, live to their sockets, and keeps
// those that are persistent until they are deleted. Its rules, error codes and texts
// are Nakama's (core_notification.go, api_notification.go).
package notification

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
)

// System is the sender of notifications that no user sends. Live ones show it; those
// that are listed show no sender instead.
const System = "00000000-0000-0000-0000-000000000000"

// Notification is what to send.
type Notification struct {
	UserID     string // to whom
	SenderID   string // a user's id, or System
	Subject    string
	Content    string // a JSON object, or null
	Code       int32
	Persistent bool
}

// Options are the settings of a Service.
type Options struct {
	Now   func() time.Time
	NewID func() string // UUIDs that sort in the order in which they are made
	// Deliver sends notifications to a user's sockets, and DeliverAll to all sockets.
	// They do not wait for them.
	Deliver    func(userID string, notifications []*api.Notification)
	DeliverAll func(notifications []*api.Notification)
	// Failed is told why a notification to all has not reached all.
	Failed func(err error)
}

// Service keeps notifications in a database. An error it returns has a gRPC code and
// a text for clients, or none when the database failed.
//
// It is safe for concurrent use.
type Service struct {
	Options
	db  *db.DB
	sql statements

	// Notifications to all users are saved in the background, until running ends.
	running context.Context
	stop    context.CancelFunc
	sending sync.WaitGroup
}

// NewService returns the notifications in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of notifications: %w", err)
	}
	s := &Service{Options: options, db: database, sql: sql}
	s.running, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	return s, nil
}

// Close waits for what is being sent to all users, and stops it when ctx ends.
func (s *Service) Close(ctx context.Context) error {
	defer s.stop()
	done := make(chan struct{})
	go func() {
		s.sending.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.stop()
		<-done // each step looks whether it may go on
		return fmt.Errorf("a notification had not reached all users: %w", ctx.Err())
	}
}

// Send saves those of the notifications that are persistent, all or none, and then
// delivers all of them, a user's together. The error's code is InvalidArgument for
// one that no client could read.
func (s *Service) Send(ctx context.Context, notifications []Notification) error {
	made := make([]*api.Notification, len(notifications))
	for i := range notifications {
		var err error
		if made[i], err = s.message(&notifications[i]); err != nil {
			return err
		}
	}
	if err := s.save(ctx, notifications, made); err != nil {
		return err
	}
	var users []string
	ofUser := map[string][]*api.Notification{}
	for i := range notifications {
		user := notifications[i].UserID
		if ofUser[user] == nil {
			users = append(users, user)
		}
		ofUser[user] = append(ofUser[user], made[i])
	}
	for _, user := range users {
		s.Deliver(user, ofUser[user])
	}
	return nil
}

// maxSubject is how long a subject that is saved may be, in characters.
const maxSubject = 255

func (s *Service) message(n *Notification) (*api.Notification, error) {
	if !utf8.ValidString(n.Subject) || !utf8.ValidString(n.Content) {
		return nil, status.Error(codes.InvalidArgument, "The subject and the content of a notification must be UTF-8.")
	}
	if n.Persistent && utf8.RuneCountInString(n.Subject) > maxSubject {
		return nil, status.Errorf(codes.Internal, "The subject of a persistent notification has at most %d characters.", maxSubject)
	}
	return &api.Notification{
		Id: s.NewID(), Subject: n.Subject, Content: n.Content, Code: n.Code, SenderId: n.SenderID,
		CreateTime: &timestamppb.Timestamp{Seconds: s.Now().Unix()}, Persistent: n.Persistent,
	}, nil
}

// save writes those that are persistent.
func (s *Service) save(ctx context.Context, notifications []Notification, made []*api.Notification) error {
	if !slices.ContainsFunc(made, (*api.Notification).GetPersistent) {
		return nil
	}
	now := s.Now().UnixMilli()
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for i, n := range made {
			if !n.Persistent {
				continue
			}
			if _, err := tx.Exec(ctx, s.sql.insert,
				n.Id, notifications[i].UserID, n.Subject, n.Content, n.Code, n.SenderId, now); err != nil {
				return err
			}
		}
		return nil
	})
}
