package host_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// arcade is a module with a leaderboard that anyone may write to, and with a hook that
// loses what is written twice.
const arcade = `
local nk = require("nakama")
nk.leaderboard_create("arcade", false, "desc", "best", nil, nil, true)
nk.register_rpc(function(context) return nk.account_export_id(context.user_id) end, "export")
nk.register_req_before(function(context, request)
	if request.record.score == "13" then
		request.record = nil
	end
	return request
end, "WriteLeaderboardRecord")
nk.register_req_after(function(context, record, request)
	nk.storage_write({{collection = "seen", key = record.score, user_id = context.user_id, value = {rank = record.rank}}})
end, "WriteLeaderboardRecord")
`

// Two play, one of them deletes the account; the other is then the first, also after a
// restart.
func TestALeaderboardsUsers(t *testing.T) {
	cfg := settings()
	cfg.DataDir, cfg.Runtime.Path = filepath.Join(t.TempDir(), "data"), t.TempDir()
	if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, "arcade.lua"), []byte(arcade), 0o600); err != nil {
		t.Fatal(err)
	}
	h, stop := run(t, cfg, io.Discard)
	alice := "Bearer " + login(t, h, "device-of-alice", "?username=alice")
	bob := "Bearer " + login(t, h, "device-of-bob", "?username=bob")
	ask := func(who, method, path, body string, status int, part string) {
		t.Helper()
		if got, text := call(t, method, "http://"+h.Addr()+path, who, body); got != status || !strings.Contains(text, part) {
			t.Errorf("%s %s: %d %s, want %d and %s", method, path, got, text, status, part)
		}
	}
	const board = "/v2/leaderboard/arcade"
	ask(alice, "POST", board, `{"score":"10"}`, 200, `"rank":"1"`)
	ask(bob, "POST", board, `{"score":"20"}`, 200, `"rank":"1"`)
	ask(bob, "POST", board, `{"score":"13"}`, 400, "record score value is required")
	ask(alice, "GET", board+"?limit=10&owner_ids=", "", 400, "owner IDs are invalid")
	ask(alice, "GET", board+"?limit=10", "", 200, `"rank_count":"2"`)
	ask(bob, "GET", "/v2/storage/seen?limit=10", "", 200, "")
	ask(bob, "POST", "/v2/rpc/export?unwrap", "", 200, `"leaderboard_records":[{"leaderboard_id":"arcade"`)
	ask(bob, "DELETE", "/v2/account", "", 200, "")
	ask(alice, "GET", board+"?limit=10", "", 200, `"rank_count":"1"`)
	ask(alice, "POST", board, `{"score":"11"}`, 200, `"rank":"1"`)
	stop()

	h, stop = run(t, cfg, io.Discard)
	ask(alice, "GET", board+"?limit=10", "", 200, `"score":"11"`)
	ask(alice, "GET", board+"?limit=10", "", 200, `"rank_count":"1"`)
	stop()
}
