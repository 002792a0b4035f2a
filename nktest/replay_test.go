package nktest_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nkhost/host/config"
	"nkhost/nktest"
)

// recordTo has a host record its matches.
func recordTo(folder string) nktest.Option {
	return nktest.Configure(func(c *config.Config) { c.Match.Record = folder })
}

// recorded is the only file in a folder.
func recorded(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.match")
	if err != nil || len(files) != 1 {
		t.Fatalf("recorded are %v, %v", files, err)
	}
	return files[0]
}

// recordArena records a match in which all kinds of things happen, the last of them
// what the messages ask for, and returns the file and the state.
func recordArena(t *testing.T, last ...string) (file string, state any) {
	t.Helper()
	folder := t.TempDir()
	r := &recorder{T: t}
	h := nktest.Open(r, testModules(), recordTo(folder), nktest.Configure(func(c *config.Config) { c.IAP.FacebookInstant.AppSecret = "secret" }))
	h.HTTP(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("from \xff outside"))}, nil
	})
	h.Store(nil, "c", "k", map[string]any{"z": 1, "a": []int{1, 2}, "m": "x"})
	alice, bob := h.User("alice"), h.User("bob")
	m := h.Match("arena", map[string]any{"password": "p", "rate": 7})
	m.MayFail()
	m.TryJoin(alice, nil)
	for _, user := range []*nktest.User{alice, bob} {
		m.TryJoin(user, map[string]string{"password": "p"})
	}
	m.Tick(3)
	for _, what := range append([]string{"time", "http", "read", "buy", "label", "log", "random", "roll", "dump"}, last...) {
		m.Send(alice, 5, what)
		h.Advance(300 * time.Millisecond)
	}
	if len(last) == 0 {
		if _, err := m.Signal("x\xffy"); err != nil {
			t.Fatal(err)
		}
		m.Send(bob, 1, "kick")
		m.Tick(1)
		state = m.State("").Any()
		m.Terminate(2)
	}
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	if len(last) == 0 && r.Failed() {
		t.Fatal(r.failures)
	}
	return recorded(t, folder), state
}

// changed are the tests' modules with a piece of arena.lua replaced.
func changed(t *testing.T, old, with string) fs.FS {
	t.Helper()
	source, err := os.ReadFile("testdata/modules/arena.lua")
	if err != nil || !strings.Contains(string(source), old) {
		t.Fatalf("arena.lua lacks %q: %v", old, err)
	}
	return fstest.MapFS{"arena.lua": {Data: []byte(strings.Replace(string(source), old, with, 1))}}
}

// TestReplay wants that a match goes as it went, with nothing from outside.
func TestReplay(t *testing.T) {
	t.Parallel()
	file, state := recordArena(t)
	r := nktest.Replay(t, file, testModules())
	if r.Difference != nil {
		t.Errorf("the replay differs: %v", r.Difference)
	}
	if r.Label != "changed" || !r.Ended {
		t.Errorf("the replay ends as %+v", r)
	}
	r.State("").Is(state)
	r.State("bought.validated_purchases.0.product_id").Is("gems")
	r.State("had").Is(1)
	if info, err := os.Stat(file); err == nil {
		t.Logf("%d ticks in %d bytes", r.Tick, info.Size())
	}
}

// TestReplayOfOtherCode wants that the first difference is found.
func TestReplayOfOtherCode(t *testing.T) {
	t.Parallel()
	file, _ := recordArena(t)
	for _, test := range []struct{ name, old, with, want string }{
		{"state", `state.os_time, state.nk_time = os.time(), nk.time()`, `state.nk_time = nk.time(); local _ = os.time()`, "tick 4, match_loop: the state is another one"},
		{"broadcast", `broadcast_message(11, "direct")`, `broadcast_message(11, "indirect")`, "tick 0, match_join: it sends something else"},
		{"error", `dispatcher.match_label_update("changed")`, `error("no label")`, "match_loop: it fails, and did not when it was recorded: arena.lua:"},
		{"calls", `local ok, code`, `nk.account_get_id("x"); local ok, code`, "match_loop: it fails, and did not when it was recorded"},
		{"start", `math.random(1000000), joins`, `math.random(3), joins`, "tick 0, match_init: the state is another one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{T: t}
			replayed := nktest.Replay(r, file, changed(t, test.old, test.with))
			if replayed.Difference == nil || !strings.Contains(replayed.Difference.String(), test.want) {
				t.Errorf("the difference is %v, want %q", replayed.Difference, test.want)
			}
		})
	}
}

// TestReplayAsRegressionTest wants that the recording of a mistake fails until that is
// mended.
func TestReplayAsRegressionTest(t *testing.T) {
	t.Parallel()
	file, _ := recordArena(t, "fail")
	broken := &recorder{T: t}
	if r := nktest.Replay(broken, file, testModules()); r.Difference != nil {
		t.Errorf("the failure differs: %v", r.Difference)
	}
	if text := strings.Join(broken.failures, "\n"); !strings.Contains(text, "arena.lua:36: attempt to index") || !strings.Contains(text, `victim = "alice"`) {
		t.Errorf("the replay fails with %q", text)
	}
	r := nktest.Replay(t, file, changed(t, "missing.field ..", "(missing or {}).field, "))
	if r.Difference == nil || !strings.Contains(r.Difference.What, "it does not fail, and did") {
		t.Errorf("the difference is %v", r.Difference)
	}
}

// TestRecordedGame wants that a match that a module has made is recorded like any other,
// with the tick at which it ended.
func TestRecordedGame(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	h := nktest.Open(t, testModules(), recordTo(folder))
	alice := h.User("alice")
	id, err := h.RPC(alice, "prepare", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := h.MatchByID(id)
	m.Join(alice)
	m.Send(alice, 1, json.RawMessage(`{"a":1}`))
	m.Tick(100)
	m.Leave(alice)
	m.Terminate(1)
	if r := nktest.Replay(t, recorded(t, folder), testModules()); r.Difference != nil || r.Tick != 100 {
		t.Errorf("after %d ticks: %v", r.Tick, r.Difference)
	}
}

// TestReplayWithTheModulesHere wants that a recording runs against the folder "modules"
// beside the test, and that a test without one is told what to do.
func TestReplayWithTheModulesHere(t *testing.T) {
	file, _ := recordArena(t)
	missing := &recorder{T: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		nktest.Replay(missing, file)
	}()
	<-done
	if text := strings.Join(missing.failures, "\n"); !strings.Contains(text, `there is no folder "modules" here`) {
		t.Errorf("without a folder the replay fails with %q", text)
	}
	t.Chdir("testdata")
	if r := nktest.Replay(t, file); r.Difference != nil {
		t.Errorf("the replay differs: %v", r.Difference)
	}
}
