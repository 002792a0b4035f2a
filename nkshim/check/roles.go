package check

import (
	"fmt"
	"slices"
)

// role says as what the host calls a function.
type role struct {
	kind roleKind
	name string // of the match callback, or the function that registers
}

type roleKind int

const (
	rpcRole roleKind = iota
	hookRole
	startRole // nk.run_once
	matchRole
)

func (r role) String() string {
	switch r.kind {
	case rpcRole:
		return "an RPC"
	case matchRole:
		return r.name
	default:
		return "a function for nk." + r.name
	}
}

// registration is a function of nakama's that registers a function.
type registration struct {
	argument int // which one the function is
	kind     roleKind
	params   []string // of the registered function
}

var registrations = map[string]registration{
	"register_rpc":                  {0, rpcRole, []string{"context", "payload"}},
	"register_req_before":           {0, hookRole, []string{"context", "payload"}},
	"register_req_after":            {0, hookRole, []string{"context", "output", "input"}},
	"register_rt_before":            {0, hookRole, []string{"context", "envelope"}},
	"register_rt_after":             {0, hookRole, []string{"context", "output", "input"}},
	"register_matchmaker_matched":   {0, hookRole, []string{"context", "matched_users"}},
	"register_tournament_end":       {0, hookRole, []string{"context", "tournament", "end_time", "reset_time"}},
	"register_tournament_reset":     {0, hookRole, []string{"context", "tournament", "end_time", "reset_time"}},
	"register_leaderboard_reset":    {0, hookRole, []string{"context", "leaderboard", "reset_time"}},
	"register_shutdown":             {0, hookRole, []string{"context"}},
	"register_storage_index_filter": {1, hookRole, []string{"context", "write"}},
	"run_once":                      {0, startRole, []string{"context"}},
}

// callback is a function that a match module must have.
type callback struct {
	name     string
	params   []string
	min, max int // values that it returns
	returns  string
	must     bool // when it returns nothing the match ends, or the call fails
}

var callbacks = []callback{
	{"match_init", []string{"context", "params"}, 3, 3, "state, tick_rate, label", true},
	{"match_join_attempt", inMatch("presence", "metadata"), 2, 3, "state, accept, reason", true},
	{"match_join", inMatch("presences"), 1, 1, "state", true},
	{"match_leave", inMatch("presences"), 1, 1, "state", true},
	{"match_loop", inMatch("messages"), 1, 1, "state", true},
	{"match_terminate", inMatch("grace_seconds"), 1, 1, "state", false},
	{"match_signal", inMatch("data"), 2, 2, "state, answer", true},
}

func inMatch(last ...string) []string {
	return append([]string{"context", "dispatcher", "tick", "state"}, last...)
}

func callbackNamed(name string) (callback, bool) {
	i := slices.IndexFunc(callbacks, func(c callback) bool { return c.name == name })
	if i < 0 {
		return callback{}, false
	}
	return callbacks[i], true
}

// matchTable is the table with which a module returns its match callbacks, or nil.
func (p *program) matchTable(m *module) *table {
	t, ok := p.returned(m, maxDepth).(*table)
	if !ok {
		return nil
	}
	has := 0
	for _, c := range callbacks {
		if len(t.fields[c.name]) > 0 {
			has++
		}
	}
	if has < 2 && !p.created[m.name] {
		return nil
	}
	return t
}

// findRoles notes which functions of a module the host calls.
func (p *program) findRoles(m *module) {
	for _, c := range m.calls {
		name, ok := p.nakamaCall(m, c)
		if !ok {
			continue
		}
		r, ok := registrations[name]
		if !ok || r.argument >= len(c.Args) {
			continue
		}
		if fn, ok := p.eval(m, c.Args[r.argument]).(*function); ok {
			fn.roles = append(fn.roles, role{r.kind, name})
		}
	}
	t := p.matchTable(m)
	if t == nil {
		return
	}
	for _, c := range callbacks {
		if fn, ok := p.field(t, c.name, maxDepth).(*function); ok {
			fn.roles = append(fn.roles, role{matchRole, c.name})
		}
	}
}

// reached returns the functions that run when the host calls one of a kind of roles, and
// for each the role by which the host comes there.
func (p *program) reached(kinds ...roleKind) map[*function]role {
	found := map[*function]role{}
	var pending []*function
	add := func(fn *function, r role) {
		if _, ok := found[fn]; !ok {
			found[fn] = r
			pending = append(pending, fn)
		}
	}
	for _, m := range p.modules {
		for _, fn := range m.functions {
			for _, r := range fn.roles {
				if slices.Contains(kinds, r.kind) {
					add(fn, r)
				}
			}
		}
	}
	for len(pending) > 0 {
		fn := pending[0]
		pending = pending[1:]
		for _, callee := range p.callees(fn) {
			add(callee, found[fn])
		}
	}
	return found
}

// callees are the functions that a function calls, or makes inside of itself.
func (p *program) callees(fn *function) []*function {
	if fn.calls != nil {
		return *fn.calls
	}
	var list []*function
	for _, c := range fn.module.calls {
		if c.in != fn || c.Func == nil {
			continue
		}
		if callee, ok := p.eval(fn.module, c.Func).(*function); ok {
			list = append(list, callee)
		}
	}
	for _, inner := range fn.module.functions {
		if inner.parent == fn {
			list = append(list, inner)
		}
	}
	fn.calls = &list
	return list
}

// takes describes a function's parameters.
func takes(params []string) string {
	text := ""
	for i, name := range params {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return fmt.Sprintf("function(%s)", text)
}
