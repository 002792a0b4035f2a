package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nkhost/host"
)

var (
	soakTime    = flag.Duration("soak", 3*time.Second, "how long TestSoak lets clients in")
	soakClients = flag.Int("soak-clients", 40, "how many clients TestSoak has at a time")
)

// soakModules are a room that ends when it has been empty for a while, and what opens it.
var soakModules = map[string]string{
	"main.lua": `
local nk = require("nakama")
nk.register_rpc(function(_, payload) return nk.match_create("room", {size = #payload}) end, "open")
nk.register_rpc(function(_, payload) return payload end, "echo")
nk.register_matchmaker_matched(function(_, users) return nk.match_create("room", {invited = users}) end)
`,
	"room.lua": `
local nk = require("nakama")
local M = {}
function M.match_init() return {empty = 0, members = 0, log = {}}, 20, nk.json_encode({kind = "soak"}) end
function M.match_join_attempt(_, _, _, state) return state, state.members < 8, "full" end
function M.match_join(_, dispatcher, _, state, presences)
  state.members = state.members + #presences
  dispatcher.broadcast_message(2, nk.json_encode({members = state.members}))
  return state
end
function M.match_leave(_, dispatcher, _, state, presences)
  state.members = state.members - #presences
  return state
end
function M.match_loop(_, dispatcher, tick, state, messages)
  for _, message in ipairs(messages) do
    local ok, value = pcall(nk.json_decode, message.data)
    if message.op_code == 9 then dispatcher.match_kick({message.sender})
    elseif message.op_code == 8 then error("a match that fails")
    elseif ok then dispatcher.broadcast_message(message.op_code, nk.json_encode({value, tick})) end
  end
  state.empty = state.members == 0 and state.empty + 1 or 0
  if state.empty > 40 then return nil end
  return state
end
function M.match_signal(_, _, _, state, data) return state, data end
function M.match_terminate(_, _, _, state) return state end
return M
`,
}

// TestSoak lets many clients join, play, drop, rejoin and send garbage, and then looks
// for what they have left behind.
func TestSoak(t *testing.T) {
	cfg := settings()
	cfg.Runtime.Path = t.TempDir()
	for name, text := range soakModules {
		if err := os.WriteFile(filepath.Join(cfg.Runtime.Path, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, stop := run(t, cfg, io.Discard)
	defer stop()
	soak(t, h, time.Second/2, 4) // so that what is made once is there
	before := heapInUse()
	calls := soak(t, h, *soakTime, *soakClients)
	for deadline := time.Now().Add(20 * time.Second); h.Stats() != (host.Stats{}); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %+v", h.Stats())
		}
	}
	after := heapInUse()
	t.Logf("%d actions by %d clients; heap in use before %d KB, after %d KB", calls, *soakClients, before>>10, after>>10)
	if after > before+16<<20 {
		t.Errorf("the heap grew from %d KB to %d KB", before>>10, after>>10)
	}
}

func heapInUse() uint64 {
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapInuse
}

// soak runs clients for a while and returns how much they did.
func soak(t *testing.T, h *host.Host, d time.Duration, clients int) int64 {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var actions atomic.Int64
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			c := &soakClient{base: h.Addr(), random: rand.New(rand.NewPCG(uint64(i), 1)), actions: &actions}
			for ctx.Err() == nil {
				if err := c.visit(ctx); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
			}
		})
	}
	running.Wait()
	http.DefaultClient.CloseIdleConnections()
	return actions.Load()
}

// soakClient is one that comes again and again.
type soakClient struct {
	base    string
	random  *rand.Rand
	actions *atomic.Int64
	match   string // the last one it was in; it may have ended
}

// garbage is what no client should send. Most of it ends the socket.
var garbage = []string{
	`{`, `[]`, `null`, `{"cid":"x"}`, `{"match_join":{}}`, `{"match_join":{"match_id":"no"}}`, `{"nonsense":{}}`,
	`{"match_data_send":{"match_id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8.nakama","op_code":"1","data":"eA=="}}`,
	`{"matchmaker_add":{"min_count":9,"max_count":1}}`, `{"matchmaker_add":{"min_count":2,"max_count":2,"query":"+\"("}}`,
	`{"matchmaker_remove":{"ticket":"none"}}`, `{"match_leave":{"match_id":"x.y"}}`, `{"rpc":{"id":"absent"}}`, `{"rpc":{}}`,
	`{"status_follow":{"user_ids":["x"]}}`, `{"channel_join":{"target":"x"}}`, strings.Repeat("x", 5000), "\xff\xfe",
}

// visit opens a socket, does things for a while and goes, politely or not. What the host
// refuses or cuts off is all right; that it does not let in a new visitor is not.
func (c *soakClient) visit(ctx context.Context) error {
	token, err := c.login()
	if err != nil {
		return err
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+c.base+"/ws?status=true&token="+url.QueryEscape(token), nil)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	var reading sync.WaitGroup
	matches := make(chan string, 64)
	reading.Go(func() { readMatches(conn, matches) })
	for range c.random.IntN(30) {
		if ctx.Err() != nil || c.act(conn, matches) != nil {
			break
		}
		c.actions.Add(1)
		time.Sleep(time.Duration(c.random.IntN(10)) * time.Millisecond)
	}
	if c.random.IntN(2) == 0 {
		_ = conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
	}
	err = conn.Close()
	reading.Wait()
	return err
}

// readMatches reads until the socket ends and passes on where the host sends the client.
func readMatches(conn *websocket.Conn, matches chan<- string) {
	for {
		var frame struct {
			Matched *meeting `json:"matchmaker_matched"`
			RPC     *struct {
				ID      string `json:"id"`
				Payload string `json:"payload"`
			} `json:"rpc"`
		}
		if err := conn.ReadJSON(&frame); err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				continue
			}
			return
		}
		id := ""
		switch {
		case frame.Matched != nil:
			id = frame.Matched.MatchID
		case frame.RPC != nil && frame.RPC.ID == "open":
			id = frame.RPC.Payload
		}
		if id != "" && len(matches) < cap(matches) {
			matches <- id
		}
	}
}

func (c *soakClient) act(conn *websocket.Conn, matches <-chan string) error {
	select {
	case c.match = <-matches:
		return send(conn, fmt.Sprintf(`{"cid":"j","match_join":{"match_id":%q}}`, c.match))
	default:
	}
	switch c.random.IntN(12) {
	case 0:
		return send(conn, garbage[c.random.IntN(len(garbage))])
	case 1:
		return send(conn, `{"cid":"m","matchmaker_add":{"min_count":2,"max_count":4,"query":"*","string_properties":{"a":"b"}}}`)
	case 2:
		return send(conn, `{"cid":"o","rpc":{"id":"open","payload":"x"}}`)
	case 3:
		return send(conn, fmt.Sprintf(`{"cid":"j","match_join":{"match_id":%q}}`, c.match))
	case 4:
		return send(conn, fmt.Sprintf(`{"cid":"l","match_leave":{"match_id":%q}}`, c.match))
	case 5:
		return send(conn, `{"cid":"e","rpc":{"id":"echo","payload":"hello"}}`)
	case 6:
		return send(conn, fmt.Sprintf(`{"status_update":{"status":"%d"}}`, c.random.IntN(100)))
	case 7:
		return send(conn, `{"cid":"c","match_create":{}}`)
	default:
		op := 1 + c.random.IntN(7)
		if c.random.IntN(40) == 0 {
			op += 2 // 8 fails, 9 kicks
		}
		return send(conn, fmt.Sprintf(`{"match_data_send":{"match_id":%q,"op_code":"%d","data":"eyJyb3ciOjF9"}}`, c.match, op))
	}
}

func send(conn *websocket.Conn, text string) error {
	return conn.WriteMessage(websocket.TextMessage, []byte(text))
}

func (c *soakClient) login() (token string, err error) {
	body := fmt.Sprintf(`{"id":"soak-device-%d"}`, c.random.IntN(200))
	request, err := http.NewRequest("POST", "http://"+c.base+"/v2/account/authenticate/device", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", serverKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("login: status %d, %w", response.StatusCode, err)
	}
	return answer.Token, nil
}
