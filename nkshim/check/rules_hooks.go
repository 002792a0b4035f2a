package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// requestNames are the requests that register_req_before and _after know.
var requestNames = strings.Fields(`
AddFriends AddGroupUsers AuthenticateApple AuthenticateCustom AuthenticateDevice AuthenticateEmail AuthenticateFacebook
AuthenticateFacebookInstantGame AuthenticateGameCenter AuthenticateGoogle AuthenticateSteam BanGroupUsers BlockFriends
CreateGroup DeleteAccount DeleteFriends DeleteGroup DeleteLeaderboardRecord DeleteNotifications DeleteStorageObjects
DeleteTournamentRecord DemoteGroupUsers Event GetAccount GetMatchmakerStats GetSubscription GetUsers
ImportFacebookFriends ImportSteamFriends JoinGroup JoinTournament KickGroupUsers LeaveGroup LinkApple LinkCustom
LinkDevice LinkEmail LinkFacebook LinkFacebookInstantGame LinkGameCenter LinkGoogle LinkSteam ListChannelMessages
ListFriends ListFriendsOfFriends ListGroupUsers ListGroups ListLeaderboardRecords ListLeaderboardRecordsAroundOwner
ListMatches ListNotifications ListParties ListStorageObjects ListSubscriptions ListTournamentRecords
ListTournamentRecordsAroundOwner ListTournaments ListUserGroups PromoteGroupUsers ReadStorageObjects SessionLogout
SessionRefresh UnlinkApple UnlinkCustom UnlinkDevice UnlinkEmail UnlinkFacebook UnlinkFacebookInstantGame
UnlinkGameCenter UnlinkGoogle UnlinkSteam UpdateAccount UpdateGroup ValidatePurchaseApple
ValidatePurchaseFacebookInstant ValidatePurchaseGoogle ValidatePurchaseHuawei ValidatePurchaseSamsung
ValidateSubscriptionApple ValidateSubscriptionGoogle WriteLeaderboardRecord WriteStorageObjects WriteTournamentRecord`)

// messageNames are the realtime messages that register_rt_before and _after know.
var messageNames = strings.Fields(`
ChannelJoin ChannelLeave ChannelMessageRemove ChannelMessageSend ChannelMessageUpdate MatchCreate MatchDataSend
MatchJoin MatchLeave MatchmakerAdd MatchmakerRemove PartyAccept PartyClose PartyCreate PartyDataSend PartyJoin
PartyJoinRequestList PartyLeave PartyMatchmakerAdd PartyMatchmakerRemove PartyPromote PartyRemove PartyUpdate Ping Pong
StatusFollow StatusUnfollow StatusUpdate`)

// HookNames are the requests and the realtime messages that have hooks.
func HookNames() (requests, messages []string) {
	return slices.Clone(requestNames), slices.Clone(messageNames)
}

func hookNames(p *program, report reporter) {
	for _, m := range p.modules {
		for _, c := range m.calls {
			function, ok := p.nakamaCall(m, c)
			if !ok || len(c.Args) < 2 {
				continue
			}
			known, others, what := requestNames, messageNames, "request"
			switch function {
			case "register_req_before", "register_req_after":
			case "register_rt_before", "register_rt_after":
				known, others, what = messageNames, requestNames, "realtime message"
			default:
				continue
			}
			name, ok := p.text(m, c.Args[1])
			if !ok || named(name, known) {
				continue
			}
			suggestion := didYouMean(name, known)
			if named(name, others) {
				swap := map[string]string{"req": "rt", "rt": "req"}
				parts := strings.Split(function, "_")
				suggestion = fmt.Sprintf("use register_%s_%s", swap[parts[1]], parts[2])
			}
			report(m, c.Line(), Warning, fmt.Sprintf("there is no %s %s: this hook never runs", what, name), suggestion)
		}
	}
}

// named says whether a name is among others, in any case.
func named(name string, known []string) bool {
	return slices.ContainsFunc(known, func(other string) bool { return strings.EqualFold(name, other) })
}

// text is the string that an expression is known to be.
func (p *program) text(m *module, expr ast.Expr) (string, bool) {
	k, ok := p.eval(m, expr).(constant)
	if !ok {
		return "", false
	}
	text, ok := k.Expr.(*ast.StringExpr)
	if !ok {
		return "", false
	}
	return text.Value, true
}
