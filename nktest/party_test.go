package nktest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"nkhost/nktest"
)

// teams is a module that tells the match of which party each player is.
const teams = `
	local nk = require("nakama")
	nk.register_matchmaker_matched(function(context, users)
		local parties = {}
		for _, user in ipairs(users) do
			parties[user.presence.username] = user.party_id or "none"
		end
		return nk.match_create("game", {parties = parties})
	end)
	nk.register_rpc(function() return nk.json_encode(nk.party_list(10, true, false)) end, "parties")`

const game = `
	return {
		match_init = function(_, params) return params, 1, "" end,
		match_join_attempt = function(_, _, _, state) return state, true end,
		match_join = function(_, _, _, state) return state end,
		match_leave = function(_, _, _, state) return state end,
		match_loop = function(_, _, _, state) return state end,
		match_terminate = function(_, _, _, state) return state end,
		match_signal = function(_, _, _, state) return state end,
	}`

func TestParties(t *testing.T) {
	t.Parallel()
	h := nktest.Open(t, fstest.MapFS{"main.lua": {Data: []byte(teams)}, "game.lua": {Data: []byte(game)}})
	alice, bob, carol, dave := h.User("alice"), h.User("bob"), h.User("carol"), h.User("dave")
	names := func(users []*nktest.User) string {
		var list []string
		for _, user := range users {
			list = append(list, user.Username)
		}
		return strings.Join(list, " ")
	}
	red, blue := h.Party(alice, bob), h.Party(carol)
	if got := names(red.Members()); got != "alice bob" || red.Leader() != alice {
		t.Errorf("%s leads %s", red.Leader().Username, got)
	}
	blue.Join(dave)
	blue.Send(dave, 4, map[string]any{"ready": true})
	blue.Received(carol).Last(4).JSON("ready").Is(true)
	if got := blue.Received(carol).Last().Sender; got != "dave" || blue.Received(alice).Count() != 0 {
		t.Errorf("%s sent it", got)
	}
	blue.Promote(dave)
	if blue.Leader() != dave {
		t.Errorf("%s leads", blue.Leader().Username)
	}

	m := h.MatchmakeParties(red, blue)
	m.Join(alice, bob, carol, dave)
	m.State("parties").Is(map[string]any{"alice": red.ID, "bob": red.ID, "carol": blue.ID, "dave": blue.ID})

	dave.Disconnect()
	blue.Leave(carol)
	if got := names(blue.Members()); got != "" {
		t.Errorf("the party that all have left has %s", got)
	}
	if list, err := h.RPC(nil, "parties", ""); err != nil || !strings.Contains(list, red.ID) || strings.Contains(list, blue.ID) {
		t.Errorf("listed %s, %v", list, err)
	}
}
