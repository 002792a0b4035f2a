package host

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/realtime"
)

// allMatches is the registry of authoritative matches together with the relayed
// ones, which exist only as streams of sockets.
type allMatches struct {
	*match.Registry
	sockets *realtime.Server
}

// Get finds a match of either kind; a relayed match's id ends in a dot.
func (m *allMatches) Get(matchID string) (match.Listing, error) {
	if !strings.HasSuffix(matchID, ".") {
		return m.Registry.Get(matchID)
	}
	if listing, ok := m.sockets.RelayedMatch(matchID); ok {
		return listing, nil
	}
	return match.Listing{}, status.Error(codes.NotFound, "Match not found.")
}

// List finds authoritative matches first. Relayed ones follow where nothing is asked
// that only authoritative ones have.
func (m *allMatches) List(q match.ListQuery) ([]match.Listing, error) {
	found, err := m.Registry.List(q)
	if err != nil || q.Label != nil || q.Query != nil || q.Authoritative != nil && *q.Authoritative {
		return found, err
	}
	for _, listing := range m.sockets.RelayedMatches() {
		if len(found) >= q.Limit {
			break
		}
		if (q.MinSize == nil || listing.Size >= *q.MinSize) && (q.MaxSize == nil || listing.Size <= *q.MaxSize) {
			found = append(found, listing)
		}
	}
	return found, nil
}
