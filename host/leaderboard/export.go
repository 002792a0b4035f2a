package leaderboard

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"nkhost/host/db"
	"nkhost/host/export"
)

// Export is a JSON list of an owner's records of all periods, or nil if there are none.
func (s *Service) Export(ctx context.Context, owner string) (json.RawMessage, error) {
	var list export.List
	err := s.sql.all.Each(ctx, func(rows *sql.Rows) error {
		var id string
		r := &row{}
		if err := r.scan(rows.Scan, &id); err != nil {
			return err
		}
		return list.Add(r.record(id))
	}, owner)
	if err != nil {
		return nil, err
	}
	return list.JSON()
}

// Forget deletes an owner's records, in the transaction in which the user is deleted.
// After its end, Forgotten must be called.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, owner string) error {
	type key struct {
		id     string
		expiry int64
	}
	var gone []key
	if err := tx.Each(ctx, s.sql.forget, func(rows *sql.Rows) error {
		var k key
		err := rows.Scan(&k.id, &k.expiry)
		gone = append(gone, k)
		return err
	}, owner); err != nil {
		return err
	}
	for _, k := range gone {
		if b := s.find(k.id); b == nil || !b.hasMaxSize() {
			continue
		}
		if _, err := tx.Exec(ctx, s.sql.shrink, k.id, sizeExpiry(k.expiry)); err != nil {
			return err
		}
	}
	return nil
}

// Forgotten takes an owner out of all rankings in which there is no record any more.
func (s *Service) Forgotten(ctx context.Context, owner string) error {
	id, err := uuid.Parse(owner)
	if err != nil {
		return fmt.Errorf("forget the owner %q: %w", owner, err)
	}
	for _, b := range s.all() {
		if err := s.forgotten(ctx, b, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) forgotten(ctx context.Context, b *board, owner uuid.UUID) error {
	b.changes.Lock()
	defer b.changes.Unlock()
	if b.ranks == nil || b.ranks.rank(owner) == 0 {
		return nil
	}
	var r row
	there, err := r.read(s.sql.record.Row(ctx, b.ID, b.ranks.expiry*1000, owner.String()))
	if err == nil && !there {
		b.ranks.remove(owner)
	}
	return err
}
