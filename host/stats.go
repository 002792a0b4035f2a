package host

// Stats is how much there is of what comes and goes.
type Stats struct {
	Sockets   int
	Presences int // on all streams together
	Matches   int // authoritative ones
	Parties   int
	Tickets   int // that wait in the matchmaker
}

// Stats counts.
func (h *Host) Stats() Stats {
	return Stats{
		Sockets:   h.sockets.Sessions(),
		Presences: h.sockets.Presences(),
		Matches:   h.matches.Count(),
		Parties:   h.parties.Count(),
		Tickets:   h.maker.Count(),
	}
}
