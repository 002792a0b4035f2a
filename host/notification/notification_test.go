package notification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// fixture is a service over a database, with a clock that a test turns, ids
// that count, and a note of what was delivered.
type fixture struct {
	*Service
	db  *db.DB
	now time.Time

	mu        sync.Mutex
	ids       int
	delivered []string // user and subjects, "*" for all
	failures  []error
	held      chan struct{} // if it is set, deliveries wait for it
}

// onEach runs a test on a database of each kind.
func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) { test(t, startIn(t, place)) })
}

func startIn(t testing.TB, place dbtest.Place) *fixture {
	t.Helper()
	database := place.Open(t)
	f := &fixture{db: database, now: time.Unix(1_800_000_000, 0)}
	var err error
	f.Service, err = NewService(context.Background(), database, Options{
		Now: func() time.Time { return f.now }, NewID: f.newID,
		Deliver:    f.deliver,
		DeliverAll: func(list []*api.Notification) { f.deliver("*", list) },
		Failed:     func(err error) { f.failures = append(f.failures, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) newID() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids++
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", f.ids)
}

func (f *fixture) deliver(userID string, list []*api.Notification) {
	if f.held != nil {
		<-f.held
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delivered = append(f.delivered, userID+":"+subjects(list))
}

func (f *fixture) user(t testing.TB, name string) string {
	t.Helper()
	return dbtest.NamedUser(t, f.db, name)
}

func (f *fixture) mustSend(t *testing.T, notifications ...Notification) {
	t.Helper()
	if err := f.Send(t.Context(), notifications); err != nil {
		t.Fatal(err)
	}
}

// kept lists all that is kept for a user.
func (f *fixture) kept(t *testing.T, userID string) string {
	t.Helper()
	page, err := f.List(t.Context(), userID, 100, "")
	if err != nil {
		t.Fatal(err)
	}
	return subjects(page.Notifications)
}

func subjects(list []*api.Notification) string {
	var subjects []string
	for _, n := range list {
		subjects = append(subjects, n.Subject)
	}
	return strings.Join(subjects, " ")
}

func to(userID, subject string, persistent bool) Notification {
	return Notification{UserID: userID, SenderID: System, Subject: subject, Content: "{}", Code: 1, Persistent: persistent}
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Alice and bob are told several things at once: each hears of their own together, and
// what is persistent stays. If one cannot be kept, nobody hears of any.
func TestSend(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := f.user(t, "alice"), f.user(t, "bob")
		f.mustSend(t, to(alice, "one", true), to(bob, "two", false), to(alice, "three", false), to(bob, "four", true))
		want(t, strings.Join(f.delivered, " | "), alice+":one three | "+bob+":two four")
		want(t, f.kept(t, alice), "one")
		want(t, f.kept(t, bob), "four")

		nobody := uuid.NewString()
		f.mustSend(t, to(nobody, "fleeting", false))
		f.delivered = nil
		for name, bad := range map[string]Notification{
			"nobody":        to(nobody, "kept", true),
			"no text":       to(alice, "\xff", false),
			"a long title":  to(alice, strings.Repeat("x", 256), true),
			"broken UTF-8 ": {UserID: alice, SenderID: System, Subject: "x", Content: "\xff", Code: 1},
		} {
			if err := f.Send(t.Context(), []Notification{to(alice, "first", true), bad}); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		f.mustSend(t)
		want(t, strings.Join(f.delivered, " | "), "")
		want(t, f.kept(t, alice), "one")
	})
}

// A client reads what there is, and later with the same cursor what has come since.
func TestCursor(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		empty, err := f.List(t.Context(), alice, 10, "")
		if err != nil || empty.Cursor == "" || empty.More {
			t.Fatal(empty, err)
		}
		// All within one millisecond: their ids order them.
		for _, subject := range []string{"b", "a", "c"} {
			f.mustSend(t, to(alice, subject, true))
		}
		read := func(limit int, cursor, subjectsWanted string, more bool) string {
			t.Helper()
			page, err := f.List(t.Context(), alice, limit, cursor)
			if err != nil {
				t.Fatal(err)
			}
			want(t, subjects(page.Notifications), subjectsWanted)
			if page.More != more {
				t.Errorf("after %s there is more: %v", subjectsWanted, page.More)
			}
			return page.Cursor
		}
		read(10, empty.Cursor, "b a c", false)
		second := read(2, "", "b a", true)
		last := read(2, second, "c", false)
		if again := read(2, last, "", false); again != last {
			t.Errorf("the cursor at the end changed from %s to %s", last, again)
		}
		f.now = f.now.Add(time.Second)
		f.mustSend(t, to(alice, "new", true))
		read(2, last, "new", false)
		for _, bad := range []string{"garbage", "!"} {
			_, err := f.List(t.Context(), alice, 1, bad)
			wantCode(t, err, codes.InvalidArgument)
		}
	})
}

func TestGetUpdateAndDelete(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice, bob := f.user(t, "alice"), f.user(t, "bob")
		n := to(alice, "one", true)
		n.SenderID, n.Content, n.Code = bob, `{"a":1}`, -1500
		f.mustSend(t, n, to(alice, "two", true))
		page, err := f.List(t.Context(), alice, 10, "")
		if err != nil {
			t.Fatal(err)
		}
		one, two := page.Notifications[0], page.Notifications[1]
		if one.SenderId != bob || two.SenderId != "" || one.Content != `{"a":1}` || one.Code != -1500 || !one.Persistent || one.CreateTime.GetSeconds() != f.now.Unix() {
			t.Errorf("listed %v, %v", one, two)
		}
		get := func(ids []string, userID string) string {
			t.Helper()
			saved, err := f.Get(t.Context(), ids, userID)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range saved {
				if s.UserID != alice {
					t.Errorf("it is %s's", s.UserID)
				}
				got = append(got, s.Subject+s.Content+s.SenderId)
			}
			return strings.Join(got, " ")
		}
		want(t, get([]string{two.Id, uuid.NewString(), one.Id}, ""), `two{} one{"a":1}`+bob)
		want(t, get([]string{one.Id}, bob), "")

		subject, content := "changed", `{"b":2}`
		if err := f.Update(t.Context(), []Update{{ID: one.Id, Subject: &subject}, {ID: two.Id, Content: &content, SenderID: &alice}, {ID: uuid.NewString()}}); err != nil {
			t.Fatal(err)
		}
		want(t, get([]string{one.Id, two.Id}, alice), `changed{"a":1}`+bob+` two{"b":2}`+alice)

		wantCode(t, f.Delete(t.Context(), []Deletion{{one.Id, ""}, {"nope", ""}}), codes.Internal)
		wantCode(t, f.Delete(t.Context(), []Deletion{{one.Id, bob}, {uuid.NewString(), ""}}), codes.OK)
		want(t, f.kept(t, alice), "changed two")
		wantCode(t, f.Delete(t.Context(), []Deletion{{strings.ToUpper(one.Id), alice}, {two.Id, ""}}), codes.OK)
		want(t, f.kept(t, alice), "")
	})
}

func TestExport(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		alice := f.user(t, "alice")
		if text, err := f.Export(t.Context(), alice); text != nil || err != nil {
			t.Errorf("of nothing: %s, %v", text, err)
		}
		f.mustSend(t, to(alice, "one", true), to(alice, "two", true))
		text, err := f.Export(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct {
			Subject    string
			CreateTime string `json:"create_time"`
		}
		if err := json.Unmarshal(text, &list); err != nil || len(list) != 2 || list[1].Subject != "two" || list[0].CreateTime != "2027-01-15T08:00:00Z" {
			t.Errorf("exported %s, %v", text, err)
		}
	})
}

func TestSendAll(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		users := make([]string, 3)
		for i := range users {
			users[i] = f.user(t, fmt.Sprint("user ", i))
		}
		if err := f.SendAll(to("", "fleeting", false)); err != nil {
			t.Fatal(err)
		}
		want(t, strings.Join(f.delivered, " | "), "*:fleeting")
		f.delivered = nil
		if err := f.SendAll(to("", "kept", true)); err != nil {
			t.Fatal(err)
		}
		if err := f.SendAll(to("", strings.Repeat("x", 256), true)); err == nil {
			t.Error("a long subject was taken")
		}
		if err := f.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(users)
		for i, user := range users {
			want(t, f.delivered[i], user+":kept")
			want(t, f.kept(t, user), "kept")
		}
		if len(f.delivered) != len(users) || len(f.failures) != 0 {
			t.Errorf("delivered %v, failures %v", f.delivered, f.failures)
		}
	})
}

// The host closes while a notification is on its way to all: it waits for as long as
// it may, and then says so.
func TestCloseStopsASendToAll(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		f.user(t, "alice")
		f.held = make(chan struct{})
		if err := f.SendAll(to("", "kept", true)); err != nil {
			t.Fatal(err)
		}
		closing, cancel := context.WithCancel(t.Context())
		cancel()
		closed := make(chan error)
		go func() { closed <- f.Close(closing) }()
		<-f.running.Done()
		close(f.held)
		if err := <-closed; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
