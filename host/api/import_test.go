package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nkhost/host/api"
	"nkhost/host/providers"
)

// networks stand in for Steam and Facebook, where tokens are the users' ids and everyone is
// friends with user 2.
type networks struct{}

func (networks) RoundTrip(request *http.Request) (*http.Response, error) {
	query := request.URL.Query()
	answers := map[string]string{
		"/ISteamUserAuth/AuthenticateUserTicket/v1/": `{"response":{"params":{"steamid":"` + query.Get("ticket") + `"}}}`,
		"/ISteamUser/GetFriendList/v0001/":           `{"friendslist":{"friends":[{"steamid":"2"}]}}`,
		"/v22.0/me":                                  `{"id":"` + query.Get("access_token") + `"}`,
		"/v22.0/me/friends":                          `{"data":[{"id":"2"}]}`,
	}
	answer := &http.Response{StatusCode: http.StatusOK, Request: request, Body: io.NopCloser(strings.NewReader(answers[request.URL.Path]))}
	if query.Get("access_token") == "friendless" && request.URL.Path == "/v22.0/me/friends" {
		answer.StatusCode = http.StatusForbidden
	}
	return answer, nil
}

// Users come by Steam or Facebook and find bob, their friend there: when they log in, when
// they link, and when they ask for it.
func TestImportOfFriends(t *testing.T) {
	t.Parallel()
	client, err := providers.New(providers.Options{
		Config: providers.Config{SteamPublisherKey: "key", SteamAppID: 480},
		HTTP:   &http.Client{Transport: networks{}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	var hooked []string
	h := start(t, func(o *api.Options) {
		o.Providers = client
		o.Hooks = named{func(name string) { hooked = append(hooked, name) }}
	})
	come := func(provider, query, token string) user {
		t.Helper()
		return h.session(t, h.do(call{method: "POST", path: authenticate + provider + query, auth: withServerKey, body: `{"token":"` + token + `"}`}))
	}
	do := func(who user, path, body string) {
		t.Helper()
		wantJSON(t, h.do(call{method: "POST", path: path, auth: who.auth(), body: body}), `{}`)
	}
	wantFriends := func(who user, names ...string) {
		t.Helper()
		list := h.do(call{method: "GET", path: "/v2/friend", auth: who.auth()}).Body.String()
		for _, name := range names {
			if !strings.Contains(list, `"username":"`+name+`"`) {
				t.Errorf("friends %s, want %s", list, name)
			}
		}
		if got := strings.Count(list, `"username"`); got != len(names) {
			t.Errorf("friends %s, want %q", list, names)
		}
	}
	bob := come("steam", "?username=bob", "2")
	do(bob, "/v2/account/link/facebook", `{"token":"2"}`)
	for _, test := range []struct{ provider, operation, link, linkAlone, sync string }{
		{"steam", "ImportSteamFriends", `{"account":{"token":"30"},"sync":true}`, `{"account":{"token":"40"}}`, ""},
		{"facebook", "ImportFacebookFriends", `{"token":"30"}`, `{"token":"40"}`, "?sync=true"},
	} {
		provider := test.provider
		wantFriends(come(provider, "?sync=true&username=logged-"+provider, "10"), "bob")

		asking := come(provider, "?username=asking-"+provider, "20")
		wantFriends(asking)
		hooked = nil
		do(asking, "/v2/friend/"+provider, `{"token":"20"}`)
		if want := []string{"before " + test.operation, "after " + test.operation}; !slices.Equal(hooked, want) {
			t.Errorf("hooks %q, want %q", hooked, want)
		}
		wantFriends(asking, "bob")
		do(asking, "/v2/friend/"+provider+"?reset=true", `{"token":"20"}`)
		wantFriends(asking, "bob")

		linking, alone := h.login(t, "linking-"+provider), h.login(t, "alone-"+provider)
		do(linking, "/v2/account/link/"+provider+test.sync, test.link)
		wantFriends(linking, "bob")
		do(alone, "/v2/account/link/"+provider, test.linkAlone)
		wantFriends(alone)
	}
	wantFriends(bob, "logged-steam", "asking-steam", "linking-steam", "logged-facebook", "asking-facebook", "linking-facebook")

	wantFriends(come("facebook", "?sync=true", "friendless"))
	if !strings.Contains(h.log.String(), "friends could not be imported") {
		t.Error("the log does not tell that friends could not be imported")
	}
	for _, test := range []struct {
		path, body   string
		status, code int
	}{
		{"facebook", `{}`, 400, 3},
		{"facebook", `{"token":"friendless"}`, 401, 16},
		{"steam", `{}`, 400, 3},
		{"steam", `{"token":"nobody"}`, 401, 16},
	} {
		wantFailure(t, h.do(call{method: "POST", path: "/v2/friend/" + test.path, auth: bob.auth(), body: test.body}), test.status, test.code)
	}
	bare := start(t)
	wantFailure(t, bare.do(call{method: "POST", path: "/v2/friend/steam", auth: bare.login(t, "ana").auth(), body: `{}`}), 400, 9)
	wantFailure(t, bare.do(call{method: "POST", path: "/v2/friend/steam", body: `{}`}), 401, 16)
}
