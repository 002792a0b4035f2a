package providers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// GoogleAccount is the service account by which the game may ask Google Play.
type GoogleAccount struct {
	Email      string
	PrivateKey string // PEM of PKCS #8
}

// account is the given one; what it lacks is as configured.
func (c *Client) googleAccount(given GoogleAccount) (account GoogleAccount, ok bool) {
	known := c.options.Stores.Google
	account = GoogleAccount{cmp.Or(given.Email, known.Email), cmp.Or(given.PrivateKey, known.PrivateKey)}
	return account, account.Email != "" && account.PrivateKey != ""
}

// GooglePurchase is what was bought in Google Play by a receipt. What account lacks is as
// configured.
func (c *Client) GooglePurchase(receipt string, account GoogleAccount) Receipt {
	account, ok := c.googleAccount(account)
	switch {
	case !ok:
		return noReceipt(codes.FailedPrecondition, "Google IAP is not configured.")
	case receipt == "":
		return noReceipt(codes.InvalidArgument, "Purchase cannot be empty.")
	}
	return c.purchases("Google", func(ctx context.Context) ([]Purchase, error) {
		shown, err := readGoogleReceipt(receipt)
		if err != nil {
			return nil, err
		}
		var answer struct {
			PurchaseState int    `json:"purchaseState"`
			PurchaseTime  millis `json:"purchaseTimeMillis"`
			PurchaseType  *int   `json:"purchaseType"` // missing in production; 0 is a test
		}
		text, err := c.askGooglePlay(ctx, account, &answer, shown.PackageName, "purchases", "products", shown.ProductID, "tokens", shown.PurchaseToken)
		if err != nil {
			return nil, err
		}
		if state := cmp.Or(answer.PurchaseState, shown.PurchaseState); state != 0 {
			return nil, errInvalid("State", state) // cancelled, or not paid yet
		}
		return []Purchase{{
			Store: api.StoreProvider_GOOGLE_PLAY_STORE, Environment: environment(answer.PurchaseType != nil && *answer.PurchaseType == 0),
			ProductID: shown.ProductID, TransactionID: shown.PurchaseToken,
			PurchaseTime: cmp.Or(answer.PurchaseTime, shown.PurchaseTime).time(), Response: text, Evidence: text,
		}}, nil
	})
}

// GoogleSubscription is GooglePurchase for a subscription.
func (c *Client) GoogleSubscription(receipt string, account GoogleAccount) SubscriptionReceipt {
	account, ok := c.googleAccount(account)
	switch {
	case !ok:
		return noSubscription(codes.FailedPrecondition, "Google IAP is not configured.")
	case receipt == "":
		return noSubscription(codes.InvalidArgument, "Receipt cannot be empty.")
	}
	return c.subscriptions("Google", func(ctx context.Context) ([]Subscription, error) {
		shown, err := readGoogleReceipt(receipt)
		if err != nil {
			return nil, err
		}
		var answer googleSubscription
		text, err := c.askGooglePlay(ctx, account, &answer, shown.PackageName, "purchases", "subscriptionsv2", "tokens", shown.PurchaseToken)
		if err != nil {
			return nil, err
		}
		item, err := answer.item(shown.ProductID)
		if err != nil {
			return nil, err
		}
		began := shown.PurchaseTime.time()
		if !answer.StartTime.IsZero() {
			began = answer.StartTime
		}
		return []Subscription{{
			Store: api.StoreProvider_GOOGLE_PLAY_STORE, Environment: environment(answer.TestPurchase != nil),
			ProductID: cmp.Or(item.ProductID, shown.ProductID), OriginalTransactionID: cmp.Or(answer.LinkedPurchaseToken, shown.PurchaseToken),
			PurchaseTime: began, ExpiryTime: item.ExpiryTime, Response: text, Evidence: text,
		}}, nil
	})
}

// googleSubscription is what Google Play answers of a subscription.
type googleSubscription struct {
	StartTime time.Time `json:"startTime"`
	// LinkedPurchaseToken is of the subscription that this one continues.
	LinkedPurchaseToken string           `json:"linkedPurchaseToken"`
	TestPurchase        *struct{}        `json:"testPurchase"`
	LineItems           []googleLineItem `json:"lineItems"`
}

type googleLineItem struct {
	ProductID  string    `json:"productId"`
	ExpiryTime time.Time `json:"expiryTime"`
}

// item is the one of a product, or the first.
func (s googleSubscription) item(productID string) (googleLineItem, error) {
	for _, item := range s.LineItems {
		if item.ProductID == productID {
			return item, nil
		}
	}
	if len(s.LineItems) == 0 {
		return googleLineItem{}, errMalformed()
	}
	return s.LineItems[0], nil
}

// googleReceipt is what a client shows of a purchase.
type googleReceipt struct {
	PackageName   string `json:"packageName"`
	ProductID     string `json:"productId"`
	PurchaseState int    `json:"purchaseState"`
	PurchaseTime  millis `json:"purchaseTime"`
	PurchaseToken string `json:"purchaseToken"`
}

// readGoogleReceipt reads a receipt as it is, or as a text in the field "json".
func readGoogleReceipt(text string) (googleReceipt, error) {
	var wrapper struct {
		JSON string `json:"json"`
	}
	if err := json.Unmarshal([]byte(text), &wrapper); err != nil {
		return googleReceipt{}, errMalformed()
	}
	var receipt googleReceipt
	if err := json.Unmarshal([]byte(cmp.Or(wrapper.JSON, text)), &receipt); err != nil || receipt.PackageName == "" {
		return googleReceipt{}, errMalformed()
	}
	return receipt, nil
}

// askGooglePlay asks for something of a package, and returns the answer's text, too.
func (c *Client) askGooglePlay(ctx context.Context, account GoogleAccount, into any, path ...string) (string, error) {
	address := "https://androidpublisher.googleapis.com/androidpublisher/v3/applications"
	for _, part := range path {
		if part == "" || part == "." || part == ".." {
			return "", errMalformed() // it would be another address
		}
		address += "/" + url.PathEscape(part)
	}
	token, err := c.storeTokens.get(ctx, c.options.Now(), account, func(ctx context.Context) (grant, error) { return c.googleToken(ctx, account) })
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", withoutURL(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	body, err := ask(c.stores, request)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return "", fmt.Errorf("read Google's answer: %w", err)
	}
	return string(body), nil
}

// googleTokenURL is where access tokens are given, and whom requests for them are for.
const googleTokenURL = "https://oauth2.googleapis.com/token"

func (c *Client) googleToken(ctx context.Context, account GoogleAccount) (grant, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(strings.TrimSpace(account.PrivateKey)))
	if err != nil {
		return grant{}, status.Error(codes.Unknown, "google iap private key invalid")
	}
	now := c.options.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": account.Email, "aud": googleTokenURL, "scope": "https://www.googleapis.com/auth/androidpublisher",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).SignedString(key)
	if err != nil {
		return grant{}, fmt.Errorf("sign a request for an access token: %w", err)
	}
	var given grant
	err = postForm(ctx, c.stores, googleTokenURL, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion},
	}, &given)
	return given, err
}
