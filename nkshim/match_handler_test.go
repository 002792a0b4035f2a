package nkshim

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/session"
	"nkhost/lua"
)

// matchModule is a match module whose callback of that name has the given body and
// whose other callbacks return their state.
func matchModule(callback, body string) string {
	bodies := map[string]string{
		"match_init":         "(context, params) return {}, 10, 'label'",
		"match_join_attempt": "(context, dispatcher, tick, state, presence, metadata) return state, true",
		"match_join":         "(context, dispatcher, tick, state, presences) return state",
		"match_leave":        "(context, dispatcher, tick, state, presences) return state",
		"match_loop":         "(context, dispatcher, tick, state, messages) return state",
		"match_signal":       "(context, dispatcher, tick, state, data) return state, data",
		"match_terminate":    "(context, dispatcher, tick, state, grace) return state",
	}
	parameters, _, _ := strings.Cut(bodies[callback], ")")
	bodies[callback] = parameters + ") " + body
	text := "local nk = require('nakama')\nlocal M = {}\n"
	for name, rest := range bodies {
		text += "function M." + name + rest + " end\n"
	}
	return text + "return M"
}

// recorder is a Dispatcher that keeps what it is asked.
type recorder struct {
	sent, deferred []match.Broadcast
	kicked         []match.Presence
	label          string
	refuse         error
}

func (d *recorder) Broadcast(m match.Broadcast) error {
	d.sent = append(d.sent, m)
	return d.refuse
}

func (d *recorder) BroadcastDeferred(m match.Broadcast) error {
	d.deferred = append(d.deferred, m)
	return d.refuse
}

func (d *recorder) Kick(p []match.Presence) error {
	d.kicked = append(d.kicked, p...)
	return d.refuse
}

func (d *recorder) UpdateLabel(label string) error {
	d.label = label
	return d.refuse
}

const handlerMatchID = "01234567-89ab-4cde-8f01-23456789abcd.node1"

// start opens a runtime with one match module and initialises a match of it.
func start(t testing.TB, module string) (match.Handler, any, *recorder) {
	t.Helper()
	r := open(t, files{"game.lua": module})
	d := &recorder{}
	h, err := r.NewMatchHandler(t.Context(), "game", handlerMatchID, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	state, _, _, err := h.Init(t.Context(), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	return h, state, d
}

var alice = match.Presence{
	UserID: "aaaaaaaa-0000-4000-8000-000000000001", SessionID: "bbbbbbbb-0000-4000-8000-000000000001", Username: "alice", Node: "node1",
}

func TestMatchInitResults(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return {}, 10, "l"`:          "",
		`return false, 60.9, ""`:      "",
		`return {}, 10`:               "returned 2 values",
		`return`:                      "returned 0 values",
		`return {}, 10, "l", 1`:       "returned 4 values",
		`return nil, 10, "l"`:         "must return a state, but returned nil",
		`return {}, "10", "l"`:        "a tick rate as its second value, but returned a string",
		`return {}, 10, nil`:          "a label string as its third value, but returned nil",
		`error("no such game")`:       "no such game",
		`return {}, 10, params.label`: "a label string",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			r := open(t, files{"game.lua": matchModule("match_init", body)})
			h, err := r.NewMatchHandler(t.Context(), "game", handlerMatchID, &recorder{})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			_, _, _, err = h.Init(t.Context(), map[string]any{})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// How a callback that returns only its state can end the match.
func TestStateResults(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return state`:      "goes on",
		`return {}`:         "goes on",
		`return false`:      "goes on",
		`return 5`:          "goes on",
		`return nil`:        "stops",
		`return`:            "stops",
		`return state, nil`: "stops",
		`return state, 1`:   "fails",
		`error("broken")`:   "fails",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			for callback, run := range map[string]func(h match.Handler, state any) (any, error){
				"match_loop":      func(h match.Handler, s any) (any, error) { return h.Loop(t.Context(), 1, s, nil) },
				"match_join":      func(h match.Handler, s any) (any, error) { return h.Join(t.Context(), 1, s, nil) },
				"match_leave":     func(h match.Handler, s any) (any, error) { return h.Leave(t.Context(), 1, s, nil) },
				"match_terminate": func(h match.Handler, s any) (any, error) { return h.Terminate(t.Context(), 1, s, 5) },
			} {
				h, state, _ := start(t, matchModule(callback, body))
				next, err := run(h, state)
				if got := outcome(next, err); got != want {
					t.Errorf("%s %s, want %s (%v)", callback, got, want, err)
				}
			}
		})
	}
}

func outcome(state any, err error) string {
	switch {
	case err != nil:
		return "fails"
	case state == nil:
		return "stops"
	}
	return "goes on"
}

func TestSignalResults(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return state, "answer to " .. data`: "goes on answer to x",
		`return state, nil`:                  "goes on ",
		`return nil, "gone"`:                 "stops gone",
		`return "text"`:                      "stops text",
		`return nil`:                         "stops ",
		`return`:                             "fails ",
		`return state`:                       "fails ",
		`return state, 5`:                    "fails ",
		`return state, "a", "b"`:             "fails b",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			h, state, _ := start(t, matchModule("match_signal", body))
			next, answer, err := h.Signal(t.Context(), 1, state, "x")
			if got := outcome(next, err) + " " + answer; got != want {
				t.Errorf("%s, want %s (%v)", got, want, err)
			}
		})
	}
}

func TestJoinAttemptResults(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`return state, true`:             "goes on {true }",
		`return state, false`:            "goes on {false }",
		`return state, false, "full"`:    "goes on {false full}",
		`return nil, true`:               "stops {true }",
		`return true`:                    "stops {true }",
		`return`:                         "fails { }",
		`return state`:                   "fails { }",
		`return state, "true"`:           "fails { }",
		`return state, true, 5`:          "fails { }",
		`return state, true, "x", true`:  "fails { }",
		`return state, {}, true, "long"`: "fails { }",
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			h, state, _ := start(t, matchModule("match_join_attempt", body))
			next, verdict, err := h.JoinAttempt(t.Context(), 1, state, match.Joiner{Presence: alice})
			got := fmt.Sprintf("%s {%v %s}", outcome(next, err), verdict.Allow, verdict.Reason)
			if err != nil {
				got = "fails { }"
			}
			if got != want {
				t.Errorf("%s, want %s (%v)", got, want, err)
			}
		})
	}
}

func TestMatchModuleMustBeWhole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		module, want string
		code         codes.Code
	}{
		"absent":           {"", `there is no match module "game"`, codes.NotFound},
		"no table":         {"return 5", "must return a table with its callbacks, but returns a number", codes.FailedPrecondition},
		"missing callback": {strings.Replace(matchModule("match_init", "return {}, 1, ''"), "M.match_signal", "M.match_sginal", 1), "has no function match_signal", codes.FailedPrecondition},
		"raises":           {"if MATCHES then error('broken') end MATCHES = false", "", codes.FailedPrecondition},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modules := files{"other.lua": ""}
			if test.module != "" {
				modules["game.lua"] = test.module
			}
			_, err := open(t, modules).NewMatchHandler(t.Context(), "game", handlerMatchID, &recorder{})
			if status.Code(err) != test.code || !strings.Contains(message(err), test.want) {
				t.Errorf("got %v, want %v %q", err, test.code, test.want)
			}
		})
	}
}

// What the callbacks are given.
func TestCallbackArguments(t *testing.T) {
	t.Parallel()
	describe := `
		local function keys(t)
			local names = {}
			for key in pairs(t) do names[#names + 1] = tostring(key) end
			table.sort(names)
			return table.concat(names, ",")
		end
		`
	joiner := match.Joiner{
		Presence: alice, Metadata: map[string]string{"skill": "7"},
		Caller: &session.Caller{UserID: alice.UserID, Username: "alice", SessionID: alice.SessionID, Lang: "en", ClientIP: "127.0.0.1"},
	}
	h, state, _ := start(t, describe+matchModule("match_join_attempt",
		`return state, false, keys(context) .. "|" .. keys(presence) .. "|" .. keys(dispatcher) .. "|" .. tick .. "|" .. metadata.skill .. "|" .. context.match_label`))
	_, verdict, err := h.JoinAttempt(t.Context(), 7, state, joiner)
	want := "client_ip,env,execution_mode,match_id,match_label,match_node,match_tick_rate,node,session_id,user_id,user_session_exp,username" +
		"|node,session_id,user_id,username|broadcast_message,broadcast_message_deferred,match_kick,match_label_update|7|7|label"
	if err != nil || verdict.Reason != want {
		t.Errorf("got  %q, %v\nwant %q", verdict.Reason, err, want)
	}

	h, state, d := start(t, matchModule("match_loop", `
		for _, m in ipairs(messages) do
			dispatcher.broadcast_message(m.op_code, tostring(m.data) .. " at " .. m.receive_time_ms, { m.sender }, m.sender, m.reliable)
		end
		return state`))
	messages := []match.Message{
		{Sender: alice, OpCode: 1, Data: []byte("hi"), Reliable: true, ReceiveTimeMs: 5},
		{Sender: alice, OpCode: 2},
	}
	if _, err := h.Loop(t.Context(), 1, state, messages); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d %s %v %v / %d %s %v", d.sent[0].OpCode, d.sent[0].Data, d.sent[0].Reliable, d.sent[0].To[0].Username,
		d.sent[1].OpCode, d.sent[1].Data, d.sent[1].Reliable)
	if want := "1 hi at 5 true alice / 2 nil at 0 false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDispatcher(t *testing.T) {
	t.Parallel()
	const p = `{user_id = "aaaaaaaa-0000-4000-8000-000000000001", session_id = "bbbbbbbb-0000-4000-8000-000000000001", node = "node1", username = "a"}`
	for _, test := range []struct{ body, want string }{
		{`dispatcher.broadcast_message(1)`, "sent 1 to all"},
		{`dispatcher.broadcast_message(1, "x", nil, nil, false)`, "sent 1 to all"},
		{`dispatcher.broadcast_message(1.9, nil, {` + p + `})`, "sent 1 to 1"},
		{`dispatcher.broadcast_message(1, nil, {})`, ""},
		{`dispatcher.broadcast_message_deferred(2, "x")`, "deferred 2 to all"},
		{`dispatcher.match_kick({` + p + `})`, "kicked 1"},
		{`dispatcher.match_kick()`, ""},
		{`dispatcher.match_kick({})`, ""},
		{`dispatcher.match_label_update("new"); assert(context.match_label == "new")`, "label new"},
		{`dispatcher.broadcast_message("1")`, "argument 1 (op code) must be a number, got a string"},
		{`dispatcher.broadcast_message(1, {})`, "argument 2 (data) must be a string or nil, got a table"},
		{`dispatcher.broadcast_message(1, nil, {5})`, "argument 3 (presences) must hold presences only, but holds a number"},
		{`dispatcher.broadcast_message(1, nil, {{node = "n"}})`, "dispatcher.broadcast_message: argument 3 (presences): a presence lacks a valid user_id, session_id"},
		{`dispatcher.broadcast_message(1, nil, nil, {})`, "argument 4 (sender): a presence lacks a valid user_id, session_id, username"},
		{`dispatcher.match_kick({{}})`, "a presence lacks a valid user_id, session_id, node"},
	} {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			h, state, d := start(t, matchModule("match_loop", test.body+" return state"))
			_, err := h.Loop(t.Context(), 1, state, nil)
			got := d.told()
			if err != nil {
				got = err.Error()
			}
			if got != test.want && (err == nil || !strings.Contains(got, test.want)) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// told sums up what the dispatcher was asked.
func (d *recorder) told() string {
	to := func(m match.Broadcast) string {
		if m.To == nil {
			return "all"
		}
		return fmt.Sprint(len(m.To))
	}
	switch {
	case len(d.sent) > 0:
		return fmt.Sprintf("sent %d to %s", d.sent[0].OpCode, to(d.sent[0]))
	case len(d.deferred) > 0:
		return fmt.Sprintf("deferred %d to %s", d.deferred[0].OpCode, to(d.deferred[0]))
	case len(d.kicked) > 0:
		return fmt.Sprintf("kicked %d", len(d.kicked))
	case d.label != "":
		return "label " + d.label
	}
	return ""
}

func TestWhatTheMatchRefusesIsRaised(t *testing.T) {
	t.Parallel()
	h, state, d := start(t, matchModule("match_loop", `dispatcher.broadcast_message_deferred(1) return state`))
	d.refuse = errors.New("128 deferred broadcasts wait already")
	_, err := h.Loop(t.Context(), 1, state, nil)
	var raised *lua.Error
	if !errors.As(err, &raised) {
		t.Fatalf("got %v", err)
	}
	wantText(t, raised.Error(), "game.lua:", "dispatcher.broadcast_message_deferred: 128 deferred broadcasts wait already")
}

func TestDispatcherOutsideOfACallback(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `require("nakama").register_rpc(function() DISPATCH() end, "misuse")`})
	fn := lua.NewFunction(newDispatcher()["match_kick"])
	_, err := r.states[0].vm.Call(t.Context(), nil, fn)
	if err == nil || !strings.Contains(err.Error(), "can only be called while a match callback runs") {
		t.Errorf("got %v", err)
	}
}

// Two matches of one module share neither globals nor module locals, and register
// nothing for RPCs.
func TestMatchesAreApart(t *testing.T) {
	t.Parallel()
	r := open(t, files{
		"counter.lua": "local n = 0\nreturn { next = function() n = n + 1; TOTAL = (TOTAL or 0) + 1; return n .. '/' .. TOTAL end }",
		"game.lua": "local nk = require('nakama')\nlocal counter = require('counter')\nnk.register_rpc(function() return 'from a match' end, 'who')\n" +
			matchModule("match_signal", "return state, counter.next()"),
		"main.lua": "require('nakama').register_rpc(function() return 'from main' end, 'who')",
	})
	signal := func(h match.Handler, state any) string {
		t.Helper()
		_, answer, err := h.Signal(t.Context(), 1, state, "")
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	var handlers []match.Handler
	var states []any
	for range 2 {
		h, err := r.NewMatchHandler(t.Context(), "game", handlerMatchID, &recorder{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		state, _, _, err := h.Init(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		handlers, states = append(handlers, h), append(states, state)
	}
	got := signal(handlers[0], states[0]) + " " + signal(handlers[0], states[0]) + " " + signal(handlers[1], states[1])
	if got != "1/1 2/2 1/1" {
		t.Errorf("the counters are %s", got)
	}
	if who, err := r.RPC(t.Context(), "who", nil, ""); who != "from main" || err != nil {
		t.Errorf("the RPC answers %q, %v", who, err)
	}
}

// An idle tick costs the list of messages, which the module may keep. It runs alone, since
// what other tests allocate would count.
func TestIdleTickAllocatesOnlyArguments(t *testing.T) {
	h, state, _ := start(t, matchModule("match_loop", "state.seen = tick; for _, m in ipairs(messages) do nk.logger_info(m.data) end; return state"))
	tick := int64(1000)
	n := testing.AllocsPerRun(100, func() {
		tick++
		if _, err := h.Loop(t.Context(), tick, state, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("%v allocations in an idle tick, want the list of messages only", n)
	}
}

// The dispatcher is shared, and each match still has one of its own: what a module adds to
// it or replaces in it is there at the next callback, and in no other match.
func TestDispatcherIsTheMatchsOwn(t *testing.T) {
	t.Parallel()
	r := open(t, files{"game.lua": matchModule("match_signal", `
		local names = {}
		for name in pairs(dispatcher) do names[#names + 1] = name end
		table.sort(names)
		local found = table.concat(names, " ") .. " " .. tostring(dispatcher.mine) .. " " .. tostring(pcall(require, "dispatcher"))
		if data ~= "look" then
			dispatcher.mine = data
			dispatcher.match_kick = nil
		end
		return state, found`)})
	signal := func(h match.Handler, state any, data string) string {
		_, answer, err := h.Signal(t.Context(), 1, state, data)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	var handlers []match.Handler
	var states []any
	for range 2 {
		h, err := r.NewMatchHandler(t.Context(), "game", handlerMatchID, &recorder{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		state, _, _, err := h.Init(t.Context(), map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		handlers, states = append(handlers, h), append(states, state)
	}
	const untouched = "broadcast_message broadcast_message_deferred match_kick match_label_update nil false"
	const changed = "broadcast_message broadcast_message_deferred match_label_update mine value false"
	if got := signal(handlers[0], states[0], "value"); got != untouched {
		t.Errorf("at first the dispatcher has %q", got)
	}
	if got := signal(handlers[0], states[0], "look"); got != changed {
		t.Errorf("after a change it has %q, want %q", got, changed)
	}
	if got := signal(handlers[1], states[1], "look"); got != untouched {
		t.Errorf("another match's has %q", got)
	}
}
