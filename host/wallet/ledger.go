package wallet

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
	"nkhost/host/db"
)

// Item is a change in the ledger.
type Item struct {
	ID, UserID             string
	Changeset              map[string]int64
	Metadata               string // a JSON object, or null
	CreateTime, UpdateTime time.Time
}

// row is an item as it is stored.
type row struct {
	id, userID, changeset, metadata string
	create, update                  int64
}

func (r *row) fields() []any {
	return []any{&r.id, &r.userID, &r.changeset, &r.metadata, &r.create, &r.update}
}

func (r *row) item() (Item, error) {
	item := Item{
		ID: r.id, UserID: r.userID, Metadata: r.metadata,
		CreateTime: time.UnixMilli(r.create), UpdateTime: time.UnixMilli(r.update),
	}
	if err := json.Unmarshal([]byte(r.changeset), &item.Changeset); err != nil {
		return Item{}, fmt.Errorf("decode the changeset of ledger item %s: %w", r.id, err)
	}
	return item, nil
}

// Annotate adds the fields of metadata, a JSON object or null, to those of an item,
// in the place of those with the same name. The error's code is NotFound.
func (s *Service) Annotate(ctx context.Context, itemID, metadata string) (item Item, err error) {
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var r row
		found, err := tx.Row(ctx, s.sql.lockItem, itemID, s.now().UnixMilli()).Scan(r.fields()...)
		if err != nil {
			return err
		}
		if !found {
			return status.Errorf(codes.NotFound, "there is no ledger item %s", itemID)
		}
		if r.metadata, err = merge(r.metadata, metadata); err != nil {
			return fmt.Errorf("metadata of ledger item %s: %w", itemID, err)
		}
		if _, err := tx.Exec(ctx, s.sql.setItem, itemID, r.metadata); err != nil {
			return err
		}
		item, err = r.item()
		return err
	})
	return item, err
}

// merge puts the members of one object into another.
func merge(object, with string) (string, error) {
	var members, more map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		return "", fmt.Errorf("decode: %w", err)
	}
	if err := json.Unmarshal([]byte(with), &more); err != nil {
		return "", fmt.Errorf("decode: %w", err)
	}
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	maps.Copy(members, more)
	merged, err := json.Marshal(members)
	return string(merged), err
}

// position is where a page of the ledger ends.
type position struct {
	UserID string `json:"u"`
	Time   int64  `json:"t"`
	ID     string `json:"i"`
}

// List returns a page of a user's ledger, the latest change first, and the cursor of
// the page after it, "" if there is none. The error's code is InvalidArgument for a
// cursor that is none of this user's.
func (s *Service) List(ctx context.Context, userID string, limit int, from string) (items []Item, next string, err error) {
	before := position{UserID: userID, Time: math.MaxInt64}
	if from != "" {
		before = position{}
		if err := cursor.Decode(from, &before); err != nil || before.UserID != userID {
			return nil, "", status.Error(codes.InvalidArgument, "wallet ledger cursor invalid")
		}
	}
	if limit <= 0 {
		return nil, "", nil
	}
	err = s.sql.listItems.Each(ctx, func(rows *sql.Rows) error {
		var r row
		if err := rows.Scan(r.fields()...); err != nil {
			return err
		}
		if len(items) == limit {
			last := items[limit-1]
			next = cursor.Encode(position{userID, last.CreateTime.UnixMilli(), last.ID})
			return nil
		}
		item, err := r.item()
		items = append(items, item)
		return err
	}, userID, before.Time, before.ID, limit+1)
	if err != nil {
		return nil, "", err
	}
	return items, next, nil
}
