package lua_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/fstest"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// manyFunctions is a library as big as Nakama's.
func manyFunctions() map[string]map[string]glua.LGFunction {
	functions := map[string]glua.LGFunction{}
	for i := range 200 {
		functions[fmt.Sprintf("function_%d", i)] = func(*glua.LState) int { return 0 }
	}
	return map[string]map[string]glua.LGFunction{"nakama": functions}
}

// idleMatch is a match module that does next to nothing.
var idleMatch = fstest.MapFS{"idle.lua": {Data: []byte(`
local nk = require("nakama")
local M = {}
local limits = {players = 8, rate = 10}
function M.match_init(context, params) return {presences = {}, ticks = 0}, limits.rate, "" end
function M.match_join_attempt(context, dispatcher, tick, state, presence) return state, true end
function M.match_join(context, dispatcher, tick, state, presences) return state end
function M.match_leave(context, dispatcher, tick, state, presences) return state end
function M.match_loop(context, dispatcher, tick, state, messages)
  for _, message in ipairs(messages) do nk.function_1(message) end
  return state
end
function M.match_terminate(context, dispatcher, tick, state, grace) return state end
function M.match_signal(context, dispatcher, tick, state, data) return state, data end
return M
`)}}

func newRuntime(t testing.TB, modules fstest.MapFS, options lua.Options) *lua.Runtime {
	t.Helper()
	read, err := lua.ReadModules(modules)
	if err != nil {
		t.Fatal(err)
	}
	return lua.NewRuntime(read, options)
}

func BenchmarkNewVM(b *testing.B) {
	r := newRuntime(b, idleMatch, lua.Options{Libraries: manyFunctions()})
	vms := make([]*lua.VM, 0, b.N)
	before := heap()
	for b.Loop() {
		vm := r.NewVM()
		if _, err := vm.Require(b.Context(), "idle"); err != nil {
			b.Fatal(err)
		}
		vms = append(vms, vm)
	}
	b.ReportMetric(float64(heap()-before)/float64(len(vms)), "held-B/VM")
	runtime.KeepAlive(vms)
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func BenchmarkCallIdleLoop(b *testing.B) {
	r := newRuntime(b, idleMatch, lua.Options{Libraries: manyFunctions()})
	vm := r.NewVM()
	module, err := vm.Require(b.Context(), "idle")
	if err != nil {
		b.Fatal(err)
	}
	loop := module.(*glua.LTable).RawGetString("match_loop").(*glua.LFunction)
	empty := lua.FromGo([]any{})
	state := lua.FromGo(map[string]any{"ticks": 0})
	args := []glua.LValue{empty, empty, glua.LNumber(1), state, empty}
	results := make([]glua.LValue, 0, 4)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if results, err = vm.Call(ctx, results[:0], loop, args...); err != nil {
			b.Fatal(err)
		}
	}
}

const stateJSON = `{"state":{"cells":[[1,-1,-1],[-1,2,-1],[-1,-1,-1]],"players":[{"user_id":"4c2ae592-b2a7-445e-98ec-697694478b1c","session_id":"7e4a11f0-50e3-11ef-a8a3-0242ac120002","username":"alice","node":"nakama1"},{"user_id":"b1c8a1a5-6ef8-4b7e-8a31-cb9f5f2a1f53","session_id":"7e4a11f0-50e3-11ef-a8a3-0242ac120003","username":"bob","node":"nakama1"}],"player_turn":1,"winner":false,"draw":false,"rematch_countdown":10},"active_player":{"user_id":"4c2ae592-b2a7-445e-98ec-697694478b1c","session_id":"7e4a11f0-50e3-11ef-a8a3-0242ac120002","username":"alice","node":"nakama1"},"other_player":{"user_id":"b1c8a1a5-6ef8-4b7e-8a31-cb9f5f2a1f53","session_id":"7e4a11f0-50e3-11ef-a8a3-0242ac120003","username":"bob","node":"nakama1"},"your_turn":true}`

func BenchmarkDecodeJSON(b *testing.B) {
	for name, text := range map[string]string{"state": stateJSON, "move": `{"row":1,"col":3}`} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := lua.DecodeJSON(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncodeJSON(b *testing.B) {
	value, err := lua.DecodeJSON(stateJSON)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lua.EncodeJSON(value); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStrings runs the string functions that modules use most.
func BenchmarkStrings(b *testing.B) {
	for name, body := range map[string]string{
		"format": `return function() return string.format("%s has %d points (%.1f%%)", "alice", 42, 12.5) end`,
		"match":  `return function() return ("2024-05-06"):match("(%d+)-(%d+)-(%d+)") end`,
		"two":    `local a, b = "hello ", "world" return function() return a .. b end`,
		"three":  `local a, b = "alice", 42 return function() return a .. " has " .. b end`,
		"gsub":   `return function() return ("hello world"):gsub("o", "0") end`,
	} {
		b.Run(name, func(b *testing.B) {
			r := newRuntime(b, fstest.MapFS{"m.lua": {Data: []byte(body)}}, lua.Options{})
			vm := r.NewVM()
			fn, err := vm.Require(b.Context(), "m")
			if err != nil {
				b.Fatal(err)
			}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := vm.Call(ctx, nil, fn.(*glua.LFunction)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
