package host_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"

	"nkhost/host/realtime"
	"nkhost/nktest"
)

// hookable are the names under which hooks of realtime messages are registered.
func hookable() []string {
	return slices.DeleteFunc(realtime.Messages(), func(name string) bool { return name == "Rpc" })
}

// hooked opens a host whose module has hooks before and after every realtime message. Each
// logs what it is called with; before ends in the Lua statement refusal.
func hooked(t *testing.T, refusal string) *nktest.Host {
	folder := folderWith(t, "main.lua", fmt.Sprintf(`
		local nk = require("nakama")
		for _, name in ipairs({"%s"}) do
			nk.register_rt_before(function(context, payload)
				assert(context.user_id and context.session_id and context.execution_mode == "before")
				nk.logger_info(nk.json_encode({hook = "before " .. name, payload = payload}))
				%s
				payload.cid = payload.cid .. "+" .. name
				return payload
			end, name)
			nk.register_rt_after(function(context, out, payload)
				assert(context.execution_mode == "after")
				nk.logger_info(nk.json_encode({hook = "after " .. name, out = out, payload = payload}))
			end, name)
		end`, strings.Join(hookable(), `", "`), refusal))
	return nktest.Open(t, os.DirFS(folder))
}

// hookCall is what a hook has logged of a call.
type hookCall struct {
	Hook         string
	Payload, Out map[string]any
}

func hookCalls(t *testing.T, h *nktest.Host, from int) (calls []hookCall) {
	t.Helper()
	for _, line := range h.Log()[from:] {
		if !strings.HasPrefix(line.Text, `{"`) {
			continue
		}
		var c hookCall
		if err := json.Unmarshal([]byte(line.Text), &c); err != nil {
			t.Fatalf("%s: %v", line.Text, err)
		}
		calls = append(calls, c)
	}
	return calls
}

// kindOf is the field of an envelope that holds its message, "" if none does.
func kindOf(envelope map[string]any) string {
	for field := range envelope {
		if field != "cid" {
			return field
		}
	}
	return ""
}

// Every message a client may send passes the hook before it, whose changes count, and then
// the hook after it, which sees the answer if there is one.
func TestHooksOfEveryMessage(t *testing.T) {
	t.Parallel()
	h := hooked(t, "")
	alice, bob := h.User("alice"), h.User("bob")
	presence := func(u *nktest.User) string {
		return fmt.Sprintf(`"presence":{"user_id":%q,"session_id":%q,"username":%q}`, u.ID, u.SessionID(), u.Username)
	}
	saved := map[string]string{
		"bob": bob.ID, "bob's presence": presence(bob), "alice's presence": presence(alice),
		"room": "2...room", "counts": `"min_count":2,"max_count":2`,
	}
	const none = "none"
	seen := []string{"Rpc"} // which has no hooks
	for _, step := range []struct {
		name    string
		by      *nktest.User
		message string // {name} stands for what was saved
		out     string // the field of the answer, "" for one with a cid only, none if hooks see no answer
		save    string // as which a field of the answer is saved, as "name=field"
	}{
		{"Ping", alice, `"ping":{}`, "pong", ""},
		{"Pong", alice, `"pong":{}`, none, ""},
		{"StatusFollow", alice, `"status_follow":{"user_ids":["{bob}"]}`, "status", ""},
		{"StatusUnfollow", alice, `"status_unfollow":{"user_ids":["{bob}"]}`, "", ""},
		{"StatusUpdate", alice, `"status_update":{"status":"here"}`, "", ""},
		{"ChannelJoin", alice, `"channel_join":{"target":"room","type":1}`, "channel", ""},
		{"ChannelMessageSend", alice, `"channel_message_send":{"channel_id":"{room}","content":"{}"}`, "channel_message_ack", "said=message_id"},
		{"ChannelMessageUpdate", alice, `"channel_message_update":{"channel_id":"{room}","message_id":"{said}","content":"{}"}`, "channel_message_ack", ""},
		{"ChannelMessageRemove", alice, `"channel_message_remove":{"channel_id":"{room}","message_id":"{said}"}`, "channel_message_ack", ""},
		{"ChannelLeave", alice, `"channel_leave":{"channel_id":"{room}"}`, "", ""},
		{"MatchCreate", alice, `"match_create":{}`, "match", "match=match_id"},
		{"MatchJoin", bob, `"match_join":{"match_id":"{match}"}`, "match", ""},
		{"MatchDataSend", bob, `"match_data_send":{"match_id":"{match}","op_code":"1"}`, none, ""},
		{"MatchLeave", bob, `"match_leave":{"match_id":"{match}"}`, "", ""},
		{"MatchmakerAdd", alice, `"matchmaker_add":{{counts}}`, "matchmaker_ticket", "ticket=ticket"},
		{"MatchmakerRemove", alice, `"matchmaker_remove":{"ticket":"{ticket}"}`, "", ""},
		{"PartyCreate", alice, `"party_create":{"max_size":3}`, "party", "party=party_id"},
		{"PartyJoin", bob, `"party_join":{"party_id":"{party}"}`, "", ""},
		{"PartyJoinRequestList", alice, `"party_join_request_list":{"party_id":"{party}"}`, "party_join_request", ""},
		{"PartyAccept", alice, `"party_accept":{"party_id":"{party}",{bob's presence}}`, "", ""},
		{"PartyPromote", alice, `"party_promote":{"party_id":"{party}",{alice's presence}}`, "", ""},
		{"PartyUpdate", alice, `"party_update":{"party_id":"{party}","label":"{}"}`, "", ""},
		{"PartyDataSend", bob, `"party_data_send":{"party_id":"{party}","op_code":"1"}`, "", ""},
		{"PartyMatchmakerAdd", alice, `"party_matchmaker_add":{"party_id":"{party}",{counts}}`, "party_matchmaker_ticket", "party ticket=ticket"},
		{"PartyMatchmakerRemove", alice, `"party_matchmaker_remove":{"party_id":"{party}","ticket":"{party ticket}"}`, "", ""},
		{"PartyRemove", alice, `"party_remove":{"party_id":"{party}",{bob's presence}}`, "", ""},
		{"PartyClose", alice, `"party_close":{"party_id":"{party}"}`, "", ""},
		{"PartyLeave", bob, `"party_leave":{"party_id":"{party}"}`, none, ""},
	} {
		seen = append(seen, step.name)
		text := "{" + step.message + "}"
		for name, value := range saved {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
		in := &rtapi.Envelope{}
		if err := protojson.Unmarshal([]byte(text), in); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		logged, frames := len(h.Log()), len(step.by.Frames())
		step.by.Request(in)
		calls := hookCalls(t, h, logged)
		if len(calls) != 2 || calls[0].Hook != "before "+step.name || calls[1].Hook != "after "+step.name {
			t.Fatalf("%s: the hooks that were called: %v; the answer %v", step.name, calls, step.by.Frames()[frames:])
		}
		before, after := calls[0], calls[1]
		field, _, _ := strings.Cut(strings.TrimPrefix(step.message, `"`), `"`)
		cid := before.Payload["cid"].(string) + "+" + step.name
		if kindOf(before.Payload) != field || kindOf(after.Payload) != field || after.Payload["cid"] != cid {
			t.Errorf("%s: the hooks see %v and %v", step.name, before.Payload, after.Payload)
		}
		switch {
		case step.out == none && len(after.Out) == 0:
		case step.out == none || after.Out["cid"] != cid || kindOf(after.Out) != step.out:
			t.Errorf("%s: the answer is shown as %v", step.name, after.Out)
		case step.save != "":
			name, part, _ := strings.Cut(step.save, "=")
			saved[name] = after.Out[step.out].(map[string]any)[part].(string)
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, realtime.Messages()) {
		t.Errorf("the messages are %v", realtime.Messages())
	}
}

// The hooks of parties' REST operations: their names, and what they see.
func TestHooksOfListings(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, os.DirFS(folderWith(t, "main.lua", `
		local nk = require("nakama")
		for _, name in ipairs({"ListParties", "GetMatchmakerStats"}) do
			nk.register_req_before(function(context, payload)
				nk.logger_info(nk.json_encode({hook = "before " .. name, payload = payload}))
				if name == "ListParties" then payload.limit = 1 end
				return payload
			end, name)
			nk.register_req_after(function(context, out, payload)
				nk.logger_info(nk.json_encode({hook = "after " .. name, out = out, payload = payload}))
			end, name)
		end`)))
	alice := h.User("alice")
	h.Party(alice)
	h.Party(alice)
	h.Advance(2 * time.Second)
	client := h.Client(alice)
	for _, step := range []struct {
		path, name, before, after string
		listed                    int
	}{
		{"/v2/party?limit=5&open=true&query=%2A", "ListParties", `{"limit":5,"open":true,"query":"*"}`, `{"limit":1,"open":true,"query":"*"}`, 1},
		{"/v2/matchmaker/stats", "GetMatchmakerStats", `{}`, `{}`, 0},
	} {
		logged := len(h.Log())
		if code, answer := client.Do("GET", step.path, ""); code != 200 || answer.Has("parties.1") {
			t.Errorf("%s: %d %s", step.path, code, answer)
		}
		calls := hookCalls(t, h, logged)
		if len(calls) != 2 || calls[0].Hook != "before "+step.name || calls[1].Hook != "after "+step.name {
			t.Fatalf("the hooks that were called: %v", calls)
		}
		for i, want := range []string{step.before, step.after} {
			if got, _ := json.Marshal(calls[i].Payload); string(got) != want {
				t.Errorf("%s sees %s, want %s", calls[i].Hook, got, want)
			}
		}
		if out, _ := calls[1].Out["parties"].([]any); len(out) != step.listed {
			t.Errorf("%s sees the answer %v", calls[1].Hook, calls[1].Out)
		}
	}
}

// A hook before a message refuses it by raising, which the client is told, or by returning
// nothing, which also ends the session.
func TestHooksRefuseEveryMessage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, refusal, text string
		code                rtapi.Error_Code
		open                bool
	}{
		{"raise", `error({name .. " is refused", 7})`, "%s is refused", rtapi.Error_RUNTIME_FUNCTION_EXCEPTION, true},
		{"nothing", `if true then return nil end`, "The server has switched %s off.", rtapi.Error_UNRECOGNIZED_PAYLOAD, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := hooked(t, test.refusal)
			alice := h.User("alice")
			message := (&rtapi.Envelope{}).ProtoReflect().Descriptor().Oneofs().ByName("message")
			for i := range message.Fields().Len() {
				field := message.Fields().Get(i)
				name := string(field.Message().Name())
				if !slices.Contains(hookable(), name) {
					continue
				}
				in := &rtapi.Envelope{}
				in.ProtoReflect().Set(field, in.ProtoReflect().NewField(field))
				logged := len(h.Log())
				answer := alice.Request(in).GetError()
				if answer.GetCode() != int32(test.code) || answer.GetMessage() != fmt.Sprintf(test.text, name) {
					t.Errorf("%s is answered %v", name, answer)
				}
				if calls := hookCalls(t, h, logged); len(calls) != 1 {
					t.Errorf("%s: the hooks that were called: %v", name, calls)
				}
				if alice.Connected() != test.open {
					t.Errorf("after %s the session is open: %t", name, alice.Connected())
				}
				if !alice.Connected() {
					alice.Reconnect()
				}
			}
		})
	}
}
