package nkshim

import (
	glua "github.com/yuin/gopher-lua"

	"nkhost/host/match"
)

// gopher-lua gives every table of NewTable room for 32 entries; these make room for
// what is put in, and tables do not need a state to be made.
var tableMaker = &glua.LState{}

// newTable makes a table for n named fields.
func newTable(n int) *glua.LTable { return tableMaker.CreateTable(0, n) }

// newList makes a table for n items.
func newList(n int) *glua.LTable { return tableMaker.CreateTable(n, 0) }

// identityTable is a presence as join attempts, senders and matchmaker entries have it.
func identityTable(userID, sessionID, username, node string) *glua.LTable {
	t := newTable(5)
	t.RawSetString("user_id", glua.LString(userID))
	t.RawSetString("session_id", glua.LString(sessionID))
	t.RawSetString("username", glua.LString(username))
	t.RawSetString("node", glua.LString(node))
	return t
}

// presenceTable is a presence as match_join and match_leave have it.
func presenceTable(p match.Presence) *glua.LTable {
	t := identityTable(p.UserID, p.SessionID, p.Username, p.Node)
	t.RawSetString("reason", glua.LNumber(p.Reason))
	return t
}

func presenceList(presences []match.Presence) *glua.LTable {
	list := newList(len(presences))
	for _, p := range presences {
		list.Append(presenceTable(p))
	}
	return list
}
