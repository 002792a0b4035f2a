// Package match runs authoritative matches: it keeps the registry of matches,
// steps each at its tick rate, feeds it joins, leaves, messages and signals, and
// sends what it broadcasts. It knows a Handler, not Lua.
package match

// Clients is what matches need of the sockets. No method blocks. The slices it is
// given are shared: it neither changes nor keeps them.
type Clients interface {
	// Send delivers a match's message to the given sessions; a session whose queue
	// is full is closed.
	Send(matchID string, to []Presence, message Broadcast)
	// Kick takes presences out of a match; each is told to the match as a leave.
	Kick(matchID string, presences []Presence)
	// Disconnect closes sessions, after their match failed.
	Disconnect(presences []Presence)
}

// Listing is what others may know of a match.
type Listing struct {
	ID string
	// Authoritative is false for a relayed match, which has only an id and a size.
	Authoritative bool

	Label    string
	TickRate int
	Handler  string // the module's name
	Size     int
	// CreateTime is in Unix milliseconds.
	CreateTime int64
}
