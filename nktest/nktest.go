// Package nktest runs Lua modules in a Go test: the real runtime, the real matches and
// services over a database in memory, on a clock that the test turns.
//
//	h := nktest.Open(t, os.DirFS("modules"))
//	alice, bob := h.User("alice"), h.User("bob")
//	m := h.Match("tictactoe_match", nil)
//	m.Join(alice, bob)
//	m.Send(alice, 1, `{"row":1,"col":1}`)
//	m.Tick(1)
//	m.Received(bob).Last(2).JSON("state.cells.0.0").Is(1)
//
// Nothing happens by itself. What follows from a call is done when it returns; matches
// tick, the matchmaker looks for groups, and leaderboards are reset, in Tick and Advance
// only. Time, ids and math.random are the same in every run.
//
// A Host is for one goroutine; tests with hosts of their own may run in parallel. What
// cannot be done ends the test with a text that says why. A Lua error in a match fails the
// test, unless Match.MayFail was called.
package nktest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"nkhost/host"
	"nkhost/host/config"
	"nkhost/host/match"
	"nkhost/lua"
)

// T is what the package needs of a *testing.T.
type T interface {
	Helper()
	Failed() bool
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Option changes how a host is opened.
type Option func(*settings)

type settings struct {
	config   config.Config
	start    time.Time
	seed     uint64
	coverage *lua.Coverage
}

// At has the host's clock start at another time than 2030-01-01 00:00:00 UTC.
func At(start time.Time) Option { return func(s *settings) { s.start = start } }

// Seed has ids and math.random be others, though the same in every run.
func Seed(seed uint64) Option { return func(s *settings) { s.seed = seed } }

// Configure changes the host's configuration, which is config.Default but for the data,
// which is in memory.
func Configure(change func(*config.Config)) Option { return func(s *settings) { change(&s.config) } }

// Host is a host that the test drives.
type Host struct {
	t         T
	ctx       context.Context
	manual    *host.Manual
	random    *random
	log       *journal
	transport *transport
	users     map[string]*User
	kicks     kicks
	vm        *lua.VM // that calls functions for the test; nil until it does
}

// Open reads the modules of a folder, evaluates them, and closes the host at the end of
// the test. A module that does not load ends the test.
func Open(t T, modules fs.FS, options ...Option) *Host {
	t.Helper()
	s := settings{config: config.Default(), start: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), seed: 1, coverage: coverage()}
	s.config.DataDir, s.config.ShutdownGraceSec = ":memory:", 0
	for _, option := range options {
		option(&s)
	}
	h := &Host{t: t, ctx: context.Background(), random: newRandom(s.seed), log: newJournal(), transport: &transport{}, users: map[string]*User{}}
	var err error
	h.manual, err = host.OpenManual(h.ctx, host.Options{
		Config: s.config, Log: slog.New(h.log), Version: "nktest",
		Modules: modules, NewID: h.random.id, Seed: h.random.seed, HTTP: h.transport, Locals: true, Coverage: s.coverage,
	}, s.start, h.kicks.add)
	if err != nil {
		t.Fatalf("open the host: %v", err)
	}
	t.Cleanup(h.close)
	return h
}

// close also shows the end of the log of a test that failed.
func (h *Host) close() {
	h.check()
	if h.vm != nil {
		h.vm.Close()
	}
	if err := h.manual.Close(h.ctx); err != nil {
		h.t.Errorf("close the host: %v", err)
	}
	if h.t.Failed() {
		h.t.Logf("%s", h.log.tail(shownLines))
	}
}

// Now is what the host's clock shows.
func (h *Host) Now() time.Time { return h.manual.Now() }

// Advance lets time pass: matches tick, the matchmaker looks for groups, leaderboards are
// reset, tokens expire.
func (h *Host) Advance(by time.Duration) {
	h.t.Helper()
	for by > 0 {
		by -= h.step(by)
	}
	h.check()
}

// step is to the next thing that is due, within limit.
func (h *Host) step(limit time.Duration) time.Duration {
	h.t.Helper()
	passed, err := h.manual.Step(limit)
	if err != nil {
		h.t.Fatalf("let time pass: %v", err)
	}
	return passed
}

// Seed makes ids and the math.random of matches that are made from now on others.
func (h *Host) Seed(seed uint64) { h.random.reset(seed) }

// RPC calls an RPC function as a user, or as a server that has the HTTP key if user is
// nil. A payload that is no string is sent as JSON.
func (h *Host) RPC(user *User, id string, payload any) (answer string, err error) {
	h.t.Helper()
	text := h.text(payload)
	if user == nil {
		answer, err = h.manual.RPC(h.ctx, id, nil, text)
	} else {
		caller := user.session.Caller
		answer, err = h.manual.RPC(h.ctx, id, &caller, text)
	}
	h.check()
	return answer, err
}

// Nakama calls a function of the nakama module as the modules do, such as
// "notifications_list" or "stream_user_list", and returns its results. Users stand for
// their ids among the arguments.
func (h *Host) Nakama(function string, args ...any) (results []Value, err error) {
	h.t.Helper()
	if h.vm == nil {
		h.vm = h.NewVM()
	}
	values := make([]any, len(args))
	for i, arg := range args {
		if user, ok := arg.(*User); ok {
			arg = user.ID
		}
		values[i], err = plain(arg)
		h.must(err, "argument %d of %s", i+1, function)
	}
	returned, err := h.vm.CallField(h.ctx, "nakama", function, values...)
	h.must(h.manual.Settle(), "call nakama.%s", function)
	h.check()
	for i, result := range returned {
		result, broken := plain(result)
		h.must(broken, "result %d of %s", i+1, function)
		results = append(results, Value{t: h.t, whole: fmt.Sprintf("result %d of %s", i+1, function), value: result})
	}
	return results, err
}

// NewVM makes a Lua VM beside those of the modules, which has all that theirs have. The
// caller closes it.
func (h *Host) NewVM() *lua.VM { return h.manual.NewVM() }

// check fails the test for each error of a match that nobody has been told of yet.
func (h *Host) check() {
	h.t.Helper()
	for _, failure := range h.log.takeFailures() {
		h.t.Errorf("match %s of module %s failed: %v", failure.Match, failure.Module, failure)
	}
}

// random is all that is random about a host.
type random struct {
	mu         sync.Mutex
	ids, seeds *rand.Rand
}

func newRandom(seed uint64) *random {
	r := &random{}
	r.reset(seed)
	return r
}

func (r *random) reset(seed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids, r.seeds = rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
}

func (r *random) seed() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seeds.Uint64()
}

func (r *random) id() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], r.ids.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.ids.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// kicks are the sessions that matches have kicked, as "match session".
type kicks struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (k *kicks) add(matchID string, presences []match.Presence) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil {
		k.seen = map[string]bool{}
	}
	for i := range presences {
		k.seen[matchID+" "+presences[i].SessionID] = true
	}
}

func (k *kicks) has(matchID, sessionID string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen[matchID+" "+sessionID]
}

func (h *Host) must(err error, doing string, args ...any) {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", fmt.Sprintf(doing, args...), err)
	}
}
