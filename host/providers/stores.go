package providers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Stores says how the game is known to the stores. Without a setting that it needs, a
// store's receipts are not taken.
type Stores struct {
	AppleSharedPassword   string
	FacebookInstantSecret string
	Google                GoogleAccount
	Huawei                HuaweiApp
	// SamsungPackage is what Samsung's receipts must be for, if it is set.
	SamsungPackage string
}

// Purchase is what a store says of something that was bought once.
type Purchase struct {
	Store         api.StoreProvider
	Environment   api.StoreEnvironment
	ProductID     string
	TransactionID string // the same for the same purchase; UTF-8 of at most 512 bytes, as ProductID
	PurchaseTime  time.Time
	// RefundTime is zero if the store says nothing of it, and the Unix epoch if it says that
	// there was no refund.
	RefundTime time.Time
	Response   string // the store's answer, or "" if it was not asked
	Evidence   string // what to keep: JSON, the answer or what was shown
}

// Subscription is what a store says of something that is bought time and again. Its fields
// are as those of Purchase.
type Subscription struct {
	Store                 api.StoreProvider
	Environment           api.StoreEnvironment
	ProductID             string
	OriginalTransactionID string // of the first purchase
	PurchaseTime          time.Time
	ExpiryTime            time.Time
	RefundTime            time.Time
	Response              string
	Evidence              string
}

// Receipt finds out what was bought. Its error's code is FailedPrecondition when the store
// is not configured or says that the receipt is not valid, InvalidArgument when nothing was
// shown, Unknown, as on Nakama, for what is no receipt and when the store refuses, and
// Unavailable when the store cannot be asked.
type Receipt func(ctx context.Context) ([]Purchase, error)

// SubscriptionReceipt is a Receipt of subscriptions, of which there is one at least. The
// first is the one that holds longest.
type SubscriptionReceipt func(ctx context.Context) ([]Subscription, error)

// maxProductID is how long the ids of products and transactions may be, in bytes.
const maxProductID = 512

// purchases asks verify for a receipt.
func (c *Client) purchases(store string, verify func(ctx context.Context) ([]Purchase, error)) Receipt {
	return func(ctx context.Context) ([]Purchase, error) {
		found, err := verify(ctx)
		for i := 0; err == nil && i < len(found); i++ {
			err = checkProduct(found[i].TransactionID, found[i].ProductID)
		}
		return found, c.receiptError(ctx, store, err)
	}
}

// subscriptions asks verify for a receipt of subscriptions.
func (c *Client) subscriptions(store string, verify func(ctx context.Context) ([]Subscription, error)) SubscriptionReceipt {
	return func(ctx context.Context) ([]Subscription, error) {
		found, err := verify(ctx)
		for i := 0; err == nil && i < len(found); i++ {
			err = checkProduct(found[i].OriginalTransactionID, found[i].ProductID)
		}
		return found, c.receiptError(ctx, store, err)
	}
}

func checkProduct(transactionID, productID string) error {
	if transactionID == "" || !isStorable(transactionID) || !isStorable(productID) {
		return errMalformed()
	}
	return nil
}

// isStorable says that every database can keep an id.
func isStorable(id string) bool {
	return len(id) <= maxProductID && utf8.ValidString(id) && !strings.Contains(id, "\x00")
}

// receiptError is what a client learns of a failure. The log learns the rest.
func (c *Client) receiptError(ctx context.Context, store string, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	attrs := []slog.Attr{slog.String("store", store), slog.Any("error", err)}
	var refused *refusal
	if errors.As(err, &refused) {
		attrs = append(attrs, slog.String("answer", refused.body))
	}
	c.options.Log.LogAttrs(ctx, slog.LevelInfo, "a receipt is not taken", attrs...)
	var coded interface{ GRPCStatus() *status.Status }
	switch {
	case errors.As(err, &coded):
		return coded.GRPCStatus().Err()
	case refused != nil:
		return status.Errorf(codes.Unknown, "non-200 response from %s service, status=%d", store, refused.status)
	}
	return errUnavailable(store)
}

func errUnavailable(store string) error {
	return status.Errorf(codes.Unavailable, "%s IAP verification is currently unavailable. Try again later.", store)
}

func errMalformed() error { return status.Error(codes.Unknown, "receipt is malformed") }

// errInvalid is about a receipt that the store knows and does not take: what is "Status",
// "State" or "Code".
func errInvalid(what string, value any) error {
	return status.Errorf(codes.FailedPrecondition, "Invalid Receipt. %s: %v", what, value)
}

// noReceipt is a receipt that fails without asking, and noSubscription one of subscriptions.
func noReceipt(code codes.Code, text string) Receipt {
	return func(context.Context) ([]Purchase, error) { return nil, status.Error(code, text) }
}

func noSubscription(code codes.Code, text string) SubscriptionReceipt {
	return func(context.Context) ([]Subscription, error) { return nil, status.Error(code, text) }
}

func environment(isSandbox bool) api.StoreEnvironment {
	if isSandbox {
		return api.StoreEnvironment_SANDBOX
	}
	return api.StoreEnvironment_PRODUCTION
}

func withTimeout(client *http.Client, timeout time.Duration) *http.Client {
	if client == nil || timeout == 0 {
		return client
	}
	changed := *client
	changed.Timeout = timeout
	return &changed
}

// accessTokens are the tokens with which stores let the game ask, by the credentials that
// they were given for.
type accessTokens struct {
	mu     sync.Mutex
	tokens map[any]accessToken
}

type accessToken struct {
	text string
	ends time.Time
}

// grant is what a store answers that gives a token.
type grant struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// tokenReserve is how long a token must still be good for to be used again.
const tokenReserve = 5 * time.Minute

// get returns the token of credentials, which it asks for if there is none.
func (t *accessTokens) get(ctx context.Context, now time.Time, credentials any, ask func(ctx context.Context) (grant, error)) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.tokens[credentials]; now.Add(tokenReserve).Before(known.ends) {
		return known.text, nil
	}
	// Others wait for this token too, so that this client's going must not matter.
	given, err := ask(context.WithoutCancel(ctx))
	if err != nil {
		return "", err
	}
	if given.AccessToken == "" {
		return "", errors.New("the store gives no access token")
	}
	if t.tokens == nil {
		t.tokens = map[any]accessToken{}
	}
	t.tokens[credentials] = accessToken{given.AccessToken, now.Add(time.Duration(given.ExpiresIn) * time.Second)}
	return given.AccessToken, nil
}
