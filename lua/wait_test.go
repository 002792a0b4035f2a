package lua_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// gate is a Lua function that waits until it is let on.
type gate struct{ arrived, goOn chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) pass(L *glua.LState) int {
	lua.Wait(L, func() {
		g.arrived <- struct{}{}
		<-g.goOn
	})
	return 0
}

// One call waits for something outside; a second one comes in meanwhile, sees what the
// first has done so far, changes it and ends. The first then goes on in the changed
// world with its own variables.
func TestWaitLetsOthersIn(t *testing.T) {
	t.Parallel()
	g := newGate()
	r := worlds(t, nil, lua.Options{Libraries: map[string]map[string]glua.LGFunction{"host": {"wait": g.pass}}})
	w := newWorld(t, r)
	first := make(chan string)
	go func() {
		got, err := w.run(t, `
		local mine = "mine"
		shared = "set before the wait"
		require("host").wait()
		return shared, mine`)
		first <- fmt.Sprint(got, err)
	}()
	<-g.arrived
	w.want(t, `local before = shared shared = "changed meanwhile" return before`, "set before the wait")
	g.goOn <- struct{}{}
	if got := <-first; got != "changed meanwhile mine<nil>" {
		t.Errorf("the first call returned %q", got)
	}
}

// A call that waits deep in other calls goes on there.
func TestWaitWithin(t *testing.T) {
	t.Parallel()
	for name, piece := range map[string]string{
		"pcall":      `return pcall(function() wait() return "done" end)`,
		"sort":       `local t = {2, 1} table.sort(t, function(a, b) wait() return a < b end) return true, "done"`,
		"gsub":       `return true, (("x"):gsub("x", function() wait() return "done" end))`,
		"metamethod": `return true, setmetatable({}, {__index = function() wait() return "done" end}).x`,
		"a raise":    `return not pcall(function() wait() error("x") end), "done"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait := func(L *glua.LState) int {
				lua.Wait(L, func() {})
				return 0
			}
			r := worlds(t, nil, lua.Options{Libraries: map[string]map[string]glua.LGFunction{"host": {"wait": wait}}})
			w := newWorld(t, r)
			w.want(t, `wait = require("host").wait `+piece, "true done")
			w.want(t, `return "free"`, "free")
		})
	}
}

// Many callers run in one VM, and each waits in between. Lua never runs twice at once:
// a count that is read and written without a wait between loses nothing, and the race
// detector sees nobody in the VM's tables who has not got the turn.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int32
	functions := map[string]glua.LGFunction{
		"enter": func(*glua.LState) int {
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			return 0
		},
		"leave": func(*glua.LState) int {
			inside.Add(-1)
			return 0
		},
		"wait": func(L *glua.LState) int {
			done := make(chan struct{})
			go close(done)
			lua.Wait(L, func() { <-done })
			return 0
		},
	}
	r := worlds(t, files{"count.lua": `
	local host = require("host")
	count, log = 0, {}
	return function(id)
	  for i = 1, 20 do
	    host.enter()
	    local n = count
	    for _ = 1, 20 do n = n + 0 end
	    count = n + 1
	    log[#log + 1] = id
	    host.leave()
	    if i % 3 == 0 then host.wait() end
	    if i % 7 == 0 then pcall(error, {id}) end
	  end
	end`}, lua.Options{Libraries: map[string]map[string]glua.LGFunction{"host": functions}})
	w := newWorld(t, r)
	count, err := w.Require(t.Context(), "count")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for id := range 16 {
		group.Go(func() {
			if _, err := w.Call(t.Context(), nil, function(t, count), glua.LNumber(id)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.want(t, `return count, #log`, "320 320")
	if most.Load() != 1 {
		t.Errorf("Lua ran %d times at once", most.Load())
	}
}

// Calls that have not got their turn give up when their context ends, and later calls
// do not suffer from it.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	arrived, goOn := make(chan struct{}), make(chan struct{})
	hold := func(*glua.LState) int { // without lua.Wait: it keeps the VM
		close(arrived)
		<-goOn
		return 0
	}
	r := worlds(t, nil, lua.Options{Libraries: map[string]map[string]glua.LGFunction{"host": {"hold": hold}}})
	w := newWorld(t, r)
	answer, err := w.values(t, `return function() return "ran" end`)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.want(t, `require("host").hold() return "held"`, "held")
	}()
	<-arrived
	reason := errors.New("the client has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if got, err := w.Call(ctx, nil, function(t, answer[0])); !errors.Is(err, reason) || len(got) > 0 {
		t.Errorf("the call returned %v, %v", got, err)
	}
	close(goOn)
	<-done
	w.want(t, `return 1`, "1")
}

// A VM is closed while one call waits: the call still ends, and later ones are refused.
func TestCloseDuringWait(t *testing.T) {
	t.Parallel()
	g := newGate()
	r := worlds(t, nil, lua.Options{Libraries: map[string]map[string]glua.LGFunction{"host": {"wait": g.pass}}})
	w := newWorld(t, r)
	answer, err := w.values(t, `return function() return 1 end`)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.want(t, `require("host").wait() return "ended"`, "ended")
	}()
	<-g.arrived
	w.Close()
	if _, err := w.Call(t.Context(), nil, function(t, answer[0])); !errors.Is(err, lua.ErrClosed) {
		t.Errorf("a call into the closed VM: %v", err)
	}
	g.goOn <- struct{}{}
	<-done
}
