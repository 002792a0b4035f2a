package nkshim

import (
	"context"
	"strconv"
	"strings"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/cron"
	"nkhost/host/leaderboard"
	"nkhost/lua/glua"
)

// Leaderboards keeps leaderboards. See leaderboard.Service.
type Leaderboards interface {
	Create(ctx context.Context, n leaderboard.New) error
	Delete(ctx context.Context, id string) error
	DisableRanks(ctx context.Context, id string) error
	List(limit int, cursor string) (*api.LeaderboardList, error)
	Get(ids []string) []*api.Leaderboard
	Records(ctx context.Context, id string, request leaderboard.ListRequest) (*api.LeaderboardRecordList, error)
	Around(ctx context.Context, id, owner string, limit int, cursor string, expiry int64) (*api.LeaderboardRecordList, error)
	CursorFromRank(ctx context.Context, id string, rank, expiry int64) (string, error)
	Write(ctx context.Context, w leaderboard.Write) (*api.LeaderboardRecord, error)
	DeleteRecord(ctx context.Context, caller, id, owner string) error
}

var leaderboardFunctions = map[string]function{
	"leaderboard_create":                        leaderboardCreate,
	"leaderboard_delete":                        leaderboardDo("leaderboard id", Leaderboards.Delete),
	"leaderboard_list":                          leaderboardList,
	"leaderboard_ranks_disable":                 leaderboardDo("leaderboard id", Leaderboards.DisableRanks),
	"leaderboard_record_delete":                 leaderboardRecordDelete,
	"leaderboard_record_write":                  leaderboardRecordWrite,
	"leaderboard_records_haystack":              leaderboardRecordsHaystack,
	"leaderboard_records_list":                  leaderboardRecordsList,
	"leaderboard_records_list_cursor_from_rank": leaderboardCursorFromRank,
	"leaderboards_get_id":                       leaderboardsGetID,
	// On Nakama, too, it refuses tournaments.
	"tournament_ranks_disable": leaderboardDo("tournament id", Leaderboards.DisableRanks),
}

// The largest pages of records: in a list, and around an owner.
const (
	maxRecords       = 10_000
	maxRecordsAround = 100
)

// operators are the names of operators as modules write them.
var operators = map[string]api.Operator{
	"best": api.Operator_BEST, "set": api.Operator_SET,
	"incr": api.Operator_INCREMENT, "increment": api.Operator_INCREMENT,
	"decr": api.Operator_DECREMENT, "decrement": api.Operator_DECREMENT,
}

// operator is an operator's name in argument n, or otherwise if that is nil or missing.
func (c call) operator(n int, otherwise api.Operator) api.Operator {
	name := c.optText(n, "operator", "")
	if name == "" {
		return otherwise
	}
	operator, ok := operators[name]
	if !ok {
		c.fail("argument %d (operator) must be 'best', 'set', 'incr' or 'decr', got %q", n, name)
	}
	return operator
}

// descending reads a sort order in argument n.
func (c call) descending(n int) bool {
	switch order := c.optText(n, "sort order", "desc"); order {
	case "asc", "ascending":
		return false
	case "desc", "descending":
		return true
	default:
		c.fail("argument %d (sort order) must be 'asc' or 'desc', got %q", n, order)
		return false
	}
}

// resetSchedule is a cron expression in argument n, or "" if that is nil, missing or empty.
func (c call) resetSchedule(n int) string {
	schedule := c.optText(n, "reset schedule", "")
	if schedule == "" {
		return ""
	}
	if _, err := cron.Parse(schedule); err != nil {
		c.fail("argument %d (reset schedule) must be a cron expression, but %q is none: %v", n, schedule, err)
	}
	return schedule
}

// metadata is the JSON of a table in argument n, or "" if that is nil or missing.
func (c call) metadata(n int) string {
	table := c.optTable(n, "metadata")
	if table == nil {
		return ""
	}
	return c.objectText(table, "metadata")
}

func leaderboardCreate(r *Runtime, c call) int {
	n := leaderboard.New{
		ID: c.filledText(1, "leaderboard id"), Authoritative: c.optBool(2, "authoritative", false),
		Descending: c.descending(3), Operator: c.operator(4, api.Operator_BEST), Reset: c.resetSchedule(5),
		Metadata: c.metadata(6), EnableRanks: c.optBool(7, "enable ranks", false),
	}
	r.await(c, func() error { return r.deps.Leaderboards.Create(c.context(), n) })
	return 0
}

// leaderboardDo does something with a leaderboard.
func leaderboardDo(what string, do func(l Leaderboards, ctx context.Context, id string) error) function {
	return func(r *Runtime, c call) int {
		id := c.filledText(1, what)
		r.await(c, func() error { return do(r.deps.Leaderboards, c.context(), id) })
		return 0
	}
}

func leaderboardList(r *Runtime, c call) int {
	limit, cursor := c.limitWithin(1, 10, 100), c.optText(2, "cursor", "")
	page, err := r.deps.Leaderboards.List(limit, cursor)
	if err != nil {
		c.fail("%s", message(err))
	}
	c.push(leaderboardTables(c, page.Leaderboards))
	c.push(textOrNil(page.Cursor))
	return 2
}

func leaderboardsGetID(r *Runtime, c call) int {
	return c.push(leaderboardTables(c, r.deps.Leaderboards.Get(c.filledTexts(1, "leaderboard ids"))))
}

func leaderboardTables(c call, leaderboards []*api.Leaderboard) *glua.LTable {
	list := newList(len(leaderboards))
	for _, l := range leaderboards {
		t := leaderboardTable(l, c.decodedTable(l.Metadata))
		setUnix(t, "next_reset", l.NextReset)
		setUnix(t, "", l.PrevReset) // Nakama's name for it
		list.Append(t)
	}
	return list
}

func leaderboardTable(l *api.Leaderboard, metadata *glua.LTable) *glua.LTable {
	t := newTable(8)
	t.SetField("id", glua.LString(l.Id))
	t.SetField("authoritative", glua.LBool(l.Authoritative))
	t.SetField("operator", glua.LString(strings.ToLower(l.Operator.String())))
	t.SetField("sort_order", glua.LString(strconv.FormatUint(uint64(l.SortOrder), 10)))
	t.SetField("metadata", metadata)
	t.SetField("create_time", glua.LNumber(l.CreateTime.GetSeconds()))
	return t
}

// setUnix leaves out a time that is not set.
func setUnix[Unix int64 | uint32](t *glua.LTable, key string, unix Unix) {
	if unix != 0 {
		t.SetField(key, glua.LNumber(unix))
	}
}

// owners are the UUIDs that argument n lists, or nil if that is nil or missing. An empty
// list is not ok: for one Nakama answers with an empty table and nothing else.
func (c call) owners(n int) (owners []string, ok bool) {
	table := c.optTable(n, "owner ids")
	if table == nil {
		return nil, true
	}
	if table.Len() == 0 {
		return nil, false
	}
	return c.ids(n, "owner ids"), true
}

// recordList reads the arguments of a list of records from the second on.
func (c call) recordList() (request leaderboard.ListRequest, ok bool) {
	owners, ok := c.owners(2)
	limit := c.optInt(3, "limit", 0)
	if limit < 0 || limit > maxRecords {
		c.fail("argument 3 (limit) must be from 0 to %d, got %d", maxRecords, limit)
	}
	return leaderboard.ListRequest{
		Owners: owners, Limit: limit, Cursor: c.optText(4, "cursor", ""), Expiry: int64(c.optInt(5, "expiry", 0)),
	}, ok
}

func leaderboardRecordsList(r *Runtime, c call) int {
	id := c.filledText(1, "leaderboard id")
	request, ok := c.recordList()
	if !ok {
		return c.push(newTable(0))
	}
	var page *api.LeaderboardRecordList
	r.await(c, func() (err error) {
		page, err = r.deps.Leaderboards.Records(c.context(), id, request)
		return err
	})
	c.push(recordTables(c, page.Records))
	c.push(recordTables(c, page.OwnerRecords))
	return 2 + c.pushPages(page)
}

// recordPage is what a page of records says of itself.
type recordPage interface {
	GetNextCursor() string
	GetPrevCursor() string
	GetRankCount() int64
}

func (c call) pushPages(page recordPage) int {
	c.push(textOrNil(page.GetNextCursor()))
	c.push(textOrNil(page.GetPrevCursor()))
	c.push(glua.LNumber(page.GetRankCount()))
	return 3
}

// aroundArguments are those of functions that list records around an owner's.
func (c call) aroundArguments(what string) (id, owner string, limit int, cursor string, expiry int64) {
	id, owner = c.filledText(1, what), c.id(2, "owner id")
	limit, cursor = c.limitWithin(3, 10, maxRecordsAround), c.optText(4, "cursor", "")
	expiry = int64(c.optInt(5, "expiry", 0))
	if expiry < 0 {
		c.refuse(5, "expiry", "a time in Unix seconds")
	}
	return id, owner, limit, cursor, expiry
}

func leaderboardRecordsHaystack(r *Runtime, c call) int {
	id, owner, limit, cursor, expiry := c.aroundArguments("leaderboard id")
	var page *api.LeaderboardRecordList
	r.await(c, func() (err error) {
		page, err = r.deps.Leaderboards.Around(c.context(), id, owner, limit, cursor, expiry)
		return err
	})
	c.push(recordTables(c, page.Records))
	return 1 + c.pushPages(page)
}

func leaderboardCursorFromRank(r *Runtime, c call) int {
	id, rank, expiry := c.filledText(1, "leaderboard id"), int64(c.number(2, "rank")), int64(c.optInt(3, "expiry", 0))
	if rank < 1 {
		c.refuse(2, "rank", "a number from 1")
	}
	var cursor string
	r.await(c, func() (err error) {
		cursor, err = r.deps.Leaderboards.CursorFromRank(c.context(), id, rank, expiry)
		return err
	})
	return c.push(glua.LString(cursor))
}

// score reads the arguments of a write, but the operator.
func (c call) score(what string) leaderboard.Write {
	return leaderboard.Write{
		Caller: leaderboard.Server, BoardID: c.filledText(1, what), OwnerID: c.id(2, "owner id"), Username: c.optText(3, "username", ""),
		Score: c.natural(4, "score"), Subscore: c.natural(5, "subscore"), Metadata: c.metadata(6),
	}
}

// natural is a number that is not negative, without its fraction, or 0 if it is nil or
// missing.
func (c call) natural(n int, what string) int64 {
	value := int64(c.optInt(n, what, 0))
	if value < 0 {
		c.fail("argument %d (%s) must not be negative, got %d", n, what, value)
	}
	return value
}

func leaderboardRecordWrite(r *Runtime, c call) int {
	w := c.score("leaderboard id")
	w.Operator = c.operator(7, api.Operator_NO_OVERRIDE)
	var record *api.LeaderboardRecord
	r.await(c, func() (err error) {
		record, err = r.deps.Leaderboards.Write(c.context(), w)
		return err
	})
	return c.push(recordTable(c, record))
}

func leaderboardRecordDelete(r *Runtime, c call) int {
	id, owner := c.filledText(1, "leaderboard id"), c.id(2, "owner id")
	r.await(c, func() error { return r.deps.Leaderboards.DeleteRecord(c.context(), leaderboard.Server, id, owner) })
	return 0
}

func recordTables(c call, records []*api.LeaderboardRecord) *glua.LTable {
	list := newList(len(records))
	for _, record := range records {
		list.Append(recordTable(c, record))
	}
	return list
}

func recordTable(c call, record *api.LeaderboardRecord) *glua.LTable {
	t := newTable(12)
	t.SetField("leaderboard_id", glua.LString(record.LeaderboardId))
	t.SetField("owner_id", glua.LString(record.OwnerId))
	if record.Username != nil {
		t.SetField("username", glua.LString(record.Username.Value))
	}
	t.SetField("score", glua.LNumber(record.Score))
	t.SetField("subscore", glua.LNumber(record.Subscore))
	t.SetField("num_score", glua.LNumber(record.NumScore))
	t.SetField("max_num_score", glua.LNumber(record.MaxNumScore))
	t.SetField("metadata", c.decodedTable(record.Metadata))
	t.SetField("create_time", glua.LNumber(record.CreateTime.GetSeconds()))
	t.SetField("update_time", glua.LNumber(record.UpdateTime.GetSeconds()))
	setUnix(t, "expiry_time", record.ExpiryTime.GetSeconds())
	t.SetField("rank", glua.LNumber(record.Rank))
	return t
}
