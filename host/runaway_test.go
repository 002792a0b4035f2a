package host_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// runawayModules have matches that never end a callback, one that ticks, and an RPC that
// never ends.
var runawayModules = []string{"main.lua", `
local nk = require("nakama")
nk.register_rpc(function(_, module) return nk.match_create(module, {}) end, "create")
nk.register_rpc(function() while true do pcall(error) end end, "spin")
`, "bad.lua", `
local M = {}
function M.match_init() return {}, 10, "" end
function M.match_join_attempt(_, _, _, state) return state, true end
function M.match_join(_, _, _, state) return state end
function M.match_leave(_, _, _, state) return state end
function M.match_loop(_, _, tick, state)
  while tick >= 0 do end
  return state
end
function M.match_signal(_, _, _, state) return state, "" end
function M.match_terminate(_, _, _, state) return state end
return M
`, "good.lua", `
local M = {}
for _, name in ipairs({"join", "leave", "terminate"}) do M["match_" .. name] = function(_, _, _, state) return state end end
function M.match_init() return {}, 20, "" end
function M.match_join_attempt(_, _, _, state) return state, true end
function M.match_loop(_, dispatcher, tick, state)
  dispatcher.broadcast_message(1, tostring(tick))
  return state
end
function M.match_signal(_, _, _, state) return state, "" end
return M
`}

// lockedLog is a log that a test reads while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestMatchesThatNeverEndACallback has more of them than there are cores, beside a match
// in which a player is: that one goes on ticking, and the others are stopped, each with a
// log line that says where.
func TestMatchesThatNeverEndACallback(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.Runtime.Path = folderWith(t, runawayModules...)
	cfg.Runtime.LuaCallTimeoutMs = 1000
	log := &lockedLog{}
	h, stop := run(t, cfg, log)
	defer stop()
	player := login(t, h, "device-0123456789", "")
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+h.Addr()+"/ws?token="+url.QueryEscape(player), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	id := rpc(t, h, "create", "good")
	if err := conn.WriteJSON(json.RawMessage(`{"match_join": {"match_id": "` + id + `"}}`)); err != nil {
		t.Fatal(err)
	}
	ticks := func(count int) time.Duration {
		began := time.Now()
		_ = conn.SetReadDeadline(began.Add(20 * time.Second))
		for count > 0 {
			_, frame, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(frame, []byte("match_data")) {
				count--
			}
		}
		return time.Since(began)
	}
	ticks(1)
	const bad = 6
	for range bad {
		rpc(t, h, "create", "bad")
	}
	ticks(10) // half a second, in which the bad ones hold all places
	for deadline := time.Now().Add(20 * time.Second); h.Stats().Matches > 1; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d matches go on", h.Stats().Matches)
		}
	}
	ticks(1)
	if count := strings.Count(log.String(), "bad.lua:8: a limit of Lua calls was reached"); count < bad {
		t.Errorf("the log names the place %d times, want at least %d: %s", count, bad, log.String())
	}
}

// TestAnRPCThatNeverEnds is refused in the end, and the next one is served.
func TestAnRPCThatNeverEnds(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.Runtime.Path = folderWith(t, runawayModules...)
	cfg.Runtime.LuaCallTimeoutMs = 300
	h, stop := run(t, cfg, &lockedLog{})
	defer stop()
	if status, text := call(t, "POST", "http://"+h.Addr()+"/v2/rpc/spin?unwrap&http_key=defaulthttpkey", "", ""); status != 500 || !strings.Contains(text, "limit") {
		t.Errorf("%d %s", status, text)
	}
	rpc(t, h, "create", "good")
}
