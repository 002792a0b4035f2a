package purchase

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
	"nkhost/host/db"
)

// errCursor says that a text is no cursor of a listing.
var errCursor = errors.New("cursor invalid")

// List returns a page of a user's purchases, or with "" of all users', the latest first.
// The error's code is Unknown, as on Nakama, for a cursor that is none or another user's.
func (s *Service) List(ctx context.Context, userID string, limit int, from string) (*api.PurchaseList, error) {
	page, err := pageOf[purchaseRow](ctx, s.sql.list, userID, limit, from)
	if errors.Is(err, errCursor) {
		err = status.Error(codes.Unknown, "purchases list cursor invalid")
	}
	if err != nil {
		return nil, err
	}
	list := &api.PurchaseList{Cursor: page.next, PrevCursor: page.previous}
	for _, row := range page.rows {
		list.ValidatedPurchases = append(list.ValidatedPurchases, row.purchase())
	}
	return list, nil
}

// ListSubscriptions is List for subscriptions.
func (s *Service) ListSubscriptions(ctx context.Context, userID string, limit int, from string) (*api.SubscriptionList, error) {
	page, err := pageOf[subscriptionRow](ctx, s.sql.listSubscriptions, userID, limit, from)
	if errors.Is(err, errCursor) {
		err = status.Error(codes.Unknown, "subscriptions list cursor invalid")
	}
	if err != nil {
		return nil, err
	}
	list := &api.SubscriptionList{Cursor: page.next, PrevCursor: page.previous}
	for _, row := range page.rows {
		list.ValidatedSubscriptions = append(list.ValidatedSubscriptions, row.subscription(s))
	}
	return list, nil
}

// position is beside a page: the first row that is on it or the last, which is left out on
// the next.
type position struct {
	Time      int64  `json:"t"`
	UserID    string `json:"u"`
	ID        string `json:"i"`
	Backwards bool   `json:"b,omitempty"` // to later purchases
}

func (p position) cursor(backwards bool) string {
	p.Backwards = backwards
	return cursor.Encode(p)
}

// listed is a pointer to a row R of a listing.
type listed[R any] interface {
	*R
	fields() []any
	position() position
}

type page[P any] struct {
	rows           []P
	next, previous string // cursors; "" if there is nothing
}

// pageOf reads a page of a user's rows, or with "" of all users', the latest first. It
// fails with errCursor.
func pageOf[R any, P listed[R]](ctx context.Context, by pages, userID string, limit int, from string) (page[P], error) {
	at := position{Time: math.MaxInt64, UserID: userID}
	if err := cursor.Decode(from, &at); err != nil || userID != "" && at.UserID != userID {
		return page[P]{}, errCursor
	}
	var found page[P]
	more := false
	err := by.statement(userID != "", at.Backwards).Each(ctx, func(rows *sql.Rows) error {
		if len(found.rows) == limit {
			more = true
			return nil
		}
		row := P(new(R))
		found.rows = append(found.rows, row)
		return rows.Scan(row.fields()...)
	}, at.Time, at.UserID, at.ID, limit+1)
	if err != nil || len(found.rows) == 0 {
		return page[P]{}, err
	}
	if at.Backwards {
		slices.Reverse(found.rows)
	}
	if more || at.Backwards { // from where it came there is more in any case
		found.next = found.rows[len(found.rows)-1].position().cursor(false)
	}
	if from != "" && (more || !at.Backwards) {
		found.previous = found.rows[0].position().cursor(true)
	}
	return found, nil
}

func (p pages) statement(ofUser, backwards bool) *db.Stmt {
	switch {
	case ofUser && backwards:
		return p.previousOfUser
	case ofUser:
		return p.nextOfUser
	case backwards:
		return p.previous
	}
	return p.next
}
