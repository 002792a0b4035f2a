package nkshim

import (
	"fmt"
	"reflect"
	"testing"

	"nkhost/host/session"
)

// A context has its fields in one order, whoever calls.
func TestContextsHaveTheirFieldsInOrder(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function(context)
			context.trace_id = "trace"
			return nk.json_encode(context)
		end, "context")
		nk.register_rpc(function(context)
			local keys = {}
			for key in pairs(context) do keys[#keys + 1] = key end
			return table.concat(keys, " ")
		end, "keys")`})
	for _, test := range []struct {
		caller        session.Caller
		keys, context string
	}{
		{
			session.Caller{},
			"env execution_mode node version trace_id headers query_params",
			`{"env":{"MODE":"test"},"execution_mode":"rpc","headers":{},"node":"node1","query_params":{},"trace_id":"trace","version":"1.2.3+test"}`,
		},
		{
			session.Caller{
				UserID: "u", Username: "n", Expiry: 5, ClientIP: "127.0.0.1", ClientPort: "1", Lang: "en",
				Headers: map[string][]string{"B": {"2", "3"}, "A": {"1"}, "C": {}}, Query: map[string][]string{"q": {""}},
			},
			"env execution_mode node version trace_id headers query_params user_id username user_session_exp client_ip client_port",
			`{"client_ip":"127.0.0.1","client_port":"1","env":{"MODE":"test"},"execution_mode":"rpc","headers":{"A":["1"],"B":["2","3"],"C":{}},` +
				`"node":"node1","query_params":{"q":[""]},"trace_id":"trace","user_id":"u","user_session_exp":5,"username":"n","version":"1.2.3+test"}`,
		},
		{
			session.Caller{UserID: "u", Username: "n", Expiry: 5, SessionID: "s", Lang: "en", ClientIP: "127.0.0.1", Vars: map[string]string{"v": "1"}},
			"env execution_mode node version trace_id headers query_params user_id username user_session_exp vars session_id lang client_ip",
			`{"client_ip":"127.0.0.1","env":{"MODE":"test"},"execution_mode":"rpc","headers":{},"lang":"en","node":"node1","query_params":{},` +
				`"session_id":"s","trace_id":"trace","user_id":"u","user_session_exp":5,"username":"n","vars":{"v":"1"},"version":"1.2.3+test"}`,
		},
	} {
		for id, want := range map[string]string{"keys": test.keys, "context": test.context} {
			if got, err := r.RPC(t.Context(), id, &test.caller, ""); got != want || err != nil {
				t.Errorf("got  %s, %v\nwant %s", got, err, want)
			}
		}
	}
}

// What a call changes in its context, before or after it has looked at it, is in no other
// call's; what it keeps stays as it left it.
func TestContextsAreTheCallsOwn(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		local untouched, changed
		nk.register_rpc(function(context)
			local seen = nk.json_encode({context.headers, context.query_params, context.env, context.vars})
			context.headers.A[1] = "changed"
			context.headers.B = nil
			context.query_params.new = "new"
			context.env.MODE = "changed"
			context.vars.v = nil
			context.vars = context.vars or "none"
			changed = context
			return seen
		end, "change")
		nk.register_rpc(function(context)
			context.headers.A = "changed"
			context.headers.new = "new"
			context.vars = nil
			return nk.json_encode(context.headers)
		end, "set")
		nk.register_rpc(function(context) untouched = context end, "keep")
		nk.register_rpc(function() return nk.json_encode({untouched.headers, untouched.vars, changed.headers, changed.vars}) end, "kept")`})
	caller := session.Caller{
		UserID: "u", Headers: map[string][]string{"A": {"1"}, "B": {"2"}}, Query: map[string][]string{"q": {"x"}}, Vars: map[string]string{"v": "1"},
	}
	for _, step := range []struct{ id, want string }{
		{"keep", ""},
		{"change", `[{"A":["1"],"B":["2"]},{"q":["x"]},{"MODE":"test"},{"v":"1"}]`},
		{"set", `{"A":"changed","B":["2"],"new":"new"}`},
		{"change", `[{"A":["1"],"B":["2"]},{"q":["x"]},{"MODE":"test"},{"v":"1"}]`},
		{"kept", `[{"A":["1"],"B":["2"]},{"v":"1"},{"A":["changed"]},{}]`},
	} {
		if got, err := r.RPC(t.Context(), step.id, &caller, ""); got != step.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", step.id, got, err, step.want)
		}
	}
	if want := map[string][]string{"A": {"1"}, "B": {"2"}}; !reflect.DeepEqual(caller.Headers, want) || caller.Vars["v"] != "1" {
		t.Errorf("the caller became %+v", caller)
	}
}

// Headers, parameters and variables cost nothing for each of them while a module does not
// look. It runs alone, since what other tests allocate would count.
func TestContextMapsThatNobodyLooksAtAllocateNothing(t *testing.T) {
	r := open(t, files{"main.lua": `require("nakama").register_rpc(function(context, payload) return payload .. context.user_id end, "test")`})
	allocations := func(count int) float64 {
		caller := &session.Caller{UserID: "u", Headers: map[string][]string{}, Query: map[string][]string{}, Vars: map[string]string{}}
		for i := range count {
			name := fmt.Sprint("name", i)
			caller.Headers[name], caller.Query[name], caller.Vars[name] = []string{name}, []string{name}, name
		}
		return testing.AllocsPerRun(100, func() {
			if _, err := r.RPC(t.Context(), "test", caller, "payload"); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := allocations(1), allocations(100)
	if few != many {
		t.Errorf("%v allocations with one of each, %v with 100", few, many)
	}
}

func BenchmarkRPC(b *testing.B) {
	r := open(b, files{"main.lua": `require("nakama").register_rpc(function(context, payload) return payload end, "echo")`})
	caller := &session.Caller{
		UserID: "u", Username: "n", Expiry: 1234567890, ClientIP: "127.0.0.1", ClientPort: "1234",
		Headers: map[string][]string{"Authorization": {"Bearer x"}, "Content-Type": {"application/json"}, "Content-Length": {"12"}, "User-Agent": {"bench"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.RPC(b.Context(), "echo", caller, "payload"); err != nil {
			b.Fatal(err)
		}
	}
}
