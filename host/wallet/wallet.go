// Package wallet keeps the users' wallets, whole numbers by name that are never below
// zero, and the ledger of their changes. Its rules are Nakama's (core_wallet.go).
package wallet

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
)

// Update says what to add to a user's wallet.
type Update struct {
	UserID    string
	Changeset map[string]int64
	Metadata  string // a JSON object, or null, for the ledger
}

// Result is a wallet before an update, and as it is after all of a transaction's.
type Result struct {
	UserID            string
	Previous, Updated map[string]int64
}

// Options are the settings of a Service.
type Options struct {
	Now   func() time.Time
	NewID func() string // UUIDs that sort in the order in which they are made
}

// Service keeps wallets in a database. An error it returns has a gRPC code and a text
// for people, or none when the database failed.
//
// It is safe for concurrent use.
type Service struct {
	db    *db.DB
	sql   statements
	now   func() time.Time
	newID func() string
}

// NewService returns the wallets in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of wallets: %w", err)
	}
	return &Service{db: database, sql: sql, now: options.Now, newID: options.NewID}, nil
}

// Update changes all of the wallets or none, and notes each change in the ledger if
// ledger is set. It returns a result for each update in their order, those of unknown
// users left out. The error's code is FailedPrecondition if a wallet had to go below
// zero.
func (s *Service) Update(ctx context.Context, updates []Update, ledger bool) (results []Result, err error) {
	if len(updates) == 0 {
		return nil, nil
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		results, err = s.UpdateTx(ctx, tx, updates, ledger)
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// UpdateTx is Update in a transaction, which must fail if it does.
func (s *Service) UpdateTx(ctx context.Context, tx *db.Tx, updates []Update, ledger bool) ([]Result, error) {
	now := s.now().UnixMilli()
	wallets, err := s.lock(ctx, tx, updates, now)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(updates))
	for _, update := range updates {
		wallet, known := wallets[update.UserID]
		if !known {
			continue
		}
		result := Result{UserID: update.UserID, Previous: maps.Clone(wallet), Updated: wallet}
		if err := add(wallet, update); err != nil {
			return nil, err
		}
		results = append(results, result)
		if ledger {
			if err := s.note(ctx, tx, update, now); err != nil {
				return nil, err
			}
		}
	}
	for userID, wallet := range wallets {
		text, err := json.Marshal(wallet)
		if err != nil {
			return nil, fmt.Errorf("encode the wallet of %s: %w", userID, err)
		}
		if _, err := tx.Exec(ctx, s.sql.setWallet, userID, string(text)); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// lock reads the wallets of the known users. By setting the users' update times first
// it keeps others from changing them until the transaction ends; it does so in the
// order of ids, so that two transactions cannot wait for each other.
func (s *Service) lock(ctx context.Context, tx *db.Tx, updates []Update, now int64) (map[string]map[string]int64, error) {
	var ids []string
	for _, update := range updates {
		ids = append(ids, update.UserID)
	}
	slices.Sort(ids)
	wallets := map[string]map[string]int64{}
	for _, id := range slices.Compact(ids) {
		var text string
		found, err := tx.Row(ctx, s.sql.lockWallet, id, now).Scan(&text)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		wallet := map[string]int64{}
		if err := json.Unmarshal([]byte(text), &wallet); err != nil {
			return nil, fmt.Errorf("decode the wallet of %s: %w", id, err)
		}
		wallets[id] = wallet
	}
	return wallets, nil
}

func add(wallet map[string]int64, update Update) error {
	for name, amount := range update.Changeset {
		current := wallet[name]
		// A sum that is too large for 64 bits is below zero, too.
		if current+amount < 0 {
			return status.Errorf(codes.FailedPrecondition,
				"wallet update rejected: %q of user %s cannot go from %d by %d", name, update.UserID, current, amount)
		}
		wallet[name] = current + amount
	}
	return nil
}

func (s *Service) note(ctx context.Context, tx *db.Tx, update Update, now int64) error {
	changeset, err := json.Marshal(update.Changeset)
	if err != nil {
		return fmt.Errorf("encode a changeset: %w", err)
	}
	_, err = tx.Exec(ctx, s.sql.insertItem, s.newID(), update.UserID, string(changeset), update.Metadata, now)
	return err
}
