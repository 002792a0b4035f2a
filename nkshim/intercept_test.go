package nkshim

import (
	"testing"

	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/matchmaker"
	"nkhost/host/session"
)

func hookedRequest(t *testing.T, body string) *Runtime {
	t.Helper()
	return open(t, files{"main.lua": `require("nakama").register_req_before(function(context, payload) ` + body + ` end, "UpdateACCOUNT")`})
}

func TestBeforeRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body, want string
		code       codes.Code
	}{
		{body: `return payload`, want: "old"},
		{body: `payload.display_name = "new"; return payload`, want: "new"},
		{body: `return {display_name = "replaced"}`, want: "replaced"},
		{body: `return "ignored", payload`, want: "old"},
		{body: `return`, code: codes.NotFound},
		{body: `return payload, nil`, code: codes.NotFound},
		{body: `return "text"`, code: codes.Internal},
		{body: `payload.no_such_field = 1; return payload`, code: codes.Internal},
		{body: `error("refused")`, code: codes.Internal},
		{body: `error({"refused", 7})`, code: codes.PermissionDenied},
		{body: `error({"refused", 99})`, code: 99},
		{body: `error({"code 0 lets it go on", 0})`, want: "old"},
	} {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			request := &api.UpdateAccountRequest{DisplayName: wrapperspb.String("old")}
			err := hookedRequest(t, test.body).BeforeRequest(t.Context(), "UpdateAccount", &session.Caller{UserID: "u"}, request)
			if status.Code(err) != test.code {
				t.Fatalf("code %v, want %v: %v", status.Code(err), test.code, err)
			}
			if err == nil && request.DisplayName.GetValue() != test.want {
				t.Errorf("the name is %q, want %q", request.DisplayName.GetValue(), test.want)
			}
		})
	}
}

func TestBeforeRequestWithoutABody(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]codes.Code{
		`assert(next(payload) == nil); return`: codes.OK,
		`return {ignored = true}`:              codes.OK,
		`error({"no", 3})`:                     codes.InvalidArgument,
	} {
		err := hookedRequest(t, body).BeforeRequest(t.Context(), "UpdateAccount", &session.Caller{}, nil)
		if status.Code(err) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestMessageHooks(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rt_before(function(context, envelope)
			local status = envelope.status_update.status
			if status == "raise" then error("refused") end
			if status == "nothing" then return end
			envelope.status_update.status = status .. " seen in " .. context.execution_mode
			return envelope
		end, "StatusUpdate")
		nk.register_rt_after(function(context, out, envelope)
			SEEN = tostring(out.cid) .. " " .. envelope.status_update.status
			error("too late")
		end, "StatusUpdate")
		nk.register_rpc(function() return SEEN end, "seen")`})
	envelope := func(text string) *rtapi.Envelope {
		return &rtapi.Envelope{Cid: "1", Message: &rtapi.Envelope_StatusUpdate{StatusUpdate: &rtapi.StatusUpdate{Status: wrapperspb.String(text)}}}
	}
	e := envelope("hi")
	if ok, err := r.BeforeMessage(t.Context(), "StatusUpdate", &session.Caller{}, e); !ok || err != nil || e.GetStatusUpdate().Status.Value != "hi seen in before" {
		t.Errorf("got %v, %v, %v", ok, err, e)
	}
	if ok, err := r.BeforeMessage(t.Context(), "StatusUpdate", &session.Caller{}, envelope("raise")); ok || message(err) != "refused" {
		t.Errorf("a hook that raises: %v, %v", ok, err)
	}
	if ok, err := r.BeforeMessage(t.Context(), "StatusUpdate", &session.Caller{}, envelope("nothing")); ok || err != nil {
		t.Errorf("a hook that returns nothing: %v, %v", ok, err)
	}
	if ok, err := r.BeforeMessage(t.Context(), "Ping", &session.Caller{}, envelope("x")); !ok || err != nil {
		t.Errorf("a message without a hook: %v, %v", ok, err)
	}
	r.AfterMessage(t.Context(), "StatusUpdate", &session.Caller{}, nil, envelope("out"))
	if got, _ := r.RPC(t.Context(), "seen", nil, ""); got != "nil out" {
		t.Errorf("the after hook saw %q", got)
	}
}

func TestMatchmakerMatched(t *testing.T) {
	t.Parallel()
	entries := []matchmaker.Entry{{
		Presence:          matchmaker.Presence{UserID: "u", Username: "alice", SessionID: "s", Node: "n"},
		StringProperties:  map[string]string{"mode": "duel", "both": "text"},
		NumericProperties: map[string]float64{"rank": 5, "both": 7},
	}}
	for body, want := range map[string]string{
		`return "` + fakeMatchID + `"`:       fakeMatchID,
		`return nk.match_create("game", {})`: fakeMatchID,
		`return`:                             "",
		`return "` + fakeMatchID + `", nil`:  "",
		`return "no id"`:                     "error: run the matchmaker matched hook: it must return a match id or nil, but returned a string",
		`return 5`:                           "error: run the matchmaker matched hook: it must return a match id or nil, but returned a number",
		`error("broken")`:                    "error: run the matchmaker matched hook: broken",
		`error(users[1].presence.username .. users[1].properties.mode .. users[1].properties.rank .. users[1].properties.both)`: "error: run the matchmaker matched hook: aliceduel57",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			r := open(t, files{"main.lua": "local nk = require('nakama')\nnk.register_matchmaker_matched(function(context, users) " + body + " end)"})
			got, err := r.MatchmakerMatched(t.Context(), entries)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	if open(t, files{"main.lua": ""}).HasMatchmakerMatched() {
		t.Error("a hook that nobody registered")
	}
}

func TestShutdownHook(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_shutdown(function(context) nk.logger_info("bye in " .. context.execution_mode) end)`}, logTo(&log))
	r.Shutdown(t.Context())
	wantText(t, log.String(), "bye in shutdown")
}
