package leaderboard

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// fixture is a service over a database on a clock that the test turns, with a note of
// what modules were told.
type fixture struct {
	*Service
	db   *db.DB
	now  time.Time
	told []string
}

func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		f := &fixture{db: place.Open(t), now: time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}
		f.reopen(t)
		test(t, f)
	})
}

// reopen does what a restart does.
func (f *fixture) reopen(t *testing.T) {
	t.Helper()
	note := func(what, id string, size uint32, end, reset int64) {
		at := func(unix int64) string { return time.Unix(unix, 0).UTC().Format("2 15:04:05") }
		f.told = append(f.told, fmt.Sprintf("%s %s size %d end %s reset %s", what, id, size, at(end), at(reset)))
	}
	service, err := NewService(t.Context(), f.db, Options{
		Now: func() time.Time { return f.now }, Loaders: 2, QueueSize: 8, Workers: 2,
		TournamentEnded: func(_ context.Context, one *api.Tournament, end, reset int64) {
			note("end", one.Id, one.Size, end, reset)
		},
		TournamentReset: func(_ context.Context, one *api.Tournament, end, reset int64) {
			note("reset", one.Id, one.Size, end, reset)
		},
		LeaderboardReset: func(_ context.Context, one *api.Leaderboard, reset int64) {
			note("leaderboard", one.Id, 0, int64(one.NextReset), reset)
		},
		Failed: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Service = service
}

func (f *fixture) create(t *testing.T, n New) {
	t.Helper()
	if err := f.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

func owner(n int) string { return ownerID(uint64(n)).String() }

func (f *fixture) write(t *testing.T, id string, n int, score, subscore int64) *api.LeaderboardRecord {
	t.Helper()
	record, err := f.Write(t.Context(), Write{Caller: Server, BoardID: id, OwnerID: owner(n), Username: fmt.Sprint("user", n), Score: score, Subscore: subscore})
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// turn lets time pass as one who turns the clock does.
func (f *fixture) turn(t *testing.T, by time.Duration) {
	for until := f.now.Add(by); ; {
		due := f.Due()
		if due.IsZero() || due.After(until) {
			f.now = until
			return
		}
		f.now = due
		f.Tell(t.Context())
	}
}

func wantCode(t *testing.T, doing string, err error, code codes.Code) {
	t.Helper()
	if status.Code(err) != code {
		t.Errorf("%s: %v, want code %s", doing, err, code)
	}
}

func TestOperators(t *testing.T) {
	t.Parallel()
	const most = math.MaxInt64
	for _, test := range []struct {
		operator   api.Operator
		descending bool
		old, given int64
		first      int64 // where there is no record yet
		then       int64 // -1 is an error
	}{
		{api.Operator_BEST, true, 5, 7, 7, 7},
		{api.Operator_BEST, true, 5, 3, 3, 5},
		{api.Operator_BEST, false, 5, 7, 7, 5},
		{api.Operator_BEST, false, 5, 3, 3, 3},
		{api.Operator_SET, false, 5, 7, 7, 7},
		{api.Operator_INCREMENT, true, 5, 7, 7, 12},
		{api.Operator_INCREMENT, true, 5, most, most, -1},
		{api.Operator_INCREMENT, true, 0, most, most, most},
		{api.Operator_DECREMENT, true, 5, 3, 0, 2},
		{api.Operator_DECREMENT, true, 5, most, 0, 0},
		{api.Operator_SET, true, 5, -1, -1, -1},
		{api.Operator_DECREMENT, true, 5, -1, -1, -1},
		{api.Operator(9), true, 5, 5, -1, -1},
	} {
		for _, there := range []bool{false, true} {
			want := test.first
			if there {
				want = test.then
			}
			got, subscore, err := apply(test.operator, test.descending, &row{score: test.old, subscore: test.old}, Write{Score: test.given, Subscore: test.given}, there)
			if want < 0 {
				wantCode(t, fmt.Sprintf("%+v there=%t", test, there), err, codes.Internal)
			} else if err != nil || got != want || subscore != want {
				t.Errorf("%+v there=%t: %d, %d, %v", test, there, got, subscore, err)
			}
		}
	}
}

func TestCreate(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.create(t, New{ID: "board", Descending: true, Operator: api.Operator_INCREMENT, Metadata: `{"a":1}`, Reset: "0 0 * * *"})
		f.create(t, New{ID: "board"})
		f.create(t, New{ID: "contest", Duration: 60})
		f.create(t, New{ID: "contest", Duration: 90})
		f.create(t, New{ID: "contest"})
		wantCode(t, "a tournament in the place of a leaderboard", f.Create(t.Context(), New{ID: "board", Duration: 60}), codes.AlreadyExists)
		for name, n := range map[string]New{
			"a long id":                {ID: strings.Repeat("x", 129)},
			"a long title":             {ID: "x", Duration: 1, Title: strings.Repeat("x", 256)},
			"a bad schedule":           {ID: "x", Reset: "every day"},
			"a category out of bounds": {ID: "x", Duration: 1, Category: 128},
			"a size out of bounds":     {ID: "x", Duration: 1, MaxSize: 1 << 31},
			"an end before the first period": {
				ID: "x", Duration: 1, Reset: "0 0 * * *", EndTime: f.now.Add(time.Hour).Unix(),
			},
		} {
			wantCode(t, name, f.Create(t.Context(), n), codes.InvalidArgument)
		}
		for _, restarted := range []bool{false, true} {
			if restarted {
				f.reopen(t)
			}
			boards := f.Get([]string{"board", "none", "contest"})
			if len(boards) != 1 || boards[0].Operator != api.Operator_INCREMENT || boards[0].SortOrder != 1 || boards[0].Metadata != `{"a":1}` ||
				boards[0].PrevReset == 0 || boards[0].NextReset == 0 {
				t.Errorf("restarted %t: leaderboards %v", restarted, boards)
			}
			contests, err := f.Tournaments(t.Context(), []string{"board", "contest", "contest"})
			if err != nil || len(contests) != 1 || contests[0].Duration != 60 || contests[0].MaxNumScore != defaultAttempts || contests[0].MaxSize != unlimited {
				t.Errorf("restarted %t: tournaments %v, %v", restarted, contests, err)
			}
		}
		if err := f.DeleteTournament(t.Context(), "board"); err != nil || len(f.Get([]string{"board"})) == 0 {
			t.Errorf("a leaderboard was deleted as a tournament, %v", err)
		}
		f.write(t, "board", 1, 1, 0)
		for range 2 {
			if err := f.Delete(t.Context(), "board"); err != nil {
				t.Fatal(err)
			}
		}
		f.create(t, New{ID: "board"})
		if list, err := f.Records(t.Context(), "board", ListRequest{Limit: 10}); err != nil || len(list.Records) != 0 {
			t.Errorf("a new leaderboard has records of one that was deleted: %v, %v", list, err)
		}
	})
}

// Leaderboards that are made at the same moment are listed in the order in which they
// were made, also when those that a page ended with have gone.
func TestListing(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		var want []string
		for i := range 25 {
			id := fmt.Sprintf("board-%d", 100-i)
			f.create(t, New{ID: id})
			f.create(t, New{ID: "contest-" + id, Duration: 1, StartTime: f.now.Unix() + int64(i%3), Category: i % 2})
			want = append(want, id)
		}
		for _, restarted := range []bool{false, true} {
			if restarted {
				f.reopen(t)
			}
			var got []string
			for cursor, more := "", true; more; more = cursor != "" {
				list, err := f.List(4, cursor)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range list.Leaderboards {
					got = append(got, l.Id)
				}
				cursor = list.Cursor
				if restarted && cursor != "" {
					if err := f.Delete(t.Context(), got[len(got)-1]); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("restarted %t: %v, want %v", restarted, got, want)
			}
		}
		seen := 0
		for cursor, more := "", true; more; more = cursor != "" {
			list, err := f.ListTournaments(t.Context(), TournamentFilter{CategoryStart: 1, CategoryEnd: 1, StartTime: f.now.Unix() + 1, EndTime: -1}, 2, cursor)
			if err != nil {
				t.Fatal(err)
			}
			seen += len(list.Tournaments)
			cursor = list.Cursor
			for _, one := range list.Tournaments {
				if one.Category != 1 || one.StartTime.Seconds <= f.now.Unix() {
					t.Errorf("listed %v", one)
				}
			}
		}
		if seen != 8 {
			t.Errorf("%d tournaments are listed, want 8", seen)
		}
	})
}

// Random records, paged forwards, backwards and around each owner, are in the order and
// have the ranks that sorting gives.
func TestPagesAreAsSorting(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		for _, descending := range []bool{false, true} {
			id := fmt.Sprint("board-", descending)
			f.create(t, New{ID: id, Descending: descending, Operator: api.Operator_SET, EnableRanks: true})
			random := rand.New(rand.NewPCG(7, 7))
			model := naive{}
			for n := range 40 {
				p := place{random.Int64N(5), random.Int64N(2), ownerID(uint64(n))}
				f.write(t, id, n, p.score, p.subscore)
				model[p.owner] = p
			}
			want := model.places(descending)
			f.reopen(t) // the ranks are read from the database
			checkPages(t, f, id, want, 7)
			for i := range want {
				for _, limit := range []int{1, 2, 3, 4, 5, 39, 40, 41} {
					checkAround(t, f, id, want, i, limit)
				}
			}
			checkOwners(t, f, id, want)
		}
	})
}

func checkRecords(t *testing.T, records []*api.LeaderboardRecord, want []place, first int) {
	t.Helper()
	if len(records) != len(want) {
		t.Fatalf("%d records, want %d", len(records), len(want))
	}
	for i, record := range records {
		got := place{record.Score, record.Subscore, uuidOf(record.OwnerId)}
		if got != want[i] || record.Rank != int64(first+i+1) {
			t.Fatalf("record %d of rank %d is %v, want %v of rank %d", i, record.Rank, got, want[i], first+i+1)
		}
	}
}

func checkPages(t *testing.T, f *fixture, id string, want []place, limit int) {
	t.Helper()
	page := func(cursor string) *api.LeaderboardRecordList {
		list, err := f.Records(t.Context(), id, ListRequest{Limit: limit, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	at, list := 0, page("")
	for ; list.NextCursor != ""; at, list = at+limit, page(list.NextCursor) {
		checkRecords(t, list.Records, want[at:at+limit], at)
	}
	checkRecords(t, list.Records, want[at:], at)
	for list.PrevCursor != "" {
		at, list = at-limit, page(list.PrevCursor)
		checkRecords(t, list.Records, want[at:at+limit], at)
	}
	if at != 0 {
		t.Errorf("paging back ends at %d", at)
	}
	for _, rank := range []int{1, 2, 20, len(want)} {
		cursor, err := f.CursorFromRank(t.Context(), id, int64(rank), 0)
		if err != nil {
			t.Fatal(err)
		}
		from := rank - 1
		checkRecords(t, page(cursor).Records, want[from:min(from+limit, len(want))], from)
	}
}

func checkAround(t *testing.T, f *fixture, id string, want []place, i, limit int) {
	t.Helper()
	list, err := f.Around(t.Context(), id, want[i].owner.String(), limit, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Records) != min(limit, len(want)) || list.RankCount != int64(len(want)) {
		t.Fatalf("%d records of %d around %d, want %d", len(list.Records), list.RankCount, i, limit)
	}
	first := int(list.Records[0].Rank) - 1
	last := first + len(list.Records)
	checkRecords(t, list.Records, want[first:last], first)
	if i < first || i >= last {
		t.Fatalf("owner %d is not among %d to %d", i, first, last)
	}
	if (list.PrevCursor != "") != (first > 0) || (list.NextCursor != "") != (last < len(want)) {
		t.Fatalf("around %d, %d to %d of %d: cursors %q and %q", i, first, last, len(want), list.PrevCursor, list.NextCursor)
	}
	if list.NextCursor != "" {
		next, err := f.Around(t.Context(), id, want[i].owner.String(), limit, list.NextCursor, 0)
		if err != nil {
			t.Fatal(err)
		}
		checkRecords(t, next.Records, want[last:min(last+limit, len(want))], last)
	}
}

// checkOwners asks for more owners than are read at a time, some of them twice.
func checkOwners(t *testing.T, f *fixture, id string, want []place) {
	t.Helper()
	owners := []string{owner(999)}
	for _, p := range want {
		owners = append(owners, p.owner.String(), p.owner.String())
	}
	list, err := f.Records(t.Context(), id, ListRequest{Owners: owners})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Records) != 0 {
		t.Errorf("%d records without a limit", len(list.Records))
	}
	checkRecords(t, list.OwnerRecords, want, 0)
}

func TestWhatIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.create(t, New{ID: "board", Authoritative: true})
		f.create(t, New{ID: "other"})
		f.create(t, New{ID: "contest", Authoritative: true, Duration: 60})
		for n := range 3 {
			f.write(t, "other", n, 1, 1)
		}
		list, err := f.Records(t.Context(), "other", ListRequest{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		score := func(id string) Write { return Write{Caller: owner(1), BoardID: id, OwnerID: owner(1), Score: 1} }
		for _, test := range []struct {
			name string
			do   func(ctx context.Context) error
			code codes.Code
		}{
			{"a client's write", func(ctx context.Context) error { _, err := f.Write(ctx, score("board")); return err }, codes.PermissionDenied},
			{"a client's deletion", func(ctx context.Context) error { return f.DeleteRecord(ctx, owner(1), "board", owner(1)) }, codes.PermissionDenied},
			{"a write nowhere", func(ctx context.Context) error { _, err := f.Write(ctx, score("none")); return err }, codes.NotFound},
			{"a client's write to a tournament", func(ctx context.Context) error { _, err := f.WriteTournament(ctx, score("contest")); return err }, codes.PermissionDenied},
			{"a tournament's write to a leaderboard", func(ctx context.Context) error { _, err := f.WriteTournament(ctx, score("other")); return err }, codes.NotFound},
			{"deleting a tournament's record as a leaderboard's", func(ctx context.Context) error { return f.DeleteRecord(ctx, Server, "contest", owner(1)) }, codes.NotFound},
			{"a cursor of another leaderboard", func(ctx context.Context) error {
				_, err := f.Records(ctx, "board", ListRequest{Limit: 1, Cursor: list.NextCursor})
				return err
			}, codes.InvalidArgument},
			{"the same around an owner", func(ctx context.Context) error {
				_, err := f.Around(ctx, "board", owner(1), 1, list.NextCursor, 0)
				return err
			}, codes.Internal},
			{"ranks where there are none", func(ctx context.Context) error { _, err := f.CursorFromRank(ctx, "other", 2, 0); return err }, codes.NotFound},
			{"disabling a tournament's ranks", func(ctx context.Context) error { return f.DisableRanks(ctx, "contest") }, codes.NotFound},
		} {
			wantCode(t, test.name, test.do(t.Context()), test.code)
		}
	})
}

// Many write at once, several of them for the same owner. No score is lost, and the ranks
// in memory are those of what the database has.
func TestConcurrentWrites(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.create(t, New{ID: "sum", Descending: true, Operator: api.Operator_INCREMENT, EnableRanks: true})
		const writers, owners, rounds = 8, 12, 20
		var running sync.WaitGroup
		for w := range writers {
			running.Go(func() {
				for round := range rounds {
					n := (w + round) % owners
					f.write(t, "sum", n, int64(n+1), 1)
					if round%7 == 3 {
						if err := f.DeleteRecord(t.Context(), Server, "sum", owner(owners+w)); err != nil {
							t.Error(err)
						}
					} else if round%7 == 5 {
						f.write(t, "sum", owners+w, 5, 5)
					}
					if _, err := f.Records(t.Context(), "sum", ListRequest{Limit: 3, Owners: []string{owner(n)}}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		ranked, err := f.Records(t.Context(), "sum", ListRequest{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var total, want int64
		for w := range writers {
			for round := range rounds {
				want += int64((w+round)%owners + 1)
			}
		}
		var names []string
		for _, record := range ranked.Records {
			names = append(names, record.OwnerId)
			if uuidOf(record.OwnerId)[15] < owners {
				total += record.Score
			}
		}
		if total != want {
			t.Errorf("the scores add up to %d, want %d", total, want)
		}
		asked, err := f.Records(t.Context(), "sum", ListRequest{Owners: names})
		if err != nil || asked.RankCount != int64(len(names)) {
			t.Fatalf("%d are ranked of %d, %v", asked.RankCount, len(names), err)
		}
		for i, record := range asked.OwnerRecords {
			if record.Rank != int64(i+1) || record.OwnerId != names[i] {
				t.Errorf("place %d has %s of rank %d, want %s", i+1, record.OwnerId, record.Rank, names[i])
			}
		}
	})
}

// An owner whose records are deleted with the account is ranked no more, and makes room
// in a tournament; one who writes again afterwards stays.
func TestForget(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.create(t, New{ID: "board", EnableRanks: true})
		f.create(t, New{ID: "contest", Duration: 60, MaxSize: 2, EnableRanks: true})
		for n := range 2 {
			f.write(t, "board", n, int64(n), 0)
			if _, err := f.WriteTournament(t.Context(), Write{Caller: Server, BoardID: "contest", OwnerID: owner(n)}); err != nil {
				t.Fatal(err)
			}
		}
		exported, err := f.Export(t.Context(), owner(0))
		if err != nil || strings.Count(string(exported), "leaderboard_id") != 2 {
			t.Errorf("the export is %s, %v", exported, err)
		}
		if err := f.db.Tx(t.Context(), func(tx *db.Tx) error { return f.Service.Forget(t.Context(), tx, owner(0)) }); err != nil {
			t.Fatal(err)
		}
		again := f.write(t, "board", 0, 5, 0)
		if err := f.Forgotten(t.Context(), owner(0)); err != nil {
			t.Fatal(err)
		}
		if again.NumScore != 1 {
			t.Errorf("the new record has %d scores", again.NumScore)
		}
		for id, count := range map[string]int64{"board": 2, "contest": 1} {
			list, err := f.Records(t.Context(), id, ListRequest{Limit: 5})
			if err != nil || list.RankCount != count || len(list.Records) != int(count) {
				t.Errorf("%s: %v, %v, want %d records", id, list, err, count)
			}
		}
		contests, err := f.Tournaments(t.Context(), []string{"contest"})
		if err != nil || contests[0].Size != 1 {
			t.Errorf("the tournament is %v, %v", contests, err)
		}
		if exported, err := f.Export(t.Context(), owner(7)); exported != nil || err != nil {
			t.Errorf("the export of nothing is %s, %v", exported, err)
		}
	})
}

// Ranks cost memory. Where they are not wanted there are none, nor for periods that are
// over.
func TestWhatHasRanks(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		const reset = "0 0 * * *"
		f.create(t, New{ID: "ranked", EnableRanks: true, Reset: reset})
		f.create(t, New{ID: "off", Reset: reset})
		f.create(t, New{ID: "listed", EnableRanks: true, Reset: reset})
		check := func(doing string, ranked ...string) {
			t.Helper()
			for _, id := range []string{"ranked", "off", "listed"} {
				record := f.write(t, id, 1, 1, 1)
				has := f.find(id).ranks != nil
				if want := slices.Contains(ranked, id); (record.Rank == 1) != want || has != want {
					t.Errorf("%s: a record of %s has rank %d, ranks are kept: %t", doing, id, record.Rank, has)
				}
			}
		}
		check("at first", "ranked", "listed")
		f.turn(t, 13*time.Hour)
		for _, b := range f.all() {
			if b.ranks != nil {
				t.Errorf("%s keeps ranks of %d at %s", b.ID, b.ranks.expiry, f.now)
			}
		}
		check("the next day", "ranked", "listed")
		f.reopen(t)
		f.Unranked = []string{"listed", "*"}
		check("with one on the list", "ranked")
		f.reopen(t)
		f.Unranked = []string{"*"}
		check("with all on it")
		f.reopen(t)
		if err := f.DisableRanks(t.Context(), "ranked"); err != nil {
			t.Fatal(err)
		}
		check("with one disabled", "listed")
		f.reopen(t)
		check("and after a restart", "listed")
	})
}
