package host_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shop is a module that sells swords, in one transaction of an account, an object and
// a wallet, and that finds the owners through an index.
const shop = `
local nk = require("nakama")
nk.register_storage_index("owners", "shop", "", {"item"}, {}, 100, true)
nk.register_storage_index_filter("owners", function(_, object) return object.value.item ~= "nothing" end)
nk.register_rpc(function(context) nk.wallet_update(context.user_id, {gold = 10}) end, "work")
nk.register_rpc(function(context)
	nk.multi_update(
		{{user_id = context.user_id, display_name = "Owner of a sword"}},
		{{collection = "shop", key = "sword", user_id = context.user_id, value = {item = "sword"}}},
		{{collection = "shop", key = "wish", user_id = context.user_id}},
		{{user_id = context.user_id, changeset = {gold = -15}}},
		true)
	nk.notification_send(context.user_id, "sold", {}, 1, nil, true)
end, "buy")
nk.register_rpc(function(context) return tostring(#nk.storage_index_list("owners", "+value.item:sword", 10, {})) end, "owners")
`

// Alice wishes for a sword and buys it, when she has earned enough: until then nothing
// of the purchase is left. After a restart all is there, and the index knows her.
func TestAPurchase(t *testing.T) {
	cfg := settings()
	cfg.DataDir, cfg.Runtime.Path = filepath.Join(t.TempDir(), "data"), t.TempDir()
	if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, "shop.lua"), []byte(shop), 0o600); err != nil {
		t.Fatal(err)
	}
	h, stop := run(t, cfg, io.Discard)
	alice := "Bearer " + login(t, h, "device-of-alice", "?username=alice")
	ask := func(method, path, body string, status int, parts ...string) {
		t.Helper()
		got, text := call(t, method, "http://"+h.Addr()+path, alice, body)
		if got != status {
			t.Errorf("%s %s: %d %s", method, path, got, text)
		}
		for _, part := range parts {
			if there := strings.Contains(text, strings.TrimPrefix(part, "not ")); there == strings.HasPrefix(part, "not ") {
				t.Errorf("%s %s: %s, want %s", method, path, text, part)
			}
		}
	}
	ask("PUT", "/v2/storage", `{"objects":[{"collection":"shop","key":"wish","value":"{\"item\":\"nothing\"}","permission_read":2}]}`, 200, "acks")
	ask("POST", "/v2/rpc/work", "", 200)
	ask("POST", "/v2/rpc/buy", "", 500, "cannot go from 10 by -15")
	ask("GET", "/v2/account", "", 200, `{\"gold\":10}`, "not sword")
	ask("GET", "/v2/storage/shop?limit=10", "", 200, `"wish"`, `not "sword"`)
	ask("GET", "/v2/notification", "", 200, "not sold")
	ask("POST", "/v2/rpc/owners?unwrap", "", 200, "0")

	ask("POST", "/v2/rpc/work", "", 200)
	ask("POST", "/v2/rpc/buy", "", 200)
	bought := func() {
		t.Helper()
		ask("GET", "/v2/account", "", 200, `{\"gold\":5}`, "Owner of a sword")
		ask("POST", "/v2/storage", `{"object_ids":[{"collection":"shop","key":"wish"}]}`, 200, "{}")
		ask("GET", "/v2/notification", "", 200, "sold")
		ask("POST", "/v2/rpc/owners?unwrap", "", 200, "1")
	}
	bought()
	stop()
	h, stop = run(t, cfg, io.Discard)
	defer stop()
	bought()
}
