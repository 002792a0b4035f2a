package host

import (
	"context"
	"log/slog"
	"math"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/leaderboard"
)

// openLeaderboards makes the service that keeps leaderboards and tournaments. The modules'
// runtime is made later; nothing is told it before it is.
func (h *Host) openLeaderboards(ctx context.Context) (err error) {
	c := h.config.Leaderboard
	h.leaderboards, err = leaderboard.NewService(ctx, h.database, leaderboard.Options{
		Now: h.now, Unranked: c.BlacklistRankCache, Loaders: c.RankCacheWorkers, QueueSize: c.CallbackQueueSize, Workers: c.CallbackQueueWorkers,
		TournamentEnded: func(ctx context.Context, t *api.Tournament, end, reset int64) {
			h.tell("tournament end", t.Id, func() error { return h.shim.TournamentEnd(ctx, t, end, reset) })
		},
		TournamentReset: func(ctx context.Context, t *api.Tournament, end, reset int64) {
			h.tell("tournament reset", t.Id, func() error { return h.shim.TournamentReset(ctx, t, end, reset) })
		},
		LeaderboardReset: func(ctx context.Context, l *api.Leaderboard, reset int64) {
			h.tell("leaderboard reset", l.Id, func() error { return h.shim.LeaderboardReset(ctx, l, reset) })
		},
		Failed: func(err error) { h.log.Error("leaderboards", slog.Any("error", err)) },
	})
	return err
}

// tell calls a function that modules registered, whose failure is only logged.
func (h *Host) tell(hook, id string, call func() error) {
	defer h.logPanic("the " + hook + " hook")
	if err := call(); err != nil {
		h.log.Warn("the "+hook+" hook failed", slog.String("id", id), slog.Any("error", err))
	}
}

// Records are those of a leaderboard or tournament in its current period, the best first.
func (m *Manual) Records(ctx context.Context, id string) ([]*api.LeaderboardRecord, error) {
	list, err := m.leaderboards.Records(ctx, id, leaderboard.ListRequest{Limit: math.MaxInt32})
	return list.GetRecords(), err
}

// Submit submits a user's score to a leaderboard or tournament, as a server module does.
func (m *Manual) Submit(ctx context.Context, id, userID, username string, score, subscore int64) error {
	submit := m.leaderboards.WriteTournament
	if len(m.leaderboards.Get([]string{id})) > 0 {
		submit = m.leaderboards.Write
	}
	_, err := submit(ctx, leaderboard.Write{
		Caller: leaderboard.Server, BoardID: id, OwnerID: userID, Username: username, Score: score, Subscore: subscore,
	})
	return err
}
