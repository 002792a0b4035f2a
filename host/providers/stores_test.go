package providers

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	appleProduction   = "buy.itunes.apple.com/verifyReceipt"
	appleSandboxStore = "sandbox.itunes.apple.com/verifyReceipt"
	googleToken       = "oauth2.googleapis.com/token"
	googlePlay        = "androidpublisher.googleapis.com/androidpublisher/v3/applications/com.example.game/purchases/"
	samsung           = "iap.samsungapps.com/iap/v6/receipt"
	huaweiToken       = "oauth-login.cloud.huawei.com/oauth2/v3/token"
	huaweiOrders      = "orders-dre.iap.hicloud.com/applications/purchases/tokens/verify"
	huaweiAppTouch    = "orders-at-dre.iap.dbankcloud.com/applications/purchases/tokens/verify"
)

func wantText(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	if got := status.Code(err); got != code || status.Convert(err).Message() != text && code != codes.OK {
		t.Errorf("code %v (%v), want %v %q", got, err, code, text)
	}
}

// fails is a receipt as a test of errors sees it.
func (r Receipt) fails(t *testing.T) error {
	_, err := r(t.Context())
	return err
}

func (r SubscriptionReceipt) fails(t *testing.T) error {
	_, err := r(t.Context())
	return err
}

func TestStoresWithoutConfiguration(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	for name, test := range map[string]struct {
		err  error
		code codes.Code
		text string
	}{
		"Apple":                   {s.ApplePurchases("receipt", "").fails(t), codes.FailedPrecondition, "Apple IAP is not configured."},
		"Apple, nothing":          {s.ApplePurchases("", "").fails(t), codes.InvalidArgument, "Receipt cannot be empty."},
		"Apple, subscription":     {s.AppleSubscriptions("", "").fails(t), codes.FailedPrecondition, "Apple IAP is not configured."},
		"Apple, no subscription":  {s.AppleSubscriptions("", "password").fails(t), codes.InvalidArgument, "Receipt cannot be empty."},
		"Google":                  {s.GooglePurchase("", GoogleAccount{Email: "e"}).fails(t), codes.FailedPrecondition, "Google IAP is not configured."},
		"Google, nothing":         {s.GooglePurchase("", GoogleAccount{"e", "k"}).fails(t), codes.InvalidArgument, "Purchase cannot be empty."},
		"Google, subscription":    {s.GoogleSubscription("", GoogleAccount{PrivateKey: "k"}).fails(t), codes.FailedPrecondition, "Google IAP is not configured."},
		"Google, no subscription": {s.GoogleSubscription("", GoogleAccount{"e", "k"}).fails(t), codes.InvalidArgument, "Receipt cannot be empty."},
		"Huawei":                  {s.HuaweiPurchase("", "").fails(t), codes.FailedPrecondition, "Huawei IAP is not configured."},
		"Facebook Instant":        {s.FacebookInstantPurchase("").fails(t), codes.FailedPrecondition, "Facebook Instant IAP is not configured."},
		"Samsung, nothing":        {s.SamsungPurchase("").fails(t), codes.InvalidArgument, "Purchase ID cannot be empty."},
		"Samsung knows nothing":   {s.SamsungPurchase("p").fails(t), codes.Unknown, "non-200 response from Samsung service, status=404"},
		"Apple, another password": {s.ApplePurchases("receipt", "password").fails(t), codes.Unknown, "non-200 response from Apple service, status=404"},
	} {
		if wantText(t, test.err, test.code, test.text); t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestStoreThatCannotBeReached(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	client, err := New(Options{
		HTTP: &http.Client{Transport: silent{}}, StoreTimeout: 20 * time.Millisecond, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, client.SamsungPurchase("p").fails(t), codes.Unavailable, "Samsung IAP verification is currently unavailable. Try again later.")
	if !strings.Contains(log.String(), "a receipt is not taken") || strings.Contains(log.String(), "purchaseID") {
		t.Errorf("log: %s", &log)
	}
}

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// bodyOf reads a request of JSON.
func bodyOf(t *testing.T, r *http.Request) (fields map[string]any) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &fields)
	}
	if err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s %s: %s (%v)", r.Method, r.Header.Get("Content-Type"), body, err)
	}
	return fields
}

// apple answers for one receipt and password.
func apple(t *testing.T, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked := bodyOf(t, r)
		if asked["receipt-data"] != "receipt" || asked["password"] != "password" || asked["exclude-old-transactions"] != true {
			t.Errorf("asked %v", asked)
		}
		answer(text)(w, r)
	}
}

func TestAppleReceipt(t *testing.T) {
	t.Parallel()
	s := start(t, Config{AppleBundleIDs: []string{"com.example.game"}, Stores: Stores{AppleSharedPassword: "password"}})
	s.answers[appleProduction] = apple(t, `{"status":21007}`)
	text := `{"status":0,"environment":"Sandbox","receipt":{"bundle_id":"com.example.game","in_app":[
		{"product_id":"gems","transaction_id":"1","original_transaction_id":"1","purchase_date_ms":"1700000000000"},
		{"product_id":"pass","transaction_id":"2","original_transaction_id":"2","purchase_date_ms":"1700000000000","expires_date_ms":"1900000000000"},
		{"product_id":"gems","transaction_id":"1","original_transaction_id":"1","purchase_date_ms":"1700000000000"}]},
	"latest_receipt_info":[
		{"product_id":"old pass","transaction_id":"3","original_transaction_id":"2","original_purchase_date_ms":"1600000000000","expires_date_ms":"1700000000000"},
		{"product_id":"pass","transaction_id":"4","original_transaction_id":"2","original_purchase_date_ms":"1600000000000","expires_date_ms":"1900000000000","cancellation_date_ms":"1750000000000"},
		{"product_id":"coins","transaction_id":"5","original_transaction_id":"5","purchase_date_ms":"1700000001000","cancellation_date_ms":"1700000002000"}]}`
	s.answers[appleSandboxStore] = apple(t, text)

	found, err := s.ApplePurchases("receipt", "")(t.Context())
	want := []Purchase{
		{ProductID: "gems", TransactionID: "1", PurchaseTime: time.UnixMilli(1700000000000)},
		{ProductID: "coins", TransactionID: "5", PurchaseTime: time.UnixMilli(1700000001000), RefundTime: time.UnixMilli(1700000002000)},
	}
	if err != nil || len(found) != len(want) {
		t.Fatal(found, err)
	}
	for i, p := range found {
		want[i].Environment, want[i].Response, want[i].Evidence = api.StoreEnvironment_SANDBOX, text, text
		if p != want[i] {
			t.Errorf("purchase %+v\nwant %+v", p, want[i])
		}
	}
	subscriptions, err := s.AppleSubscriptions("receipt", "")(t.Context())
	if err != nil || len(subscriptions) != 2 || subscriptions[0] != (Subscription{
		Environment: api.StoreEnvironment_SANDBOX, ProductID: "pass", OriginalTransactionID: "2", PurchaseTime: time.UnixMilli(1600000000000),
		ExpiryTime: time.UnixMilli(1900000000000), RefundTime: time.UnixMilli(1750000000000), Response: text, Evidence: text,
	}) {
		t.Errorf("subscriptions %+v, %v", subscriptions, err)
	}
}

func TestAppleReceiptsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	const app = `"bundle_id":"com.example.game"`
	for text, want := range map[string]struct {
		code             codes.Code
		text             string
		subscriptionCode codes.Code
		subscriptionText string
	}{
		`{"status":21003}`: {codes.FailedPrecondition, "Invalid Receipt. Status: 21003", codes.FailedPrecondition, "Invalid Receipt. Status: 21003"},
		`{"status":21100,"is-retryable":true}`: {
			codes.Unavailable, "Apple IAP verification is currently unavailable. Try again later.",
			codes.Unavailable, "Apple IAP verification is currently unavailable. Try again later.",
		},
		`{"status":0,"receipt":{"bundle_id":"com.example.other"}}`: {
			codes.FailedPrecondition, "Invalid Receipt. Bundle ID: com.example.other",
			codes.FailedPrecondition, "Invalid Receipt. Bundle ID: com.example.other",
		},
		`{"status":0,"receipt":{` + app + `,"in_app":[{"transaction_id":"1","product_id":"p","purchase_date_ms":"1"}]}}`: {
			codes.OK, "", codes.FailedPrecondition, "Purchase Receipt. Use the appropriate function instead.",
		},
		`{"status":0,"receipt":{` + app + `},"latest_receipt_info":[{"original_transaction_id":"1","product_id":"p","expires_date_ms":"1"}]}`: {
			codes.FailedPrecondition, "Subscription Receipt. Use the appropriate function instead.", codes.OK, "",
		},
		`{"status":0,"receipt":{` + app + `,"in_app":[{"product_id":"p","purchase_date_ms":"1"}]}}`: {
			codes.Unknown, "receipt is malformed", codes.FailedPrecondition, "Purchase Receipt. Use the appropriate function instead.",
		},
		`{"status":0,"receipt":{` + app + `}}`: {
			codes.OK, "", codes.FailedPrecondition, "Purchase Receipt. Use the appropriate function instead.",
		},
		`no JSON`: {
			codes.Unavailable, "Apple IAP verification is currently unavailable. Try again later.",
			codes.Unavailable, "Apple IAP verification is currently unavailable. Try again later.",
		},
	} {
		s := start(t, Config{AppleBundleIDs: []string{"com.example.game"}})
		s.answers[appleProduction] = apple(t, text)
		wantText(t, s.ApplePurchases("receipt", "password").fails(t), want.code, want.text)
		wantText(t, s.AppleSubscriptions("receipt", "password").fails(t), want.subscriptionCode, want.subscriptionText)
		if t.Failed() {
			t.Fatal(text)
		}
	}
}

// appleChain is a root of Apple's, and a signer under it with what marks it as one for
// receipts, or without.
type appleChain struct {
	roots *x509.CertPool
	key   *ecdsa.PrivateKey
	x5c   []string
}

func newAppleChain(t *testing.T, now time.Time, marks ...asn1.ObjectIdentifier) appleChain {
	t.Helper()
	make509 := func(name string, isCA bool, parent *x509.Certificate, signer *ecdsa.PrivateKey, mark asn1.ObjectIdentifier) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
			IsCA: isCA, BasicConstraintsValid: true,
		}
		if mark != nil {
			template.ExtraExtensions = []pkix.Extension{{Id: mark, Value: []byte{5, 0}}}
		}
		if parent == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return certificate, key
	}
	marks = append(marks, nil, nil)
	root, rootKey := make509("root", true, nil, nil, nil)
	middle, middleKey := make509("middle", true, root, rootKey, marks[1])
	leaf, key := make509("leaf", false, middle, middleKey, marks[0])
	chain := appleChain{roots: x509.NewCertPool(), key: key}
	chain.roots.AddCert(root)
	for _, c := range []*x509.Certificate{leaf, middle, root} {
		chain.x5c = append(chain.x5c, base64.StdEncoding.EncodeToString(c.Raw))
	}
	return chain
}

func (c appleChain) sign(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["x5c"] = c.x5c
	text, err := token.SignedString(c.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAppleTransaction(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	chain := newAppleChain(t, now, appleReceiptSigner, appleDeveloperIssuer)
	s := startWith(t, Options{Config: Config{AppleBundleIDs: []string{"com.example.game"}}, AppleRoots: chain.roots})
	transaction := func(changes jwt.MapClaims) jwt.MapClaims {
		claims := jwt.MapClaims{
			"bundleId": "com.example.game", "environment": "Production", "productId": "gems", "transactionId": "2", "originalTransactionId": "1",
			"purchaseDate": 1700000000000, "originalPurchaseDate": 1600000000000,
		}
		for name, value := range changes {
			claims[name] = value
		}
		return claims
	}
	signed := chain.sign(t, transaction(nil))
	found, err := s.ApplePurchases(signed, "")(t.Context())
	if err != nil || len(found) != 1 || found[0] != (Purchase{
		Environment: api.StoreEnvironment_PRODUCTION, ProductID: "gems", TransactionID: "2", PurchaseTime: time.UnixMilli(1700000000000),
		RefundTime: time.UnixMilli(0), Evidence: `{"jws":"` + signed + `"}`,
	}) {
		t.Errorf("purchases %+v, %v", found, err)
	}
	wantText(t, s.AppleSubscriptions(signed, "").fails(t), codes.FailedPrecondition, "Apple IAP is not configured.")
	wantText(t, s.AppleSubscriptions(signed, "p").fails(t), codes.FailedPrecondition, "Purchase Receipt. Use the appropriate function instead.")

	signed = chain.sign(t, transaction(jwt.MapClaims{"environment": "Sandbox", "expiresDate": 1900000000000, "revocationDate": 1750000000000}))
	subscriptions, err := s.AppleSubscriptions(signed, "p")(t.Context())
	if err != nil || len(subscriptions) != 1 || subscriptions[0] != (Subscription{
		Environment: api.StoreEnvironment_SANDBOX, ProductID: "gems", OriginalTransactionID: "1", PurchaseTime: time.UnixMilli(1600000000000),
		ExpiryTime: time.UnixMilli(1900000000000), RefundTime: time.UnixMilli(1750000000000), Evidence: `{"jws":"` + signed + `"}`,
	}) {
		t.Errorf("subscriptions %+v, %v", subscriptions, err)
	}
	wantText(t, s.ApplePurchases(signed, "").fails(t), codes.FailedPrecondition, "Subscription Receipt. Use the appropriate function instead.")

	short, swapped := chain, chain
	short.x5c = chain.x5c[:2]
	swapped.x5c = []string{chain.x5c[1], chain.x5c[1], chain.x5c[2]}
	parts := strings.Split(chain.sign(t, transaction(nil)), ".")
	forged := strings.Split(chain.sign(t, transaction(jwt.MapClaims{"productId": "more gems"})), ".")
	for name, text := range map[string]string{
		"another root":      newAppleChain(t, now, appleReceiptSigner, appleDeveloperIssuer).sign(t, transaction(nil)),
		"changed":           parts[0] + "." + forged[1] + "." + parts[2],
		"a short chain":     short.sign(t, transaction(nil)),
		"another's key":     swapped.sign(t, transaction(nil)),
		"an id token":       s.token(t, "https://appleid.apple.com", nil),
		"no header":         "a.b.c",
		"empty":             "..",
		"no signature":      parts[0] + "." + parts[1] + ".",
		"a certificate's ?": badHeader(t, parts, `{"alg":"ES256","x5c":["?","?","?"]}`),
		"numbers":           badHeader(t, parts, `{"alg":"ES256","x5c":[1,2,3]}`),
		"algorithm none":    badHeader(t, parts, `{"alg":"none"}`),
	} {
		if wantText(t, s.ApplePurchases(text, "").fails(t), codes.Unknown, "invalid jws signature"); t.Failed() {
			t.Fatal(name)
		}
	}
	wantText(t, s.ApplePurchases(chain.sign(t, transaction(jwt.MapClaims{"bundleId": "com.example.other"})), "").fails(t),
		codes.FailedPrecondition, "Invalid Receipt. Bundle ID: com.example.other")
	s.now = now.Add(2 * time.Hour)
	wantText(t, s.ApplePurchases(chain.sign(t, transaction(nil)), "").fails(t), codes.Unknown, "invalid jws signature")
}

func badHeader(t *testing.T, parts []string, header string) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1] + "." + parts[2]
}

// A developer has certificates of Apple's, too, but none for receipts.
func TestAppleTransactionBySomeOtherCertificate(t *testing.T) {
	t.Parallel()
	for _, marks := range [][]asn1.ObjectIdentifier{nil, {appleReceiptSigner}, {nil, appleDeveloperIssuer}} {
		chain := newAppleChain(t, time.Unix(1_800_000_000, 0), marks...)
		s := startWith(t, Options{AppleRoots: chain.roots})
		signed := chain.sign(t, jwt.MapClaims{"productId": "gems", "transactionId": "1"})
		wantText(t, s.ApplePurchases(signed, "").fails(t), codes.Unknown, "invalid jws signature")
	}
}

func TestAppleRoot(t *testing.T) {
	t.Parallel()
	block, rest := pem.Decode(appleRootCAG3)
	if block == nil || len(rest) != 0 {
		t.Fatal("the file is not one certificate")
	}
	// As https://www.apple.com/certificateauthority/ gives it.
	const want = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"
	if got := fmt.Sprintf("%x", sha256.Sum256(block.Bytes)); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
}

// googleStore is a service account, and what Google answers to it. It counts the tokens
// that it gives.
func (s *standIn) googleStore(t *testing.T) GoogleAccount {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(signingKey())
	if err != nil {
		t.Fatal(err)
	}
	s.answers[googleToken] = func(w http.ResponseWriter, r *http.Request) {
		if got := r.PostFormValue("grant_type"); got != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			t.Errorf("grant_type %q", got)
		}
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(r.PostFormValue("assertion"), claims, func(*jwt.Token) (any, error) { return &signingKey().PublicKey, nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("game@example.com"), jwt.WithAudience("https://oauth2.googleapis.com/token"),
			jwt.WithIssuedAt(), jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return s.now }))
		if err != nil || claims["scope"] != "https://www.googleapis.com/auth/androidpublisher" {
			t.Errorf("assertion %v: %v", claims, err)
		}
		answer(`{"access_token":"access","expires_in":3600,"token_type":"Bearer"}`)(w, r)
	}
	return GoogleAccount{Email: "game@example.com", PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
}

func withBearer(t *testing.T, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer access" || r.Method != http.MethodGet {
			t.Errorf("%s with authorization %q", r.Method, got)
		}
		answer(text)(w, r)
	}
}

const googleShown = `{"orderId":"o","packageName":"com.example.game","productId":"gems","purchaseTime":1600000000000,"purchaseState":0,"purchaseToken":"token-1"}`

func TestGooglePurchase(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	account := s.googleStore(t)
	s.options.Stores.Google = account
	text := `{"purchaseTimeMillis":"1700000000000","purchaseState":0}`
	s.answers[googlePlay+"products/gems/tokens/token-1"] = func(w http.ResponseWriter, r *http.Request) { withBearer(t, text)(w, r) }
	wrapped, err := json.Marshal(map[string]string{"json": googleShown, "signature": "s"})
	if err != nil {
		t.Fatal(err)
	}
	want := Purchase{
		Store: api.StoreProvider_GOOGLE_PLAY_STORE, Environment: api.StoreEnvironment_PRODUCTION, ProductID: "gems", TransactionID: "token-1",
		PurchaseTime: time.UnixMilli(1700000000000), Response: text, Evidence: text,
	}
	for _, receipt := range []string{googleShown, string(wrapped)} {
		if found, err := s.GooglePurchase(receipt, GoogleAccount{})(t.Context()); err != nil || len(found) != 1 || found[0] != want {
			t.Errorf("purchases %+v, %v", found, err)
		}
	}
	if got := s.times(googleToken); got != 1 {
		t.Errorf("asked for %d tokens", got)
	}
	s.now = s.now.Add(56 * time.Minute)
	text = `{"purchaseType":0}`
	want.Environment, want.PurchaseTime, want.Response, want.Evidence = api.StoreEnvironment_SANDBOX, time.UnixMilli(1600000000000), text, text
	if found, err := s.GooglePurchase(googleShown, GoogleAccount{})(t.Context()); err != nil || found[0] != want {
		t.Errorf("purchases %+v, %v", found, err)
	}
	if got := s.times(googleToken); got != 2 {
		t.Errorf("asked for %d tokens when one ended", got)
	}
	for _, state := range []string{"1", "2"} {
		text = `{"purchaseState":` + state + `}`
		wantText(t, s.GooglePurchase(googleShown, account).fails(t), codes.FailedPrecondition, "Invalid Receipt. State: "+state)
	}
	text = `{}`
	wantText(t, s.GooglePurchase(strings.Replace(googleShown, `"purchaseState":0`, `"purchaseState":1`, 1), account).fails(t),
		codes.FailedPrecondition, "Invalid Receipt. State: 1")

	change := func(field, value string) string { return strings.Replace(googleShown, `"`+field+`"`, `"`+value+`"`, 1) }
	for name, receipt := range map[string]string{
		"no JSON": "receipt", "no object": "[]", "wrapped no JSON": `{"json":"x"}`, "no package": `{"productId":"p","purchaseToken":"t"}`,
		"no token": change("token-1", ""), "up": change("gems", ".."), "here": change("com.example.game", "."),
	} {
		if wantText(t, s.GooglePurchase(receipt, account).fails(t), codes.Unknown, "receipt is malformed"); t.Failed() {
			t.Fatal(name)
		}
	}
	wantText(t, s.GooglePurchase(change("gems", "a/../../b?c"), account).fails(t), codes.Unknown, "non-200 response from Google service, status=404")
	if got := s.asked[len(s.asked)-1]; got != googlePlay+"products/a/../../b?c/tokens/token-1" {
		t.Errorf("asked %s", got) // which the server has unescaped
	}
	wantText(t, s.GooglePurchase(googleShown, GoogleAccount{PrivateKey: "no key"}).fails(t), codes.Unknown, "google iap private key invalid")
	s.answers[googleToken] = answer(`{}`)
	wantText(t, s.GooglePurchase(googleShown, GoogleAccount{Email: "new"}).fails(t), codes.Unavailable, "Google IAP verification is currently unavailable. Try again later.")
	s.answers[googleToken] = func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
	}
	wantText(t, s.GooglePurchase(googleShown, GoogleAccount{Email: "new"}).fails(t), codes.Unknown, "non-200 response from Google service, status=400")
	if !strings.Contains(s.log.String(), "invalid_grant") {
		t.Error("the log does not tell what Google answers")
	}
}

func TestGoogleSubscription(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	account := s.googleStore(t)
	for text, want := range map[string]Subscription{
		`{"startTime":"2023-11-14T22:13:20Z","lineItems":[{"productId":"pass","expiryTime":"2027-01-15T08:00:00.5Z"}]}`: {
			Environment: api.StoreEnvironment_PRODUCTION, ProductID: "pass", OriginalTransactionID: "token-1",
			PurchaseTime: time.UnixMilli(1700000000000), ExpiryTime: time.UnixMilli(1800000000500),
		},
		`{"testPurchase":{},"linkedPurchaseToken":"token-0","lineItems":[{"productId":"pass"},{"productId":"gems","expiryTime":"2027-01-15T08:00:00Z"}]}`: {
			Environment: api.StoreEnvironment_SANDBOX, ProductID: "gems", OriginalTransactionID: "token-0",
			PurchaseTime: time.UnixMilli(1600000000000), ExpiryTime: time.UnixMilli(1800000000000),
		},
	} {
		s.answers[googlePlay+"subscriptionsv2/tokens/token-1"] = withBearer(t, text)
		found, err := s.GoogleSubscription(googleShown, account)(t.Context())
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		got := found[0]
		if !got.PurchaseTime.Equal(want.PurchaseTime) || !got.ExpiryTime.Equal(want.ExpiryTime) {
			t.Errorf("%s: %+v", text, got)
		}
		want.Store, want.Response, want.Evidence = api.StoreProvider_GOOGLE_PLAY_STORE, text, text
		got.PurchaseTime, got.ExpiryTime = want.PurchaseTime, want.ExpiryTime
		if got != want {
			t.Errorf("subscription %+v\nwant %+v", got, want)
		}
	}
	s.answers[googlePlay+"subscriptionsv2/tokens/token-1"] = answer(`{}`)
	wantText(t, s.GoogleSubscription(googleShown, account).fails(t), codes.Unknown, "receipt is malformed")
	wantText(t, s.GoogleSubscription("{}", account).fails(t), codes.Unknown, "receipt is malformed")
}

func TestFacebookInstantPurchase(t *testing.T) {
	t.Parallel()
	const payload = `{"algorithm":"HMAC-SHA256","product_id":"gems","purchase_token":"token-1","purchase_time":1700000000,"is_consumed":false}`
	s := start(t, Config{Stores: Stores{FacebookInstantSecret: "secret"}})
	found, err := s.FacebookInstantPurchase(playerInfo("secret", payload))(t.Context())
	if err != nil || len(found) != 1 || found[0] != (Purchase{
		Store: api.StoreProvider_FACEBOOK_INSTANT_STORE, Environment: api.StoreEnvironment_PRODUCTION, ProductID: "gems", TransactionID: "token-1",
		PurchaseTime: time.Unix(1700000000, 0), Response: payload, Evidence: payload,
	}) {
		t.Errorf("purchases %+v, %v", found, err)
	}
	for _, id := range []string{"", strings.Repeat("x", maxProductID+1), `\u0000`} {
		signed := playerInfo("secret", strings.Replace(payload, "token-1", id, 1))
		wantText(t, s.FacebookInstantPurchase(signed).fails(t), codes.Unknown, "receipt is malformed")
	}
	wantText(t, s.FacebookInstantPurchase("").fails(t), codes.InvalidArgument, "SignedRequest cannot be empty.")
	for _, signed := range []string{playerInfo("other", payload), playerInfo("", payload), "receipt", "a.b", playerInfo("secret", `{"algorithm":"none"}`)} {
		wantText(t, s.FacebookInstantPurchase(signed).fails(t), codes.Unknown, "signedRequest verification failed")
	}
	for _, payload := range []string{`{"algorithm":"HMAC-SHA256","product_id":1}`, `{"algorithm":"HMAC-SHA256","product_id":"gems"}`} {
		wantText(t, s.FacebookInstantPurchase(playerInfo("secret", payload)).fails(t), codes.Unknown, "receipt is malformed")
	}
}

func TestSamsungPurchase(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Stores: Stores{SamsungPackage: "com.example.game"}})
	text := ""
	s.answers[samsung] = func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("purchaseID"); got != "id & more" || r.Method != http.MethodGet {
			t.Errorf("%s asks for %q", r.Method, got)
		}
		answer(text)(w, r)
	}
	for answer, want := range map[string]Purchase{
		`{"status":"success","mode":"PRODUCTION","packageName":"com.example.game","itemId":"gems","purchaseDate":"2023-11-14 22:13:20"}`: {
			Environment: api.StoreEnvironment_PRODUCTION, PurchaseTime: time.Unix(1700000000, 0).UTC(),
		},
		`{"status":"success","mode":"TEST","itemId":"gems"}`: {Environment: api.StoreEnvironment_SANDBOX},
	} {
		text = answer
		want.Store, want.ProductID, want.TransactionID = api.StoreProvider_SAMSUNG_GALAXY_STORE, "gems", "id & more"
		want.Response, want.Evidence = answer, answer
		if found, err := s.SamsungPurchase("id & more")(t.Context()); err != nil || len(found) != 1 || found[0] != want {
			t.Errorf("purchases %+v, %v", found, err)
		}
	}
	for answer, want := range map[string]string{
		`{"status":"fail","errorCode":9135,"errorMessage":"not exist order"}`: "Samsung IAP: purchase validation failed: not exist order (errorCode=9135)",
		`{"status":"cancel"}`: "Samsung IAP: purchase validation failed: cancel (errorCode=0)",
		`{"status":"success","itemId":"gems","packageName":"com.example.other"}`: "Samsung IAP: package name mismatch (expected com.example.game, got com.example.other)",
		`{"status":"success"}`: "Samsung IAP response missing itemId",
	} {
		text = answer
		wantText(t, s.SamsungPurchase("id & more").fails(t), codes.Unknown, want)
	}
	text = "no JSON"
	wantText(t, s.SamsungPurchase("id & more").fails(t), codes.Unavailable, "Samsung IAP verification is currently unavailable. Try again later.")
}

// huaweiSign is a receipt's signature by a key.
func huaweiSign(t *testing.T, key *rsa.PrivateKey, receipt string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(receipt))
	mac, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(mac)
}

func TestHuaweiPurchase(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKIXPublicKey(&signingKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{Stores: Stores{Huawei: HuaweiApp{base64.StdEncoding.EncodeToString(der), "client", "secret"}}})
	s.answers[huaweiToken] = func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.PostForm.Encode() != "client_id=client&client_secret=secret&grant_type=client_credentials" {
			t.Errorf("asked with %v, %v", r.PostForm, err)
		}
		answer(`{"access_token":"access","expires_in":3600,"token_type":"Bearer"}`)(w, r)
	}
	text := ""
	orders := func(w http.ResponseWriter, r *http.Request) {
		asked := bodyOf(t, r)
		if user, token, ok := r.BasicAuth(); !ok || user != "APPAT" || token != "access" || asked["purchaseToken"] != "token-1" || asked["productId"] != "gems" {
			t.Errorf("%q %q asks %v", user, token, asked)
		}
		answer(text)(w, r)
	}
	s.answers[huaweiOrders], s.answers[huaweiAppTouch] = orders, orders
	const good = `{"responseCode":"0","purchaseTokenData":"{\"productId\":\"gems\",\"purchaseToken\":\"token-1\",\"purchaseState\":0}"}`
	for receipt, want := range map[string]api.StoreEnvironment{
		`{"productId":"gems","purchaseToken":"token-1","purchaseTime":1700000000000}`:                                  api.StoreEnvironment_PRODUCTION,
		`{"productId":"gems","purchaseToken":"token-1","purchaseTime":1700000000000,"purchaseType":0,"accountFlag":1}`: api.StoreEnvironment_SANDBOX,
	} {
		text = good
		found, err := s.HuaweiPurchase(receipt, huaweiSign(t, signingKey(), receipt))(t.Context())
		if err != nil || len(found) != 1 || found[0] != (Purchase{
			Store: api.StoreProvider_HUAWEI_APP_GALLERY, Environment: want, ProductID: "gems", TransactionID: "token-1",
			PurchaseTime: time.UnixMilli(1700000000000), Response: good, Evidence: good,
		}) {
			t.Errorf("purchases %+v, %v", found, err)
		}
	}
	if token, at := s.times(huaweiToken), s.times(huaweiAppTouch); token != 1 || at != 1 {
		t.Errorf("asked for %d tokens, and AppTouch %d times", token, at)
	}
	receipt := `{"productId":"gems","purchaseToken":"token-1"}`
	signature := huaweiSign(t, signingKey(), receipt)
	for answer, want := range map[string]struct {
		code codes.Code
		text string
	}{
		`{"responseCode":"6","responseMessage":"rights invalid"}`:          {codes.FailedPrecondition, "Invalid Receipt. Code: 6"},
		`{"responseCode":"0","purchaseTokenData":"{\"purchaseState\":2}"}`: {codes.FailedPrecondition, "Invalid Receipt. State: 2"},
		`{"responseCode":"0","purchaseTokenData":"{}"}`:                    {codes.Unknown, "receipt is malformed"},
		`{"responseCode":"0"}`: {codes.Unavailable, "Huawei IAP verification is currently unavailable. Try again later."},
		`no JSON`:              {codes.Unavailable, "Huawei IAP verification is currently unavailable. Try again later."},
	} {
		text = answer
		wantText(t, s.HuaweiPurchase(receipt, signature).fails(t), want.code, want.text)
	}
	for _, bad := range []string{huaweiSign(t, otherKey(), receipt), huaweiSign(t, signingKey(), receipt+" "), "?"} {
		wantText(t, s.HuaweiPurchase(receipt, bad).fails(t), codes.Unknown, "inAppPurchaseData invalid signature")
	}
	wantText(t, s.HuaweiPurchase("receipt", signature).fails(t), codes.Unknown, "receipt is malformed")
	wantText(t, s.HuaweiPurchase("", signature).fails(t), codes.InvalidArgument, "Purchase cannot be empty.")
	wantText(t, s.HuaweiPurchase(receipt, "").fails(t), codes.InvalidArgument, "Signature cannot be empty.")
	s.options.Stores.Huawei.PublicKey = "?"
	wantText(t, s.HuaweiPurchase(receipt, signature).fails(t), codes.Unknown, "inAppPurchaseData invalid signature")
	if !strings.Contains(s.log.String(), "iap.huawei.public_key") {
		t.Error("the log does not name the setting")
	}
}
