// Package matchmaker brings players together: it keeps the tickets that wait and
// finds at each interval which of them fit each other.
package matchmaker

// Presence is a player behind a ticket.
type Presence struct {
	UserID    string
	SessionID string
	Username  string
	Node      string
}

// Entry is one player of a group that was matched.
type Entry struct {
	Ticket   string
	Presence Presence
	PartyID  string
	// A key may stand in both; the matched hook then sees the number.
	StringProperties  map[string]string
	NumericProperties map[string]float64
	CreateTime        int64 // Unix nanoseconds
}
