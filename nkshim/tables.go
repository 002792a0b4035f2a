package nkshim

import (
	"nkhost/host/match"
	"nkhost/lua/glua"
)

// newTable makes a table for n named fields.
func newTable(n int) *glua.LTable { return glua.NewTable(0, n) }

// newList makes a table for n items.
func newList(n int) *glua.LTable { return glua.NewTable(n, 0) }

// What matches get all the time.
var (
	identityLayout = glua.NewLayout("user_id", "session_id", "username", "node")
	presenceLayout = glua.NewLayout("user_id", "session_id", "username", "node", "reason")
	messageLayout  = glua.NewLayout("sender", "op_code", "data", "reliable", "receive_time_ms")
)

// identityTable is a presence as join attempts, senders and matchmaker entries have it.
func identityTable(userID, sessionID, username, node string) *glua.LTable {
	return identityLayout.NewTable(glua.String(userID), glua.String(sessionID), glua.String(username), glua.String(node))
}

// presenceTable is a presence as match_join and match_leave have it.
func presenceTable(p match.Presence) *glua.LTable {
	return presenceLayout.NewTable(glua.String(p.UserID), glua.String(p.SessionID), glua.String(p.Username), glua.String(p.Node),
		glua.Number(float64(p.Reason)))
}

func presenceList(presences []match.Presence) *glua.LTable {
	list := newList(len(presences))
	for _, p := range presences {
		list.Append(presenceTable(p))
	}
	return list
}
