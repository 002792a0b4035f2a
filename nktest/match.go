package nktest

import (
	"slices"
	"time"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
)

// Match is a match that the test drives.
type Match struct {
	ID string

	host   *Host
	tokens map[*User]string // of those whom the matchmaker gave a token instead of the id
}

// Match makes a match of a module. params are what match_init gets.
func (h *Host) Match(module string, params map[string]any) *Match {
	h.t.Helper()
	id, err := h.manual.CreateMatch(h.ctx, module, params)
	h.must(err, "make a match of %q", module)
	h.check()
	return h.MatchByID(id)
}

// MatchByID is a match that the modules made.
func (h *Host) MatchByID(id string) *Match { return &Match{ID: id, host: h} }

// Matchmake has the matchmaker bring users together, who ask for nobody in particular, and
// returns the match that they are to join.
func (h *Host) Matchmake(users ...*User) *Match {
	h.t.Helper()
	count := int32(len(users))
	return h.matchmake(users, func() {
		h.t.Helper()
		for _, user := range users {
			answer := user.Request(&rtapi.Envelope{Message: &rtapi.Envelope_MatchmakerAdd{MatchmakerAdd: &rtapi.MatchmakerAdd{
				Query: "*", MinCount: count, MaxCount: count,
			}}})
			if answer.GetMatchmakerTicket() == nil {
				h.t.Fatalf("the matchmaker does not take %s: %v", user.Username, answer.GetError().GetMessage())
			}
		}
	})
}

// matchmake has users get into the matchmaker by ask, and waits until all are matched.
func (h *Host) matchmake(users []*User, ask func()) *Match {
	h.t.Helper()
	seen := map[*User]int{}
	for _, user := range users {
		seen[user] = user.frameCount()
	}
	ask()
	const patience = time.Minute // more than a ticket searches for
	m := &Match{host: h, tokens: map[*User]string{}}
	for waited := time.Duration(0); waited < patience; waited += h.step(patience) {
		if m.matched(users, seen) {
			h.check()
			return m
		}
	}
	h.t.Fatalf("the matchmaker does not bring %d users together", len(users))
	return nil
}

// matched looks for what the matchmaker told the users after the frames they had seen.
func (m *Match) matched(users []*User, seen map[*User]int) bool {
	for _, user := range users {
		var told *rtapi.MatchmakerMatched
		for _, frame := range user.framesFrom(seen[user]) {
			if matched := frame.GetMatchmakerMatched(); matched != nil {
				told = matched
			}
		}
		if told == nil {
			return false
		}
		if m.ID = told.GetMatchId(); m.ID == "" {
			m.tokens[user] = told.GetToken()
		}
	}
	return true
}

// JoinResult is what came of a join attempt.
type JoinResult struct {
	Allowed bool
	Reason  string // why not
	Label   string // of a match that lets the user in
}

// Join has users join, each after the one before; that one is refused ends the test.
func (m *Match) Join(users ...*User) {
	m.host.t.Helper()
	for _, user := range users {
		if result := m.TryJoin(user, nil); !result.Allowed {
			m.host.t.Fatalf("%s may not join the match: %s", user.Username, result.Reason)
		}
	}
}

// TryJoin has a user ask to join, with metadata for match_join_attempt.
func (m *Match) TryJoin(user *User, metadata map[string]string) JoinResult {
	m.host.t.Helper()
	join := &rtapi.MatchJoin{Id: &rtapi.MatchJoin_MatchId{MatchId: m.ID}, Metadata: metadata}
	if token := m.tokens[user]; token != "" {
		join.Id = &rtapi.MatchJoin_Token{Token: token}
	}
	answer := user.Request(&rtapi.Envelope{Message: &rtapi.Envelope_MatchJoin{MatchJoin: join}})
	m.host.check()
	if joined := answer.GetMatch(); joined != nil {
		m.ID = joined.MatchId
		return JoinResult{Allowed: true, Label: joined.GetLabel().GetValue()}
	}
	return JoinResult{Reason: answer.GetError().GetMessage()}
}

// Leave has users leave the match.
func (m *Match) Leave(users ...*User) {
	m.host.t.Helper()
	for _, user := range users {
		user.Request(&rtapi.Envelope{Message: &rtapi.Envelope_MatchLeave{MatchLeave: &rtapi.MatchLeave{MatchId: m.ID}}})
	}
	m.host.check()
}

// Disconnect ends the sessions of users as lost connections do.
func (m *Match) Disconnect(users ...*User) {
	m.host.t.Helper()
	for _, user := range users {
		user.Disconnect()
	}
}

// Rejoin has users join again, on new sessions.
func (m *Match) Rejoin(users ...*User) {
	m.host.t.Helper()
	for _, user := range users {
		user.Reconnect()
	}
	m.Join(users...)
}

// Send has a user who is in the match send data, which the match gets at its next tick.
// What is no string is sent as JSON.
func (m *Match) Send(user *User, opCode int64, data any) {
	m.host.t.Helper()
	if !m.relayed() && !m.Has(user) {
		m.host.t.Fatalf("%s is not in the match and cannot send to it", user.Username)
	}
	user.Request(&rtapi.Envelope{Message: &rtapi.Envelope_MatchDataSend{MatchDataSend: &rtapi.MatchDataSend{
		MatchId: m.ID, OpCode: opCode, Data: []byte(m.host.text(data)), Reliable: true,
	}}})
	m.host.check()
}

// relayed matches exist as streams only.
func (m *Match) relayed() bool { return m.ID == "" || m.ID[len(m.ID)-1] == '.' }

// Has says whether a user's newest session is in the match.
func (m *Match) Has(user *User) bool {
	m.host.t.Helper()
	return slices.ContainsFunc(m.snapshot().Members, func(p match.Presence) bool { return p.SessionID == user.SessionID() })
}

// Members are the names of those who are in the match, the first to join first.
func (m *Match) Members() []string {
	m.host.t.Helper()
	var names []string
	for _, p := range m.snapshot().Members {
		names = append(names, p.Username)
	}
	return names
}

// Kicked says whether the match has kicked the user's newest session.
func (m *Match) Kicked(user *User) bool { return m.host.kicks.has(m.ID, user.SessionID()) }

// Tick lets time pass until the match has ticked so often, or has ended. All matches of
// the host tick meanwhile.
func (m *Match) Tick(count int) {
	m.host.t.Helper()
	m.tick(count)
	m.host.check()
}

func (m *Match) tick(count int) {
	m.host.t.Helper()
	until := m.snapshot().Tick + int64(count)
	for {
		found, err := m.host.manual.Match(m.ID)
		if err != nil || found.Tick >= until {
			return
		}
		m.host.step(time.Second)
	}
}

// TickUntil ticks until the condition holds. That it does not within so many ticks, or
// before the match ends, ends the test.
func (m *Match) TickUntil(holds func() bool, bound int) {
	m.host.t.Helper()
	for range bound {
		if holds() {
			return
		}
		if m.Ended() {
			m.host.t.Fatalf("the match has ended (%s) before what the test waits for", m.why())
		}
		m.tick(1)
		m.host.check()
	}
	if !holds() {
		m.host.t.Fatalf("what the test waits for has not come within %d ticks", bound)
	}
}

// Signal sends the match a signal and returns its answer.
func (m *Match) Signal(data string) (answer string, err error) {
	m.host.t.Helper()
	answer, err = m.host.manual.Signal(m.host.ctx, m.ID, data)
	m.host.check()
	return answer, err
}

// Terminate tells the match that it has so many seconds, as a host does that shuts down.
func (m *Match) Terminate(graceSeconds int) {
	m.host.t.Helper()
	m.host.must(m.host.manual.Terminate(m.ID, graceSeconds), "terminate the match")
	m.host.check()
}

// Ended says whether there is no such match any more.
func (m *Match) Ended() bool {
	_, err := m.host.manual.Match(m.ID)
	return status.Code(err) == codes.NotFound
}

// TickCount is how many times match_loop has run.
func (m *Match) TickCount() int64 {
	m.host.t.Helper()
	return m.snapshot().Tick
}

// Label is the match's label.
func (m *Match) Label() string {
	m.host.t.Helper()
	return m.snapshot().Label
}

// State is the part of the match's state at a path, or with "" the whole. A list's first
// item has the index 0.
func (m *Match) State(path string) Value {
	m.host.t.Helper()
	m.snapshot()
	state, err := m.host.manual.MatchState(m.ID)
	m.host.must(err, "read the match's state")
	value, err := plain(state)
	m.host.must(err, "read the match's state")
	return Value{t: m.host.t, whole: "the match's state", value: value}.At(path)
}

// Log is what the host has logged of the match.
func (m *Match) Log() []Line { return m.host.log.of(m.ID) }

// MayFail has an error that the match raises from now on not fail the test.
func (m *Match) MayFail() { m.host.log.allow(m.ID) }

// Failure is the last error that the match raised, or nil.
func (m *Match) Failure() *LuaError { return m.host.log.failure(m.ID) }

// snapshot ends the test if the match has ended.
func (m *Match) snapshot() match.Snapshot {
	m.host.t.Helper()
	found, err := m.host.manual.Match(m.ID)
	switch {
	case status.Code(err) == codes.NotFound:
		m.host.check()
		m.host.t.Fatalf("the match has ended: %s", m.why())
	case err != nil:
		m.host.t.Fatalf("look at the match: %v", err)
	}
	return found
}

// why says why the match has ended.
func (m *Match) why() string {
	for _, line := range slices.Backward(m.Log()) {
		if why := line.Fields["why"]; why != "" {
			if err := line.Fields["error"]; err != "" {
				why += ": " + err
			}
			return why
		}
	}
	return "there was no such match"
}
