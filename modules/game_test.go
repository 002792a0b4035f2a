package modules

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

// loadGame evaluates the game's modules in a fresh state whose nakama module has just
// the functions the game calls.
func loadGame(t *testing.T) *glua.LState {
	t.Helper()
	L := glua.NewState()
	t.Cleanup(L.Close)
	L.PreloadModule("nakama", func(L *glua.LState) int {
		L.Push(L.SetFuncs(L.NewTable(), map[string]glua.LGFunction{
			"json_encode": func(L *glua.LState) int {
				text, err := json.Marshal(plain(L.CheckTable(1)))
				if err != nil {
					L.RaiseError("json_encode: %v", err)
				}
				L.Push(glua.LString(text))
				return 1
			},
			"json_decode": func(L *glua.LState) int {
				value, err := luajson.Decode(L, []byte(L.CheckString(1)))
				if err != nil {
					L.RaiseError("json_decode: %v", err)
				}
				L.Push(value)
				return 1
			},
			"logger_debug": func(L *glua.LState) int {
				t.Log(L.CheckString(1))
				return 0
			},
			"match_create": func(L *glua.LState) int {
				L.Push(glua.LString(L.CheckString(1) + " for " + fmt.Sprint(L.CheckTable(2).RawGetString("invited").(*glua.LTable).Len())))
				return 1
			},
			"register_matchmaker_matched": func(L *glua.LState) int {
				L.SetGlobal("matched_hook", L.CheckFunction(1))
				return 0
			},
		}))
		return 1
	})
	for _, name := range []string{"tictactoe_state", "tictactoe_match", "main"} {
		source, err := fs.ReadFile(Game(), name+".lua")
		if err != nil {
			t.Fatal(err)
		}
		fn, err := L.Load(strings.NewReader(string(source)), name+".lua")
		if err != nil {
			t.Fatal(err)
		}
		L.SetField(L.GetField(L.GetGlobal("package"), "preload"), name, fn)
	}
	return L
}

// plain turns a Lua value into what encoding/json writes the way Nakama does.
func plain(value glua.LValue) any {
	table, ok := value.(*glua.LTable)
	if !ok {
		switch value := value.(type) {
		case glua.LNumber:
			return float64(value)
		case glua.LBool:
			return bool(value)
		default:
			return value.String()
		}
	}
	if table.Len() > 0 {
		list := make([]any, 0, table.Len())
		table.ForEach(func(_, element glua.LValue) { list = append(list, plain(element)) })
		return list
	}
	object := map[string]any{}
	table.ForEach(func(key, element glua.LValue) { object[key.String()] = plain(element) })
	return object
}

// table is a match of the game: it calls the callbacks as the host would.
type table struct {
	t     *testing.T
	L     *glua.LState
	state glua.LValue
	tick  int
	sent  []sent
}

type presence struct {
	UserID    string `json:"user_id"`
	SessionID string `json:"session_id"`
}

type message struct {
	from   presence
	opCode int
	data   any // a string, or nil for an empty body
}

type sent struct {
	to string // the recipient's session
	view
}

// view is what a player is told with op code 2.
type view struct {
	State struct {
		Cells            [3][3]int  `json:"cells"`
		Players          []presence `json:"players"`
		PlayerTurn       int        `json:"player_turn"`
		Winner           any        `json:"winner"`
		Draw             *bool      `json:"draw"`
		RematchCountdown *int       `json:"rematch_countdown"`
	} `json:"state"`
	Active   presence `json:"active_player"`
	Other    presence `json:"other_player"`
	YourTurn bool     `json:"your_turn"`
}

var (
	ana = presence{UserID: "u-ana", SessionID: "s-ana"}
	bob = presence{UserID: "u-bob", SessionID: "s-bob"}
	eve = presence{UserID: "u-eve", SessionID: "s-eve"}
)

// newTable is a match for the invited, or for everybody without any.
func newTable(t *testing.T, invited ...presence) *table {
	t.Helper()
	g := &table{t: t, L: loadGame(t)}
	users := g.L.NewTable()
	for _, p := range invited {
		user := g.L.NewTable()
		user.RawSetString("presence", g.presence(p))
		users.Append(user)
	}
	params := g.L.NewTable()
	params.RawSetString("invited", users)
	results := g.call("match_init", g.L.NewTable(), params)
	g.state = results[0]
	if rate, label := results[1], results[2]; rate != glua.LNumber(1) || label != glua.LString("") {
		t.Fatalf("match_init: tick rate %v, label %q; want 1 and none", rate, label)
	}
	return g
}

// seated is a table at which ana (player 1) and bob (player 2) have sat down.
func seated(t *testing.T) *table {
	t.Helper()
	g := newTable(t)
	g.join(ana)
	g.join(bob)
	g.sent = nil
	return g
}

func (g *table) call(name string, args ...glua.LValue) []glua.LValue {
	g.t.Helper()
	if err := g.L.DoString(`return require("tictactoe_match")`); err != nil {
		g.t.Fatal(err)
	}
	fn := g.L.GetField(g.L.Get(-1), name)
	g.L.SetTop(0)
	if err := g.L.CallByParam(glua.P{Fn: fn, NRet: glua.MultRet, Protect: true}, args...); err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	results := []glua.LValue{}
	for i := 1; i <= 3; i++ {
		results = append(results, g.L.Get(i))
	}
	g.L.SetTop(0)
	return results
}

func (g *table) presence(p presence) *glua.LTable {
	value := g.L.NewTable()
	value.RawSetString("user_id", glua.LString(p.UserID))
	value.RawSetString("session_id", glua.LString(p.SessionID))
	return value
}

func (g *table) list(elements ...glua.LValue) *glua.LTable {
	list := g.L.NewTable()
	for _, element := range elements {
		list.Append(element)
	}
	return list
}

func (g *table) dispatcher() glua.LValue {
	return g.L.SetFuncs(g.L.NewTable(), map[string]glua.LGFunction{"broadcast_message": func(L *glua.LState) int {
		if opCode := L.CheckInt(1); opCode != 2 {
			g.t.Errorf("op code %d sent, want 2", opCode)
		}
		out := sent{to: L.CheckTable(3).RawGetInt(1).(*glua.LTable).RawGetString("session_id").String()}
		if err := json.Unmarshal([]byte(L.CheckString(2)), &out.view); err != nil {
			g.t.Error(err)
		}
		g.sent = append(g.sent, out)
		return 0
	}})
}

func (g *table) attempt(p presence) (allowed bool, reason string) {
	g.t.Helper()
	results := g.call("match_join_attempt", g.L.NewTable(), g.dispatcher(), glua.LNumber(g.tick), g.state, g.presence(p), g.L.NewTable())
	g.state = results[0]
	return results[1] == glua.LTrue, results[2].String()
}

func (g *table) join(p presence) {
	g.t.Helper()
	if allowed, reason := g.attempt(p); !allowed {
		g.t.Fatalf("%s refused: %s", p.UserID, reason)
	}
	g.state = g.call("match_join", g.L.NewTable(), g.dispatcher(), glua.LNumber(g.tick), g.state, g.list(g.presence(p)))[0]
}

func (g *table) leave(p presence) {
	g.t.Helper()
	g.state = g.call("match_leave", g.L.NewTable(), g.dispatcher(), glua.LNumber(g.tick), g.state, g.list(g.presence(p)))[0]
}

// step runs one tick with the given messages and returns what was sent.
func (g *table) step(messages ...message) []sent {
	g.t.Helper()
	g.sent, g.tick = nil, g.tick+1
	inbox := g.L.NewTable()
	for _, m := range messages {
		entry := g.L.NewTable()
		entry.RawSetString("sender", g.presence(m.from))
		entry.RawSetString("op_code", glua.LNumber(m.opCode))
		if data, ok := m.data.(string); ok {
			entry.RawSetString("data", glua.LString(data))
		}
		inbox.Append(entry)
	}
	g.state = g.call("match_loop", g.L.NewTable(), g.dispatcher(), glua.LNumber(g.tick), g.state, inbox)[0]
	return g.sent
}

func (g *table) ended() bool { return g.state == glua.LNil }

func move(from presence, row, col int) message {
	return message{from: from, opCode: 1, data: fmt.Sprintf(`{"row":%d,"col":%d}`, row, col)}
}

// play makes moves in turn, ana's first, a tick each, and returns what the last one
// told ana.
func (g *table) play(cells ...[2]int) view {
	g.t.Helper()
	var last view
	for i, cell := range cells {
		out := g.step(move([]presence{ana, bob}[i%2], cell[0], cell[1]))
		if len(out) != 2 || out[0].to != ana.SessionID || out[1].to != bob.SessionID {
			g.t.Fatalf("move %d: sent %+v, want the state to both", i+1, out)
		}
		last = out[0].view
	}
	return last
}

func TestTheMatchmakersUsersGetAMatch(t *testing.T) {
	t.Parallel()
	L := loadGame(t)
	if err := L.DoString(`require("main"); return matched_hook({}, {{}, {}})`); err != nil {
		t.Fatal(err)
	}
	if id := L.Get(-1).String(); id != "tictactoe_match for 2" {
		t.Errorf("the hook returned %q", id)
	}
}

func TestTheRoundStartsWhenTheSecondPlayerHasJoined(t *testing.T) {
	t.Parallel()
	g := newTable(t)
	g.join(ana)
	if len(g.sent) != 0 {
		t.Fatalf("one player was told %+v", g.sent)
	}
	g.join(bob)
	if len(g.sent) != 2 {
		t.Fatalf("sent %+v, want the state to both", g.sent)
	}
	for i, want := range []struct {
		to       presence
		yourTurn bool
	}{{ana, true}, {bob, false}} {
		got := g.sent[i]
		if got.to != want.to.SessionID || got.YourTurn != want.yourTurn || got.Active != ana || got.Other != bob {
			t.Errorf("%s was told %+v", want.to.UserID, got)
		}
		if got.State.Winner != nil || got.State.Draw != nil || got.State.RematchCountdown != nil {
			t.Errorf("before the first move: winner, draw or countdown in %+v", got.State)
		}
		if want := [3][3]int{{-1, -1, -1}, {-1, -1, -1}, {-1, -1, -1}}; got.State.Cells != want {
			t.Errorf("cells %v", got.State.Cells)
		}
	}
}

func TestRoundsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		moves  [][2]int
		winner any
		draw   bool
	}{
		"going on":                    {[][2]int{{2, 2}, {1, 1}}, false, false},
		"row 1":                       {[][2]int{{1, 1}, {2, 1}, {1, 2}, {2, 2}, {1, 3}}, 1.0, false},
		"row 2":                       {[][2]int{{2, 1}, {1, 1}, {2, 2}, {1, 2}, {2, 3}}, 1.0, false},
		"row 3":                       {[][2]int{{3, 1}, {1, 1}, {3, 2}, {1, 2}, {3, 3}}, 1.0, false},
		"column 1, the second player": {[][2]int{{1, 2}, {1, 1}, {2, 2}, {2, 1}, {1, 3}, {3, 1}}, 2.0, false},
		"column 2":                    {[][2]int{{1, 2}, {1, 1}, {2, 2}, {2, 1}, {3, 2}}, 1.0, false},
		"column 3":                    {[][2]int{{1, 3}, {1, 1}, {2, 3}, {2, 1}, {3, 3}}, 1.0, false},
		"diagonal":                    {[][2]int{{1, 1}, {1, 2}, {2, 2}, {1, 3}, {3, 3}}, 1.0, false},
		"other diagonal":              {[][2]int{{1, 3}, {1, 2}, {2, 2}, {1, 1}, {3, 1}}, 1.0, false},
		"draw":                        {[][2]int{{1, 1}, {1, 2}, {1, 3}, {2, 2}, {2, 1}, {2, 3}, {3, 2}, {3, 1}, {3, 3}}, false, true},
		"won with the last cell":      {[][2]int{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}, {3, 2}, {3, 1}, {3, 3}}, 1.0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := seated(t).play(c.moves...).State
			if last.Winner != c.winner || last.Draw == nil || *last.Draw != c.draw {
				t.Errorf("winner %v, draw %v; want %v and %v", last.Winner, last.Draw, c.winner, c.draw)
			}
			if over := c.winner != false || c.draw; over != (last.RematchCountdown != nil) {
				t.Errorf("countdown %v", last.RematchCountdown)
			}
		})
	}
}

func TestAfterTheEndTheNextRoundIsCountedDown(t *testing.T) {
	t.Parallel()
	g := seated(t)
	last := g.play([2]int{1, 1}, [2]int{2, 1}, [2]int{1, 2}, [2]int{2, 2}, [2]int{1, 3})
	for want := 10; want >= 1; want-- {
		if got := last.State.RematchCountdown; got == nil || *got != want {
			t.Fatalf("countdown %v, want %d", got, want)
		}
		out := g.step(move(bob, 3, 3))
		if len(out) != 3 || out[0].to != bob.SessionID || out[0].State.Cells[2][2] != -1 {
			t.Fatalf("sent %+v, want bob's late move refused and the countdown to both", out)
		}
		last = out[1].view
	}
	if last.State.RematchCountdown != nil || last.State.Winner != nil || last.State.Cells[0][0] != -1 {
		t.Fatalf("after the countdown: %+v, want a new round", last.State)
	}
	if last.State.Players[0] != ana || last.State.Players[1] != bob || !last.YourTurn {
		t.Errorf("the new round has players %v", last.State.Players)
	}
	if out := g.step(); len(out) != 0 {
		t.Errorf("the tick after was told %+v", out)
	}
	g.play([2]int{3, 3})
}

func TestAMoveIsRefused(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]message{
		"out of turn":   move(ana, 1, 1),
		"a taken cell":  move(bob, 2, 2),
		"row 0":         move(bob, 0, 1),
		"column 4":      move(bob, 1, 4),
		"a fraction":    {bob, 1, `{"row":1.5,"col":1}`},
		"text":          {bob, 1, `{"row":"1","col":"1"}`},
		"no column":     {bob, 1, `{"row":1}`},
		"nothing in it": {bob, 1, `{}`},
		"a list":        {bob, 1, `[1,1]`},
		"a list as row": {bob, 1, `{"row":[1],"col":1}`},
		"null":          {bob, 1, `null`},
		"a number":      {bob, 1, `7`},
		"not JSON":      {bob, 1, `row 1, column 1`},
		"empty":         {bob, 1, nil},
		"a huge number": {bob, 1, `{"row":1e300,"col":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := seated(t)
			before := g.play([2]int{2, 2}).State.Cells
			out := g.step(bad)
			if g.ended() {
				t.Fatal("the match ended")
			}
			if len(out) != 1 || out[0].to != bad.from.SessionID || out[0].State.Cells != before {
				t.Errorf("sent %+v, want the state as it was to the sender", out)
			}
			if after := g.step(move(bob, 1, 1)); len(after) != 2 || after[0].State.Cells[0][0] != 2 {
				t.Errorf("the game does not go on: %+v", after)
			}
		})
	}
}

func TestMovesThatNobodyIsToldOf(t *testing.T) {
	t.Parallel()
	t.Run("before the second player", func(t *testing.T) {
		t.Parallel()
		g := newTable(t)
		g.join(ana)
		if out := g.step(move(ana, 1, 1)); len(out) != 0 || g.ended() {
			t.Errorf("sent %+v", out)
		}
		g.join(bob)
		if cells := g.sent[0].State.Cells; cells[0][0] != -1 {
			t.Errorf("cells %v", cells)
		}
	})
	t.Run("by a stranger", func(t *testing.T) {
		t.Parallel()
		g := seated(t)
		if out := g.step(move(eve, 1, 1)); len(out) != 0 || g.ended() {
			t.Errorf("sent %+v", out)
		}
	})
	t.Run("of another op code", func(t *testing.T) {
		t.Parallel()
		g := seated(t)
		if out := g.step(message{ana, 7, `{"row":1,"col":1}`}); len(out) != 0 || g.ended() {
			t.Errorf("sent %+v", out)
		}
	})
}

func TestAThirdPlayerIsRefused(t *testing.T) {
	t.Parallel()
	g := newTable(t)
	g.join(ana)
	if allowed, _ := g.attempt(bob); !allowed {
		t.Fatal("bob refused")
	}
	if allowed, reason := g.attempt(eve); allowed || reason != "Two players are in this match already." {
		t.Errorf("before bob has joined, eve: allowed %v, %q", allowed, reason)
	}
	if allowed, _ := g.attempt(presence{UserID: ana.UserID, SessionID: "s-ana-2"}); allowed {
		t.Error("ana may take the seat that waits for bob")
	}
}

// TestOnlyTheInvitedPlay lets a stranger, who has found the match in a listing, try for a
// seat before the players have come.
func TestOnlyTheInvitedPlay(t *testing.T) {
	t.Parallel()
	g := newTable(t, ana, bob)
	if allowed, reason := g.attempt(eve); allowed || reason == "" {
		t.Errorf("eve was let in: %t, reason %q", allowed, reason)
	}
	for _, p := range []presence{ana, bob} {
		if allowed, reason := g.attempt(p); !allowed {
			t.Errorf("%s was refused: %s", p.UserID, reason)
		}
	}
}

func TestAUserComesBackOnANewSocket(t *testing.T) {
	t.Parallel()
	g := seated(t)
	again := presence{UserID: ana.UserID, SessionID: "s-ana-2"}
	g.join(again)
	if len(g.sent) != 2 || g.sent[0].to != again.SessionID || !g.sent[0].YourTurn {
		t.Fatalf("sent %+v, want the state to the new socket and to bob", g.sent)
	}
	g.leave(ana)
	if g.ended() {
		t.Fatal("the match ended with the socket that was replaced")
	}
	if out := g.step(move(ana, 1, 1)); len(out) != 0 {
		t.Errorf("the old socket still plays: %+v", out)
	}
	if out := g.step(move(again, 1, 1)); len(out) != 2 {
		t.Errorf("the new socket does not play: %+v", out)
	}
	g.leave(again)
	if !g.ended() {
		t.Error("the match goes on without ana")
	}
}

func TestAMatchThatNobodyJoinsEnds(t *testing.T) {
	t.Parallel()
	empty, waiting := newTable(t), newTable(t)
	waiting.join(ana)
	for range 61 {
		if empty.ended() {
			t.Fatalf("ended at tick %d", empty.tick)
		}
		empty.step()
		waiting.step()
	}
	if !empty.ended() {
		t.Error("the empty match goes on")
	}
	if waiting.ended() {
		t.Error("the match in which a player waits has ended")
	}
}

func TestTheOtherCallbacks(t *testing.T) {
	t.Parallel()
	g := seated(t)
	results := g.call("match_signal", g.L.NewTable(), g.dispatcher(), glua.LNumber(1), g.state, glua.LNil)
	if results[0] != g.state || results[1] != glua.LString("") {
		t.Errorf("match_signal returned %v", results)
	}
	if results := g.call("match_terminate", g.L.NewTable(), g.dispatcher(), glua.LNumber(1), g.state, glua.LNumber(5)); results[0] != g.state {
		t.Errorf("match_terminate returned %v", results)
	}
}

// references finds what a file of the page loads: by src and href, by url(), by import.
var references = regexp.MustCompile(`(?:src|href)="([^"#]+)"|url\(([^)#]+)\)|from "([^"]+)"`)

func TestThePageLoadsOnlyWhatIsEmbedded(t *testing.T) {
	t.Parallel()
	loaded := map[string]bool{"index.html": true}
	files, err := fs.ReadDir(Page(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(Page(), file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range references.FindAllStringSubmatch(string(text), -1) {
			name := path.Clean(match[1] + match[2] + match[3])
			if _, err := fs.Stat(Page(), name); err != nil {
				t.Errorf("%s loads %q: %v", file.Name(), name, err)
			}
			loaded[name] = true
		}
	}
	for _, file := range files {
		if !loaded[file.Name()] {
			t.Errorf("nothing loads %s", file.Name())
		}
	}
}
