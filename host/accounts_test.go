package host_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nkhost/host"
)

// runLua serves one module, which answers RPCs. The clock is ahead by what the returned
// function was given last.
func runLua(t *testing.T, lua string) (h *host.Host, ahead func(time.Duration), stop func()) {
	cfg := settings()
	cfg.Runtime.Path = t.TempDir()
	if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, "main.lua"), []byte(`local nk = require("nakama") `+lua), 0o600); err != nil {
		t.Fatal(err)
	}
	var offset atomic.Int64
	h, stop = runOptions(t, host.Options{
		Config: cfg, Log: slog.New(slog.DiscardHandler), Version: "test",
		Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) },
	})
	return h, func(by time.Duration) { offset.Store(int64(by)) }, stop
}

// rpc calls an RPC with the HTTP key.
func rpc(t *testing.T, h *host.Host, id, payload string) string {
	status, text := call(t, "POST", "http://"+h.Addr()+"/v2/rpc/"+id+"?unwrap&http_key=defaulthttpkey", "", payload)
	if status != 200 {
		t.Errorf("RPC %s: %d %s", id, status, text)
	}
	return text
}

func userOf(t *testing.T, h *host.Host, token string) string {
	_, text := call(t, "GET", "http://"+h.Addr()+"/v2/account", "Bearer "+token, "")
	var answer struct{ User struct{ ID string } }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.User.ID == "" {
		t.Fatalf("account: %s", text)
	}
	return answer.User.ID
}

// Story: a user plays, and what it does over its socket gets it banned. The socket is told and closed, its token opens no
// more sockets, and no login succeeds until the ban is lifted.
func TestABan(t *testing.T) {
	h, ahead, stop := runLua(t, `
		nk.register_rpc(function(_, id) nk.users_ban_id({id}) end, "ban")
		nk.register_rpc(function(_, id) nk.users_unban_id({id}) end, "unban")`)
	defer stop()
	token := login(t, h, "device-0123456789", "")
	address := "ws://" + h.Addr() + "/ws?token=" + url.QueryEscape(token)
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	id := userOf(t, h, token)
	ahead(time.Second) // tokens of the second of a logout live on

	if err := conn.WriteJSON(json.RawMessage(`{"rpc": {"id": "ban", "payload": "` + id + `"}}`)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, frame, err := conn.ReadMessage()
	if err != nil || !strings.Contains(string(frame), `"code":-8`) {
		t.Errorf("frame %s, %v; want the notification of a ban", frame, err)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("afterwards: %v", err)
	}
	if again, _, err := websocket.DefaultDialer.Dial(address, nil); err == nil {
		_ = again.Close()
		t.Error("the token opened another socket")
	}
	device := func() int {
		status, _ := call(t, "POST", "http://"+h.Addr()+"/v2/account/authenticate/device", serverKey, `{"id":"device-0123456789"}`)
		return status
	}
	if status := device(); status != 403 {
		t.Errorf("login of a banned user: %d", status)
	}
	rpc(t, h, "unban", id)
	if status := device(); status != 200 {
		t.Errorf("login after the ban: %d", status)
	}
	if status, _ := call(t, "GET", "http://"+h.Addr()+"/v2/account", "Bearer "+token, ""); status != 401 {
		t.Errorf("the old token after the ban: %d", status)
	}
}

// Story: an account leaves a host as an export, is deleted, and comes back.
func TestAnExportComesBack(t *testing.T) {
	h, _, stop := runLua(t, `
		nk.register_rpc(function(_, id)
			nk.account_update_id(id, {level = 7}, "traveller")
			nk.storage_write({{collection = "bag", key = "sword", user_id = id, value = {sharp = true}}})
			nk.wallet_update(id, {gold = 3})
			local export = nk.account_export_id(id)
			nk.account_delete_id(id)
			assert(not pcall(nk.account_get_id, id), "not deleted")
			local account = nk.account_import_id(export)
			assert(account.user_id == id and account.username == "traveller" and account.metadata.level == 7)
			assert(account.devices[1].id == "device-0123456789" and account.wallet.gold == 3)
			local objects = nk.storage_read({{collection = "bag", key = "sword", user_id = id}})
			assert(#objects == 1 and objects[1].value.sharp == true, "the sword was lost")
			local ok, why = pcall(nk.account_import_id, '{"account":{"user":{"id":"' .. nk.uuid_v4() .. '","username":"other"}},"objects":[{}]}')
			assert(not ok and why:find("object 1 of the export"), why)
			assert(#nk.users_get_username({"other"}) == 0, "half imported")
			return nk.json_encode(nk.json_decode(export).account.user.username)
		end, "travel")`)
	defer stop()
	token := login(t, h, "device-0123456789", "")
	id := userOf(t, h, token)
	if got := rpc(t, h, "travel", id); got != `"traveller"` {
		t.Errorf("exported %s", got)
	}
	if again := userOf(t, h, login(t, h, "device-0123456789", "?create=false")); again != id {
		t.Errorf("the device belongs to %s, want %s", again, id)
	}
}

// The settings reach those who ask the providers, and a fault in them is met at start.
func TestProvidersAreConfigured(t *testing.T) {
	cfg := settings()
	cfg.Social.FacebookInstantGame.AppSecret = "secret"
	cfg.Social.Apple.BundleID = "com.example.game, com.example.web"
	h, stop := run(t, cfg, io.Discard)
	defer stop()
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","player_id":"player-1"}`))
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(payload))
	info := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + payload
	for _, test := range []struct {
		provider, body string
		status         int
	}{
		{"facebookinstantgame", `{"signed_player_info":"` + info + `"}`, 200},
		{"apple", `{"token":"forged"}`, 401},
		{"steam", `{"token":"00"}`, 400},
	} {
		status, text := call(t, "POST", "http://"+h.Addr()+"/v2/account/authenticate/"+test.provider, serverKey, test.body)
		if status != test.status {
			t.Errorf("%s: %d %s, want %d", test.provider, status, text, test.status)
		}
	}

	cfg.GoogleAuth.CredentialsJSON = "no JSON"
	if _, err := host.Open(t.Context(), host.Options{Config: cfg, Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "google_auth.credentials_json") {
		t.Errorf("open: %v", err)
	}
}
