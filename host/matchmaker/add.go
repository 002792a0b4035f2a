package matchmaker

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/query"
)

// AddRequest asks for company. Its slices and maps must not be changed afterwards.
type AddRequest struct {
	Presences []Presence // one player, or all of a party
	SessionID string     // whose ticket it is; empty for a party's
	PartyID   string
	Query     string // empty finds everybody
	MinCount  int    // players in a match, with those of this ticket; 2 at least
	MaxCount  int
	// CountMultiple divides the number of players in a match; 1 if all will do.
	CountMultiple     int
	StringProperties  map[string]string
	NumericProperties map[string]float64
}

// Add puts a ticket into the pool. Its error has the code InvalidArgument for wrong
// counts, for which Nakama's sockets answer BAD_INPUT; for the other codes they
// answer RUNTIME_EXCEPTION: Unknown for a query that can't be parsed,
// FailedPrecondition for a session that is named twice, and ResourceExhausted where
// a session or the party has Config.MaxTickets already.
func (m *Matchmaker) Add(req AddRequest) (ticketID string, err error) {
	if err := req.validate(); err != nil {
		return "", err
	}
	q, err := query.Parse(req.Query)
	if err != nil {
		return "", status.Errorf(codes.Unknown, "The matchmaker can't use the query: %v.", err)
	}
	t := m.newTicket(req, q)

	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full(req) {
		return "", status.Errorf(codes.ResourceExhausted,
			"There are %d matchmaker tickets already: remove one before adding another.", m.cfg.MaxTickets)
	}
	m.tickets[t.id] = t
	for _, p := range req.Presences {
		m.bySession.add(p.SessionID, t)
	}
	if t.partyID != "" {
		m.byParty.add(t.partyID, t)
	}
	m.pool = append(m.pool, t)
	return t.id, nil
}

func (req *AddRequest) validate() error {
	lowest, highest, multiple := req.MinCount, req.MaxCount, req.CountMultiple
	switch {
	case lowest < 2:
		return status.Errorf(codes.InvalidArgument, "The minimum count is %d; it must be 2 at least.", lowest)
	case highest < lowest:
		return status.Errorf(codes.InvalidArgument,
			"The maximum count is %d; it must be the minimum count, %d, at least.", highest, lowest)
	case multiple < 1:
		return status.Errorf(codes.InvalidArgument, "The count multiple is %d; it must be 1 at least.", multiple)
	case lowest%multiple != 0:
		return status.Errorf(codes.InvalidArgument,
			"The minimum count, %d, must be a multiple of the count multiple, %d.", lowest, multiple)
	case highest%multiple != 0:
		return status.Errorf(codes.InvalidArgument,
			"The maximum count, %d, must be a multiple of the count multiple, %d.", highest, multiple)
	case len(req.Presences) == 0:
		return status.Error(codes.InvalidArgument, "A matchmaker ticket needs a player at least.")
	}
	for i, p := range req.Presences {
		same := func(other Presence) bool { return other.SessionID == p.SessionID }
		if slices.ContainsFunc(req.Presences[:i], same) {
			return status.Errorf(codes.FailedPrecondition, "The session %s is in the matchmaker ticket twice.", p.SessionID)
		}
	}
	return nil
}

// full tells whether somebody behind the ticket has all the tickets they may have.
func (m *Matchmaker) full(req AddRequest) bool {
	hasAll := func(p Presence) bool { return len(m.bySession[p.SessionID]) >= m.cfg.MaxTickets }
	return slices.ContainsFunc(req.Presences, hasAll) ||
		req.PartyID != "" && len(m.byParty[req.PartyID]) >= m.cfg.MaxTickets
}

func (m *Matchmaker) newTicket(req AddRequest, q *query.Query) *ticket {
	t := &ticket{
		id:        m.cfg.NewID(),
		sessionID: req.SessionID,
		partyID:   req.PartyID,
		query:     q,
		lookup:    newLookup(m.seed, q),
		min:       req.MinCount,
		max:       req.MaxCount,
		multiple:  req.CountMultiple,
		created:   m.cfg.Now().UnixNano(),
	}
	t.doc = document(t, req)
	for _, p := range req.Presences {
		t.entries = append(t.entries, Entry{
			Ticket:            t.id,
			Presence:          p,
			PartyID:           req.PartyID,
			StringProperties:  req.StringProperties,
			NumericProperties: req.NumericProperties,
			CreateTime:        t.created,
		})
	}
	return t
}

// document holds the fields that Nakama indexes of a ticket. Each has one value.
func document(t *ticket, req AddRequest) query.Document {
	doc := make(query.Document, 5+len(req.StringProperties)+len(req.NumericProperties))
	doc.Keyword("ticket", t.id)
	doc.Keyword("party_id", t.partyID)
	doc.Number("min_count", float64(t.min))
	doc.Number("max_count", float64(t.max))
	doc.Number("created_at", float64(t.created))
	for name, text := range req.StringProperties {
		if _, both := req.NumericProperties[name]; !both {
			doc.Text("properties."+name, text)
		}
	}
	for name, number := range req.NumericProperties {
		doc.Number("properties."+name, number)
	}
	return doc
}

// Remove takes back a session's own ticket. The error for one that is not there, is
// somebody else's or a party's has the code InvalidArgument.
func (m *Matchmaker) Remove(sessionID, ticketID string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tickets[ticketID]
	if !ok || t.partyID != "" || t.sessionID != sessionID {
		return status.Errorf(codes.InvalidArgument, "This session has no matchmaker ticket %q.", ticketID)
	}
	m.remove(t)
	return nil
}

// RemoveSession takes back all tickets that the session stands behind, whose ever
// they are.
func (m *Matchmaker) RemoveSession(sessionID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range slices.Clone(m.bySession[sessionID]) {
		m.remove(t)
	}
}

// RemoveParty takes back a party's ticket. The error for one that is not there or is
// somebody else's has the code NotFound.
func (m *Matchmaker) RemoveParty(partyID, ticketID string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tickets[ticketID]
	if !ok || t.sessionID != "" || t.partyID != partyID {
		return status.Error(codes.NotFound, "matchmaker ticket not found")
	}
	m.remove(t)
	return nil
}

// RemovePartyAll takes back all tickets of a party.
func (m *Matchmaker) RemovePartyAll(partyID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range slices.Clone(m.byParty[partyID]) {
		m.remove(t)
	}
}

// remove wants the lock to be held.
func (m *Matchmaker) remove(t *ticket) {
	t.gone.Store(true)
	delete(m.tickets, t.id)
	for _, e := range t.entries {
		m.bySession.remove(e.Presence.SessionID, t)
	}
	if t.partyID != "" {
		m.byParty.remove(t.partyID, t)
	}
	m.gone++
	m.tidy()
}
