package nkshim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nkhost/host/db"
	"nkhost/host/providers"
	"nkhost/host/purchase"
)

// storeKey is Google's service account's and Huawei's.
var storeKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// storeAnswers stand in for the stores, by host.
type storeAnswers map[string]string

func (s storeAnswers) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Request: request}
	text, ok := s[request.URL.Host]
	if !ok {
		answer.StatusCode = http.StatusForbidden
	}
	answer.Body = io.NopCloser(strings.NewReader(text))
	return answer, nil
}

// withStores keeps purchases in a database in which there is alice, and knows stores that
// answer so.
func withStores(t *testing.T, config providers.Stores, answers storeAnswers) func(*Deps) {
	t.Helper()
	database, err := db.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	if _, err := database.Exec(t.Context(), "INSERT INTO users (id, username, create_time, update_time) VALUES ($1, 'alice', 0, 0)", aliceID); err != nil {
		t.Fatal(err)
	}
	return func(deps *Deps) {
		purchases, err := purchase.NewService(t.Context(), database, purchase.Options{Now: deps.Now})
		if err != nil {
			t.Fatal(err)
		}
		client, err := providers.New(providers.Options{
			Config: providers.Config{Stores: config}, HTTP: &http.Client{Transport: answers}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		deps.Purchases, deps.Providers = purchases, client
	}
}

const (
	appleAnswer = `{"status":0,"receipt":{"in_app":[{"product_id":"gems","transaction_id":"t1","purchase_date_ms":"1700000000000"}]},` +
		`"latest_receipt_info":[{"product_id":"pass","original_transaction_id":"s1","original_purchase_date_ms":"1600000000000","expires_date_ms":"1800000000000"}]}`
	googleReceipt = `{"packageName":"p","productId":"gems","purchaseToken":"t1","purchaseTime":1700000000000}`
)

func TestPurchaseFunctions(t *testing.T) {
	t.Parallel()
	private, err := x509.MarshalPKCS8PrivateKey(storeKey())
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&storeKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	const huaweiReceipt = `{"productId":"gems","purchaseToken":"t1","purchaseTime":1700000000000}`
	sum := sha256.Sum256([]byte(huaweiReceipt))
	mac, err := rsa.SignPKCS1v15(rand.Reader, storeKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	stores := providers.Stores{Huawei: providers.HuaweiApp{PublicKey: base64.StdEncoding.EncodeToString(public), ClientID: "c", ClientSecret: "s"}}
	answers := storeAnswers{
		"buy.itunes.apple.com":            appleAnswer,
		"oauth2.googleapis.com":           `{"access_token":"a","expires_in":3600}`,
		"androidpublisher.googleapis.com": `{"purchaseState":0,"testPurchase":{},"lineItems":[{"productId":"pass","expiryTime":"2024-02-29T12:30:16Z"}]}`,
		"iap.samsungapps.com":             `{"status":"success","mode":"TEST","itemId":"gems","purchaseDate":"2023-11-14 22:13:20"}`,
		"oauth-login.cloud.huawei.com":    `{"access_token":"a","expires_in":3600}`,
		"orders-dre.iap.hicloud.com":      `{"responseCode":"0","purchaseTokenData":"{\"productId\":\"gems\",\"purchaseToken\":\"t1\"}"}`,
	}
	// fields are those of a purchase of gems that tell stores apart.
	const fields = `local function fields(p)
		return table.concat({p.user_id == id and "alice" or p.user_id, p.product_id, p.transaction_id, p.store, p.purchase_time, p.environment,
			tostring(p.seen_before), tostring(p.create_time), tostring(p.update_time), tostring(p.refund_time), p.provider_response:sub(1, 1)}, " ")
	end `
	const kept = "1709209815 1709209815 nil"
	for call, want := range map[string]string{
		`fields(nk.purchase_validate_apple(id, "r", true, "password").validated_purchases[1])`:                                                                             "alice gems t1 APPLE_APP_STORE 1700000000 PRODUCTION false " + kept + " {",
		`fields(nk.purchase_validate_apple(id, "r", false, "password").validated_purchases[1])`:                                                                            "alice gems t1 APPLE_APP_STORE 1700000000 PRODUCTION false nil nil nil {",
		`fields(nk.purchase_validate_google(id, receipt, nil, "e", key).validated_purchases[1])`:                                                                           "alice gems t1 GOOGLE_PLAY_STORE 1700000000 PRODUCTION false " + kept + " {",
		`fields(nk.purchase_validate_samsung(id, "t1").validated_purchases[1])`:                                                                                            "alice gems t1 SAMSUNG_GALAXY_STORE 1700000000 SANDBOX false " + kept + " {",
		`fields(nk.purchase_validate_huawei(id, signature, huawei).validated_purchases[1])`:                                                                                "alice gems t1 HUAWEI_APP_GALLERY 1700000000 PRODUCTION false " + kept + " {",
		`fields(nk.purchase_validate_huawei(id, huawei, signature, false).validated_purchases[1])`:                                                                         "alice gems t1 HUAWEI_APP_GALLERY 1700000000 PRODUCTION false nil nil nil {",
		`nk.purchase_validate_samsung(id, "t1") and fields(nk.purchase_get_by_transaction_id("t1"))`:                                                                       "alice gems t1 SAMSUNG_GALAXY_STORE 1700000000 SANDBOX false 1709209815 1709209815 0 {",
		`nk.purchase_validate_samsung(id, "t1") and fields(nk.purchase_validate_samsung(id, "t1").validated_purchases[1])`:                                                 "alice gems t1 SAMSUNG_GALAXY_STORE 1700000000 SANDBOX true " + kept + " {",
		`#nk.purchases_list() .. #nk.purchases_list("", 1) .. select("#", nk.purchases_list(id, 100, ""))`:                                                                 "003",
		`two() and nk.json_encode({#nk.purchases_list(id), #nk.purchases_list(id, 1), nk.purchases_list(nil, 1, select(2, nk.purchases_list(nil, 1)))[1].transaction_id})`: `[2,1,"t1"]`,
		`tostring(two() and select(3, nk.purchases_list(id, 1)))`:                                                                                                          "nil",
		`type(two() and select(3, nk.purchases_list(id, 1, select(2, nk.purchases_list(id, 1)))))`:                                                                         "string",

		`pass(nk.subscription_validate_apple(id, "r", true, "password").validated_subscription)`:                                                          "alice pass s1 APPLE_APP_STORE 1600000000 PRODUCTION 1800000000 true 1709209815 0 " + `"{}"`,
		`pass(nk.subscription_validate_apple(id, "r", false, "password").validated_subscription)`:                                                         "alice pass s1 APPLE_APP_STORE 1600000000 PRODUCTION 1800000000 true nil nil ",
		`pass(nk.subscription_validate_google(id, receipt, true, "e", key).validated_subscription)`:                                                       "alice pass t1 GOOGLE_PLAY_STORE 1700000000 SANDBOX 1709209816 true 1709209815 0 " + `"{}"`,
		`nk.subscription_validate_google(id, receipt, true, "e", key) and pass(nk.subscription_get_by_product_id(id, "pass"))`:                            "alice pass t1 GOOGLE_PLAY_STORE 1700000000 SANDBOX 1709209816 true 1709209815 0 " + `"{}"`,
		`nk.subscription_validate_google(id, receipt, true, "e", key) and pass(nk.subscriptions_list(id, 1)[1])`:                                          "alice pass t1 GOOGLE_PLAY_STORE 1700000000 SANDBOX 1709209816 true 1709209815 0 " + `"{}"`,
		`nk.json_decode(nk.json_decode(nk.subscription_validate_apple(id, "r", true, "password").validated_subscription.provider_response)).status .. ""`: "0",
		`#nk.subscriptions_list() .. select("#", nk.subscriptions_list(id, 100, ""))`:                                                                     "03",
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			got, err := evaluate(t, `local id, receipt, key, signature, huawei = "`+aliceID+`", [[`+googleReceipt+`]], [[`+key+`]], "`+
				base64.StdEncoding.EncodeToString(mac)+`", [[`+huaweiReceipt+`]] `+fields+`
				local function pass(s)
					return table.concat({s.user_id == id and "alice" or s.user_id, s.product_id, s.original_transaction_id, s.store, s.purchase_time, s.environment,
						s.expiry_time, tostring(s.active), tostring(s.create_time), tostring(s.refund_time), s.provider_notification}, " ")
				end
				local function two()
					nk.purchase_validate_samsung(id, "t1")
					return nk.purchase_validate_samsung(id, "t2")
				end
				return `+call, withStores(t, stores, answers))
			if err != nil {
				t.Fatal(message(err))
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestPurchaseErrors(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		`nk.purchase_validate_apple("nope", "r")`:               `argument 1 (user id) must be a UUID`,
		`nk.purchase_validate_apple(id, "")`:                    `argument 2 (receipt) must be a string that is not empty`,
		`nk.purchase_validate_apple(id, "r", "yes")`:            `argument 3 (persist) must be a boolean`,
		`nk.purchase_validate_apple(id, "r", true, 5)`:          `argument 4 (password) must be a string or nil`,
		`nk.purchase_validate_apple(id, "r")`:                   `Apple IAP is not configured.`,
		`nk.purchase_validate_apple(id, "r", true, "p")`:        `error validating Apple receipt: non-200 response from Apple service, status=403`,
		`nk.purchase_validate_google(id, "")`:                   `argument 2 (receipt) must be a string that is not empty`,
		`nk.purchase_validate_google(id, "{}", true, "e")`:      `Google IAP is not configured.`,
		`nk.purchase_validate_google(id, "{}", true, "e", "k")`: `error validating Google receipt: receipt is malformed`,
		`nk.purchase_validate_huawei(id, "s")`:                  `argument 3 (receipt) must be a string, got nothing`,
		`nk.purchase_validate_huawei(id, "s", "r")`:             `Huawei IAP is not configured.`,
		`nk.purchase_validate_facebook_instant(id, "")`:         `argument 2 (signed request) must be a string that is not empty`,
		`nk.purchase_validate_facebook_instant(id, "a.b")`:      `Facebook Instant IAP is not configured.`,
		`nk.purchase_validate_samsung(id, "")`:                  `argument 2 (purchase id) must be a string that is not empty`,
		`nk.purchase_get_by_transaction_id("")`:                 `argument 1 (transaction id) must be a string that is not empty`,
		`nk.purchase_get_by_transaction_id("t1")`:               `error retrieving purchase: purchase not found`,
		`nk.purchases_list("nope")`:                             `argument 1 (user id) must be a UUID, nil or empty`,
		`nk.purchases_list(id, 101)`:                            `argument 2 (limit) must be from 1 to 100, got 101`,
		`nk.purchases_list(id, 1, "x")`:                         `error retrieving purchases: purchases list cursor invalid`,
		`nk.subscription_validate_apple(id, "r")`:               `Apple IAP is not configured.`,
		`nk.subscription_validate_google(id, "{}")`:             `Google IAP is not configured.`,
		`nk.subscription_get_by_product_id(id, "")`:             `argument 2 (product id) must be a string that is not empty`,
		`nk.subscription_get_by_product_id(id, "pass")`:         `error retrieving subscription: subscription not found`,
		`nk.subscriptions_list(id, 0)`:                          `argument 2 (limit) must be from 1 to 100, got 0`,
		`nk.subscriptions_list(id, 1, "x")`:                     `error retrieving subscriptions: subscriptions list cursor invalid`,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			_, err := evaluate(t, `local id = "`+aliceID+`" `+call, withStores(t, providers.Stores{}, nil))
			if err == nil {
				t.Fatal("it raises nothing")
			}
			wantText(t, message(err), want)
		})
	}
}
