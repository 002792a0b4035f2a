package nktest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nkhost/nktest"
)

// boards is a module with a weekly leaderboard and a daily hour of a tournament, that pays
// who was first.
const boards = `
local nk = require("nakama")
nk.leaderboard_create("weekly", false, "desc", "best", "0 0 * * 1", {season = 1}, true)
nk.tournament_create("rush", true, "asc", "best", 3600, "0 18 * * *", {cup = true}, "Rush hour", "", 3, nil, nil, 100, 5, false, true)

nk.register_leaderboard_reset(function(context, board, reset)
	local best = nk.leaderboard_records_list(board.id, nil, 1, nil, reset)[1]
	nk.wallet_update(best.owner_id, {gold = best.score})
	nk.logger_info(string.format("%s: %s of season %d reset at %d, next_reset %s, prev_reset %s",
		context.execution_mode, board.id, board.metadata.season, reset, board.next_reset, board.prev_reset))
end)

local function told(context, rush, ends, reset)
	local records = nk.tournament_records_list(rush.id, nil, 10, nil, reset)
	nk.logger_info(string.format("%s: %s with %d of %d, %d to %d, ends %d, resets %d", context.execution_mode, rush.title, #records, rush.size,
		rush.start_active, rush.end_active, ends, reset))
end
nk.register_tournament_end(told)
nk.register_tournament_reset(function(...) told(...) return "what is not wanted" end)
nk.register_rpc(function(context)
	local record = nk.tournament_record_write("rush", context.user_id, context.username, 7)
	return tostring(record.rank)
end, "rush")
`

// Story: a week with a leaderboard and a tournament, on the test's clock.
func TestLeaderboards(t *testing.T) {
	t.Parallel()
	monday := time.Date(2030, 1, 7, 12, 0, 0, 0, time.UTC)
	h := nktest.Open(t, fstest.MapFS{"boards.lua": {Data: []byte(boards)}}, nktest.At(monday))
	alice, bob := h.User("alice"), h.User("bob")
	h.Submit(alice, "weekly", 10, 1)
	h.Submit(bob, "weekly", 20, 0)
	h.Submit(bob, "weekly", 15, 0)
	h.Submit(alice, "weekly", 30, 0)
	records := h.Records("weekly")
	if got := fmt.Sprint(records); len(records) != 2 || !strings.HasPrefix(got, "[{"+alice.ID+" alice 30 1 2 1 ") || records[1].Rank != 2 {
		t.Errorf("the records are %s", got)
	}
	if _, err := h.RPC(alice, "rush", ""); err == nil || !strings.Contains(err.Error(), "Tournament is not active") {
		t.Errorf("a score before the hour: %v", err)
	}

	h.Advance(6*time.Hour + time.Minute)
	if rank, err := h.RPC(alice, "rush", ""); err != nil || rank != "1" {
		t.Errorf("a score in the hour has rank %s, %v", rank, err)
	}
	h.Submit(bob, "rush", 3, 0)
	if records := h.Records("rush"); len(records) != 2 || records[0].Username != "bob" {
		t.Errorf("the tournament's records are %v", records)
	}
	h.Advance(time.Hour)
	day := time.Date(2030, 1, 7, 18, 0, 0, 0, time.UTC).Unix()
	wantLine(t, h, fmt.Sprintf("tournament_end: Rush hour with 2 of 2, %d to %d, ends %d, resets %d", day, day+3600, day+3600, day+86400))

	h.Advance(7 * 24 * time.Hour)
	wantLine(t, h, fmt.Sprintf("tournament_reset: Rush hour with 2 of 2, %d to %d, ends %d, resets %d", day, day+3600, day+3600, day+86400))
	wantLine(t, h, "the tournament reset hook failed")
	next := time.Date(2030, 1, 14, 0, 0, 0, 0, time.UTC).Unix()
	wantLine(t, h, fmt.Sprintf("leaderboard_reset: weekly of season 1 reset at %d, next_reset %d, prev_reset %d", next, next, next-7*86400))
	if len(h.Records("weekly")) != 0 || h.Wallet(alice)["gold"] != 30 {
		t.Errorf("after the week: records %v, alice's wallet %v", h.Records("weekly"), h.Wallet(alice))
	}
}

func wantLine(t *testing.T, h *nktest.Host, want string) {
	t.Helper()
	if !slices.ContainsFunc(h.Log(), func(line nktest.Line) bool { return line.Text == want }) {
		t.Errorf("nobody logged %q but %v", want, h.Log())
	}
}
