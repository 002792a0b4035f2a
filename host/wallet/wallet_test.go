package wallet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

type coins = map[string]int64

// fixture is a service over a database, with a clock that a test turns and
// ids that count.
type fixture struct {
	*Service
	db  *db.DB
	now time.Time
}

// onEach runs a test on a database of each kind.
func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) { test(t, startIn(t, place)) })
}

func startIn(t testing.TB, place dbtest.Place) *fixture {
	t.Helper()
	database := place.Open(t)
	f := &fixture{db: database, now: time.Unix(1_800_000_000, 0)}
	var mu sync.Mutex
	ids := 0
	var err error
	f.Service, err = NewService(context.Background(), database, Options{
		Now: func() time.Time { return f.now },
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			ids++
			return fmt.Sprintf("00000000-0000-7000-8000-%012d", ids)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) user(t testing.TB, name string) string {
	t.Helper()
	return dbtest.NamedUser(t, f.db, name)
}

// wallet is what the user has, asked by a change of nothing.
func (f *fixture) wallet(t *testing.T, userID string) coins {
	t.Helper()
	results, err := f.Update(t.Context(), []Update{{UserID: userID}}, false)
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return results[0].Updated
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

func want[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Alice buys from bob: both wallets change or neither does.
func TestTrade(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := f.user(t, "alice"), f.user(t, "bob")
		trade := func(price int64) ([]Result, error) {
			return f.Update(t.Context(), []Update{
				{UserID: bob, Changeset: coins{"gold": price}, Metadata: "{}"},
				{UserID: alice, Changeset: coins{"gold": -price, "swords": 1}, Metadata: "{}"},
			}, true)
		}
		_, err := trade(30)
		wantCode(t, err, codes.FailedPrecondition)
		want(t, f.wallet(t, bob), coins{})

		if _, err := f.Update(t.Context(), []Update{{UserID: alice, Changeset: coins{"gold": 100}}}, false); err != nil {
			t.Fatal(err)
		}
		results, err := trade(30)
		if err != nil {
			t.Fatal(err)
		}
		want(t, results, []Result{
			{bob, coins{}, coins{"gold": 30}},
			{alice, coins{"gold": 100}, coins{"gold": 70, "swords": 1}},
		})
		_, err = trade(71)
		wantCode(t, err, codes.FailedPrecondition)
		want(t, f.wallet(t, alice), coins{"gold": 70, "swords": 1})
		for _, user := range []string{alice, bob} {
			if items, _, err := f.List(t.Context(), user, 10, ""); err != nil || len(items) != 1 {
				t.Errorf("the ledger of a trade holds %v, %v", items, err)
			}
		}
	})
}

func TestUpdate(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		results, err := f.Update(t.Context(), []Update{
			{UserID: alice, Changeset: coins{"a": 1}},
			{UserID: uuid.NewString(), Changeset: coins{"a": 5}},
			{UserID: alice, Changeset: coins{"a": 2, "b": 0}},
		}, false)
		if err != nil {
			t.Fatal(err)
		}
		after := coins{"a": 3, "b": 0}
		want(t, results, []Result{{alice, coins{}, after}, {alice, coins{"a": 1}, after}})
		for _, amount := range []int64{math.MaxInt64, math.MinInt64, -4} {
			_, err := f.Update(t.Context(), []Update{{UserID: alice, Changeset: coins{"a": amount}}}, false)
			wantCode(t, err, codes.FailedPrecondition)
		}
		want(t, f.wallet(t, alice), after)
		if results, err := f.Update(t.Context(), nil, true); results != nil || err != nil {
			t.Errorf("no updates: %v, %v", results, err)
		}
		broken := errors.New("broken")
		err = f.db.Tx(t.Context(), func(tx *db.Tx) error {
			if _, err := f.UpdateTx(t.Context(), tx, []Update{{UserID: alice, Changeset: coins{"a": 1}, Metadata: "{}"}}, true); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		want(t, f.wallet(t, alice), after)
	})
}

// Many pay into one wallet at a time: no coin is lost.
func TestConcurrentUpdates(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := f.user(t, "alice"), f.user(t, "bob")
		const writers, each = 4, 10
		var all sync.WaitGroup
		for i := range writers {
			order := []string{alice, bob}
			if i%2 == 1 {
				order = []string{bob, alice}
			}
			all.Go(func() {
				for range each {
					updates := []Update{
						{UserID: order[0], Changeset: coins{"gold": 1}, Metadata: "{}"}, {UserID: order[1], Changeset: coins{"gold": 2}, Metadata: "{}"},
					}
					if _, err := f.Update(context.Background(), updates, true); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for _, user := range []string{alice, bob} {
			want(t, f.wallet(t, user), coins{"gold": writers * each * 3 / 2})
		}
	})
}

// A ledger is read in pages, the latest first, also where all was done in one moment,
// and its items are annotated.
func TestLedger(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		for i := range 5 {
			if i == 3 {
				f.now = f.now.Add(time.Second)
			}
			update := Update{UserID: alice, Changeset: coins{"gold": int64(i)}, Metadata: fmt.Sprintf(`{"i":%d}`, i)}
			if _, err := f.Update(t.Context(), []Update{update}, true); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		cursor := ""
		for page := 0; page == 0 || cursor != ""; page++ {
			items, next, err := f.List(t.Context(), alice, 2, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				got = append(got, item.Metadata)
			}
			got, cursor = append(got, "|"), next
		}
		want(t, strings.Join(got, ""), `{"i":4}{"i":3}|{"i":2}{"i":1}|{"i":0}|`)

		items, cursor, err := f.List(t.Context(), alice, 1, "")
		if err != nil {
			t.Fatal(err)
		}
		made := f.now
		f.now = f.now.Add(time.Minute)
		for _, step := range []struct{ add, want string }{
			{`{"note":"checked","i":"four"}`, `{"i":"four","note":"checked"}`},
			{`null`, `{"i":"four","note":"checked"}`},
		} {
			item, err := f.Annotate(t.Context(), items[0].ID, step.add)
			if err != nil {
				t.Fatal(err)
			}
			want(t, item, Item{items[0].ID, alice, coins{"gold": 4}, step.want, time.UnixMilli(made.UnixMilli()), time.UnixMilli(f.now.UnixMilli())})
		}
		_, err = f.Annotate(t.Context(), uuid.NewString(), "{}")
		wantCode(t, err, codes.NotFound)

		for _, bad := range []string{"garbage", cursor + "x"} {
			_, _, err := f.List(t.Context(), alice, 1, bad)
			wantCode(t, err, codes.InvalidArgument)
		}
		_, _, err = f.List(t.Context(), f.user(t, "bob"), 1, cursor)
		wantCode(t, err, codes.InvalidArgument)
		if items, next, err := f.List(t.Context(), alice, 0, ""); len(items) != 0 || next != "" || err != nil {
			t.Errorf("a page of none: %v, %q, %v", items, next, err)
		}
	})
}

func TestExport(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		if text, err := f.Export(t.Context(), alice); text != nil || err != nil {
			t.Errorf("of nothing: %s, %v", text, err)
		}
		for i := range 2 {
			if _, err := f.Update(t.Context(), []Update{{UserID: alice, Changeset: coins{"gold": int64(i)}, Metadata: "{}"}}, true); err != nil {
				t.Fatal(err)
			}
		}
		text, err := f.Export(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		item := func(id, gold int) string {
			return fmt.Sprintf(`{"id":"00000000-0000-7000-8000-%012d","changeset":"{\"gold\":%d}","metadata":"{}","create_time":"2027-01-15T08:00:00Z","update_time":"2027-01-15T08:00:00Z"}`, id, gold)
		}
		want(t, string(text), "["+item(2, 1)+","+item(1, 0)+"]")
	})
}

func FuzzMerge(f *testing.F) {
	f.Add("{}", `{"a":1}`)
	f.Add(`{"a":1,"b":{"c":[]}}`, `{"a":"x"}`)
	f.Add("null", "null")
	f.Fuzz(func(t *testing.T, object, with string) {
		merged, err := merge(object, with)
		if err != nil {
			return
		}
		again, err := merge(merged, with)
		if err != nil || again != merged {
			t.Errorf("%s and %s: %s, and with it once more %s, %v", object, with, merged, again, err)
		}
	})
}
