package spec

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"nkhost/lua"
	"nkhost/lua/glua"
	"nkhost/nktest"
)

// primitive is a function of the world. Lua values are Go values in it, but for functions.
type primitive func(w *world, a args) []any

// primitives are the functions that the prelude is given.
var primitives = map[string]primitive{
	"difference": func(_ *world, a args) []any {
		if text := nktest.Difference(a.any(0), a.any(1), 1); text != "" {
			return []any{text}
		}
		return nil
	},
	"show": func(_ *world, a args) []any { return []any{show(a.any(0))} },

	"now":     func(w *world, _ args) []any { return []any{float64(w.host.Now().UnixMilli()) / 1000} },
	"seed":    func(w *world, a args) []any { w.host.Seed(uint64(a.number(0, "seed"))); return nil },
	"advance": func(w *world, a args) []any { w.host.Advance(a.seconds(0)); return nil },
	"log":     worldLog,

	"user":       func(w *world, a args) []any { return []any{w.user(a, 0).ID} },
	"disconnect": func(w *world, a args) []any { w.user(a, 0).Disconnect(); return nil },
	"reconnect":  func(w *world, a args) []any { w.user(a, 0).Reconnect(); return nil },
	"connected":  func(w *world, a args) []any { return []any{w.user(a, 0).Connected()} },
	"session_id": func(w *world, a args) []any { return []any{w.user(a, 0).SessionID()} },
	"messages":   worldMessages,
	"wallet":     func(w *world, a args) []any { return []any{w.host.Wallet(w.user(a, 0))} },
	"pay":        worldPay,
	"storage":    worldStorage,
	"store":      worldStore,
	"rpc":        worldRPC,
	"http":       worldHTTP,
	"override":   worldOverride,
	"restore":    func(w *world, a args) []any { w.host.Restore(a.text(0, "function's name")); return nil },

	"match": func(w *world, a args) []any {
		return []any{w.host.Match(a.text(0, "module"), a.fields(1, "params")).ID}
	},
	"matchmake":     worldMatchmake,
	"join":          matchJoin,
	"leave":         func(w *world, a args) []any { w.match(a).Leave(w.user(a, 1)); return nil },
	"send":          matchSend,
	"received":      matchReceived,
	"tick":          func(w *world, a args) []any { w.match(a).Tick(int(a.number(1, "count"))); return nil },
	"signal":        matchSignal,
	"terminate":     func(w *world, a args) []any { w.match(a).Terminate(int(a.number(1, "grace"))); return nil },
	"ended":         func(w *world, a args) []any { return []any{w.match(a).Ended()} },
	"ticks":         func(w *world, a args) []any { return []any{w.match(a).TickCount()} },
	"label":         func(w *world, a args) []any { return []any{w.match(a).Label()} },
	"state":         func(w *world, a args) []any { return []any{w.match(a).State("").Any()} },
	"members":       func(w *world, a args) []any { return []any{w.match(a).Members()} },
	"has":           func(w *world, a args) []any { return []any{w.match(a).Has(w.user(a, 1))} },
	"kicked":        func(w *world, a args) []any { return []any{w.match(a).Kicked(w.user(a, 1))} },
	"party":         worldParty,
	"party_join":    func(w *world, a args) []any { w.party(a).Join(w.user(a, 1)); return nil },
	"party_leave":   func(w *world, a args) []any { w.party(a).Leave(w.user(a, 1)); return nil },
	"party_promote": func(w *world, a args) []any { w.party(a).Promote(w.user(a, 1)); return nil },
	"party_send": func(w *world, a args) []any {
		w.party(a).Send(w.user(a, 1), int64(a.number(2, "op code")), a.any(3))
		return nil
	},
	"party_received":    func(w *world, a args) []any { return received(a, w.party(a).Received(w.user(a, 1))) },
	"party_leader":      func(w *world, a args) []any { return []any{w.party(a).Leader().Username} },
	"party_members":     partyMembers,
	"matchmake_parties": worldMatchmakeParties,

	"may_fail": func(w *world, a args) []any { w.match(a).MayFail(); return nil },
	"failure":  matchFailure,
}

// args are the arguments of a primitive. One that is wrong ends the test.
type args struct {
	w    *world
	list []any
}

func (a args) any(n int) any {
	if n < len(a.list) {
		return a.list[n]
	}
	return nil
}

func argument[V any](a args, n int, what, kind string) V {
	value, ok := a.any(n).(V)
	if !ok {
		a.w.test.Fatalf("the %s must be %s, got %s", what, kind, show(a.any(n)))
	}
	return value
}

func (a args) text(n int, what string) string { return argument[string](a, n, what, "a string") }

func (a args) number(n int, what string) float64 {
	if whole, ok := a.any(n).(int64); ok {
		return float64(whole)
	}
	return argument[float64](a, n, what, "a number")
}

func (a args) seconds(n int) time.Duration {
	return time.Duration(math.Round(a.number(n, "time in seconds") * float64(time.Second)))
}

// fields is a table with named fields, or nil.
func (a args) fields(n int, what string) map[string]any {
	if a.any(n) == nil {
		return nil
	}
	return argument[map[string]any](a, n, what, "a table with named fields")
}

func show(value any) string {
	if fn, ok := value.(*glua.LFunction); ok {
		return fn.String()
	}
	if value == nil {
		return "nil"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// primitives is the table that the prelude is given.
func (w *world) primitives() *glua.LTable {
	t := lua.FromGo(map[string]any{}).(*glua.LTable)
	for name, fn := range primitives {
		t.RawSetString(name, lua.NewFunction(w.wrap(fn)))
	}
	return t
}

// wrap runs a primitive while others may call into the spec's VM: a function of the spec
// may stand in for one of the nakama module.
func (w *world) wrap(fn primitive) glua.LGFunction {
	return func(L *glua.LState) int {
		a := args{w: w, list: make([]any, L.GetTop())}
		for i := range a.list {
			a.list[i] = fromLua(L, L.Get(i+1))
		}
		var results []any
		var failure error
		lua.Wait(L, func() {
			failure = w.test.try(func() { results = fn(w, a) })
		})
		if failure != nil {
			L.Error(glua.LString(failure.Error()), 0)
		}
		for _, result := range results {
			L.Push(lua.FromGo(result))
		}
		return len(results)
	}
}

func fromLua(L *glua.LState, v glua.LValue) any {
	if fn, ok := v.(*glua.LFunction); ok {
		return fn
	}
	value, err := lua.ConvertToGo(v)
	if err != nil {
		L.RaiseError("%v", err)
	}
	return value
}

// user is the user whose name an argument is.
func (w *world) user(a args, n int) *nktest.User { return w.host.User(a.text(n, "user's name")) }

// optionalUser is nil for a nil argument.
func (w *world) optionalUser(a args, n int) *nktest.User {
	if a.any(n) == nil {
		return nil
	}
	return w.user(a, n)
}

// match is the match whose id the first argument is.
func (w *world) match(a args) *nktest.Match { return w.host.MatchByID(a.text(0, "match id")) }

func (w *world) party(a args) *nktest.Party { return w.host.PartyByID(a.text(0, "party id")) }

func worldLog(w *world, a args) []any {
	lines := w.host.Log()
	if a.any(0) != nil {
		lines = w.match(a).Log()
	}
	texts := make([]any, len(lines))
	for i, line := range lines {
		texts[i] = line.String()
	}
	return []any{texts}
}

func worldMessages(w *world, a args) []any {
	list := []any{}
	for _, message := range w.user(a, 0).Messages(a.text(1, "kind of message")) {
		list = append(list, message.Any())
	}
	return []any{list}
}

func worldPay(w *world, a args) []any {
	changes := map[string]int64{}
	for name, amount := range a.fields(1, "changes") {
		whole, ok := amount.(int64)
		if !ok {
			w.test.Fatalf("the change of %q must be a whole number, got %s", name, show(amount))
		}
		changes[name] = whole
	}
	w.host.Pay(w.user(a, 0), changes)
	return nil
}

func worldStorage(w *world, a args) []any {
	user, collection, key := w.optionalUser(a, 0), a.text(1, "collection"), a.text(2, "key")
	if !w.host.Stored(user, collection, key) {
		return nil
	}
	return []any{w.host.Storage(user, collection, key).Any()}
}

func worldStore(w *world, a args) []any {
	w.host.Store(w.optionalUser(a, 0), a.text(1, "collection"), a.text(2, "key"), a.any(3))
	return nil
}

func worldRPC(w *world, a args) []any {
	answer, err := w.host.RPC(w.optionalUser(a, 0), a.text(1, "RPC's id"), a.any(2))
	if err != nil {
		return []any{nil, err.Error()}
	}
	return []any{answer}
}

func worldMatchmake(w *world, a args) []any {
	var users []*nktest.User
	for _, name := range argument[[]any](a, 0, "users", "a list that is not empty") {
		users = append(users, w.host.User(name.(string)))
	}
	return w.madeMatch(w.host.Matchmake(users...))
}

func (w *world) madeMatch(m *nktest.Match) []any {
	if m.ID == "" {
		w.test.Fatalf("the matchmaker gave the users a token, since no hook made a match for them")
	}
	return []any{m.ID}
}

func worldParty(w *world, a args) []any { return []any{w.host.Party(w.user(a, 0)).ID} }

func partyMembers(w *world, a args) []any {
	names := []any{}
	for _, user := range w.party(a).Members() {
		names = append(names, user.Username)
	}
	return []any{names}
}

func worldMatchmakeParties(w *world, a args) []any {
	var parties []*nktest.Party
	for _, id := range argument[[]any](a, 0, "parties", "a list that is not empty") {
		parties = append(parties, w.host.PartyByID(id.(string)))
	}
	return w.madeMatch(w.host.MatchmakeParties(parties...))
}

func matchJoin(w *world, a args) []any {
	metadata := map[string]string{}
	for name, value := range a.fields(2, "metadata") {
		text, ok := value.(string)
		if !ok {
			w.test.Fatalf("the metadata %q must be a string, got %s", name, show(value))
		}
		metadata[name] = text
	}
	result := w.match(a).TryJoin(w.user(a, 1), metadata)
	return []any{map[string]any{"allowed": result.Allowed, "reason": result.Reason, "label": result.Label}}
}

func matchSend(w *world, a args) []any {
	w.match(a).Send(w.user(a, 1), int64(a.number(2, "op code")), a.any(3))
	return nil
}

func matchSignal(w *world, a args) []any {
	answer, err := w.match(a).Signal(a.text(1, "data"))
	if err != nil {
		w.test.Fatalf("signal the match: %v", err)
	}
	return []any{answer}
}

func matchFailure(w *world, a args) []any {
	failure := w.match(a).Failure()
	if failure == nil {
		return nil
	}
	return []any{failure.Message}
}

func matchReceived(w *world, a args) []any { return received(a, w.match(a).Received(w.user(a, 1))) }

// received are the messages with the op code of argument 2, if there is one.
func received(a args, all nktest.Received) []any {
	var opCodes []int64
	if a.any(2) != nil {
		opCodes = append(opCodes, int64(a.number(2, "op code")))
	}
	list := []any{}
	for _, message := range all.All(opCodes...) {
		fields := map[string]any{
			"op_code": message.OpCode, "data": message.Text(), "sender": message.Sender, "reliable": message.Reliable,
		}
		var decoded any
		if json.Unmarshal(message.Data, &decoded) == nil {
			fields["json"] = decoded
		}
		list = append(list, fields)
	}
	return []any{list}
}

// function is a function of the spec as a Go function.
func (w *world) function(a args, n int) func(args []any) (results []any, err error) {
	fn := argument[*glua.LFunction](a, n, "answer", "a function")
	return func(given []any) ([]any, error) {
		values := make([]glua.LValue, len(given))
		for i, value := range given {
			values[i] = lua.FromGo(value)
		}
		returned, err := w.vm.Call(context.Background(), nil, fn, values...)
		if err != nil {
			return nil, err
		}
		results := make([]any, len(returned))
		for i, value := range returned {
			if results[i], err = lua.ConvertToGo(value); err != nil {
				return nil, err
			}
		}
		return results, nil
	}
}

func worldOverride(w *world, a args) []any {
	w.host.Override(a.text(0, "function's name"), w.function(a, 1))
	return nil
}

// worldHTTP has a function answer requests: it gets a table with method, url, headers
// and body, and returns status, body and headers.
func worldHTTP(w *world, a args) []any {
	answer := w.function(a, 0)
	w.host.HTTP(func(request *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		headers := map[string]any{}
		for name := range request.Header {
			headers[name] = request.Header.Get(name)
		}
		results, err := answer([]any{map[string]any{
			"method": request.Method, "url": request.URL.String(), "headers": headers, "body": string(body),
		}})
		if err != nil {
			return nil, err
		}
		return responseOf(results)
	})
	return nil
}

func responseOf(results []any) (*http.Response, error) {
	results = append(results, nil, nil, nil)
	code, ok := results[0].(int64)
	if !ok {
		return nil, fmt.Errorf("the spec's answer to HTTP requests must return a status, got %s", show(results[0]))
	}
	body, _ := results[1].(string)
	response := &http.Response{StatusCode: int(code), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	if headers, ok := results[2].(map[string]any); ok {
		for name, value := range headers {
			response.Header.Set(name, fmt.Sprint(value))
		}
	}
	return response, nil
}
