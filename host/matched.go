package host

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nkhost/host/matchmaker"
)

// joinTokenExpiry is how long matched players may take to join by token, as on Nakama.
const joinTokenExpiry = 30 * time.Second

// matchUp leads each group to its match, apart from the matchmaker's own goroutine:
// the modules' hook may take its time.
func (h *Host) matchUp(groups [][]matchmaker.Entry) {
	h.background.Go(func() {
		for _, group := range groups {
			matchID := h.matchOf(h.running, group)
			token := ""
			if matchID == "" {
				var err error
				if token, err = h.tokens.IssueMatch(uuid.NewString()+".", joinTokenExpiry); err != nil {
					h.log.Error("matched players could not be given a token", slog.Any("error", err))
					continue
				}
			}
			h.sockets.Matched(group, matchID, token)
		}
	})
}

// matchOf asks the modules' hook which match a group is to join; "" is none.
func (h *Host) matchOf(ctx context.Context, group []matchmaker.Entry) string {
	if !h.shim.HasMatchmakerMatched() {
		return ""
	}
	matchID, err := h.shim.MatchmakerMatched(ctx, group)
	if err != nil {
		h.log.Warn("matched players meet by token, since the matchmaker hook failed", slog.Any("error", err))
		return ""
	}
	return matchID
}
