package purchase

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
	"nkhost/host/providers"
)

// ValidateSubscription asks a receipt, whose errors it passes on, what a user has
// subscribed to, and with persist keeps it. The answer is the one that holds longest, as
// the user's who was the first to show it. The error's code is NotFound for an unknown user.
func (s *Service) ValidateSubscription(
	ctx context.Context, userID string, receipt providers.SubscriptionReceipt, persist bool,
) (*api.ValidateSubscriptionResponse, error) {
	found, err := receipt(ctx)
	if err != nil {
		return nil, err
	}
	if !persist {
		return &api.ValidateSubscriptionResponse{ValidatedSubscription: s.unkept(userID, found[0])}, nil
	}
	var validated *api.ValidatedSubscription
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		for i, sub := range found {
			kept, err := s.keepSubscription(ctx, tx, userID, sub)
			if err != nil {
				return err
			}
			if i == 0 {
				validated = kept
			}
		}
		return nil
	})
	return &api.ValidateSubscriptionResponse{ValidatedSubscription: validated}, err
}

// unkept is the answer about a subscription that is not kept.
func (s *Service) unkept(userID string, sub providers.Subscription) *api.ValidatedSubscription {
	answer := &api.ValidatedSubscription{
		UserId: owner(userID), ProductId: sub.ProductID, OriginalTransactionId: sub.OriginalTransactionID,
		Store: sub.Store, Environment: sub.Environment, PurchaseTime: timestamppb.New(sub.PurchaseTime),
		ExpiryTime: timestamppb.New(sub.ExpiryTime), Active: s.isActive(sub.ExpiryTime.UnixMilli(), refundMillis(sub.RefundTime)),
		ProviderResponse: sub.Response,
	}
	if !sub.RefundTime.IsZero() {
		answer.RefundTime = timestamppb.New(sub.RefundTime)
	}
	return answer
}

func (s *Service) isActive(expiryMs, refundMs int64) bool {
	return time.UnixMilli(expiryMs).After(s.Now()) && refundMs == 0
}

// keepSubscription stores a subscription, or what is new of it.
func (s *Service) keepSubscription(ctx context.Context, tx *db.Tx, userID string, sub providers.Subscription) (*api.ValidatedSubscription, error) {
	if err := s.checkUser(ctx, tx, userID); err != nil {
		return nil, err
	}
	now, refund, evidence := s.Now().UnixMilli(), refundMillis(sub.RefundTime), jsonText(sub.Evidence)
	if _, err := tx.Exec(ctx, s.sql.insertSubscription, sub.OriginalTransactionID, userID, int32(sub.Store), sub.ProductID, int32(sub.Environment),
		evidence, jsonText("{}"), sub.PurchaseTime.UnixMilli(), sub.ExpiryTime.UnixMilli(), refund, now); err != nil {
		return nil, err
	}
	var row subscriptionRow
	if _, err := tx.Row(ctx, s.sql.updateSubscription,
		sub.OriginalTransactionID, refund, now, sub.ProductID, sub.ExpiryTime.UnixMilli(), evidence).Scan(row.fields()...); err != nil {
		return nil, err
	}
	kept := row.subscription(s)
	if sub.Response == "" {
		kept.ProviderResponse = "" // it is what the client has shown
	}
	return kept, nil
}

// jsonText is a text as JSON. Nakama stores what stores say of subscriptions, which is
// JSON, so once more, and modules decode it twice.
func jsonText(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // which a text and a buffer always allow
	return string(bytes.TrimSpace(out.Bytes()))
}

// Subscription returns a user's subscription to a product, of several the one that holds
// longest. The error's code is NotFound.
func (s *Service) Subscription(ctx context.Context, userID, productID string) (*api.ValidatedSubscription, error) {
	if !isStorable(productID) {
		return nil, errNoSubscription()
	}
	var row subscriptionRow
	found, err := s.sql.ofProduct.Row(ctx, userID, productID).Scan(row.fields()...)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errNoSubscription()
	}
	return row.subscription(s), nil
}

func errNoSubscription() error { return status.Error(codes.NotFound, "subscription not found") }

// subscriptionRow is a subscription as it is stored.
type subscriptionRow struct {
	s                                        api.ValidatedSubscription
	userID                                   string
	store, environment                       int32
	bought, expiry, refund, created, updated int64
}

func (r *subscriptionRow) fields() []any {
	return []any{
		&r.s.OriginalTransactionId, &r.userID, &r.store, &r.s.ProductId, &r.environment, &r.s.ProviderResponse, &r.s.ProviderNotification,
		&r.bought, &r.expiry, &r.refund, &r.created, &r.updated,
	}
}

func (r *subscriptionRow) subscription(s *Service) *api.ValidatedSubscription {
	r.s.UserId, r.s.Store, r.s.Environment = owner(r.userID), api.StoreProvider(r.store), api.StoreEnvironment(r.environment)
	r.s.PurchaseTime, r.s.ExpiryTime, r.s.RefundTime = timestamp(r.bought), timestamp(r.expiry), timestamp(r.refund)
	r.s.CreateTime, r.s.UpdateTime = timestamp(r.created), timestamp(r.updated)
	r.s.Active = s.isActive(r.expiry, r.refund)
	return &r.s
}

func (r *subscriptionRow) position() position {
	return position{r.bought, r.userID, r.s.OriginalTransactionId, false}
}
