package api_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	nakama "github.com/heroiclabs/nakama-common/api"

	"nkhost/host/api"
	"nkhost/host/match"
	"nkhost/host/session"
)

const authenticate = "/v2/account/authenticate/"

func TestAuthentication(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, step := range []struct {
		path, body   string
		status, code int
		created      bool
	}{
		{"device?create=false", `{"id":"device-of-alice"}`, 404, 5, false},
		{"device?create=true&username=alice", `{"id":"device-of-alice"}`, 200, -1, true},
		{"device?create=true&username=another", `{"id":"device-of-alice"}`, 200, -1, false},
		{"device?create=1&username=alice", `{"id":"device-of-bob"}`, 409, 6, false},
		{"device", `{"id":"device-of-bob"}`, 200, -1, true},
		{"device", `{}`, 400, 3, false},
		{"custom?create=false", `{"id":"custom-1"}`, 404, 5, false},
		{"custom", `{"id":"custom-1"}`, 200, -1, true},
		{"custom", `{"id":"short"}`, 400, 3, false},
		{"email", ``, 400, 3, false},
		{"email?username=mail", `{"email":"A@example.com","password":"correct horse"}`, 200, -1, true},
		{"email", `{"email":"a@example.com","password":"correct horse"}`, 200, -1, false},
		{"email?username=mail", `{"password":"correct horse"}`, 200, -1, false},
		{"email?create=true", `{"email":"a@example.com","password":"wrong horse"}`, 401, 16, false},
		{"device", `{"id":"device-of-bob","vars":{"n":5}}`, 400, 3, false},
	} {
		answer := h.do(call{method: "POST", path: authenticate + step.path, auth: withServerKey, body: step.body})
		if step.status != 200 {
			wantFailure(t, answer, step.status, step.code)
			continue
		}
		h.session(t, answer)
		if got := strings.Contains(answer.Body.String(), `"created":`); got != step.created {
			t.Errorf("%s %s: %s, want created %t", step.path, step.body, answer.Body, step.created)
		}
	}
}

func TestABannedUser(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	if _, err := h.db.Exec(t.Context(), "UPDATE users SET disable_time = 1 WHERE username = 'alice'"); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, h.do(call{method: "POST", path: authenticate + "device", auth: withServerKey, body: `{"id":"device-of-alice"}`}), 403, 7)
	wantFailure(t, h.do(call{method: "POST", path: "/v2/account/session/refresh", auth: withServerKey, body: `{"token":"` + alice.refresh + `"}`}), 403, 7)
	if answer := h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()}); strings.Contains(answer.Body.String(), "disable") {
		t.Errorf("the user is told of the ban: %s", answer.Body)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice")
	h.login(t, "bob")
	show := func(fields string) string {
		return fmt.Sprintf(`{"user":{"id":%q,"metadata":"{}","create_time":"2027-01-15T08:00:00Z","update_time":"2027-01-15T08:00:00Z",%s},
			"wallet":"{}","devices":[{"id":"device-of-alice"}]}`, alice.id, fields)
	}
	account := call{method: "GET", path: "/v2/account", auth: alice.auth()}
	wantJSON(t, h.do(account), show(`"username":"alice","lang_tag":"en"`))

	for _, step := range []struct {
		body         string
		status, code int
	}{
		{`{"display_name":"Alice","langTag":"fr","location":"Paris","avatar_url":"a.png","timezone":"Nowhere/Land"}`, 200, -1},
		{`{"display_name":null,"location":"","more":1}`, 200, -1},
		{`{}`, 400, 3},
		{`{"display_name":null}`, 400, 3},
		{`{"metadata":"{}"}`, 400, 3},
		{`{"display_name":{"value":"wrapped"}}`, 400, 3},
		{`{"display_name":"` + strings.Repeat("x", 256) + `"}`, 500, 13},
		{`{"username":""}`, 400, 3},
		{`{"username":"bob"}`, 400, 3},
		{`{"username":"alice the second"}`, 200, -1},
	} {
		answer := h.do(call{method: "PUT", path: "/v2/account", auth: alice.auth(), body: step.body})
		if step.status == 200 {
			wantJSON(t, answer, `{}`)
		} else {
			wantFailure(t, answer, step.status, step.code)
		}
	}
	wantJSON(t, h.do(account), show(`"username":"alice the second","display_name":"Alice","lang_tag":"fr","avatar_url":"a.png","timezone":"Nowhere/Land"`))
}

func TestRefreshAndLogout(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	refresh := func(body string) call {
		return call{method: "POST", path: "/v2/account/session/refresh", auth: withServerKey, body: body}
	}
	logout := func(u user, body string) call {
		return call{method: "POST", path: "/v2/session/logout", auth: u.auth(), body: body}
	}
	alive := func(u user) bool {
		return h.do(call{method: "GET", path: "/v2/account", auth: u.auth()}).Code == 200
	}

	wantFailure(t, h.do(refresh(`{}`)), 400, 3)
	wantFailure(t, h.do(refresh(`{"token":"garbage"}`)), 401, 16)
	wantFailure(t, h.do(refresh(`{"token":"`+alice.token+`"}`)), 401, 16)
	h.now = h.now.Add(time.Second)
	renewed := h.session(t, h.do(refresh(`{"token":"`+alice.refresh+`","vars":{"region":"us"}}`)))
	if claims, err := h.tokens.Check(renewed.token); err != nil || claims.UserID != alice.id || claims.Vars["region"] != "us" {
		t.Errorf("renewed: %+v, %v", claims, err)
	}

	wantFailure(t, h.do(logout(alice, `{"token":"`+bob.token+`"}`)), 400, 3)
	wantJSON(t, h.do(logout(alice, `{"token":"`+alice.token+`","refresh_token":"`+alice.refresh+`"}`)), `{}`)
	if alive(alice) || alive(renewed) || !alive(bob) {
		t.Errorf("after the logout: alice %t, renewed %t, bob %t", alive(alice), alive(renewed), alive(bob))
	}
	wantFailure(t, h.do(refresh(`{"token":"`+alice.refresh+`"}`)), 401, 16)

	again := h.login(t, "alice")
	h.now = h.now.Add(time.Second)
	wantJSON(t, h.do(logout(again, ``)), `{}`)
	if alive(again) {
		t.Error("alive after a logout of all")
	}
	if !alive(h.login(t, "alice")) {
		t.Error("dead after a new login")
	}
}

// Story: a host restarts. Accounts are there as they were and tokens still hold.
func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var alice user
	account := call{method: "GET", path: "/v2/account"}
	var before string
	t.Run("before", func(t *testing.T) {
		h := startIn(t, dir)
		alice = h.login(t, "alice")
		account.auth = alice.auth()
		wantJSON(t, h.do(call{method: "PUT", path: "/v2/account", auth: alice.auth(), body: `{"location":"Paris"}`}), `{}`)
		before = h.do(account).Body.String()
	})
	h := startIn(t, dir)
	wantJSON(t, h.do(account), before)
	if again := h.login(t, "alice"); again.id != alice.id {
		t.Errorf("user %s became %s", alice.id, again.id)
	}
}

func TestMatchList(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice := h.login(t, "alice").auth()
	list := func(query string) call { return call{method: "GET", path: "/v2/match" + query, auth: alice} }
	ten, five, one := 10, 5, 1
	yes, no, label, query := true, false, "a label", "+label.a:b"
	for asked, want := range map[string]match.ListQuery{
		"":                                      {Limit: ten},
		"?limit=5&authoritative=true":           {Limit: five, Authoritative: &yes},
		"?authoritative=false":                  {Limit: ten, Authoritative: &no},
		"?label=a%20label&minSize=1&max_size=5": {Limit: ten, Label: &label, MinSize: &one, MaxSize: &five},
		"?query=%2Blabel.a:b&unknown=1&limit=1": {Limit: one, Query: &query},
		"?limit=100&min_size=5&max_size=5&query=%2Blabel.a:b": {Limit: 100, MinSize: &five, MaxSize: &five, Query: &query},
	} {
		wantJSON(t, h.do(list(asked)), `{}`)
		if !reflect.DeepEqual(h.matches.asked, want) {
			t.Errorf("%s asked for %+v, want %+v", asked, h.matches.asked, want)
		}
	}
	for _, bad := range []string{
		"?limit=0", "?limit=101", "?limit=-1", "?limit=x", "?label=x&authoritative=false", "?query=x&authoritative=false",
		"?min_size=-1", "?max_size=-1", "?min_size=3&max_size=2", "?authoritative=maybe", "?min_size=x",
	} {
		wantFailure(t, h.do(list(bad)), 400, 3)
	}

	h.matches.found = []match.Listing{
		{ID: "m1.node", Authoritative: true, Label: `{"a":1}`, TickRate: 20, Handler: "game", Size: 2},
		{ID: "m2.node", Authoritative: true, TickRate: 1, Handler: "game"},
		{ID: "m3.", Size: 3},
	}
	wantJSON(t, h.do(list("")), `{"matches":[
		{"match_id":"m1.node","authoritative":true,"label":"{\"a\":1}","size":2,"tick_rate":20,"handler_name":"game"},
		{"match_id":"m2.node","authoritative":true,"label":"","tick_rate":1,"handler_name":"game"},
		{"match_id":"m3.","size":3}]}`)

	h.matches.err = errors.New("a bad query")
	wantFailure(t, h.do(list("?query=x")), 500, 13)
	wantFailure(t, h.do(call{method: "GET", path: "/v2/match"}), 401, 16)
}

// An error without a code is for the log, not for clients.
func TestInternalErrors(t *testing.T) {
	t.Parallel()
	h := start(t)
	if _, err := h.db.Exec(t.Context(), "ALTER TABLE users RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	answer := h.do(call{method: "POST", path: authenticate + "device", auth: withServerKey, body: `{"id":"device-of-alice"}`})
	wantFailure(t, answer, 500, 13)
	if strings.Contains(answer.Body.String(), "table") || !strings.Contains(h.log.String(), "no such table") {
		t.Errorf("body %s, log %s", answer.Body, h.log.String())
	}
}

func TestARequestThatWasGivenUp(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]struct {
		err          error
		status, code int
	}{
		"cancelled": {context.Canceled, 499, 1},
		"too late":  {fmt.Errorf("list: %w", context.DeadlineExceeded), 504, 4},
	} {
		h := start(t, func(o *api.Options) {
			o.Hooks = hooks{before: func(*session.Caller, proto.Message) error { return cause.err }}
		})
		wantFailure(t, h.do(call{method: "GET", path: "/healthcheck"}), cause.status, cause.code)
		if h.log.Len() > 0 {
			t.Errorf("%s: logged %s", name, h.log.String())
		}
	}
}

// hooks are the same for all operations.
type hooks struct {
	before func(caller *session.Caller, request proto.Message) error
	after  func(operation string, caller *session.Caller, answer, request proto.Message)
}

func (h hooks) BeforeRequest(_ context.Context, _ string, caller *session.Caller, request proto.Message) error {
	if h.before == nil {
		return nil
	}
	return h.before(caller, request)
}

func (h hooks) AfterRequest(_ context.Context, operation string, caller *session.Caller, answer, request proto.Message) {
	if h.after != nil {
		h.after(operation, caller, answer, request)
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	var seen []string
	h := start(t, func(o *api.Options) {
		o.Hooks = hooks{
			before: func(caller *session.Caller, request proto.Message) error {
				seen = append(seen, fmt.Sprintf("before as %q, request %t", caller.Username, request != nil))
				switch in := request.(type) {
				case *nakama.AuthenticateDeviceRequest:
					in.Username = "changed"
				case *nakama.UpdateAccountRequest:
					return status.Error(codes.ResourceExhausted, "Not today.")
				}
				return nil
			},
			after: func(operation string, caller *session.Caller, answer, request proto.Message) {
				seen = append(seen, fmt.Sprintf("after %s as %q, %s, request %t, from %s %q",
					operation, caller.Username, answer.ProtoReflect().Descriptor().Name(), request != nil, caller.ClientIP, caller.ClientPort))
			},
		}
	})
	device := call{method: "POST", path: authenticate + "device?username=alice", auth: withServerKey, body: `{"id":"device-of-alice"}`}
	alice := h.session(t, h.do(device))
	h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()})
	wantFailure(t, h.do(call{method: "PUT", path: "/v2/account", auth: alice.auth(), body: `{}`}), 429, 8)
	device.body = `{}` // refused by its handler
	wantFailure(t, h.do(device), 400, 3)
	device.auth = ""
	wantFailure(t, h.do(device), 401, 16)

	want := []string{
		`before as "", request true`,
		`after AuthenticateDevice as "changed", Session, request true, from 127.0.0.1 ""`,
		`before as "changed", request false`,
		`after GetAccount as "changed", Account, request false, from 127.0.0.1 ""`,
		`before as "changed", request true`,
		`before as "", request true`,
	}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("seen\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}
