package api_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"nkhost/host/api"
	"nkhost/host/session"
)

// Story: a user gets more identities, and gives them back up to the last.
func TestLinking(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	for i, step := range []struct {
		user         user
		path, body   string
		status, code int
	}{
		{alice, "link/custom", `{"id":"custom-1"}`, 200, -1},
		{alice, "link/custom", `{"id":"custom-1"}`, 200, -1},
		{bob, "link/custom", `{"id":"custom-1"}`, 409, 6},
		{alice, "link/custom", `{"id":"short"}`, 400, 3},
		{alice, "link/custom", `{}`, 400, 3},
		{alice, "link/device", `{"id":"second-device"}`, 200, -1},
		{bob, "link/device", `{"id":"second-device"}`, 409, 6},
		{alice, "link/email", `{"email":"alice@example.com","password":"correct horse"}`, 200, -1},
		{bob, "link/email", `{"email":"ALICE@example.com","password":"correct horse"}`, 409, 6},
		{bob, "link/email", `{"email":"bob@example.com"}`, 400, 3},
		{alice, "unlink/custom", `{"id":"custom-2"}`, 403, 7},
		{alice, "unlink/custom", `{"id":"custom-1"}`, 200, -1},
		{alice, "unlink/device", `{"id":"device-of-bob"}`, 403, 7},
		{alice, "unlink/device", `{"id":"second-device"}`, 200, -1},
		{alice, "unlink/device", `{}`, 400, 3},
		{alice, "unlink/device", `{"id":"device-of-alice"}`, 200, -1},
		{alice, "unlink/email", `{"email":"alice@example.com"}`, 403, 7},
	} {
		answer := h.do(call{method: "POST", path: "/v2/account/" + step.path, auth: step.user.auth(), body: step.body})
		if answer.Code != step.status || step.code != -1 && code(answer) != step.code {
			t.Errorf("step %d, %s %s: %d %s", i, step.path, step.body, answer.Code, answer.Body)
		}
	}
	again := h.session(t, h.do(call{method: "POST", path: authenticate + "email?create=false", auth: withServerKey, body: `{"email":"alice@example.com","password":"correct horse"}`}))
	if claims, err := h.tokens.Check(again.token); err != nil || claims.UserID != alice.id {
		t.Errorf("by the linked address: %+v, %v", claims, err)
	}
}

func TestGetUsers(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	show := func(u user, name string) string {
		return fmt.Sprintf(`{"id":%q,"username":%q,"lang_tag":"en","metadata":"{}","create_time":"2027-01-15T08:00:00Z","update_time":"2027-01-15T08:00:00Z"}`, u.id, name)
	}
	get := func(query string) call { return call{method: "GET", path: "/v2/user" + query, auth: bob.auth()} }
	wantJSON(t, h.do(get("")), `{}`)
	wantJSON(t, h.do(get("?ids="+alice.id+"&ids="+alice.id)), `{"users":[`+show(alice, "alice")+`]}`)
	wantJSON(t, h.do(get("?ids="+alice.id+"&usernames=bob&usernames=nobody")), `{"users":[`+show(alice, "alice")+`,`+show(bob, "bob")+`]}`)
	wantFailure(t, h.do(get("?ids="+alice.id+"&ids=nope")), 400, 3)
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	h.now = h.now.Add(time.Second)
	wantJSON(t, h.do(call{method: "DELETE", path: "/v2/account", auth: alice.auth()}), `{}`)
	wantFailure(t, h.do(call{method: "GET", path: "/v2/account", auth: alice.auth()}), 401, 16)
	wantFailure(t, h.do(call{method: "POST", path: authenticate + "device?create=false", auth: withServerKey, body: `{"id":"device-of-alice"}`}), 404, 5)
	wantJSON(t, h.do(call{method: "GET", path: "/v2/user?usernames=alice", auth: bob.auth()}), `{}`)
}

// The operations on accounts are hooked like all others, under their names and with
// what they are asked.
func TestHooksOfAccountOperations(t *testing.T) {
	t.Parallel()
	var seen []string
	h := start(t, func(o *api.Options) {
		o.Hooks = hooks{
			before: func(_ *session.Caller, request proto.Message) error {
				if request == nil {
					seen = append(seen, "before nothing")
					return nil
				}
				seen = append(seen, "before "+string(request.ProtoReflect().Descriptor().Name()))
				return nil
			},
			after: func(operation string, caller *session.Caller, answer, _ proto.Message) {
				seen = append(seen, fmt.Sprintf("after %s as %s: %s", operation, caller.Username, answer.ProtoReflect().Descriptor().Name()))
			},
		}
	})
	alice := h.login(t, "alice")
	seen = nil
	for _, c := range []call{
		{method: "POST", path: "/v2/account/link/custom", body: `{"id":"custom-1"}`},
		{method: "POST", path: "/v2/account/link/device", body: `{"id":"second-device"}`},
		{method: "POST", path: "/v2/account/link/email", body: `{"email":"alice@example.com","password":"correct horse"}`},
		{method: "POST", path: "/v2/account/unlink/custom", body: `{}`},
		{method: "POST", path: "/v2/account/unlink/device", body: `{"id":"second-device"}`},
		{method: "POST", path: "/v2/account/unlink/email", body: `{}`},
		{method: "POST", path: "/v2/event", body: `{"name":"e"}`},
		{method: "GET", path: "/v2/user?ids=" + alice.id},
		{method: "DELETE", path: "/v2/account"},
	} {
		c.auth = alice.auth()
		if answer := h.do(c); answer.Code != 200 {
			t.Errorf("%s: %d %s", c.path, answer.Code, answer.Body)
		}
	}
	want := []string{
		"before AccountCustom", "after LinkCustom as alice: Empty",
		"before AccountDevice", "after LinkDevice as alice: Empty",
		"before AccountEmail", "after LinkEmail as alice: Empty",
		"before AccountCustom", "after UnlinkCustom as alice: Empty",
		"before AccountDevice", "after UnlinkDevice as alice: Empty",
		"before AccountEmail", "after UnlinkEmail as alice: Empty",
		"before Event", "after Event as alice: Empty",
		"before GetUsersRequest", "after GetUsers as alice: Users",
		"before nothing", "after DeleteAccount as alice: Empty",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("seen %q\nwant %q", seen, want)
	}
}

func TestAHookKeepsAnAccount(t *testing.T) {
	t.Parallel()
	h := start(t, func(o *api.Options) {
		o.Hooks = hooks{before: func(_ *session.Caller, request proto.Message) error {
			if request == nil {
				return status.Error(codes.PermissionDenied, "stay")
			}
			return nil
		}}
	})
	alice := h.login(t, "alice")
	wantFailure(t, h.do(call{method: "DELETE", path: "/v2/account", auth: alice.auth()}), 403, 7)
	h.login(t, "alice")
}
