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
// host itself calls. What comes from maps is made when the module looks at it.
func (r *Runtime) contextTable(mode string, caller *session.Caller) *glua.LTable {
	t := newTable(16)
	t.SetFieldValue("env", glua.Table(lua.DeferFromGo(r.deps.Env)))
	t.SetFieldValue("execution_mode", glua.String(mode))
	t.SetFieldValue("node", glua.String(r.deps.Node))
	t.SetFieldValue("version", glua.String(r.deps.Version))
	if caller == nil {
		caller = &session.Caller{}
	} else {
		t.SetFieldValue("trace_id", glua.String(r.deps.NewID()))
	}
	t.SetFieldValue("headers", glua.Table(lua.DeferFromGo(caller.Headers)))
	t.SetFieldValue("query_params", glua.Table(lua.DeferFromGo(caller.Query)))
	if caller.UserID != "" {
		setUser(t, caller)
		if caller.SessionID != "" {
			t.SetFieldValue("lang", glua.String(caller.Lang))
		}
	}
	setText(t, "client_ip", caller.ClientIP)
	setText(t, "client_port", caller.ClientPort)
	return t
}

// setUser tells who is logged in.
func setUser(t *glua.LTable, caller *session.Caller) {
	t.SetFieldValue("user_id", glua.String(caller.UserID))
	t.SetFieldValue("username", glua.String(caller.Username))
	t.SetFieldValue("user_session_exp", glua.Number(float64(caller.Expiry)))
	if caller.Vars != nil {
		t.SetFieldValue("vars", glua.Table(lua.DeferFromGo(caller.Vars)))
	}
	setText(t, "session_id", caller.SessionID)
}

func setText(t *glua.LTable, key, value string) {
	if value != "" {
		t.SetFieldValue(key, glua.String(value))
	}
}
