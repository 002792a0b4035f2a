package nkshim

import (
	"context"
	"fmt"
	"strconv"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/lua/glua"
)

// LeaderboardReset calls the function of register_leaderboard_reset, if there is one.
func (r *Runtime) LeaderboardReset(ctx context.Context, l *api.Leaderboard, reset int64) error {
	fn, ok := r.hooks.lookup(kindLeaderboardReset, "")
	if !ok {
		return nil
	}
	metadata, err := jsonTable(l.Metadata)
	if err != nil {
		return err
	}
	t := leaderboardTable(l, metadata)
	// Texts, on Nakama too.
	setText(t, "prev_reset", unixText(l.PrevReset))
	setText(t, "next_reset", unixText(l.NextReset))
	return r.invoke(ctx, "leaderboard reset", wantNil, fn, r.contextTable(modeLeaderboardReset, nil), t, glua.LNumber(reset))
}

// TournamentEnd calls the function of register_tournament_end, if there is one.
func (r *Runtime) TournamentEnd(ctx context.Context, t *api.Tournament, end, reset int64) error {
	return r.tellTournament(ctx, kindTournamentEnd, modeTournamentEnd, t, end, reset)
}

// TournamentReset calls the function of register_tournament_reset, if there is one.
func (r *Runtime) TournamentReset(ctx context.Context, t *api.Tournament, end, reset int64) error {
	return r.tellTournament(ctx, kindTournamentReset, modeTournamentReset, t, end, reset)
}

func (r *Runtime) tellTournament(ctx context.Context, kind hookKind, mode string, t *api.Tournament, end, reset int64) error {
	fn, ok := r.hooks.lookup(kind, "")
	if !ok {
		return nil
	}
	metadata, err := jsonTable(t.Metadata)
	if err != nil {
		return err
	}
	return r.invoke(ctx, mode, wantNil, fn, r.contextTable(mode, nil), tournamentTable(t, metadata), glua.LNumber(end), glua.LNumber(reset))
}

func wantNil(result glua.LValue) error {
	if result != glua.LNil {
		return fmt.Errorf("it must return nothing, but returned %s", describe(result))
	}
	return nil
}

// unixText is "" for a time that is not set.
func unixText(unix uint32) string {
	if unix == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(unix), 10)
}
