package nkshim

import (
	"context"
	"strconv"
	"strings"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/leaderboard"
	"nkhost/lua/glua"
)

// Tournaments keeps tournaments. See leaderboard.Service.
type Tournaments interface {
	Create(ctx context.Context, n leaderboard.New) error
	DeleteTournament(ctx context.Context, id string) error
	AddAttempts(ctx context.Context, id, owner string, count int) error
	Join(ctx context.Context, id, owner, username string) error
	Tournaments(ctx context.Context, ids []string) ([]*api.Tournament, error)
	ListTournaments(ctx context.Context, filter leaderboard.TournamentFilter, limit int, cursor string) (*api.TournamentList, error)
	TournamentRecords(ctx context.Context, id string, request leaderboard.ListRequest) (*api.TournamentRecordList, error)
	TournamentAround(ctx context.Context, id, owner string, limit int, cursor string, expiry int64) (*api.TournamentRecordList, error)
	WriteTournament(ctx context.Context, w leaderboard.Write) (*api.LeaderboardRecord, error)
	DeleteTournamentRecord(ctx context.Context, caller, id, owner string) error
}

var tournamentFunctions = map[string]function{
	"tournament_add_attempt":      tournamentAddAttempt,
	"tournament_create":           tournamentCreate,
	"tournament_delete":           tournamentDelete,
	"tournament_join":             tournamentJoin,
	"tournament_list":             tournamentList,
	"tournament_record_delete":    tournamentRecordDelete,
	"tournament_record_write":     tournamentRecordWrite,
	"tournament_records_haystack": tournamentRecordsHaystack,
	"tournament_records_list":     tournamentRecordsList,
	"tournaments_get_id":          tournamentsGetID,
}

// maxCategory is the greatest category of tournaments.
const maxCategory = 127

func tournamentCreate(r *Runtime, c call) int {
	n := leaderboard.New{
		ID: c.filledText(1, "tournament id"), Authoritative: c.optBool(2, "authoritative", true),
		Descending: c.descending(3), Operator: c.operator(4, api.Operator_BEST),
		Duration: c.natural(5, "duration"), Reset: c.resetSchedule(6), Metadata: c.metadata(7),
		Title: c.optText(8, "title", ""), Description: c.optText(9, "description", ""), Category: c.category(10),
		StartTime: c.natural(11, "start time"), EndTime: c.natural(12, "end time"),
		MaxSize: int(c.natural(13, "max size")), MaxNumScore: int(c.natural(14, "max num score")),
		JoinRequired: c.optBool(15, "join required", false), EnableRanks: c.optBool(16, "enable ranks", false),
	}
	if n.Duration == 0 {
		c.fail("argument 5 (duration) must be a number of seconds greater than 0")
	}
	if n.EndTime != 0 && n.EndTime <= n.StartTime {
		c.fail("argument 12 (end time) must be later than the start time; 0 is a tournament that never ends")
	}
	r.await(c, func() error { return r.deps.Tournaments.Create(c.context(), n) })
	return 0
}

func (c call) category(n int) int {
	category := c.natural(n, "category")
	if category > maxCategory {
		c.fail("argument %d (category) must be from 0 to %d, got %d", n, maxCategory, category)
	}
	return int(category)
}

func tournamentDelete(r *Runtime, c call) int {
	id := c.filledText(1, "tournament id")
	r.await(c, func() error { return r.deps.Tournaments.DeleteTournament(c.context(), id) })
	return 0
}

func tournamentAddAttempt(r *Runtime, c call) int {
	id, owner, count := c.filledText(1, "tournament id"), c.id(2, "owner id"), int(c.number(3, "count"))
	if count == 0 {
		c.refuse(3, "count", "a number other than 0")
	}
	r.await(c, func() error { return r.deps.Tournaments.AddAttempts(c.context(), id, owner, count) })
	return 0
}

func tournamentJoin(r *Runtime, c call) int {
	id, user, username := c.filledText(1, "tournament id"), c.id(2, "user id"), c.filledText(3, "username")
	r.await(c, func() error { return r.deps.Tournaments.Join(c.context(), id, user, username) })
	return 0
}

func tournamentsGetID(r *Runtime, c call) int {
	ids := c.filledTexts(1, "tournament ids")
	var found []*api.Tournament
	r.await(c, func() (err error) {
		found, err = r.deps.Tournaments.Tournaments(c.context(), ids)
		return err
	})
	return c.push(tournamentTables(c, found))
}

func tournamentList(r *Runtime, c call) int {
	filter := leaderboard.TournamentFilter{CategoryStart: c.category(1), CategoryEnd: c.category(2)}
	if filter.CategoryStart > filter.CategoryEnd {
		c.fail("argument 2 (end of the categories) must not be less than their start")
	}
	filter.StartTime, filter.EndTime = c.tournamentTime(3, "start time"), c.tournamentTime(4, "end time")
	if filter.StartTime > filter.EndTime {
		c.fail("argument 4 (end time) must not be earlier than the start time")
	}
	limit, cursor := c.limitWithin(5, 10, 100), c.optText(6, "cursor", "")
	var page *api.TournamentList
	r.await(c, func() (err error) {
		page, err = r.deps.Tournaments.ListTournaments(c.context(), filter, limit, cursor)
		return err
	})
	c.push(tournamentTables(c, page.Tournaments))
	c.push(textOrNil(page.Cursor))
	return 2
}

// tournamentTime is a time that must be given, as on Nakama.
func (c call) tournamentTime(n int, what string) int64 {
	at := int64(c.number(n, what))
	if at < 0 {
		c.refuse(n, what, "a time in Unix seconds")
	}
	return at
}

func tournamentRecordsList(r *Runtime, c call) int {
	id := c.filledText(1, "tournament id")
	request, ok := c.recordList()
	if !ok {
		return c.push(newTable(0))
	}
	var page *api.TournamentRecordList
	r.await(c, func() (err error) {
		page, err = r.deps.Tournaments.TournamentRecords(c.context(), id, request)
		return err
	})
	c.push(recordTables(c, page.Records))
	c.push(recordTables(c, page.OwnerRecords))
	return 2 + c.pushPages(page)
}

func tournamentRecordsHaystack(r *Runtime, c call) int {
	id, owner, limit, cursor, expiry := c.aroundArguments("tournament id")
	var page *api.TournamentRecordList
	r.await(c, func() (err error) {
		page, err = r.deps.Tournaments.TournamentAround(c.context(), id, owner, limit, cursor, expiry)
		return err
	})
	c.push(recordTables(c, page.Records))
	return 1 + c.pushPages(page)
}

func tournamentRecordWrite(r *Runtime, c call) int {
	w := c.score("tournament id")
	w.Operator = c.operatorWord(7)
	var record *api.LeaderboardRecord
	r.await(c, func() (err error) {
		record, err = r.deps.Tournaments.WriteTournament(c.context(), w)
		return err
	})
	return c.push(recordTable(c, record))
}

// operatorWord is an operator's whole name in any case, which is what Nakama takes for
// tournaments.
func (c call) operatorWord(n int) api.Operator {
	name := c.optText(n, "operator", api.Operator_NO_OVERRIDE.String())
	operator, ok := api.Operator_value[strings.ToUpper(name)]
	if !ok {
		c.fail("argument %d (operator) must be 'best', 'set', 'increment' or 'decrement', got %q", n, name)
	}
	return api.Operator(operator)
}

func tournamentRecordDelete(r *Runtime, c call) int {
	id, owner := c.filledText(1, "tournament id"), c.id(2, "owner id")
	r.await(c, func() error {
		return r.deps.Tournaments.DeleteTournamentRecord(c.context(), leaderboard.Server, id, owner)
	})
	return 0
}

func tournamentTables(c call, tournaments []*api.Tournament) *glua.LTable {
	list := newList(len(tournaments))
	for _, t := range tournaments {
		list.Append(tournamentTable(t, c.decodedTable(t.Metadata)))
	}
	return list
}

func tournamentTable(t *api.Tournament, metadata *glua.LTable) *glua.LTable {
	table := newTable(20)
	table.SetField("id", glua.LString(t.Id))
	table.SetField("title", glua.LString(t.Title))
	table.SetField("description", glua.LString(t.Description))
	table.SetField("category", glua.LNumber(t.Category))
	table.SetField("sort_order", glua.LString(strconv.FormatUint(uint64(t.SortOrder), 10)))
	table.SetField("operator", glua.LString(strings.ToLower(t.Operator.String())))
	table.SetField("size", glua.LNumber(t.Size))
	table.SetField("max_size", glua.LNumber(t.MaxSize))
	table.SetField("max_num_score", glua.LNumber(t.MaxNumScore))
	table.SetField("duration", glua.LNumber(t.Duration))
	table.SetField("start_active", glua.LNumber(t.StartActive))
	table.SetField("end_active", glua.LNumber(t.EndActive))
	table.SetField("can_enter", glua.LBool(t.CanEnter))
	setUnix(table, "next_reset", t.NextReset)
	setUnix(table, "prev_reset", t.PrevReset)
	table.SetField("metadata", metadata)
	table.SetField("create_time", glua.LNumber(t.CreateTime.GetSeconds()))
	table.SetField("start_time", glua.LNumber(t.StartTime.GetSeconds()))
	setUnix(table, "end_time", t.EndTime.GetSeconds())
	table.SetField("join_required", glua.LBool(t.JoinRequired))
	return table
}
