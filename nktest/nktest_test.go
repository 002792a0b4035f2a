package nktest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"nkhost/nktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(covering{m}) }

// covering are the tests with the flag for the coverage of Lua modules.
type covering struct{ tests *testing.M }

func (c covering) Run() int { return nktest.Cover(c.tests) }

func testModules() fs.FS { return os.DirFS("testdata/modules") }

// TestMatchControl tells of all that a test can do to a match.
func TestMatchControl(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Match("arena", map[string]any{"password": "s3cret"})

	if result := m.TryJoin(alice, nil); result.Allowed || result.Reason != "wrong password" {
		t.Errorf("a join without the password: %+v", result)
	}
	for _, user := range []*nktest.User{alice, bob} {
		if result := m.TryJoin(user, map[string]string{"password": "s3cret"}); !result.Allowed || result.Label != "arena" {
			t.Fatalf("a join with the password: %+v", result)
		}
	}
	m.State("attempts").Is(3)
	if got := fmt.Sprint(m.Members()); got != "[alice bob]" {
		t.Errorf("members: %s", got)
	}
	if got := m.Received(alice); got.Count() != 4 || got.All()[0].Text() != "direct" || got.All()[1].Text() != "deferred" {
		t.Errorf("alice has received:\n%s", got)
	}

	m.Send(alice, 3, "label")
	m.Tick(1)
	if m.Label() != "changed" || m.TickCount() != 1 {
		t.Errorf("label %q after %d ticks", m.Label(), m.TickCount())
	}
	m.State("seen").Is([]any{map[string]any{"op": 3, "data": "label", "from": "alice"}})

	if answer, err := m.Signal("you"); err != nil || answer != "heard you" {
		t.Errorf("signal: %q, %v", answer, err)
	}
	m.Send(alice, 1, "kick")
	m.Tick(1)
	if !m.Kicked(alice) || m.Has(alice) || m.Kicked(bob) || !alice.Connected() {
		t.Error("alice alone should have been kicked")
	}
	m.Disconnect(bob)
	m.State("left").Is("bob")
	bob.Reconnect()
	m.TryJoin(bob, map[string]string{"password": "s3cret"})
	m.Send(bob, 1, "log")
	m.TickUntil(func() bool { return m.State("seen").Len() == 3 }, 5)
	if log := m.Log(); log[len(log)-1].Text != "a line of the match" || !strings.Contains(log[len(log)-1].Fields["source"], "arena.lua:") {
		t.Errorf("the match's log ends with %v", log[len(log)-1])
	}
	m.Terminate(5)
	if !m.Ended() {
		t.Error("the match goes on after match_terminate")
	}
}

// A player who comes back is another session of the same user.
func TestRejoin(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Match("arena", nil)
	m.Join(alice, bob)
	m.Disconnect(alice)
	if m.Has(alice) || !m.Has(bob) {
		t.Errorf("members after a lost connection: %v", m.Members())
	}
	m.Rejoin(alice, bob)
	if !m.Has(alice) || !m.Has(bob) || !alice.Connected() {
		t.Errorf("members after the rejoin: %v", m.Members())
	}
	m.State("joins").Is(4)
	m.State("left").Is("bob")
}

// TestTimeIsVirtual wants that all clocks of Lua are the test's.
func TestTimeIsVirtual(t *testing.T) {
	t.Parallel()
	start := time.Date(2040, 5, 6, 7, 8, 9, 0, time.UTC)
	h := nktest.Open(t, testModules(), nktest.At(start))
	alice := h.User("alice")
	m := h.Match("arena", nil)
	m.Join(alice)
	h.Advance(time.Hour)
	if ticks := m.TickCount(); ticks != 60*60*10 {
		t.Errorf("%d ticks in an hour at 10 a second", ticks)
	}
	m.Send(alice, 1, "time")
	m.Tick(1)
	want := start.Add(time.Hour + 100*time.Millisecond)
	m.State("os_time").Is(want.Unix())
	m.State("nk_time").Is(want.UnixMilli())
	if !h.Now().Equal(want) {
		t.Errorf("the time is %v, want %v", h.Now(), want)
	}
}

// TestTokensExpire wants that the tokens of real connections, and cron, follow the clock.
func TestTokensExpire(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	c := h.Client(h.User("alice"))
	for _, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		if status, _ := c.Do("GET", "/v2/account", ""); status != want {
			t.Errorf("at %v the account answers with %d, want %d", h.Now(), status, want)
		}
		h.Advance(3 * time.Hour)
	}
	next, err := h.Nakama("cron_next", "0 0 * * *", h.Now().Unix())
	if err != nil {
		t.Fatal(err)
	}
	next[0].Is(time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC).Unix())
}

// TestRunsAreAlike wants that ids and math.random follow from the seed.
func TestRunsAreAlike(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		h := nktest.Open(t, testModules(), nktest.Seed(seed))
		answer, err := h.RPC(h.User("alice"), "whoami", "")
		if err != nil {
			t.Fatal(err)
		}
		m := h.Match("arena", nil)
		return answer + m.ID + h.User("bob").ID + m.State("dice").String()
	}
	first, again, other := run(1), run(1), run(2)
	if first != again {
		t.Errorf("two runs differ:\n%s\n%s", first, again)
	}
	if first == other {
		t.Errorf("another seed changes nothing: %s", first)
	}
}

func TestRPCsAndData(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	alice := h.User("alice")
	var who struct{ User, Payload string }
	answer, err := h.RPC(alice, "whoami", map[string]int{"n": 1})
	if err != nil || json.Unmarshal([]byte(answer), &who) != nil || who.User != "alice" || who.Payload != `{"n":1}` {
		t.Errorf("whoami: %s, %v", answer, err)
	}
	if _, err := h.RPC(nil, "refuse", nil); err == nil || !strings.Contains(err.Error(), "not now") {
		t.Errorf("refuse: %v", err)
	}
	h.Pay(alice, map[string]int64{"coins": 10})
	id, err := h.RPC(alice, "prepare", nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := h.MatchByID(id); m.Label() != "from lua" {
		t.Errorf("label %q", m.Label())
	}
	if coins := h.Wallet(alice)["coins"]; coins != 15 {
		t.Errorf("%d coins", coins)
	}
	h.Storage(alice, "saves", "one").At("level").Is(3)
	if h.Stored(nil, "saves", "one") {
		t.Error("the object belongs to nobody")
	}
	frames := alice.Frames()
	if n := frames[len(frames)-1].GetNotifications().GetNotifications(); len(n) != 1 || n[0].Subject != "hello" {
		t.Errorf("alice's last message is %v", frames[len(frames)-1])
	}
}

// TestWhatUsersAreTold reaches notifications and streams, live and by the functions that
// modules have.
func TestWhatUsersAreTold(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	alice := h.User("alice")
	call := func(function string, args ...any) []nktest.Value {
		t.Helper()
		results, err := h.Nakama(function, args...)
		if err != nil {
			t.Fatalf("%s: %v", function, err)
		}
		return results
	}
	stream := map[string]any{"mode": 99, "subject": alice.ID}
	call("stream_user_join", alice, alice.SessionID(), stream, false, true, "here")
	call("stream_send", stream, "to all of it")
	call("notification_send", alice, "hello", map[string]any{"n": []int{1, 2}}, 7, nil, true)
	call("stream_user_list", stream, true, true)[0].At("0.user_id").Is(alice.ID)

	if told := alice.Messages("stream_data"); len(told) != 1 || told[0].At("data").String() != "to all of it" {
		t.Errorf("alice was told %v on the stream", told)
	}
	live := alice.Messages("notifications")
	if len(live) != 1 || live[0].At("notifications.0.subject").String() != "hello" {
		t.Errorf("alice was notified of %v", live)
	}
	call("notifications_list", alice, 10, "")[0].At("0.subject").Is("hello")

	if _, err := h.Nakama("account_get_id", "nobody"); err == nil || !strings.Contains(err.Error(), "account_get_id") {
		t.Errorf("a refusal: %v", err)
	}
	if _, err := h.Nakama("no_such_function"); err == nil || !strings.Contains(err.Error(), `no function "no_such_function"`) {
		t.Errorf("no such function: %v", err)
	}
}

func TestDoubles(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	alice := h.User("alice")
	m := h.Match("arena", nil)
	m.Join(alice)
	do := func(what string) {
		m.Send(alice, 1, what)
		m.Tick(1)
	}
	do("http")
	m.State("http.ok").Is(false)
	h.HTTP(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 418, Body: io.NopCloser(strings.NewReader("tea from " + r.URL.Host))}, nil
	})
	do("http")
	m.State("http").Is(map[string]any{"ok": true, "code": 418, "body": "tea from example.com"})

	h.Store(nil, "c", "k", map[string]int{"real": 1})
	h.Override("storage_read", func(args []any) ([]any, error) {
		if key := args[0].([]any)[0].(map[string]any)["key"]; key != "k" {
			return nil, fmt.Errorf("key %v", key)
		}
		return []any{[]any{map[string]any{"value": "double"}}}, nil
	})
	do("read")
	m.State("read.0.value").Is("double")
	h.Restore("storage_read")
	do("read")
	m.State("read.0.value.real").Is(1)
}

// TestClient plays with a real connection.
func TestClient(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	m := h.Match("arena", nil)
	c := h.Client(h.User("alice"))
	c.Send(map[string]any{"cid": "1", "match_join": map[string]any{"match_id": m.ID}})
	c.Next("match").At("label").Is("arena")
	c.Next("match_data").At("op_code").Is("11")
	if status, account := c.Do("GET", "/v2/account", ""); status != http.StatusOK || account.At("user.username").String() != "alice" {
		t.Errorf("account: %d %v", status, account)
	}
}

// recorder is a T that notes what a test would fail with.
type recorder struct {
	*testing.T
	mu       sync.Mutex
	failures []string
	cleanups []func()
	logged   string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool { return len(r.failures) > 0 }

func (r *recorder) Cleanup(fn func()) { r.cleanups = append(r.cleanups, fn) }

func (r *recorder) Helper() {}

func (r *recorder) Logf(format string, args ...any) { r.logged += fmt.Sprintf(format, args...) }

// failuresOf are the texts that a test fails with.
func failuresOf(t *testing.T, test func(h *nktest.Host, m *nktest.Match, alice *nktest.User)) string {
	r := &recorder{T: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h := nktest.Open(r, testModules())
		alice := h.User("alice")
		m := h.Match("arena", nil)
		m.Join(alice)
		test(h, m, alice)
	}()
	<-done
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	return strings.Join(r.failures, "\n")
}

// TestFailures wants that a failure says what one needs to know.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		run  func(h *nktest.Host, m *nktest.Match, alice *nktest.User)
		want []string
	}{
		{"a Lua error", func(_ *nktest.Host, m *nktest.Match, alice *nktest.User) {
			m.Send(alice, 1, "fail")
			m.Tick(1)
		}, []string{
			"of module arena failed: arena.lua:36: attempt to index a non-table object(nil) with key 'field' (missing is nil)",
			"in function 'act'", "local variables:", `victim = "alice"`, "list = { 1, 2, { deep = true } }", "missing = nil",
		}},
		{"a match that has ended", func(_ *nktest.Host, m *nktest.Match, alice *nktest.User) {
			m.MayFail()
			m.Send(alice, 1, "fail")
			m.Tick(2)
			m.State("seen")
		}, []string{"the match has ended: match_loop failed: arena.lua:36:"}},
		{"another value", func(_ *nktest.Host, m *nktest.Match, alice *nktest.User) {
			m.Send(alice, 7, "x")
			m.Tick(1)
			m.State("seen").Is([]any{map[string]any{"op": 8, "data": "x", "from": "alice"}, 1})
		}, []string{"the match's state: seen is not what is wanted", "0.op: got 7, want 8", "1: got nothing, want 1"}},
		{"no such path", func(_ *nktest.Host, m *nktest.Match, _ *nktest.User) {
			m.State("seen.5.op")
		}, []string{`the match's state has nothing at "seen.5.op"`, `"joins": 1`}},
		{"no such message", func(_ *nktest.Host, m *nktest.Match, alice *nktest.User) {
			m.Received(alice).Last(99)
		}, []string{"alice has received no message with op code 99", "message 1 to alice (op code 11): direct"}},
		{"a message that is not JSON", func(_ *nktest.Host, m *nktest.Match, alice *nktest.User) {
			m.Received(alice).Last(11).JSON("x")
		}, []string{"message 1 to alice (op code 11) is not JSON"}},
		{"a stranger", func(h *nktest.Host, m *nktest.Match, _ *nktest.User) {
			m.Send(h.User("bob"), 1, "x")
		}, []string{"bob is not in the match"}},
		{"a condition that does not come", func(_ *nktest.Host, m *nktest.Match, _ *nktest.User) {
			m.TickUntil(func() bool { return false }, 3)
		}, []string{"has not come within 3 ticks"}},
		{"no such module", func(h *nktest.Host, _ *nktest.Match, _ *nktest.User) {
			h.Match("arenna", nil)
		}, []string{"arenna", `"arena"`}},
		{"no such function", func(h *nktest.Host, _ *nktest.Match, _ *nktest.User) {
			h.Override("storage_red", nil)
		}, []string{`nakama has no function "storage_red"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := failuresOf(t, test.run)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("the failure lacks %q:\n%s", want, got)
				}
			}
		})
	}
}

// TestRPCThatRaises wants that the log, whose end a test that fails shows, says where and
// with which variables.
func TestRPCThatRaises(t *testing.T) {
	t.Parallel()
	r := &recorder{T: t}
	h := nktest.Open(r, fstest.MapFS{"main.lua": {Data: []byte(`
require("nakama").register_rpc(function(context, payload)
  local items, count = nil, #payload
  count = count + 1
  count = count + items.count
  return count
end, "bad")`)}})
	if _, err := h.RPC(nil, "bad", "four"); err == nil || !strings.Contains(err.Error(), "attempt to index") {
		t.Errorf("the RPC answered %v", err)
	}
	log := h.Log()
	line := log[len(log)-1]
	if got := fmt.Sprint(line.Locals[1:]); got != `[{payload "four"} {items nil} {count 5}]` {
		t.Errorf("the variables are %s", got)
	}
	r.Errorf("have the end of the log shown")
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	for _, want := range []string{"error=main.lua:5: attempt to index", "main.lua:5: in function <main.lua:2>", "local variables:", "count = 5"} {
		if !strings.Contains(r.logged, want) {
			t.Errorf("the shown log lacks %q:\n%s", want, r.logged)
		}
	}
}

// TestThousandMatches wants that many matches in one test are no matter.
func TestThousandMatches(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, testModules())
	alice, bob := h.User("alice"), h.User("bob")
	for range 1000 {
		m := h.Match("arena", nil)
		m.Join(alice, bob)
		m.Send(alice, 1, "hello")
		m.Tick(5)
		m.State("seen.0.data").Is("hello")
		m.Terminate(1)
	}
}
