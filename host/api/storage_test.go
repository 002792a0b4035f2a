package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"nkhost/host/notification"
)

const noUser = "00000000-0000-0000-0000-000000000000"

// Alice saves two objects; bob reads what is public and cannot touch them.
func TestStorage(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	const time = `"2027-01-15T08:00:00Z"`
	ack := func(key, version string) string {
		return fmt.Sprintf(`{"collection":"c","key":%q,"version":%q,"user_id":%q,"create_time":%s,"update_time":%s}`, key, version, alice.id, time, time)
	}
	object := func(key, value, version, permissions string) string {
		text, _ := json.Marshal(value)
		return fmt.Sprintf(`{"collection":"c","key":%q,"user_id":%q,"value":%s,"version":%q,%s"create_time":%s,"update_time":%s}`,
			key, alice.id, text, version, permissions, time, time)
	}
	const one, two = "082c26c8a6bc75226a31da5495cc9292", "fa3f212516c45c713781b9dae87824a9"
	public := object("two", `{"n":2}`, two, `"permission_read":2,"permission_write":1,`)
	read := func(key string) string { return `{"collection":"c","key":"` + key + `","user_id":"` + alice.id + `"}` }

	for _, step := range []struct {
		as                 user
		method, path, body string
		want               string // "" for a refusal with 400
	}{
		{alice, "PUT", "/v2/storage", `{}`, `{}`},
		{alice, "PUT", "/v2/storage", `{"objects":[{"collection":"c","key":"one","value":"{\"n\":1}","version":"*","permission_write":0},
			{"collection":"c","key":"two","value":"{\"n\":2}","permissionRead":2}]}`, `{"acks":[` + ack("one", one) + "," + ack("two", two) + `]}`},
		{alice, "PUT", "/v2/storage", `{"objects":[{"collection":"c","key":"one","value":"{}"}]}`, ""},
		{alice, "PUT", "/v2/storage", `{"objects":[{"collection":"c","key":"two","value":"{}","version":"` + one + `"}]}`, ""},
		{alice, "PUT", "/v2/storage", `{"objects":[{"collection":"c","key":"two","value":"[]"}]}`, ""},
		{alice, "POST", "/v2/storage", `{"object_ids":[` + read("two") + "," + read("one") + `]}`,
			`{"objects":[` + public + "," + object("one", `{"n":1}`, one, `"permission_read":1,`) + `]}`},
		{bob, "POST", "/v2/storage", `{"object_ids":[` + read("two") + "," + read("one") + `]}`, `{"objects":[` + public + `]}`},
		{bob, "POST", "/v2/storage", `{"object_ids":[{"collection":"c","key":"two"}]}`, `{}`},
		{bob, "POST", "/v2/storage", `{"object_ids":[{"collection":"c","key":"two","user_id":"nobody"}]}`, ""},
		{bob, "POST", "/v2/storage", `{"object_ids":[{"collection":"c","key":"two","user_id":"` + noUser + `"}]}`, ""},
		{bob, "POST", "/v2/storage", `{"object_ids":[{"collection":"c"}]}`, ""},
		{bob, "GET", "/v2/storage/c?limit=5", "", `{"objects":[` + public + `]}`},
		{bob, "GET", "/v2/storage/c/" + strings.ToUpper(alice.id), "", `{"objects":[` + public + `]}`},
		{bob, "GET", "/v2/storage/c?user_id=nobody", "", ""},
		{bob, "GET", "/v2/storage/c?limit=101", "", ""},
		{bob, "GET", "/v2/storage/c?cursor=x", "", ""},
		{bob, "PUT", "/v2/storage/delete", `{"object_ids":[{"collection":"c","key":"two"}]}`, ""},
		{alice, "PUT", "/v2/storage/delete", `{"object_ids":[{"collection":"c","key":"two"},{"collection":"c","key":"one"}]}`, ""},
		{alice, "PUT", "/v2/storage/delete", `{"object_ids":[{"collection":"c","key":"two","version":"` + two + `"}]}`, `{}`},
		{alice, "GET", "/v2/storage/c", "", `{}`},
		{alice, "GET", "/v2/storage/c/" + alice.id, "", `{"objects":[` + object("one", `{"n":1}`, one, `"permission_read":1,`) + `]}`},
	} {
		t.Log(step.method, step.path, step.body)
		c := call{method: step.method, path: step.path, auth: step.as.auth(), body: step.body}
		if step.want == "" {
			wantFailure(t, h.do(c), 400, 3)
		} else {
			wantJSON(t, h.do(c), step.want)
		}
	}
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	h := start(t)
	alice, bob := h.login(t, "alice"), h.login(t, "bob")
	for _, subject := range []string{"one", "two"} {
		if err := h.notifications.Send(t.Context(), []notification.Notification{
			{UserID: alice.id, SenderID: noUser, Subject: subject, Content: "{}", Code: 5, Persistent: true},
		}); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(1e9)
	}
	list := func(u user, query string) (ids []string, subjects, cursor string) {
		t.Helper()
		answer := h.do(call{method: "GET", path: "/v2/notification?" + query, auth: u.auth()})
		var body struct {
			Notifications []struct{ ID, Subject, SenderID string }
			Cursor        string `json:"cacheable_cursor"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || body.Cursor == "" {
			t.Fatalf("%s: %s", query, answer.Body)
		}
		for _, n := range body.Notifications {
			ids, subjects = append(ids, n.ID), subjects+n.Subject
		}
		return ids, subjects, body.Cursor
	}
	ids, subjects, cursor := list(alice, "")
	if subjects != "one" {
		t.Errorf("listed %s", subjects)
	}
	if _, subjects, _ := list(alice, "limit=100&cacheable_cursor="+cursor); subjects != "two" {
		t.Errorf("listed %s", subjects)
	}
	remove := func(u user, query string) call {
		return call{method: "DELETE", path: "/v2/notification" + query, auth: u.auth()}
	}
	wantJSON(t, h.do(remove(bob, "?ids="+ids[0])), `{}`)
	wantJSON(t, h.do(remove(alice, "")), `{}`)
	if _, subjects, _ := list(alice, "limit=2"); subjects != "onetwo" {
		t.Errorf("listed %s", subjects)
	}
	wantJSON(t, h.do(remove(alice, "?ids="+ids[0])), `{}`)
	if _, subjects, _ := list(alice, "limit=2"); subjects != "two" {
		t.Errorf("listed %s", subjects)
	}
	wantFailure(t, h.do(remove(alice, "?ids=nope")), 500, 13)
	for query, want := range map[string][2]int{"limit=0": {400, 3}, "limit=101": {400, 3}, "cacheable_cursor=x": {500, 13}} {
		wantFailure(t, h.do(call{method: "GET", path: "/v2/notification?" + query, auth: alice.auth()}), want[0], want[1])
	}
}
