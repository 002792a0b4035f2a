package leaderboard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func uuidOf(text string) uuid.UUID { return uuid.MustParse(text) }

func clock(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2 15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.AddDate(2030, 0, 0)
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	const daily, hour = "0 0 * * *", 3600
	for _, test := range []struct {
		name               string
		n                  New
		start, stop        string // of the tournament
		now                string
		from, until, reset string // of the period; "" is never
	}{
		{"without a schedule", New{Duration: hour}, "1 12:00:00", "", "5 00:00:00", "1 12:00:00", "1 13:00:00", ""},
		{"with an end", New{Duration: hour}, "1 12:00:00", "3 00:00:00", "1 12:00:00", "1 12:00:00", "1 13:00:00", "3 00:00:00"},
		{"with an end that comes first", New{Duration: hour}, "1 12:00:00", "1 12:30:00", "1 12:00:00", "1 12:00:00", "1 12:30:00", "1 12:30:00"},
		{"a day's hour", New{Duration: hour, Reset: daily}, "1 00:00:00", "", "2 00:30:00", "2 00:00:00", "2 01:00:00", "3 00:00:00"},
		{"after that hour", New{Duration: hour, Reset: daily}, "1 00:00:00", "", "2 05:00:00", "2 00:00:00", "2 01:00:00", "3 00:00:00"},
		{"on the dot", New{Duration: hour, Reset: daily}, "1 00:00:00", "", "2 00:00:00", "2 00:00:00", "2 01:00:00", "3 00:00:00"},
		{"a duration longer than the period", New{Duration: 48 * hour, Reset: daily}, "1 00:00:00", "", "2 05:00:00", "2 00:00:00", "3 00:00:00", "3 00:00:00"},
		{"begun within a period", New{Duration: 20 * hour, Reset: daily}, "2 10:00:00", "", "2 11:00:00", "2 10:00:00", "2 20:00:00", "3 00:00:00"},
		{"before that", New{Duration: 20 * hour, Reset: daily}, "2 10:00:00", "", "1 11:00:00", "2 10:00:00", "2 20:00:00", "3 00:00:00"},
		{"begun between two", New{Duration: hour, Reset: daily}, "2 10:00:00", "", "2 11:00:00", "3 00:00:00", "3 01:00:00", "4 00:00:00"},
		{"to begin on the dot", New{Duration: hour, Reset: daily}, "3 00:00:00", "", "1 11:00:00", "3 00:00:00", "3 01:00:00", "4 00:00:00"},
		{"the last period", New{Duration: hour, Reset: daily}, "1 00:00:00", "2 00:30:00", "2 00:10:00", "2 00:00:00", "2 00:30:00", "2 00:30:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := clock(t, test.now)
			test.n.StartTime = clock(t, test.start).Unix()
			if test.stop != "" {
				test.n.EndTime = clock(t, test.stop).Unix()
			}
			b, err := test.n.board(now)
			if err != nil {
				t.Fatal(err)
			}
			want := period{start: clock(t, test.from).Unix(), end: clock(t, test.until).Unix()}
			if test.reset != "" {
				want.expiry = clock(t, test.reset).Unix()
			}
			if got := b.period(now.Add(time.Millisecond)); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// Story: a tournament of an hour each day that two may join, over two days.
func TestATournamentsDays(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.create(t, New{ID: "daily", Duration: 3600, Reset: "0 18 * * *", Descending: true, JoinRequired: true, MaxSize: 2, MaxNumScore: 2, EnableRanks: true})
		join := func(n int) error { return f.Join(t.Context(), "daily", owner(n), fmt.Sprint("user", n)) }
		score := func(n int, score int64) (*api.LeaderboardRecord, error) {
			return f.WriteTournament(t.Context(), Write{Caller: owner(n), BoardID: "daily", OwnerID: owner(n), Score: score})
		}
		one := func() *api.Tournament {
			list, err := f.ListTournaments(t.Context(), TournamentFilter{CategoryEnd: 127}, 10, "")
			if err != nil || len(list.Tournaments) != 1 {
				t.Fatalf("tournaments %v, %v", list, err)
			}
			return list.Tournaments[0]
		}
		if got := one(); got.CanEnter || !got.JoinRequired || got.Size != 0 {
			t.Errorf("before the first hour: %v", got)
		}
		for n := range 2 {
			if err := join(n); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, "a third joins", join(2), codes.InvalidArgument)
		if err := join(1); err != nil {
			t.Errorf("joining twice: %v", err)
		}
		_, err := score(0, 10)
		wantCode(t, "a score too early", err, codes.FailedPrecondition)
		f.turn(t, 6*time.Hour+10*time.Minute)
		_, err = score(2, 10)
		wantCode(t, "a score of one who has not joined", err, codes.FailedPrecondition)
		for i, want := range []int64{10, 20, 20} {
			if got, err := score(0, int64(10*(i+1))); err != nil || got.Score != want || got.Rank != 1 || got.NumScore != int32(min(i+1, 2)) {
				t.Errorf("score %d: %v, %v, want score %d", i+1, got, err, want)
			}
		}
		if err := f.AddAttempts(t.Context(), "daily", owner(0), 1); err != nil {
			t.Fatal(err)
		}
		if got, err := score(0, 30); err != nil || got.Score != 30 || got.NumScore != 3 {
			t.Errorf("with one more attempt: %v, %v", got, err)
		}
		if got := one(); got.CanEnter || got.Size != 2 {
			t.Errorf("in the hour: %v", got)
		}
		if err := f.AddAttempts(t.Context(), "daily", owner(0), -5); err != nil {
			t.Fatal(err)
		}
		if list, err := f.TournamentRecords(t.Context(), "daily", ListRequest{Limit: 1}); err != nil || list.Records[0].MaxNumScore != 3 {
			t.Errorf("taking all attempts: %v, %v", list, err)
		}
		f.reopen(t)
		f.turn(t, time.Hour)
		_, err = score(0, 40)
		wantCode(t, "a score too late", err, codes.FailedPrecondition)
		f.turn(t, 24*time.Hour-20*time.Minute)
		if got := one(); !got.CanEnter || got.Size != 0 {
			t.Errorf("in the next hour: %v", got)
		}
		if list, err := f.TournamentRecords(t.Context(), "daily", ListRequest{Limit: 5}); err != nil || len(list.Records)+int(list.RankCount) != 0 {
			t.Errorf("the next day's records: %v, %v", list, err)
		}
		before := f.now.Truncate(time.Hour).Unix()
		list, err := f.TournamentRecords(t.Context(), "daily", ListRequest{Limit: 5, Owners: []string{owner(0)}, Expiry: before})
		if err != nil || len(list.Records) != 2 || list.Records[0].Score != 30 || len(list.OwnerRecords) != 1 || list.RankCount != 0 {
			t.Errorf("the day before's records: %v, %v", list, err)
		}
		if err := join(2); err != nil {
			t.Errorf("a third joins the next day: %v", err)
		}
		want := []string{
			"end daily size 2 end 1 19:00:00 reset 2 18:00:00",
			"reset daily size 2 end 1 19:00:00 reset 2 18:00:00",
		}
		if !slices.Equal(f.told, want) {
			t.Errorf("modules were told %q", f.told)
		}
	})
}

func TestWhatModulesAreTold(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.create(t, New{ID: "board", Reset: "0 * * * *"})
		f.create(t, New{ID: "once", Duration: 600})
		f.create(t, New{ID: "ends", Duration: 600, EndTime: f.now.Unix() + 900})
		f.create(t, New{ID: "later", Duration: 600, StartTime: f.now.Unix() + 1800})
		f.create(t, New{ID: "gone", Duration: 60})
		f.create(t, New{ID: "never"})
		if err := f.Delete(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		f.turn(t, 2*time.Hour)
		want := []string{
			"end once size 0 end 1 12:10:00 reset 1 00:00:00",
			"end ends size 0 end 1 12:10:00 reset 1 12:15:00",
			"reset ends size 0 end 1 12:10:00 reset 1 12:15:00",
			"end later size 0 end 1 12:40:00 reset 1 00:00:00",
			"leaderboard board size 0 end 1 13:00:00 reset 1 13:00:00",
			"leaderboard board size 0 end 1 14:00:00 reset 1 14:00:00",
		}
		if !slices.Equal(f.told, want) {
			t.Errorf("modules were told\n%q\nwant\n%q", f.told, want)
		}
		f.told = nil
		f.now = f.now.Add(10*time.Hour + time.Minute) // a clock that nobody looked at
		f.Tell(t.Context())
		f.Tell(t.Context())
		if want := []string{"leaderboard board size 0 end 1 15:00:00 reset 1 15:00:00"}; !slices.Equal(f.told, want) {
			t.Errorf("modules were told %q, want %q", f.told, want)
		}
	})
}

// Run tells by itself, on the real clock.
func TestRun(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ctx, cancel := context.WithCancel(t.Context())
		told := make(chan int64, 8)
		f.Now = time.Now
		f.LeaderboardReset = func(_ context.Context, _ *api.Leaderboard, reset int64) { told <- reset }
		var running sync.WaitGroup
		running.Go(func() { f.Run(ctx) })
		f.create(t, New{ID: "seconds", Reset: "* * * * * * *"})
		first := <-told
		if second := <-told; second <= first || second > time.Now().Unix() {
			t.Errorf("told of a reset at %d and one at %d", first, second)
		}
		cancel()
		running.Wait()
	})
}

// More than there is room for write at once; as many as fit get in.
func TestATournamentFillsUp(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		const room, writers = 5, 12
		f.create(t, New{ID: "full", Duration: 60, MaxSize: room, MaxNumScore: 3, EnableRanks: true})
		var in atomic.Int64
		var running sync.WaitGroup
		for n := range writers {
			running.Go(func() {
				for range 4 {
					_, err := f.WriteTournament(t.Context(), Write{Caller: Server, BoardID: "full", OwnerID: owner(n), Score: 1})
					switch status.Code(err) {
					case codes.OK:
						in.Add(1)
					case codes.FailedPrecondition:
					default:
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		list, err := f.TournamentRecords(t.Context(), "full", ListRequest{Limit: 100})
		if err != nil || len(list.Records) != room || list.RankCount != room || in.Load() != 3*room {
			t.Errorf("%d records, %d ranked, %d scores taken, %v", len(list.Records), list.RankCount, in.Load(), err)
		}
	})
}
