package nkshim

import (
	glua "github.com/yuin/gopher-lua"

	"nkhost/host/session"
	"nkhost/lua"
)

// The values of ctx.execution_mode.
const (
	modeRunOnce    = "run_once"
	modeRPC        = "rpc"
	modeMatch      = "match"
	modeMatchmaker = "matchmaker"
	modeBefore     = "before"
	modeAfter      = "after"
	modeShutdown   = "shutdown"

	modeStorageIndexFilter = "storage_index_filter"
	modeLeaderboardReset   = "leaderboard_reset"
	modeTournamentEnd      = "tournament_end"
	modeTournamentReset    = "tournament_reset"
)

// contextTable makes the first argument of RPCs and hooks. caller is nil where the
// host itself calls.
func (r *Runtime) contextTable(mode string, caller *session.Caller) *glua.LTable {
	t := newTable(16)
	t.RawSetString("env", lua.FromGo(r.deps.Env))
	t.RawSetString("execution_mode", glua.LString(mode))
	t.RawSetString("node", glua.LString(r.deps.Node))
	t.RawSetString("version", glua.LString(r.deps.Version))
	if caller == nil {
		caller = &session.Caller{}
	} else {
		t.RawSetString("trace_id", glua.LString(r.deps.NewID()))
	}
	t.RawSetString("headers", lua.FromGo(caller.Headers))
	t.RawSetString("query_params", lua.FromGo(caller.Query))
	if caller.UserID != "" {
		setUser(t, caller)
		if caller.SessionID != "" {
			t.RawSetString("lang", glua.LString(caller.Lang))
		}
	}
	setText(t, "client_ip", caller.ClientIP)
	setText(t, "client_port", caller.ClientPort)
	return t
}

// setUser tells who is logged in.
func setUser(t *glua.LTable, caller *session.Caller) {
	t.RawSetString("user_id", glua.LString(caller.UserID))
	t.RawSetString("username", glua.LString(caller.Username))
	t.RawSetString("user_session_exp", glua.LNumber(caller.Expiry))
	if caller.Vars != nil {
		t.RawSetString("vars", lua.FromGo(caller.Vars))
	}
	setText(t, "session_id", caller.SessionID)
}

func setText(t *glua.LTable, key, value string) {
	if value != "" {
		t.RawSetString(key, glua.LString(value))
	}
}
