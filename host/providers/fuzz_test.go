package providers

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// No text passes for a player's whose signature is not by the secret.
func FuzzInstantGamePlayer(f *testing.F) {
	const secret = "secret"
	good := playerInfo(secret, `{"algorithm":"HMAC-SHA256","player_id":"player-1"}`)
	for _, seed := range []string{good, good + "=", "." + good, good[:20], ".", "", playerInfo("", `{}`), strings.ToUpper(good)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, info string) {
		player, err := instantGamePlayer(info, secret)
		if err != nil {
			return
		}
		_, payload, _ := strings.Cut(info, ".")
		text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
		if err != nil {
			t.Fatalf("%q was taken, but its payload is no base64", info)
		}
		if signed := playerInfo(secret, string(text)); payload == strings.Split(signed, ".")[1] && !strings.HasPrefix(info, strings.Split(signed, ".")[0]) {
			t.Errorf("%q was taken for %q", info, player)
		}
	})
}

// A key that is read can be used, and is not a weak one.
func FuzzRSAKey(f *testing.F) {
	var document struct{ Keys []struct{ N, E string } }
	if err := json.Unmarshal([]byte(keyDocument("key-1", signingKey())), &document); err != nil {
		f.Fatal(err)
	}
	f.Add(document.Keys[1].N, document.Keys[1].E)
	f.Add("", "")
	f.Add("AQAB", "AQAB")
	f.Add(document.Keys[1].N, "gAAAAA")
	f.Fuzz(func(t *testing.T, n, e string) {
		key, ok := rsaKey(n, e)
		if ok && (key.N.BitLen() < minKeyBits || key.E < 2) {
			t.Errorf("a key of %d bits and exponent %d was taken", key.N.BitLen(), key.E)
		}
	})
}

// No text passes for a receipt of Apple's, Google's or Huawei's that names no purchase, and
// none makes a reader panic.
func FuzzStoreAnswers(f *testing.F) {
	for _, seed := range []string{
		googleShown, `{"json":"{}"}`, `{"json":"{\"packageName\":\"p\"}"}`,
		`{"status":0,"is-retryable":"true","receipt":null,"latest_receipt_info":[{"expires_date_ms":"1"},{"transaction_id":"1","purchase_date_ms":2}]}`,
		`{"receipt":{"in_app":[{"transaction_id":"1"},{"transaction_id":"1"},null]}}`,
		`{"responseCode":"0","purchaseTokenData":"{\"purchaseTime\":\"1\"}"}`, `{"lineItems":[{}]}`, `null`, `[]`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if receipt, err := readGoogleReceipt(text); err == nil && receipt.PackageName == "" {
			t.Errorf("a receipt without package was taken")
		}
		if bought, err := readHuaweiAnswer([]byte(text)); err == nil && bought.PurchaseState != 0 {
			t.Errorf("a purchase in state %d was taken", bought.PurchaseState)
		}
		var apple appleAnswer
		if json.Unmarshal([]byte(text), &apple) == nil {
			checkAppleItems(t, apple)
		}
		var google googleSubscription
		if json.Unmarshal([]byte(text), &google) == nil {
			if _, err := google.item("p"); (err != nil) != (len(google.LineItems) == 0) {
				t.Errorf("%d items give %v", len(google.LineItems), err)
			}
		}
	})
}

// checkAppleItems wants that each transaction is listed once, and the subscription first
// that holds longest.
func checkAppleItems(t *testing.T, answer appleAnswer) {
	purchases, _ := answer.purchases()
	seen := map[string]bool{}
	for _, p := range purchases {
		if seen[p.TransactionID] {
			t.Errorf("transaction %q is listed twice", p.TransactionID)
		}
		seen[p.TransactionID] = true
	}
	subscriptions, err := answer.subscriptions()
	if err == nil && len(subscriptions) == 0 {
		t.Error("there are no subscriptions, and no error")
	}
	for _, s := range subscriptions {
		if s.ExpiryTime.After(subscriptions[0].ExpiryTime) {
			t.Error("the first subscription does not hold longest")
		}
	}
}
