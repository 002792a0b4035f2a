package nkshim

import (
	"context"
	"fmt"
	"strings"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/providers"
	"nkhost/lua/glua"
)

// Purchases keeps what stores have confirmed. See purchase.Service.
type Purchases interface {
	Validate(ctx context.Context, userID string, receipt providers.Receipt, persist bool) (*api.ValidatePurchaseResponse, error)
	ValidateSubscription(ctx context.Context, userID string, receipt providers.SubscriptionReceipt, persist bool) (*api.ValidateSubscriptionResponse, error)
	Get(ctx context.Context, transactionID string) (*api.ValidatedPurchase, error)
	List(ctx context.Context, userID string, limit int, cursor string) (*api.PurchaseList, error)
	Subscription(ctx context.Context, userID, productID string) (*api.ValidatedSubscription, error)
	ListSubscriptions(ctx context.Context, userID string, limit int, cursor string) (*api.SubscriptionList, error)
}

var purchaseFunctions = map[string]function{
	"purchase_get_by_transaction_id":     purchaseGetByTransactionID,
	"purchase_validate_apple":            purchaseValidateApple,
	"purchase_validate_facebook_instant": purchaseValidateFacebookInstant,
	"purchase_validate_google":           purchaseValidateGoogle,
	"purchase_validate_huawei":           purchaseValidateHuawei,
	"purchase_validate_samsung":          purchaseValidateSamsung,
	"purchases_list":                     purchasesList,
	"subscription_get_by_product_id":     subscriptionGetByProductID,
	"subscription_validate_apple":        subscriptionValidateApple,
	"subscription_validate_google":       subscriptionValidateGoogle,
	"subscriptions_list":                 subscriptionsList,
}

func purchaseValidateApple(r *Runtime, c call) int {
	user, receipt := c.id(1, "user id"), c.filledText(2, "receipt")
	persist, password := c.optBool(3, "persist", true), c.optText(4, "password", "")
	return r.pushValidated(c, user, "Apple", r.deps.Providers.ApplePurchases(receipt, password), persist)
}

func purchaseValidateFacebookInstant(r *Runtime, c call) int {
	user, signed, persist := c.id(1, "user id"), c.filledText(2, "signed request"), c.optBool(3, "persist", true)
	return r.pushValidated(c, user, "Facebook Instant", r.deps.Providers.FacebookInstantPurchase(signed), persist)
}

func purchaseValidateGoogle(r *Runtime, c call) int {
	user, receipt, persist := c.id(1, "user id"), c.filledText(2, "receipt"), c.optBool(3, "persist", true)
	return r.pushValidated(c, user, "Google", r.deps.Providers.GooglePurchase(receipt, c.googleAccount(4)), persist)
}

// googleAccount is an email address and a private key, of which each may be missing.
func (c call) googleAccount(n int) providers.GoogleAccount {
	return providers.GoogleAccount{Email: c.optText(n, "client email", ""), PrivateKey: c.optText(n+1, "private key", "")}
}

// purchaseValidateHuawei takes signature and receipt as they are documented, and in the
// other order, in which alone Nakama takes them.
func purchaseValidateHuawei(r *Runtime, c call) int {
	user, signature, receipt := c.id(1, "user id"), c.filledText(2, "signature"), c.filledText(3, "receipt")
	if strings.HasPrefix(strings.TrimSpace(signature), "{") {
		signature, receipt = receipt, signature
	}
	persist := c.optBool(4, "persist", true)
	return r.pushValidated(c, user, "Huawei", r.deps.Providers.HuaweiPurchase(receipt, signature), persist)
}

func purchaseValidateSamsung(r *Runtime, c call) int {
	user, id, persist := c.id(1, "user id"), c.filledText(2, "purchase id"), c.optBool(3, "persist", true)
	return r.pushValidated(c, user, "Samsung", r.deps.Providers.SamsungPurchase(id), persist)
}

func (r *Runtime) pushValidated(c call, user, store string, receipt providers.Receipt, persist bool) int {
	var answer *api.ValidatePurchaseResponse
	r.await(c, func() (err error) {
		answer, err = r.deps.Purchases.Validate(c.context(), user, receipt, persist)
		return during("validating "+store+" receipt", err)
	})
	t := newTable(1)
	t.SetField("validated_purchases", purchaseList(answer.ValidatedPurchases))
	return c.push(t)
}

// during says in an error with a code what was being done, in Nakama's words.
func during(what string, err error) error {
	if coded, ok := status.FromError(err); ok && err != nil {
		return status.Error(coded.Code(), fmt.Sprintf("error %s: %s", what, coded.Message()))
	}
	return err
}

func subscriptionValidateApple(r *Runtime, c call) int {
	user, receipt := c.id(1, "user id"), c.filledText(2, "receipt")
	persist, password := c.optBool(3, "persist", true), c.optText(4, "password", "")
	return r.pushValidatedSubscription(c, user, "Apple", r.deps.Providers.AppleSubscriptions(receipt, password), persist)
}

func subscriptionValidateGoogle(r *Runtime, c call) int {
	user, receipt, persist := c.id(1, "user id"), c.filledText(2, "receipt"), c.optBool(3, "persist", true)
	return r.pushValidatedSubscription(c, user, "Google", r.deps.Providers.GoogleSubscription(receipt, c.googleAccount(4)), persist)
}

func (r *Runtime) pushValidatedSubscription(c call, user, store string, receipt providers.SubscriptionReceipt, persist bool) int {
	var answer *api.ValidateSubscriptionResponse
	r.await(c, func() (err error) {
		answer, err = r.deps.Purchases.ValidateSubscription(c.context(), user, receipt, persist)
		return during("validating "+store+" receipt", err)
	})
	t := newTable(1)
	t.SetField("validated_subscription", subscriptionTable(answer.ValidatedSubscription))
	return c.push(t)
}

func purchaseGetByTransactionID(r *Runtime, c call) int {
	id := c.filledText(1, "transaction id")
	var found *api.ValidatedPurchase
	r.await(c, func() (err error) {
		found, err = r.deps.Purchases.Get(c.context(), id)
		return during("retrieving purchase", err)
	})
	return c.push(purchaseTable(found))
}

func purchasesList(r *Runtime, c call) int {
	user, limit, cursor := c.optID(1, "user id"), c.limitWithin(2, 100, 100), c.optText(3, "cursor", "")
	var page *api.PurchaseList
	r.await(c, func() (err error) {
		page, err = r.deps.Purchases.List(c.context(), user, limit, cursor)
		return during("retrieving purchases", err)
	})
	c.push(purchaseList(page.ValidatedPurchases))
	c.push(textOrNil(page.Cursor))
	c.push(textOrNil(page.PrevCursor))
	return 3
}

func subscriptionGetByProductID(r *Runtime, c call) int {
	user, product := c.id(1, "user id"), c.filledText(2, "product id")
	var found *api.ValidatedSubscription
	r.await(c, func() (err error) {
		found, err = r.deps.Purchases.Subscription(c.context(), user, product)
		return during("retrieving subscription", err)
	})
	return c.push(subscriptionTable(found))
}

func subscriptionsList(r *Runtime, c call) int {
	user, limit, cursor := c.optID(1, "user id"), c.limitWithin(2, 100, 100), c.optText(3, "cursor", "")
	var page *api.SubscriptionList
	r.await(c, func() (err error) {
		page, err = r.deps.Purchases.ListSubscriptions(c.context(), user, limit, cursor)
		return during("retrieving subscriptions", err)
	})
	list := newList(len(page.ValidatedSubscriptions))
	for _, s := range page.ValidatedSubscriptions {
		list.Append(subscriptionTable(s))
	}
	c.push(list)
	c.push(textOrNil(page.Cursor))
	c.push(textOrNil(page.PrevCursor))
	return 3
}

func purchaseList(purchases []*api.ValidatedPurchase) *glua.LTable {
	list := newList(len(purchases))
	for _, p := range purchases {
		list.Append(purchaseTable(p))
	}
	return list
}

func purchaseTable(p *api.ValidatedPurchase) *glua.LTable {
	t := newTable(11)
	t.SetField("user_id", glua.LString(p.UserId))
	t.SetField("product_id", glua.LString(p.ProductId))
	t.SetField("transaction_id", glua.LString(p.TransactionId))
	t.SetField("store", glua.LString(p.Store.String()))
	t.SetField("provider_response", glua.LString(p.ProviderResponse))
	t.SetField("environment", glua.LString(p.Environment.String()))
	t.SetField("seen_before", glua.LBool(p.SeenBefore))
	setTime(t, "purchase_time", p.PurchaseTime)
	setTime(t, "create_time", p.CreateTime)
	setTime(t, "update_time", p.UpdateTime)
	setTime(t, "refund_time", p.RefundTime)
	return t
}

func subscriptionTable(s *api.ValidatedSubscription) *glua.LTable {
	t := newTable(13)
	t.SetField("user_id", glua.LString(s.UserId))
	t.SetField("product_id", glua.LString(s.ProductId))
	t.SetField("original_transaction_id", glua.LString(s.OriginalTransactionId))
	t.SetField("store", glua.LString(s.Store.String()))
	t.SetField("environment", glua.LString(s.Environment.String()))
	t.SetField("active", glua.LBool(s.Active))
	t.SetField("provider_response", glua.LString(s.ProviderResponse))
	t.SetField("provider_notification", glua.LString(s.ProviderNotification))
	setTime(t, "purchase_time", s.PurchaseTime)
	setTime(t, "create_time", s.CreateTime)
	setTime(t, "update_time", s.UpdateTime)
	setTime(t, "refund_time", s.RefundTime)
	setTime(t, "expiry_time", s.ExpiryTime)
	return t
}

// setTime sets a time in Unix seconds, if there is one: what is not kept lacks some.
func setTime(t *glua.LTable, name string, at *timestamppb.Timestamp) {
	if at != nil {
		t.SetField(name, glua.LNumber(at.Seconds))
	}
}
