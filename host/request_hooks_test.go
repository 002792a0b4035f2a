package host_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nkhost/host/api"
)

// requestHooks are hooks before and after every operation. Those before the operations that
// need a provider refuse.
const requestHooks = `
local nk = require("nakama")
nk.leaderboard_create("board", false)
nk.tournament_create("cup", false, "desc", "best", 3600, nil, {}, "Cup", "", 1, 0, 0, 100, 10, false)
local calls = {}
for _, name in ipairs({"%s"}) do
	local needs_provider = name:find("^Validate") or name:find("^Import") or name:find("Apple") or name:find("Facebook")
		or name:find("GameCenter") or name:find("Google") or name:find("Steam")
	nk.register_req_before(function(context, payload)
		table.insert(calls, {hook = "before", name = name, payload = payload})
		if needs_provider then error({name .. " is refused", 9}) end
		return payload
	end, name)
	nk.register_req_after(function(context, out, payload)
		table.insert(calls, {hook = "after", name = name, out = out, payload = payload})
	end, name)
end
nk.register_rpc(function()
	local text = nk.json_encode({calls = calls})
	calls = {}
	return text
end, "calls")
`

// requestHookCall is a call of one of requestHooks.
type requestHookCall struct {
	Hook, Name   string
	Payload, Out json.RawMessage
}

// hookedHost is a host with requestHooks, and what its users know.
type hookedHost struct {
	t     *testing.T
	url   string
	known map[string]string // by the name it has in braces
}

// expand puts what is known in the place of its name.
func (h *hookedHost) expand(text string) string {
	for name, value := range h.known {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// calls are those of the hooks since the last time.
func (h *hookedHost) calls() []requestHookCall {
	h.t.Helper()
	var answer struct{ Calls []requestHookCall }
	if _, text := call(h.t, "POST", h.url+"/v2/rpc/calls?unwrap&http_key=defaulthttpkey", "", ""); json.Unmarshal([]byte(text), &answer) != nil {
		if strings.Contains(text, `"calls":{}`) { // an empty table
			return nil
		}
		h.t.Fatal(text)
	}
	return answer.Calls
}

// sameJSON says whether both are the same value; an empty table of Lua's may be a list.
func sameJSON(t *testing.T, got json.RawMessage, want string) bool {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if string(got) == "[]" {
		got = []byte("{}")
	}
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// Every operation passes the hook before it and, when it went well, the hook after it, with
// the payloads that Nakama gives them: a request under the names of its protobuf definition,
// 64-bit numbers as texts, nothing for what is unset; after it the answer, and the request
// but where Nakama leaves that out.
func TestHooksOfEveryOperation(t *testing.T) {
	t.Parallel()
	names := slices.DeleteFunc(api.Operations(), func(name string) bool { return name == "RpcFunc" || name == "Healthcheck" })
	cfg := settings()
	cfg.Runtime.Path = t.TempDir()
	source := fmt.Sprintf(requestHooks, strings.Join(names, `", "`))
	if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, "main.lua"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	running, stop := run(t, cfg, io.Discard)
	defer stop()
	h := &hookedHost{t: t, url: "http://" + running.Addr(), known: map[string]string{"room": "2...room"}}
	for _, name := range []string{"alice", "bob"} {
		status, text := call(t, "POST", h.url+"/v2/account/authenticate/device?username="+name, serverKey, `{"id":"device-of-`+name+`"}`)
		var session struct{ Token string }
		if err := json.Unmarshal([]byte(text), &session); err != nil || status != 200 {
			t.Fatal(status, text)
		}
		h.known["token of "+name] = session.Token
		_, text = call(t, "GET", h.url+"/v2/account", "Bearer "+session.Token, "")
		var account struct{ User struct{ ID string } }
		if err := json.Unmarshal([]byte(text), &account); err != nil {
			t.Fatal(text)
		}
		h.known[name] = account.User.ID
	}
	h.calls()

	const (
		refused = "refused" // by the hook before
		none    = "none"    // the hook after sees no answer, or an empty one
	)
	var seen []string
	for _, step := range []struct {
		name   string
		as     string // "" is with the server key
		call   string // method, path and perhaps a body
		before string // the payload that the hook before sees
		after  string // the payload that the hook after sees, "" for the same
		out    string // a field that the answer has, or one of the above
		save   string // as which this field, whose name is the last of the path, is known
	}{
		{"GetAccount", "alice", `GET /v2/account`, `{}`, ``, "user", ""},
		{"UpdateAccount", "alice", `PUT /v2/account {"display_name":"A","lang_tag":"fr"}`, `{"display_name":"A","lang_tag":"fr"}`, ``, none, ""},
		{"AuthenticateApple", "", `POST /v2/account/authenticate/apple?create=false {"token":"x"}`, `{"account":{"token":"x"},"create":false}`, ``, refused, ""},
		{"AuthenticateCustom", "", `POST /v2/account/authenticate/custom?create=true&username=carol {"id":"custom-of-carol","vars":{"a":"b"}}`,
			`{"account":{"id":"custom-of-carol","vars":{"a":"b"}},"create":true,"username":"carol"}`, ``, "refresh_token", "refresh"},
		{"AuthenticateDevice", "", `POST /v2/account/authenticate/device {"id":"device-of-alice"}`, `{"account":{"id":"device-of-alice"}}`, ``, "token", ""},
		{"AuthenticateEmail", "", `POST /v2/account/authenticate/email {"email":"d@example.com","password":"long enough"}`,
			`{"account":{"email":"d@example.com","password":"long enough"}}`, ``, "created", ""},
		{"AuthenticateFacebook", "", `POST /v2/account/authenticate/facebook?sync=true {"token":"x"}`, `{"account":{"token":"x"},"sync":true}`, ``, refused, ""},
		{"AuthenticateFacebookInstantGame", "", `POST /v2/account/authenticate/facebookinstantgame {"signed_player_info":"x"}`,
			`{"account":{"signed_player_info":"x"}}`, ``, refused, ""},
		{"AuthenticateGameCenter", "", `POST /v2/account/authenticate/gamecenter {"player_id":"x","timestamp_seconds":"5"}`,
			`{"account":{"player_id":"x","timestamp_seconds":"5"}}`, ``, refused, ""},
		{"AuthenticateGoogle", "", `POST /v2/account/authenticate/google {"token":"x"}`, `{"account":{"token":"x"}}`, ``, refused, ""},
		{"AuthenticateSteam", "", `POST /v2/account/authenticate/steam {"token":"x"}`, `{"account":{"token":"x"}}`, ``, refused, ""},
		{"SessionRefresh", "", `POST /v2/account/session/refresh {"token":"{refresh}"}`, `{"token":"{refresh}"}`, ``, "token", ""},

		{"LinkApple", "alice", `POST /v2/account/link/apple {"token":"x"}`, `{"token":"x"}`, ``, refused, ""},
		{"LinkCustom", "alice", `POST /v2/account/link/custom {"id":"custom-of-alice"}`, `{"id":"custom-of-alice"}`, ``, none, ""},
		{"LinkDevice", "alice", `POST /v2/account/link/device {"id":"alices-other-device"}`, `{"id":"alices-other-device"}`, ``, none, ""},
		{"LinkEmail", "alice", `POST /v2/account/link/email {"email":"a@example.com","password":"long enough"}`,
			`{"email":"a@example.com","password":"long enough"}`, ``, none, ""},
		{"LinkFacebook", "alice", `POST /v2/account/link/facebook?sync=true {"token":"x"}`, `{"account":{"token":"x"},"sync":true}`, ``, refused, ""},
		{"LinkFacebookInstantGame", "alice", `POST /v2/account/link/facebookinstantgame {"signed_player_info":"x"}`, `{"signed_player_info":"x"}`, ``, refused, ""},
		{"LinkGameCenter", "alice", `POST /v2/account/link/gamecenter {"player_id":"x"}`, `{"player_id":"x"}`, ``, refused, ""},
		{"LinkGoogle", "alice", `POST /v2/account/link/google {"token":"x"}`, `{"token":"x"}`, ``, refused, ""},
		{"LinkSteam", "alice", `POST /v2/account/link/steam {"account":{"token":"x"},"sync":true}`, `{"account":{"token":"x"},"sync":true}`, ``, refused, ""},
		{"UnlinkApple", "alice", `POST /v2/account/unlink/apple {"token":"x"}`, `{"token":"x"}`, ``, refused, ""},
		{"UnlinkCustom", "alice", `POST /v2/account/unlink/custom {"id":"custom-of-alice"}`, `{"id":"custom-of-alice"}`, ``, none, ""},
		{"UnlinkDevice", "alice", `POST /v2/account/unlink/device {"id":"alices-other-device"}`, `{"id":"alices-other-device"}`, ``, none, ""},
		{"UnlinkEmail", "alice", `POST /v2/account/unlink/email {"email":"a@example.com","password":"long enough"}`,
			`{"email":"a@example.com","password":"long enough"}`, ``, none, ""},
		{"UnlinkFacebook", "alice", `POST /v2/account/unlink/facebook {"token":"x"}`, `{"token":"x"}`, ``, refused, ""},
		{"UnlinkFacebookInstantGame", "alice", `POST /v2/account/unlink/facebookinstantgame {}`, `{}`, ``, refused, ""},
		{"UnlinkGameCenter", "alice", `POST /v2/account/unlink/gamecenter {"player_id":"x"}`, `{"player_id":"x"}`, ``, refused, ""},
		{"UnlinkGoogle", "alice", `POST /v2/account/unlink/google {"token":"x"}`, `{"token":"x"}`, ``, refused, ""},
		{"UnlinkSteam", "alice", `POST /v2/account/unlink/steam {"token":"x"}`, `{"token":"x"}`, ``, refused, ""},

		{"ListChannelMessages", "alice", `GET /v2/channel/2...room?limit=5&forward=true`, `{"channel_id":"2...room","limit":5,"forward":true}`, ``, "", ""},
		{"Event", "alice", `POST /v2/event {"name":"e","properties":{"a":"b"}}`, `{"name":"e","properties":{"a":"b"}}`,
			`{"name":"e","properties":{"a":"b"},"external":true}`, none, ""},

		{"AddFriends", "alice", `POST /v2/friend?ids={bob}&usernames=bob`, `{"ids":["{bob}"],"usernames":["bob"]}`, ``, none, ""},
		{"ListFriends", "alice", `GET /v2/friend?limit=5&state=1`, `{"limit":5,"state":1}`, `{}`, "friends", ""},
		{"ListFriendsOfFriends", "alice", `GET /v2/friend/friends?limit=5`, `{"limit":5}`, `{}`, "", ""},
		{"BlockFriends", "alice", `POST /v2/friend/block?ids={bob}`, `{"ids":["{bob}"]}`, ``, none, ""},
		{"DeleteFriends", "alice", `DELETE /v2/friend?ids={bob}`, `{"ids":["{bob}"]}`, ``, none, ""},
		{"ImportFacebookFriends", "alice", `POST /v2/friend/facebook?reset=true {"token":"x"}`, `{"account":{"token":"x"},"reset":true}`, ``, refused, ""},
		{"ImportSteamFriends", "alice", `POST /v2/friend/steam {"token":"x"}`, `{"account":{"token":"x"}}`, ``, refused, ""},

		{"CreateGroup", "alice", `POST /v2/group {"name":"crew","open":true,"max_count":5}`, `{"name":"crew","open":true,"max_count":5}`, ``, "id", "group"},
		{"ListGroups", "alice", `GET /v2/group?name=crew&limit=5`, `{"name":"crew","limit":5}`, ``, "groups", ""},
		{"UpdateGroup", "alice", `PUT /v2/group/{group} {"description":"d"}`, `{"group_id":"{group}","description":"d"}`, ``, none, ""},
		{"JoinGroup", "bob", `POST /v2/group/{group}/join`, `{"group_id":"{group}"}`, ``, none, ""},
		{"PromoteGroupUsers", "alice", `POST /v2/group/{group}/promote?user_ids={bob}`, `{"group_id":"{group}","user_ids":["{bob}"]}`, ``, none, ""},
		{"DemoteGroupUsers", "alice", `POST /v2/group/{group}/demote?user_ids={bob}`, `{"group_id":"{group}","user_ids":["{bob}"]}`, ``, none, ""},
		{"ListGroupUsers", "alice", `GET /v2/group/{group}/user?limit=5&state=2`, `{"group_id":"{group}","limit":5,"state":2}`, ``, "group_users", ""},
		{"ListUserGroups", "bob", `GET /v2/user/{bob}/group?limit=5`, `{"user_id":"{bob}","limit":5}`, ``, "user_groups", ""},
		{"LeaveGroup", "bob", `POST /v2/group/{group}/leave`, `{"group_id":"{group}"}`, ``, none, ""},
		{"AddGroupUsers", "alice", `POST /v2/group/{group}/add?user_ids={bob}`, `{"group_id":"{group}","user_ids":["{bob}"]}`, ``, none, ""},
		{"KickGroupUsers", "alice", `POST /v2/group/{group}/kick?user_ids={bob}`, `{"group_id":"{group}","user_ids":["{bob}"]}`, ``, none, ""},
		{"BanGroupUsers", "alice", `POST /v2/group/{group}/ban?user_ids={bob}`, `{"group_id":"{group}","user_ids":["{bob}"]}`, ``, none, ""},
		{"DeleteGroup", "alice", `DELETE /v2/group/{group}`, `{"group_id":"{group}"}`, ``, none, ""},

		{"ValidatePurchaseApple", "alice", `POST /v2/iap/purchase/apple {"receipt":"x","persist":false}`, `{"receipt":"x","persist":false}`, ``, refused, ""},
		{"ValidatePurchaseFacebookInstant", "alice", `POST /v2/iap/purchase/facebookinstant {"signed_request":"x"}`, `{"signed_request":"x"}`, ``, refused, ""},
		{"ValidatePurchaseGoogle", "alice", `POST /v2/iap/purchase/google {"purchase":"x"}`, `{"purchase":"x"}`, ``, refused, ""},
		{"ValidatePurchaseHuawei", "alice", `POST /v2/iap/purchase/huawei {"purchase":"x","signature":"y"}`, `{"purchase":"x","signature":"y"}`, ``, refused, ""},
		{"ValidatePurchaseSamsung", "alice", `POST /v2/iap/purchase/samsung {"purchase_id":"x"}`, `{"purchase_id":"x"}`, ``, refused, ""},
		{"ValidateSubscriptionApple", "alice", `POST /v2/iap/subscription/apple {"receipt":"x"}`, `{"receipt":"x"}`, ``, refused, ""},
		{"ValidateSubscriptionGoogle", "alice", `POST /v2/iap/subscription/google {"receipt":"x"}`, `{"receipt":"x"}`, ``, refused, ""},
		{"ListSubscriptions", "alice", `POST /v2/iap/subscription {"limit":5}`, `{"limit":5}`, ``, "", ""},
		{"GetSubscription", "alice", `GET /v2/iap/subscription/gold`, `{"product_id":"gold"}`, ``, "missing", ""},

		{"WriteLeaderboardRecord", "alice", `POST /v2/leaderboard/board {"score":"5","metadata":"{}"}`,
			`{"leaderboard_id":"board","record":{"score":"5","metadata":"{}"}}`, ``, "owner_id", ""},
		{"ListLeaderboardRecords", "alice", `GET /v2/leaderboard/board?owner_ids={alice}&limit=5&expiry=0`,
			`{"leaderboard_id":"board","owner_ids":["{alice}"],"limit":5,"expiry":"0"}`, ``, "records", ""},
		{"ListLeaderboardRecordsAroundOwner", "alice", `GET /v2/leaderboard/board/owner/{alice}?limit=5`,
			`{"leaderboard_id":"board","owner_id":"{alice}","limit":5}`, ``, "records", ""},
		{"DeleteLeaderboardRecord", "alice", `DELETE /v2/leaderboard/board`, `{"leaderboard_id":"board"}`, ``, none, ""},

		{"ListMatches", "alice", `GET /v2/match?limit=5&authoritative=true&min_size=1`, `{"limit":5,"authoritative":true,"min_size":1}`, ``, "", ""},
		{"GetMatchmakerStats", "alice", `GET /v2/matchmaker/stats`, `{}`, ``, "", ""},
		{"ListNotifications", "bob", `GET /v2/notification?limit=5`, `{"limit":5}`, ``, "cacheable_cursor", ""},
		{"DeleteNotifications", "bob", `DELETE /v2/notification?ids={alice}`, `{"ids":["{alice}"]}`, ``, none, ""},
		{"ListParties", "alice", `GET /v2/party?limit=5&open=true`, `{"limit":5,"open":true}`, ``, "", ""},

		{"WriteStorageObjects", "alice", `PUT /v2/storage {"objects":[{"collection":"c","key":"k","value":"{}","permission_read":2}]}`,
			`{"objects":[{"collection":"c","key":"k","value":"{}","permission_read":2}]}`, ``, "acks", ""},
		{"ReadStorageObjects", "alice", `POST /v2/storage {"object_ids":[{"collection":"c","key":"k","user_id":"{alice}"}]}`,
			`{"object_ids":[{"collection":"c","key":"k","user_id":"{alice}"}]}`, ``, "objects", ""},
		{"ListStorageObjects", "alice", `GET /v2/storage/c?limit=5`, `{"collection":"c","limit":5}`, ``, "objects", ""},
		{"ListStorageObjects", "alice", `GET /v2/storage/c/{alice}`, `{"collection":"c","user_id":"{alice}"}`, ``, "objects", ""},
		{"DeleteStorageObjects", "alice", `PUT /v2/storage/delete {"object_ids":[{"collection":"c","key":"k"}]}`,
			`{"object_ids":[{"collection":"c","key":"k"}]}`, ``, none, ""},

		{"ListTournaments", "alice", `GET /v2/tournament?category_start=1&limit=5`, `{"category_start":1,"limit":5}`, ``, "tournaments", ""},
		{"JoinTournament", "alice", `POST /v2/tournament/cup/join`, `{"tournament_id":"cup"}`, ``, none, ""},
		{"WriteTournamentRecord", "alice", `POST /v2/tournament/cup {"score":"5"}`, `{"tournament_id":"cup","record":{"score":"5"}}`, ``, "owner_id", ""},
		{"WriteTournamentRecord", "alice", `PUT /v2/tournament/cup {"score":"6"}`, `{"tournament_id":"cup","record":{"score":"6"}}`, ``, "owner_id", ""},
		{"ListTournamentRecords", "alice", `GET /v2/tournament/cup?limit=5`, `{"tournament_id":"cup","limit":5}`, ``, "records", ""},
		{"ListTournamentRecordsAroundOwner", "alice", `GET /v2/tournament/cup/owner/{alice}?limit=5`, `{"tournament_id":"cup","owner_id":"{alice}","limit":5}`, ``, "records", ""},
		{"DeleteTournamentRecord", "alice", `DELETE /v2/tournament/cup`, `{"tournament_id":"cup"}`, ``, none, ""},

		{"GetUsers", "alice", `GET /v2/user?ids={bob}&usernames=alice`, `{"ids":["{bob}"],"usernames":["alice"]}`, ``, "users", ""},
		{"DeleteAccount", "bob", `DELETE /v2/account`, `{}`, ``, none, ""},
		{"SessionLogout", "alice", `POST /v2/session/logout {"token":"{token of alice}"}`, `{"token":"{token of alice}"}`, ``, none, ""},
	} {
		seen = append(seen, step.name)
		credential := serverKey
		if step.as != "" {
			credential = "Bearer " + h.known["token of "+step.as]
		}
		method, rest, _ := strings.Cut(h.expand(step.call), " ")
		path, body, _ := strings.Cut(rest, " ")
		status, answer := call(t, method, h.url+path, credential, body)
		calls := h.calls()
		if len(calls) == 0 || calls[0].Hook != "before" || calls[0].Name != step.name {
			t.Errorf("%s: the hooks that were called: %v; the answer %d %s", step.name, calls, status, answer)
			continue
		}
		if want := h.expand(step.before); !sameJSON(t, calls[0].Payload, want) {
			t.Errorf("the hook before %s sees %s, want %s", step.name, calls[0].Payload, want)
		}
		switch step.out {
		case refused:
			if status != 400 || !strings.Contains(answer, step.name+" is refused") || len(calls) != 1 {
				t.Errorf("%s: %d %s, and the hooks that were called: %d", step.name, status, answer, len(calls))
			}
			continue
		case "missing": // what failed has no hook after it
			if status != 404 || len(calls) != 1 {
				t.Errorf("%s: %d %s, and the hooks that were called: %d", step.name, status, answer, len(calls))
			}
			continue
		}
		if status != 200 || len(calls) != 2 || calls[1].Hook != "after" || calls[1].Name != step.name {
			t.Errorf("%s: %d %s, and the hooks that were called: %v", step.name, status, answer, calls)
			continue
		}
		want := step.after
		if want == "" {
			want = step.before
		}
		if want = h.expand(want); !sameJSON(t, calls[1].Payload, want) {
			t.Errorf("the hook after %s sees %s, want %s", step.name, calls[1].Payload, want)
		}
		if step.out == none {
			if !sameJSON(t, calls[1].Out, `{}`) {
				t.Errorf("the hook after %s sees the answer %s", step.name, calls[1].Out)
			}
			continue
		}
		if step.out == "" {
			continue
		}
		var out map[string]json.RawMessage
		if err := json.Unmarshal(calls[1].Out, &out); err != nil || out[step.out] == nil {
			t.Errorf("the hook after %s sees the answer %s, %v, want a %s", step.name, calls[1].Out, err, step.out)
		}
		if step.save != "" {
			var value string
			_ = json.Unmarshal(out[step.out], &value)
			h.known[step.save] = value
		}
	}
	slices.Sort(seen)
	if seen = slices.Compact(seen); !slices.Equal(seen, names) {
		t.Errorf("tested are %v, want %v", seen, names)
	}
}
