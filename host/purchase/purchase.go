// Package purchase keeps what stores have confirmed that users bought: purchases, which are
// bought once, and subscriptions. Its rules, error codes and texts are Nakama's
// (core_purchase.go, core_subscription.go).
//
// A purchase is known by its transaction, and belongs to the user who was the first to show
// it. It stays when that user is deleted.
package purchase

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
	"nkhost/host/providers"
)

// Options are the settings of a Service.
type Options struct {
	Now func() time.Time
}

// Service keeps purchases in a database. An error it returns has a gRPC code and a text
// for clients, or none when the database failed.
//
// It is safe for concurrent use.
type Service struct {
	Options
	db  *db.DB
	sql statements
}

// NewService returns the purchases in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of purchases: %w", err)
	}
	return &Service{Options: options, db: database, sql: sql}, nil
}

// Validate asks a receipt, whose errors it passes on, what a user has bought, and with
// persist keeps it. As on Nakama the answer names that user also where another was the
// first to show the purchase; SeenBefore says that someone was. The error's code is
// NotFound for an unknown user, and Unknown where there is nothing to keep.
func (s *Service) Validate(ctx context.Context, userID string, receipt providers.Receipt, persist bool) (*api.ValidatePurchaseResponse, error) {
	found, err := receipt(ctx)
	if err != nil {
		return nil, err
	}
	validated := make([]*api.ValidatedPurchase, len(found))
	for i, p := range found {
		validated[i] = &api.ValidatedPurchase{
			UserId: owner(userID), ProductId: p.ProductID, TransactionId: p.TransactionID, Store: p.Store, Environment: p.Environment,
			PurchaseTime: timestamppb.New(p.PurchaseTime), ProviderResponse: p.Response,
		}
		if !p.RefundTime.IsZero() {
			validated[i].RefundTime = timestamppb.New(p.RefundTime)
		}
	}
	switch {
	case !persist:
		return &api.ValidatePurchaseResponse{ValidatedPurchases: validated}, nil
	case len(found) == 0:
		return nil, status.Error(codes.Unknown, "expects at least one receipt")
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		for i, p := range found {
			if err := s.keep(ctx, tx, userID, p, validated[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return &api.ValidatePurchaseResponse{ValidatedPurchases: validated}, err
}

// keep stores a purchase, or what is new of it, and completes the answer.
func (s *Service) keep(ctx context.Context, tx *db.Tx, userID string, p providers.Purchase, answer *api.ValidatedPurchase) error {
	if err := s.checkUser(ctx, tx, userID); err != nil {
		return err
	}
	now, refund := s.Now().UnixMilli(), refundMillis(p.RefundTime)
	count, err := tx.Exec(ctx, s.sql.insert, p.TransactionID, userID, int32(p.Store), p.ProductID, int32(p.Environment),
		p.Evidence, p.PurchaseTime.UnixMilli(), refund, now)
	if err != nil {
		return err
	}
	created := now
	answer.SeenBefore = count == 0
	if answer.SeenBefore {
		if _, err := tx.Row(ctx, s.sql.update, p.TransactionID, refund, now).Scan(&created, &refund); err != nil {
			return err
		}
	}
	answer.CreateTime, answer.UpdateTime = timestamp(created), timestamp(now)
	if refund != 0 {
		answer.RefundTime = timestamp(refund)
	}
	return nil
}

// checkUser refuses a user that does not exist, or does no more.
func (s *Service) checkUser(ctx context.Context, tx *db.Tx, userID string) error {
	var one int
	found, err := tx.Row(ctx, s.sql.userExists, userID).Scan(&one)
	if err == nil && !found {
		err = status.Error(codes.NotFound, "User account not found.")
	}
	return err
}

// Get returns a purchase that was kept. The error's code is NotFound.
func (s *Service) Get(ctx context.Context, transactionID string) (*api.ValidatedPurchase, error) {
	if !isStorable(transactionID) {
		return nil, errNoPurchase()
	}
	var row purchaseRow
	found, err := s.sql.get.Row(ctx, transactionID).Scan(row.fields()...)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errNoPurchase()
	}
	return row.purchase(), nil
}

func errNoPurchase() error { return status.Error(codes.NotFound, "purchase not found") }

// isStorable says whether an id can be a stored one; PostgreSQL fails on others.
func isStorable(id string) bool { return utf8.ValidString(id) && !strings.Contains(id, "\x00") }

// purchaseRow is a purchase as it is stored.
type purchaseRow struct {
	p                                api.ValidatedPurchase
	userID                           string
	store, environment               int32
	bought, refund, created, updated int64
}

func (r *purchaseRow) fields() []any {
	return []any{
		&r.p.TransactionId, &r.userID, &r.store, &r.p.ProductId, &r.environment, &r.p.ProviderResponse,
		&r.bought, &r.refund, &r.created, &r.updated,
	}
}

func (r *purchaseRow) purchase() *api.ValidatedPurchase {
	r.p.UserId, r.p.Store, r.p.Environment = owner(r.userID), api.StoreProvider(r.store), api.StoreEnvironment(r.environment)
	r.p.PurchaseTime, r.p.RefundTime = timestamp(r.bought), timestamp(r.refund)
	r.p.CreateTime, r.p.UpdateTime = timestamp(r.created), timestamp(r.updated)
	return &r.p
}

func (r *purchaseRow) position() position {
	return position{r.bought, r.userID, r.p.TransactionId, false}
}

// owner is a user as purchases name it: nobody is "".
func owner(userID string) string {
	if userID == uuid.Nil.String() {
		return ""
	}
	return userID
}

func timestamp(ms int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMilli(ms)) }

// refundMillis is 0 if there was no refund, or it is not known.
func refundMillis(refund time.Time) int64 {
	if refund.IsZero() {
		return 0
	}
	return refund.UnixMilli()
}
