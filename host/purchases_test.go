package host_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// signedPurchase is what Facebook gives a client that has bought something.
func signedPurchase(secret, token string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","product_id":"gems","purchase_token":"` + token + `","purchase_time":1700000000}`))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + payload
}

// Story: ana buys gems, which a hook gives her; her export says nothing of it. She deletes
// her account and comes back as someone new, for whom the purchase is not.
func TestAPurchaseOutlivesItsUser(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.DataDir, cfg.Runtime.Path = filepath.Join(t.TempDir(), "data"), t.TempDir()
	cfg.IAP.FacebookInstant.AppSecret = "secret"
	const module = `
		local nk = require("nakama")
		nk.register_req_after(function(context, answer)
			for _, p in ipairs(answer.validated_purchases) do
				if not p.seen_before then nk.wallet_update(context.user_id, {[p.product_id] = 100}) end
			end
		end, "ValidatePurchaseFacebookInstant")
		nk.register_rpc(function() return nk.json_encode(nk.purchase_get_by_transaction_id("t1")) end, "owner")
		nk.register_rpc(function(_, user) return nk.account_export_id(user) end, "export")`
	if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, "main.lua"), []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	h, stop := run(t, cfg, io.Discard)
	ask := func(token, method, path, body string, parts ...string) {
		t.Helper()
		status, text := call(t, method, "http://"+h.Addr()+path, "Bearer "+token, body)
		for _, part := range append(parts, "") {
			if status != 200 || !strings.Contains(text, part) {
				t.Errorf("%s %s: %d %s, want %s", method, path, status, text, part)
			}
		}
	}
	validate := `{"signed_request":"` + signedPurchase("secret", "t1") + `"}`
	ana := login(t, h, "device-of-ana", "")
	ask(ana, "POST", "/v2/iap/purchase/facebookinstant", validate, `"gems"`)
	ask(ana, "GET", "/v2/account", "", `{\"gems\":100}`)
	id := userOf(t, h, ana)
	if owner := rpc(t, h, "owner", ""); !strings.Contains(owner, `"user_id":"`+id+`"`) {
		t.Errorf("owner %s", owner)
	}
	if export := rpc(t, h, "export", id); !strings.Contains(export, id) || strings.Contains(export, "t1") {
		t.Errorf("export %s", export)
	}
	ask(ana, "DELETE", "/v2/account", "")
	stop()

	h, stop = run(t, cfg, io.Discard)
	defer stop()
	if owner := rpc(t, h, "owner", ""); !strings.Contains(owner, `"user_id":""`) {
		t.Errorf("owner %s", owner)
	}
	again := login(t, h, "device-of-ana", "")
	ask(again, "POST", "/v2/iap/purchase/facebookinstant", validate, `"seen_before":true`)
	ask(again, "GET", "/v2/account", "", `"wallet":"{}"`)
}
