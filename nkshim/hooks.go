package nkshim

import (
	"strings"

	"nkhost/lua"
	"nkhost/lua/glua"
)

var hookFunctions = map[string]function{
	"register_leaderboard_reset":  registerOne(kindLeaderboardReset),
	"register_matchmaker_matched": registerOne(kindMatchmakerMatched),
	"register_req_after":          registerNamed(kindAfterRequest, "request name"),
	"register_req_before":         registerNamed(kindBeforeRequest, "request name"),
	"register_rpc":                registerNamed(kindRPC, "RPC id"),
	"register_rt_after":           registerNamed(kindAfterMessage, "message name"),
	"register_rt_before":          registerNamed(kindBeforeMessage, "message name"),
	"register_shutdown":           registerOne(kindShutdown),
	"register_tournament_end":     registerOne(kindTournamentEnd),
	"register_tournament_reset":   registerOne(kindTournamentReset),
	"run_once":                    runOnce,
}

// registerNamed registers a function under a name, which counts in any case.
func registerNamed(kind hookKind, what string) function {
	return func(r *Runtime, c call) int {
		fn := c.function(1, "function")
		r.register(c, kind, strings.ToLower(c.filledText(2, what)), fn)
		return 0
	}
}

// registerOne registers the only function of its kind.
func registerOne(kind hookKind) function {
	return func(r *Runtime, c call) int {
		r.register(c, kind, "", c.function(1, "function"))
		return 0
	}
}

// register keeps a function of a state of the modules. A match evaluates its modules anew, in
// a VM of its own, and registers nothing by it.
func (r *Runtime) register(c call, kind hookKind, name string, fn *glua.LFunction) {
	if index, ok := r.stateOf(lua.Running(c.L)); ok {
		r.hooks.register(kind, name, index, fn)
	}
}

func runOnce(r *Runtime, c call) int {
	if r.once.Load() {
		return 0
	}
	fn := c.function(1, "function")
	if r.once.CompareAndSwap(false, true) {
		c.L.Push(fn)
		c.L.Push(r.contextTable(modeRunOnce, nil))
		c.L.Call(1, 0)
	}
	return 0
}
