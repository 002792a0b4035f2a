package host

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"nkhost/host/matchmaker"
)

// joinTokenExpiry is how long matched players may take to join by token, as on Nakama.
const joinTokenExpiry = 30 * time.Second

// hooksAtOnce is how many groups of one interval may be in the modules' hook at a time.
const hooksAtOnce = 16

// matchUp leads each group to its match, apart from the matchmaker's own goroutine:
// the modules' hook may take its time.
func (h *Host) matchUp(groups [][]matchmaker.Entry) {
	h.background.Go(func() { h.eachGroup(groups, h.leadToMatch) })
}

// eachGroup calls lead for each group, some at a time, so that a hook that waits holds
// up no other group. A panic costs its own group only.
func (h *Host) eachGroup(groups [][]matchmaker.Entry, lead func(group []matchmaker.Entry)) {
	free := make(chan struct{}, hooksAtOnce)
	for _, group := range groups {
		free <- struct{}{}
		h.background.Go(func() {
			defer func() { <-free }()
			defer h.logPanic("leading matched players to their match")
			lead(group)
		})
	}
}

func (h *Host) leadToMatch(group []matchmaker.Entry) {
	matchID := h.matchOf(h.running, group)
	token := ""
	if matchID == "" {
		var err error
		if token, err = h.tokens.IssueMatch(uuid.NewString()+".", joinTokenExpiry); err != nil {
			h.log.Error("matched players could not be given a token", slog.Any("error", err))
			return
		}
	}
	h.sockets.Matched(group, matchID, token)
}

// matchOf asks the modules' hook which match a group is to join; "" is none.
func (h *Host) matchOf(ctx context.Context, group []matchmaker.Entry) (matchID string) {
	if !h.shim.HasMatchmakerMatched() {
		return ""
	}
	defer h.logPanic("the matchmaker hook") // the players then meet by token
	matchID, err := h.shim.MatchmakerMatched(ctx, group)
	if err != nil {
		h.log.Warn("matched players meet by token, since the matchmaker hook failed", slog.Any("error", err))
		return ""
	}
	return matchID
}

// logPanic, deferred, logs a panic and stops it.
func (h *Host) logPanic(doing string) {
	if p := recover(); p != nil {
		h.log.Error(doing+" panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
	}
}
