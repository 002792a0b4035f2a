package nkshim

import (
	"nkhost/host/session"
	"nkhost/lua"
	"nkhost/lua/glua"
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
	t.SetField("env", lua.FromGo(r.deps.Env))
	t.SetField("execution_mode", glua.LString(mode))
	t.SetField("node", glua.LString(r.deps.Node))
	t.SetField("version", glua.LString(r.deps.Version))
	if caller == nil {
		caller = &session.Caller{}
	} else {
		t.SetField("trace_id", glua.LString(r.deps.NewID()))
	}
	t.SetField("headers", lua.FromGo(caller.Headers))
	t.SetField("query_params", lua.FromGo(caller.Query))
	if caller.UserID != "" {
		setUser(t, caller)
		if caller.SessionID != "" {
			t.SetField("lang", glua.LString(caller.Lang))
		}
	}
	setText(t, "client_ip", caller.ClientIP)
	setText(t, "client_port", caller.ClientPort)
	return t
}

// setUser tells who is logged in.
func setUser(t *glua.LTable, caller *session.Caller) {
	t.SetField("user_id", glua.LString(caller.UserID))
	t.SetField("username", glua.LString(caller.Username))
	t.SetField("user_session_exp", glua.LNumber(caller.Expiry))
	if caller.Vars != nil {
		t.SetField("vars", lua.FromGo(caller.Vars))
	}
	setText(t, "session_id", caller.SessionID)
}

func setText(t *glua.LTable, key, value string) {
	if value != "" {
		t.SetField(key, glua.LString(value))
	}
}
