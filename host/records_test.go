package host

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"nkhost/host/config"
)

// TestRecordsOfManyMatches records matches that run at the same time on a host with its
// own clock, and replays each.
func TestRecordsOfManyMatches(t *testing.T) {
	t.Parallel()
	modules := fstest.MapFS{"dice.lua": {Data: []byte(`
local nk = require("nakama")
local M = {}
function M.match_init(context, params)
  return { rolls = {}, started = nk.time(), clock = os.clock(), n = params.n, id = nk.uuid_v4() }, 60, ""
end
function M.match_loop(context, dispatcher, tick, state)
  table.insert(state.rolls, math.random(6) + os.time())
  state.objects = nk.storage_read({ { collection = "c", key = "k", user_id = nk.uuid_v4() } })
  nk.localcache_put("last", state.rolls)
  if tick == 20 then return nil end
  return state
end
for _, name in ipairs({ "join_attempt", "join", "leave", "signal", "terminate" }) do
  M["match_" .. name] = function(context, dispatcher, tick, state) return state end
end
return M`)}}
	folder := t.TempDir()
	cfg := config.Default()
	cfg.DataDir, cfg.Socket.Port, cfg.Match.Record = ":memory:", 0, folder
	log := slog.New(slog.DiscardHandler)
	h, err := Open(t.Context(), Options{Config: cfg, Log: log, Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close(context.Background()) }() // again, in case the test ends early
	const count = 20
	var creating sync.WaitGroup
	for i := range count {
		creating.Go(func() {
			if _, err := h.matches.Create(t.Context(), "dice", map[string]any{"n": i}); err != nil {
				t.Error(err)
			}
		})
	}
	creating.Wait()
	for deadline := time.Now().Add(30 * time.Second); h.matches.Count() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d matches go on", h.matches.Count())
		}
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(folder + "/*.match")
	if err != nil || len(files) != count {
		t.Fatalf("%d matches were recorded, %v", len(files), err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		r, err := Replay(t.Context(), ReplayOptions{File: file, Modules: modules, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		if r.Difference != nil || r.Err != nil || !r.SameModules || r.Cut || !r.Ended || r.Tick != 20 {
			t.Errorf("the replay ends as %+v, with the difference %v", r, r.Difference)
		}
	}
}

// TestAskRecord wants that only who may ask is heard, and only for what can be.
func TestAskRecord(t *testing.T) {
	t.Parallel()
	modules := fstest.MapFS{"games/lobby.lua": {Data: []byte("return {}")}}
	for name, c := range map[string]struct {
		record bool
		method string
		query  string
		want   int
	}{
		"any module":            {true, "POST", "http_key=defaulthttpkey", 200},
		"a module":              {true, "POST", "http_key=defaulthttpkey&module=games.lobby&count=3", 200},
		"a module's path":       {true, "POST", "http_key=defaulthttpkey&module=games/lobby", 200},
		"no such module":        {true, "POST", "http_key=defaulthttpkey&module=lobby", 404},
		"none":                  {true, "POST", "http_key=defaulthttpkey&count=0", 400},
		"too many":              {true, "POST", "http_key=defaulthttpkey&count=1001", 400},
		"no number":             {true, "POST", "http_key=defaulthttpkey&count=x", 400},
		"a wrong key":           {true, "POST", "http_key=wrong", 401},
		"no key":                {true, "POST", "", 401},
		"GET":                   {true, "GET", "http_key=defaulthttpkey", 405},
		"nothing is recorded":   {false, "POST", "http_key=defaulthttpkey", 400},
		"a secret is kept then": {false, "POST", "http_key=wrong", 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config.Default()
			cfg.DataDir, cfg.Socket.Port = ":memory:", 0
			if c.record {
				cfg.Match.Record, cfg.Match.RecordOnDemand = t.TempDir(), true
			}
			h, err := Open(t.Context(), Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Modules: modules})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = h.Close(context.Background()) }()
			answer := httptest.NewRecorder()
			h.server.Handler.ServeHTTP(answer, httptest.NewRequest(c.method, recordPath+"?"+c.query, nil))
			if answer.Code != c.want || !json.Valid(answer.Body.Bytes()) {
				t.Errorf("answered %d %s, want %d", answer.Code, answer.Body, c.want)
			}
		})
	}
}

func TestRecordOnDemandWantsAFolder(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.DataDir, cfg.Socket.Port, cfg.Match.RecordOnDemand = ":memory:", 0, true
	if _, err := Open(t.Context(), Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Modules: fstest.MapFS{}}); err == nil || !strings.Contains(err.Error(), "match.record") {
		t.Errorf("the error is %v", err)
	}
}
