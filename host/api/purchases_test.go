package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"nkhost/host/api"
	"nkhost/host/providers"
	"nkhost/host/session"
)

// stores stand in for the stores, by host.
type stores map[string]string

func (s stores) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(s[request.URL.Host])), Request: request}, nil
}

// withStores has the host know stores that answer so.
func withStores(t *testing.T, config providers.Stores, answers stores) func(*api.Options) {
	client, err := providers.New(providers.Options{
		Config: providers.Config{Stores: config}, HTTP: &http.Client{Transport: answers}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *api.Options) { o.Providers = client }
}

// googleKey is a service account's key in PEM.
func googleKey(t *testing.T) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// Story: alice shows what she bought, store by store; it is hers and not new when bob shows
// it. The hooks see all of it.
func TestPurchases(t *testing.T) {
	t.Parallel()
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","product_id":"gems","purchase_token":"f1","purchase_time":1700000000}`))
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(payload))
	signed := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + payload

	var hooked []string
	h := start(t, withStores(t, providers.Stores{
		AppleSharedPassword: "password", FacebookInstantSecret: "secret", Google: providers.GoogleAccount{Email: "e", PrivateKey: googleKey(t)},
	}, stores{
		"buy.itunes.apple.com": `{"status":0,"receipt":{"in_app":[{"product_id":"gems","transaction_id":"a1","purchase_date_ms":"1700000000000"}]},` +
			`"latest_receipt_info":[{"product_id":"pass","original_transaction_id":"a2","original_purchase_date_ms":"1600000000000","expires_date_ms":"1900000000000"}]}`,
		"oauth2.googleapis.com":           `{"access_token":"a","expires_in":3600}`,
		"androidpublisher.googleapis.com": `{"purchaseState":0,"lineItems":[{"productId":"gold","expiryTime":"2020-01-01T00:00:00Z"}]}`,
		"iap.samsungapps.com":             `{"status":"success","mode":"TEST","itemId":"gems","purchaseDate":"2023-11-14 22:13:20"}`,
	}), func(o *api.Options) {
		o.Hooks = named{func(name string) { hooked = append(hooked, name) }}
	})
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	hooked = nil
	const google = `{\"packageName\":\"p\",\"productId\":\"gems\",\"purchaseToken\":\"g1\",\"purchaseTime\":1700000000000}`
	for _, test := range []struct {
		operation, path, body, transaction string
		store                              nakama.StoreProvider
		environment                        nakama.StoreEnvironment
	}{
		{"ValidatePurchaseApple", "apple", `{"receipt":"r"`, "a1", nakama.StoreProvider_APPLE_APP_STORE, nakama.StoreEnvironment_PRODUCTION},
		{"ValidatePurchaseGoogle", "google", `{"purchase":"` + google + `"`, "g1", nakama.StoreProvider_GOOGLE_PLAY_STORE, nakama.StoreEnvironment_PRODUCTION},
		{"ValidatePurchaseFacebookInstant", "facebookinstant", `{"signed_request":"` + signed + `"`, "f1", nakama.StoreProvider_FACEBOOK_INSTANT_STORE, nakama.StoreEnvironment_PRODUCTION},
		{"ValidatePurchaseSamsung", "samsung", `{"purchase_id":"s1"`, "s1", nakama.StoreProvider_SAMSUNG_GALAXY_STORE, nakama.StoreEnvironment_SANDBOX},
	} {
		for _, step := range []struct {
			who  user
			more string
			seen bool
		}{{alice, `,"persist":false}`, false}, {alice, `}`, false}, {alice, `,"persist":true}`, true}, {bob, `}`, true}} {
			answer := h.do(call{method: "POST", path: "/v2/iap/purchase/" + test.path, auth: step.who.auth(), body: test.body + step.more})
			got := &nakama.ValidatePurchaseResponse{}
			if err := protojson.Unmarshal(answer.Body.Bytes(), got); err != nil || len(got.ValidatedPurchases) != 1 {
				t.Fatalf("%s: %d %s", test.operation, answer.Code, answer.Body)
			}
			p := got.ValidatedPurchases[0]
			if p.UserId != step.who.id || p.ProductId != "gems" || p.TransactionId != test.transaction || p.Store != test.store ||
				p.PurchaseTime.GetSeconds() != 1_700_000_000 || p.Environment != test.environment || p.SeenBefore != step.seen {
				t.Errorf("%s: %s, want seen before %t", test.operation, answer.Body, step.seen)
			}
		}
		want := slices.Repeat([]string{"before " + test.operation, "after " + test.operation}, 4)
		if !slices.Equal(hooked, want) {
			t.Errorf("hooks %q, want %q", hooked, want)
		}
		hooked = nil
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	var hooked []string
	h := start(t, withStores(t, providers.Stores{
		AppleSharedPassword: "password", Google: providers.GoogleAccount{Email: "e", PrivateKey: googleKey(t)},
	}, stores{
		"buy.itunes.apple.com": `{"status":0,"environment":"Sandbox",` +
			`"latest_receipt_info":[{"product_id":"pass","original_transaction_id":"a2","original_purchase_date_ms":"1600000000000","expires_date_ms":"1900000000000"}]}`,
		"oauth2.googleapis.com":           `{"access_token":"a","expires_in":3600}`,
		"androidpublisher.googleapis.com": `{"lineItems":[{"productId":"gold","expiryTime":"2020-01-01T00:00:00Z"}]}`,
	}), func(o *api.Options) {
		o.Hooks = named{func(name string) { hooked = append(hooked, name) }}
	})
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	hooked = nil
	do := func(who user, method, path, body string, parts ...string) {
		t.Helper()
		answer := h.do(call{method: method, path: "/v2/iap/subscription" + path, auth: who.auth(), body: body})
		for _, part := range parts {
			if !strings.Contains(answer.Body.String(), part) {
				t.Errorf("%s: %d %s, want %s", path, answer.Code, answer.Body, part)
			}
		}
	}
	pass := []string{`"product_id":"pass"`, `"original_transaction_id":"a2"`, `"active":true`, `"environment":1`, `"expiry_time":"2030-03-17T17:46:40Z"`, alice.id}
	gold := []string{`"product_id":"gold"`, `"original_transaction_id":"g1"`, `"store":1`, `"expiry_time":"2020-01-01T00:00:00Z"`, alice.id}
	do(alice, "POST", "/apple", `{"receipt":"r"}`, pass...)
	do(alice, "POST", "/google", `{"receipt":"{\"packageName\":\"p\",\"purchaseToken\":\"g1\",\"purchaseTime\":1700000000000}"}`, gold...)
	do(alice, "GET", "/pass", "", pass...)
	do(alice, "POST", "", `{}`, append(pass, gold...)...)
	do(alice, "POST", "", `{"limit":1}`, append(gold, `"cursor"`)...)
	do(bob, "POST", "/apple", `{"receipt":"r"}`, pass...)
	do(bob, "POST", "", `{}`, `{}`)
	want := []string{
		"before ValidateSubscriptionApple", "after ValidateSubscriptionApple", "before ValidateSubscriptionGoogle", "after ValidateSubscriptionGoogle",
		"before GetSubscription", "after GetSubscription", "before ListSubscriptions", "after ListSubscriptions",
	}
	if len(hooked) < len(want) || !slices.Equal(hooked[:len(want)], want) {
		t.Errorf("hooks %q, want %q", hooked, want)
	}
	wantFailure(t, h.do(call{method: "GET", path: "/v2/iap/subscription/pass", auth: bob.auth()}), 404, 5)
	for _, body := range []string{`{"limit":0}`, `{"limit":101}`} {
		wantFailure(t, h.do(call{method: "POST", path: "/v2/iap/subscription", auth: bob.auth(), body: body}), 400, 3)
	}
	wantFailure(t, h.do(call{method: "POST", path: "/v2/iap/subscription", auth: bob.auth(), body: `{"cursor":"x"}`}), 500, 2)
}

// named are hooks that tell their operation.
type named struct{ tell func(name string) }

func (n named) BeforeRequest(_ context.Context, operation string, _ *session.Caller, _ proto.Message) error {
	n.tell("before " + operation)
	return nil
}

func (n named) AfterRequest(_ context.Context, operation string, _ *session.Caller, _, _ proto.Message) {
	n.tell("after " + operation)
}

// What is not configured, what is missing, and what does not hold, store by store.
func TestStoresThatRefuse(t *testing.T) {
	t.Parallel()
	bare := start(t, withStores(t, providers.Stores{}, nil))
	full := start(t, withStores(t, providers.Stores{
		AppleSharedPassword: "p", FacebookInstantSecret: "s", Google: providers.GoogleAccount{Email: "e", PrivateKey: "k"},
		Huawei: providers.HuaweiApp{PublicKey: "k", ClientID: "c", ClientSecret: "s"},
	}, stores{"buy.itunes.apple.com": `{"status":21003}`, "iap.samsungapps.com": `{"status":"fail","errorMessage":"unknown","errorCode":1}`}))
	const notConfigured = " IAP is not configured."
	for _, test := range []struct {
		h            *host
		path, body   string
		status, code int
		text         string
		unauthorised bool
	}{
		{bare, "purchase/apple", `{}`, 400, 3, "Receipt cannot be empty.", false},
		{bare, "purchase/apple", `{"receipt":"r"}`, 400, 9, "Apple" + notConfigured, false},
		{bare, "purchase/google", `{}`, 400, 9, "Google" + notConfigured, false},
		{bare, "purchase/huawei", `{}`, 400, 9, "Huawei" + notConfigured, false},
		{bare, "purchase/facebookinstant", `{}`, 400, 9, "Facebook Instant" + notConfigured, false},
		{bare, "purchase/samsung", `{}`, 400, 3, "Purchase ID cannot be empty.", false},
		{bare, "subscription/apple", `{}`, 400, 9, "Apple" + notConfigured, false},
		{bare, "subscription/google", `{}`, 400, 9, "Google" + notConfigured, false},
		{full, "purchase/apple", `{"receipt":"r"}`, 400, 9, "Invalid Receipt. Status: 21003", false},
		{full, "purchase/google", `{}`, 400, 3, "Purchase cannot be empty.", false},
		{full, "purchase/google", `{"purchase":"r"}`, 500, 2, "receipt is malformed", false},
		{full, "purchase/huawei", `{}`, 400, 3, "Purchase cannot be empty.", false},
		{full, "purchase/huawei", `{"purchase":"{}"}`, 400, 3, "Signature cannot be empty.", false},
		{full, "purchase/huawei", `{"purchase":"{}","signature":"s"}`, 500, 2, "inAppPurchaseData invalid signature", false},
		{full, "purchase/facebookinstant", `{}`, 400, 3, "SignedRequest cannot be empty.", false},
		{full, "purchase/facebookinstant", `{"signed_request":"a.b"}`, 500, 2, "signedRequest verification failed", false},
		{full, "purchase/samsung", `{"purchase_id":"p"}`, 500, 2, "Samsung IAP: purchase validation failed: unknown (errorCode=1)", false},
		{full, "subscription/apple", `{}`, 400, 3, "Receipt cannot be empty.", false},
		{full, "subscription/google", `{}`, 400, 3, "Receipt cannot be empty.", false},
		{full, "subscription/google", `{}`, 401, 16, "", true},
		{full, "purchase/samsung", `{}`, 401, 16, "", true},
	} {
		auth := ""
		if !test.unauthorised {
			auth = test.h.login(t, "alice").auth()
		}
		answer := test.h.do(call{method: "POST", path: "/v2/iap/" + test.path, auth: auth, body: test.body})
		wantFailure(t, answer, test.status, test.code)
		if !strings.Contains(answer.Body.String(), test.text) {
			t.Errorf("%s %s: %s, want %s", test.path, test.body, answer.Body, test.text)
		}
	}
}
