package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/providers"
	"nkhost/host/session"
)

func (s *server) validatePurchaseApple(ctx context.Context, caller *session.Caller, in *nakama.ValidatePurchaseAppleRequest) (*nakama.ValidatePurchaseResponse, error) {
	return s.Purchases.Validate(ctx, caller.UserID, s.Providers.ApplePurchases(in.GetReceipt(), ""), wantsPersist(in))
}

func (s *server) validatePurchaseFacebookInstant(ctx context.Context, caller *session.Caller, in *nakama.ValidatePurchaseFacebookInstantRequest) (*nakama.ValidatePurchaseResponse, error) {
	return s.Purchases.Validate(ctx, caller.UserID, s.Providers.FacebookInstantPurchase(in.GetSignedRequest()), wantsPersist(in))
}

func (s *server) validatePurchaseGoogle(ctx context.Context, caller *session.Caller, in *nakama.ValidatePurchaseGoogleRequest) (*nakama.ValidatePurchaseResponse, error) {
	return s.Purchases.Validate(ctx, caller.UserID, s.Providers.GooglePurchase(in.GetPurchase(), providers.GoogleAccount{}), wantsPersist(in))
}

func (s *server) validatePurchaseHuawei(ctx context.Context, caller *session.Caller, in *nakama.ValidatePurchaseHuaweiRequest) (*nakama.ValidatePurchaseResponse, error) {
	return s.Purchases.Validate(ctx, caller.UserID, s.Providers.HuaweiPurchase(in.GetPurchase(), in.GetSignature()), wantsPersist(in))
}

func (s *server) validatePurchaseSamsung(ctx context.Context, caller *session.Caller, in *nakama.ValidatePurchaseSamsungRequest) (*nakama.ValidatePurchaseResponse, error) {
	return s.Purchases.Validate(ctx, caller.UserID, s.Providers.SamsungPurchase(in.GetPurchaseId()), wantsPersist(in))
}

func (s *server) validateSubscriptionApple(ctx context.Context, caller *session.Caller, in *nakama.ValidateSubscriptionAppleRequest) (*nakama.ValidateSubscriptionResponse, error) {
	return s.Purchases.ValidateSubscription(ctx, caller.UserID, s.Providers.AppleSubscriptions(in.GetReceipt(), ""), wantsPersist(in))
}

func (s *server) validateSubscriptionGoogle(ctx context.Context, caller *session.Caller, in *nakama.ValidateSubscriptionGoogleRequest) (*nakama.ValidateSubscriptionResponse, error) {
	return s.Purchases.ValidateSubscription(ctx, caller.UserID, s.Providers.GoogleSubscription(in.GetReceipt(), providers.GoogleAccount{}), wantsPersist(in))
}

// wantsPersist says whether what is validated is to be kept, as it is unless a request
// says otherwise.
func wantsPersist(in interface{ GetPersist() *wrapperspb.BoolValue }) bool {
	return in.GetPersist() == nil || in.GetPersist().GetValue()
}

func (s *server) getSubscription(ctx context.Context, caller *session.Caller, in *nakama.GetSubscriptionRequest) (*nakama.ValidatedSubscription, error) {
	return s.Purchases.Subscription(ctx, caller.UserID, in.GetProductId())
}

func (s *server) listSubscriptions(ctx context.Context, caller *session.Caller, in *nakama.ListSubscriptionsRequest) (*nakama.SubscriptionList, error) {
	limit := int32(100)
	if in.GetLimit() != nil {
		limit = in.GetLimit().GetValue()
	}
	if limit < 1 || limit > 100 {
		// The text is Nakama's.
		return nil, status.Error(codes.InvalidArgument, "Invalid limit - limit must be between 1 and 1000.")
	}
	return s.Purchases.ListSubscriptions(ctx, caller.UserID, int(limit), in.GetCursor())
}
