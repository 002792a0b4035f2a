package notification

import (
	"context"
	"database/sql"
	"slices"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/cursor"
	"nkhost/host/db"
)

// position is the last notification of a page; of the first page's it is zero.
type position struct {
	Time int64  `json:"t"` // Unix milliseconds
	ID   string `json:"i"`
}

// Page is a part of a user's notifications.
type Page struct {
	Notifications []*api.Notification
	Cursor        string // for what comes after, now or later
	More          bool   // whether there is more now
}

// List returns those notifications of a user, the oldest first, that come after a
// cursor; "" is before all. The error's code is InvalidArgument for a cursor that is
// none.
func (s *Service) List(ctx context.Context, userID string, limit int, from string) (Page, error) {
	var after position
	if err := cursor.Decode(from, &after); err != nil {
		return Page{}, status.Error(codes.InvalidArgument, "Malformed cursor was used.")
	}
	var page Page
	err := s.sql.list.Each(ctx, func(rows *sql.Rows) error {
		if page.More = len(page.Notifications) == limit; page.More {
			return nil
		}
		saved, ms, err := scan(rows)
		if err != nil {
			return err
		}
		after = position{ms, saved.Id}
		page.Notifications = append(page.Notifications, saved.Notification)
		return nil
	}, userID, after.Time, after.ID, limit+1)
	if err != nil {
		return Page{}, err
	}
	page.Cursor = cursor.Encode(after)
	return page, nil
}

// Saved is a persistent notification, and whose it is.
type Saved struct {
	*api.Notification
	UserID string
}

func scan(rows *sql.Rows) (saved Saved, createMs int64, err error) {
	n := &api.Notification{Persistent: true}
	if err := rows.Scan(&n.Id, &saved.UserID, &n.Subject, &n.Content, &n.Code, &n.SenderId, &createMs); err != nil {
		return Saved{}, 0, err
	}
	if n.SenderId == System {
		n.SenderId = ""
	}
	n.CreateTime = &timestamppb.Timestamp{Seconds: createMs / 1000}
	saved.Notification = n
	return saved, createMs, nil
}

// Get returns those of the notifications that exist, and that are userID's unless it
// is "".
func (s *Service) Get(ctx context.Context, ids []string, userID string) ([]Saved, error) {
	var found []Saved
	for _, id := range ids {
		if err := s.sql.get.Each(ctx, func(rows *sql.Rows) error {
			saved, _, err := scan(rows)
			found = append(found, saved)
			return err
		}, id, userID); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Deletion names a notification, and the user whose it must be; "" is anyone.
type Deletion struct{ ID, UserID string }

// Delete deletes those of the notifications that exist, in one transaction. The
// error's code is Internal, as on Nakama, for an id that is no UUID.
func (s *Service) Delete(ctx context.Context, deletions []Deletion) error {
	deletions = slices.Clone(deletions)
	for i, d := range deletions {
		id, err := uuid.Parse(d.ID)
		if err != nil {
			return status.Errorf(codes.Internal, "Error while deleting notifications: %q is not an id.", d.ID)
		}
		deletions[i].ID = id.String()
	}
	if len(deletions) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, d := range deletions {
			if _, err := tx.Exec(ctx, s.sql.remove, d.ID, d.UserID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Update says what to change in a persistent notification; nil stays.
type Update struct {
	ID                         string
	Subject, Content, SenderID *string
}

// Update changes those of the notifications that exist, in one transaction.
func (s *Service) Update(ctx context.Context, updates []Update) error {
	if len(updates) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		for _, u := range updates {
			if _, err := tx.Exec(ctx, s.sql.update, u.ID, nullable(u.Subject), nullable(u.Content), nullable(u.SenderID)); err != nil {
				return err
			}
		}
		return nil
	})
}

func nullable(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}
