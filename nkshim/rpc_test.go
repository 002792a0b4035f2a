package nkshim

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/session"
)

func TestRPCResults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body, want string
		code       codes.Code
	}{
		{body: `return "text"`, want: "text"},
		{body: `return`, want: ""},
		{body: `return nil`, want: ""},
		{body: `return "first", "last"`, want: "last"},
		{body: `return "a", nil`, want: ""},
		{body: `return 5`, code: codes.Internal, want: "last result is a number"},
		{body: `return {}`, code: codes.Internal, want: "last result is a table"},
		{body: `return true`, code: codes.Internal, want: "last result is a boolean"},
	} {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			got, err := evaluate(t, test.body)
			if status.Code(err) != test.code {
				t.Fatalf("code %v, want %v: %v", status.Code(err), test.code, err)
			}
			if err != nil {
				got = message(err)
			}
			if err == nil && got != test.want || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRPCErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body, want string
		code       codes.Code
	}{
		{`error("plain")`, "plain", codes.Internal},
		{`error("with level", 0)`, "with level", codes.Internal},
		{`error({"denied", 7})`, "denied", codes.PermissionDenied},
		{`error({"fraction", 5.9})`, "fraction", codes.NotFound},
		{`error({"zero", 0})`, "zero", codes.Internal},
		{`error({"too large", 17})`, "too large", codes.Internal},
		{`error({"negative", -1})`, "negative", codes.Internal},
		{`error({"text code", "7"})`, "text code", codes.Internal},
		{`error({"single"})`, "single", codes.Internal},
		{`error({message = "named", code = 5})`, "table: ", codes.Internal},
		{`error(42)`, "42", codes.Internal},
		{`local x = nil; return x.y`, "attempt to index", codes.Internal},
	} {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			_, err := evaluate(t, test.body)
			if status.Code(err) != test.code {
				t.Errorf("code %v, want %v", status.Code(err), test.code)
			}
			if text := message(err); !strings.HasPrefix(text, test.want) {
				t.Errorf("message %q does not begin with %q", text, test.want)
			}
		})
	}
}

func TestRPCErrorIsLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	if _, err := evaluate(t, "local function deep() error('broken') end\ndeep()", logTo(&log)); err == nil {
		t.Fatal("no error")
	}
	wantText(t, log.String(), "main.lua:4: broken", "stack traceback", "in=test")
	var quiet lockedBuffer
	if _, err := evaluate(t, "error({'an answer', 3})", logTo(&quiet)); err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(quiet.String(), "an answer") {
		t.Errorf("an error that is the module's own answer was logged:\n%s", quiet.String())
	}
}

func TestRPCIdsIgnoreCaseAndUnknownOnesAreNotFound(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function() return "first" end, "Some.Id")
		nk.register_rpc(function() return "second" end, "SOME.ID")`})
	if got, err := r.RPC(t.Context(), "some.ID", nil, ""); got != "second" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := r.RPC(t.Context(), "other", nil, ""); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown id: %v", err)
	}
	if ids := r.RPCs(); len(ids) != 1 || ids[0] != "some.id" {
		t.Errorf("RPCs are %q", ids)
	}
}

func TestRegistrationDuringACallOnlyReplaces(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function() return "old" end, "known")
		nk.register_rpc(function()
			nk.register_rpc(function() return "new" end, "known")
			nk.register_rpc(function() return "new" end, "unknown")
		end, "register")`})
	if _, err := r.RPC(t.Context(), "register", nil, ""); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.RPC(t.Context(), "known", nil, ""); got != "new" {
		t.Errorf("the known RPC answers %q", got)
	}
	if _, err := r.RPC(t.Context(), "unknown", nil, ""); status.Code(err) != codes.NotFound {
		t.Errorf("a new RPC appeared: %v", err)
	}
}

func TestRPCContext(t *testing.T) {
	t.Parallel()
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		nk.register_rpc(function(context, payload)
			local keys = {}
			for key in pairs(context) do keys[#keys + 1] = key end
			table.sort(keys)
			return table.concat(keys, " ") .. "|" .. context.execution_mode .. "|" .. context.node .. "|" .. context.env.MODE ..
				"|" .. tostring(context.user_id) .. "|" .. payload
		end, "context")`})
	const server = "client_ip client_port env execution_mode headers node query_params trace_id version"
	for _, test := range []struct {
		caller session.Caller
		want   string
	}{
		{session.Caller{ClientIP: "127.0.0.1", ClientPort: "1"}, server + "|rpc|node1|test|nil|p"},
		{
			session.Caller{UserID: "u", Username: "n", ClientIP: "127.0.0.1", ClientPort: "1", Lang: "en"},
			server + " user_id user_session_exp username version|rpc|node1|test|u|p",
		},
	} {
		test.want = strings.Replace(test.want, "version user_id user_session_exp username", "user_id user_session_exp username", 1)
		got, err := r.RPC(t.Context(), "context", &test.caller, "p")
		if err != nil || got != test.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
		}
	}
}

func TestRunOnceRunsTheFirstFunctionOfAllModules(t *testing.T) {
	t.Parallel()
	r := open(t, files{
		"a.lua": `require("nakama").run_once(function(context) RAN = (RAN or "") .. "a " .. context.execution_mode end)`,
		"b.lua": `require("nakama").run_once(function() RAN = (RAN or "") .. "b" end)
			require("nakama").register_rpc(function() return RAN end, "ran")`,
	})
	if got, err := r.RPC(t.Context(), "ran", nil, ""); got != "a run_once" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestLoadNamesFileAndLine(t *testing.T) {
	t.Parallel()
	_, err := tryOpen(t, files{"folder/broken.lua": "local x = 1\nerror('at load')"})
	if err == nil {
		t.Fatal("no error")
	}
	wantText(t, err.Error(), "folder/broken.lua:2: at load")
}

// TestSeveralStates calls an RPC in each of two states at the same time: each counts for
// itself, and a hook that waits in one does not hold up the other.
func TestSeveralStates(t *testing.T) {
	t.Parallel()
	arrived, goOn := make(chan struct{}, 2), make(chan struct{})
	matches := &blockingMatches{arrived: arrived, goOn: goOn}
	r := open(t, files{"main.lua": `
		local nk = require("nakama")
		local count = 0
		nk.register_rpc(function()
			count = count + 1
			local mine = count
			pcall(nk.match_signal, "id", "wait")
			return tostring(mine)
		end, "count")`}, func(d *Deps) { d.States, d.Matches = 2, matches })
	answers := make(chan string, 2)
	for range 2 {
		go func() {
			answer, err := r.RPC(context.Background(), "count", nil, "")
			if err != nil {
				answer = err.Error()
			}
			answers <- answer
		}()
	}
	<-arrived
	<-arrived
	close(goOn)
	if a, b := <-answers, <-answers; a != "1" || b != "1" {
		t.Errorf("the states count %s and %s, want each its own 1", a, b)
	}
}

// blockingMatches answer a signal when they are told to go on.
type blockingMatches struct {
	Matches
	arrived chan<- struct{}
	goOn    <-chan struct{}
}

func (m *blockingMatches) Signal(context.Context, string, string) (string, error) {
	m.arrived <- struct{}{}
	<-m.goOn
	return "", nil
}
