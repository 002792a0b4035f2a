package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// playerInfo is a player of an instant game, signed with knownProviders' secret.
func playerInfo(player string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","player_id":"` + player + `"}`))
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + payload
}

// Story: a player of an instant game comes, links a device, and leaves Facebook.
func TestAPlayerOfAnInstantGame(t *testing.T) {
	t.Parallel()
	h := start(t)
	show := func(player string) string { return `{"signed_player_info":"` + playerInfo(player) + `"}` }
	login := call{method: "POST", path: authenticate + "facebookinstantgame?username=alice", auth: withServerKey, body: show("player-1")}
	answer := h.do(login)
	alice := h.session(t, answer)
	if !strings.Contains(answer.Body.String(), `"created":true`) {
		t.Errorf("first: %s", answer.Body)
	}
	h.session(t, h.do(login))
	do := func(path, body string) call {
		return call{method: "POST", path: "/v2/account/" + path, auth: alice.auth(), body: body}
	}
	wantFailure(t, h.do(do("unlink/facebookinstantgame", `{}`)), 403, 7)
	wantJSON(t, h.do(do("link/device", `{"id":"device-of-alice"}`)), `{}`)
	wantFailure(t, h.do(do("unlink/facebookinstantgame", show("player-2"))), 403, 7)
	wantFailure(t, h.do(do("unlink/facebookinstantgame", `{"signed_player_info":"forged"}`)), 401, 16)
	wantJSON(t, h.do(do("unlink/facebookinstantgame", show("player-1"))), `{}`)
	wantJSON(t, h.do(do("link/facebookinstantgame", show("player-2"))), `{}`)
	bob := h.login(t, "bob")
	wantFailure(t, h.do(call{method: "POST", path: "/v2/account/link/facebookinstantgame", auth: bob.auth(), body: show("player-2")}), 409, 6)
	if account := h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()}).Body.String(); !strings.Contains(account, `"facebook_instant_game_id":"player-2"`) {
		t.Errorf("account %s", account)
	}
}

// What is not configured, what is missing, and what does not hold, provider by provider.
func TestProvidersThatRefuse(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	const signature = `"player_id":"p","bundle_id":"b","timestamp_seconds":"1","salt":"cw==","signature":"cw==","public_key_url":"https://static.gc.apple.com/k"`
	for _, test := range []struct {
		provider       string
		shown, wrapped string // wrapped where linking wants it so
		nothing, bad   [2]int // status and code
	}{
		{provider: "apple", shown: `"token":"a.b.c"`, nothing: [2]int{400, 9}, bad: [2]int{400, 9}},
		{provider: "facebook", shown: `"token":"t"`, nothing: [2]int{400, 3}, bad: [2]int{401, 16}},
		{provider: "facebookinstantgame", shown: `"signed_player_info":"a.b"`, nothing: [2]int{400, 3}, bad: [2]int{401, 16}},
		{provider: "gamecenter", shown: signature, nothing: [2]int{400, 3}, bad: [2]int{401, 16}},
		{provider: "google", shown: `"token":"t"`, nothing: [2]int{400, 3}, bad: [2]int{401, 16}},
		{provider: "steam", shown: `"token":"t"`, wrapped: `{"account":{"token":"t"}}`, nothing: [2]int{400, 9}, bad: [2]int{400, 9}},
	} {
		t.Run(test.provider, func(t *testing.T) {
			linked := `{` + test.shown + `}`
			if test.wrapped != "" {
				linked = test.wrapped
			}
			for _, step := range []struct {
				path, auth, body string
				want             [2]int
			}{
				{"authenticate", withServerKey, `{}`, test.nothing},
				{"authenticate", withServerKey, `{` + test.shown + `}`, test.bad},
				{"authenticate", "", `{` + test.shown + `}`, [2]int{401, 16}},
				{"link", alice.auth(), `{}`, test.nothing},
				{"link", alice.auth(), linked, test.bad},
				{"link", "", linked, [2]int{401, 16}},
				{"unlink", alice.auth(), `{` + test.shown + `}`, test.bad},
				{"unlink", "", `{}`, [2]int{401, 16}},
			} {
				answer := h.do(call{method: "POST", path: "/v2/account/" + step.path + "/" + test.provider, auth: step.auth, body: step.body})
				wantFailure(t, answer, step.want[0], step.want[1])
			}
			// As with a custom id, there being nothing to unlink is no error.
			wantJSON(t, h.do(call{method: "POST", path: "/v2/account/unlink/" + test.provider, auth: alice.auth(), body: `{}`}), `{}`)
		})
	}
}
