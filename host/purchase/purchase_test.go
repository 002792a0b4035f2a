package purchase

import (
	"context"
	"errors"
	"fmt"
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
	"nkhost/host/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// fixture is a service over a database, with a clock that a test turns.
type fixture struct {
	*Service
	db  *db.DB
	now time.Time
}

func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		f := &fixture{db: place.Open(t), now: time.Unix(1_800_000_000, 0)}
		var err error
		if f.Service, err = NewService(context.Background(), f.db, Options{Now: func() time.Time { return f.now }}); err != nil {
			t.Fatal(err)
		}
		test(t, f)
	})
}

func (f *fixture) user(t *testing.T, name string) string {
	t.Helper()
	return dbtest.NamedUser(t, f.db, name)
}

func bought(list ...providers.Purchase) providers.Receipt {
	return func(context.Context) ([]providers.Purchase, error) { return list, nil }
}

func subscribed(list ...providers.Subscription) providers.SubscriptionReceipt {
	return func(context.Context) ([]providers.Subscription, error) { return list, nil }
}

// gems is a purchase in the sandbox.
func gems(transaction string) providers.Purchase {
	return providers.Purchase{
		Store: api.StoreProvider_GOOGLE_PLAY_STORE, Environment: api.StoreEnvironment_SANDBOX, ProductID: "gems", TransactionID: transaction,
		PurchaseTime: time.Unix(1_700_000_000, 0), Response: `{"a": 1}`, Evidence: `{"a": 1}`,
	}
}

func (f *fixture) validate(t *testing.T, user string, persist bool, list ...providers.Purchase) []*api.ValidatedPurchase {
	t.Helper()
	answer, err := f.Validate(t.Context(), user, bought(list...), persist)
	if err != nil {
		t.Fatal(err)
	}
	return answer.ValidatedPurchases
}

func wantError(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	if status.Code(err) != code || !strings.Contains(fmt.Sprint(err), text) {
		t.Errorf("error %v, want code %v and %q", err, code, text)
	}
}

// Story: ana buys gems and shows the receipt again, bob shows hers, the store gives her the
// money back, and she goes.
func TestPurchase(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana, bob := f.user(t, "ana"), f.user(t, "bob")

		first := f.validate(t, ana, false, gems("t1"))[0]
		if first.SeenBefore || first.CreateTime != nil || first.RefundTime != nil || first.UserId != ana || first.ProviderResponse != `{"a": 1}` {
			t.Errorf("not kept: %v", first)
		}
		if _, err := f.Get(t.Context(), "t1"); status.Code(err) != codes.NotFound {
			t.Errorf("not kept, but found: %v", err)
		}

		kept := f.validate(t, ana, true, gems("t1"), gems("t2"))
		for i, p := range kept {
			if p.SeenBefore || p.TransactionId != fmt.Sprint("t", i+1) || !p.CreateTime.AsTime().Equal(f.now) || p.UpdateTime.AsTime() != p.CreateTime.AsTime() {
				t.Errorf("kept: %v", p)
			}
		}
		created := f.now
		if again := f.validate(t, ana, true, gems("t1"))[0]; !again.SeenBefore {
			t.Errorf("at the same moment: %v", again)
		}
		f.now = f.now.Add(time.Minute)
		theirs := f.validate(t, bob, true, gems("t1"))[0]
		if !theirs.SeenBefore || theirs.UserId != bob || !theirs.CreateTime.AsTime().Equal(created) || !theirs.UpdateTime.AsTime().Equal(f.now) {
			t.Errorf("another's: %v", theirs)
		}

		refunded := gems("t1")
		refunded.RefundTime = f.now
		f.validate(t, ana, true, refunded)
		if later := f.validate(t, ana, true, gems("t1"))[0]; !later.RefundTime.AsTime().Equal(refunded.RefundTime) {
			t.Errorf("the refund is forgotten: %v", later)
		}
		stored, err := f.Get(t.Context(), "t1")
		if err != nil {
			t.Fatal(err)
		}
		if stored.UserId != ana || stored.Store != api.StoreProvider_GOOGLE_PLAY_STORE || stored.Environment != api.StoreEnvironment_SANDBOX ||
			stored.ProductId != "gems" || stored.ProviderResponse != `{"a": 1}` || stored.PurchaseTime.GetSeconds() != 1_700_000_000 ||
			!stored.RefundTime.AsTime().Equal(refunded.RefundTime) || !stored.CreateTime.AsTime().Equal(created) {
			t.Errorf("stored: %v", stored)
		}

		if _, err := f.db.Exec(t.Context(), "DELETE FROM users WHERE id = $1", ana); err != nil {
			t.Fatal(err)
		}
		if stored, err := f.Get(t.Context(), "t1"); err != nil || stored.UserId != "" {
			t.Errorf("after its user: %v, %v", stored, err)
		}
		if theirs := f.validate(t, bob, true, gems("t2"))[0]; !theirs.SeenBefore {
			t.Errorf("a deleted user's purchase can be shown again: %v", theirs)
		}
	})
}

func TestRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana := f.user(t, "ana")
		broken := errors.New("broken")
		_, err := f.Validate(t.Context(), ana, func(context.Context) ([]providers.Purchase, error) { return nil, broken }, true)
		if !errors.Is(err, broken) {
			t.Errorf("the receipt's error: %v", err)
		}
		_, err = f.ValidateSubscription(t.Context(), ana, func(context.Context) ([]providers.Subscription, error) { return nil, broken }, true)
		if !errors.Is(err, broken) {
			t.Errorf("the receipt's error: %v", err)
		}
		_, err = f.Validate(t.Context(), ana, bought(), true)
		wantError(t, err, codes.Unknown, "expects at least one receipt")
		if found := f.validate(t, ana, false); len(found) != 0 {
			t.Errorf("nothing: %v", found)
		}
		nobody := uuid.NewString()
		_, err = f.Validate(t.Context(), nobody, bought(gems("t1")), true)
		wantError(t, err, codes.NotFound, "User account not found.")
		_, err = f.ValidateSubscription(t.Context(), nobody, subscribed(pass("s1", f.now)), true)
		wantError(t, err, codes.NotFound, "User account not found.")
		for _, id := range []string{"pass", "", "\xff", "\x00"} {
			_, err = f.Subscription(t.Context(), ana, id)
			wantError(t, err, codes.NotFound, "subscription not found")
			_, err = f.Get(t.Context(), id)
			wantError(t, err, codes.NotFound, "purchase not found")
		}
	})
}

// Many show one receipt at a time: for one of them it is new.
func TestOneReceiptShownByMany(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana := f.user(t, "ana")
		var all sync.WaitGroup
		var mu sync.Mutex
		fresh := 0
		for range 8 {
			all.Go(func() {
				answer, err := f.Validate(context.Background(), ana, bought(gems("t1")), true)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if !answer.ValidatedPurchases[0].SeenBefore {
					fresh++
				}
			})
		}
		all.Wait()
		if fresh != 1 {
			t.Errorf("it was new to %d", fresh)
		}
	})
}

// pass is a subscription that ends.
func pass(transaction string, ends time.Time) providers.Subscription {
	return providers.Subscription{
		Store: api.StoreProvider_APPLE_APP_STORE, Environment: api.StoreEnvironment_PRODUCTION, ProductID: "pass", OriginalTransactionID: transaction,
		PurchaseTime: time.Unix(1_700_000_000, 0), ExpiryTime: ends, Response: `{"a": "<"}`, Evidence: `{"a": "<"}`,
	}
}

// Story: ana subscribes, time passes, she goes on to pay, bob shows her receipt, and the
// store gives her the money back.
func TestSubscription(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana, bob := f.user(t, "ana"), f.user(t, "bob")
		validate := func(user string, persist bool, list ...providers.Subscription) *api.ValidatedSubscription {
			t.Helper()
			answer, err := f.ValidateSubscription(t.Context(), user, subscribed(list...), persist)
			if err != nil {
				t.Fatal(err)
			}
			return answer.ValidatedSubscription
		}
		begun := f.now
		ends := f.now.Add(time.Hour)
		if got := validate(ana, false, pass("s1", ends)); !got.Active || got.CreateTime != nil || got.RefundTime != nil || got.ProviderResponse != `{"a": "<"}` {
			t.Errorf("not kept: %v", got)
		}
		got := validate(ana, true, pass("s1", ends), pass("s0", begun))
		if !got.Active || got.UserId != ana || !got.CreateTime.AsTime().Equal(begun) || got.RefundTime.GetSeconds() != 0 ||
			got.ProviderResponse != `"{\"a\": \"<\"}"` || got.ProviderNotification != `"{}"` {
			t.Errorf("kept: %v", got)
		}
		f.now = ends
		if got, err := f.Subscription(t.Context(), ana, "pass"); err != nil || got.Active || got.OriginalTransactionId != "s1" {
			t.Errorf("after it ended: %v, %v", got, err)
		}
		ends = ends.Add(time.Hour)
		signed := pass("s1", ends)
		signed.ProductID, signed.Response, signed.Evidence = "gold pass", "", `{"jws":"…"}`
		if got := validate(bob, true, signed); got.UserId != ana || !got.Active || !got.CreateTime.AsTime().Equal(begun) ||
			!got.UpdateTime.AsTime().Equal(f.now) || got.ProviderResponse != "" {
			t.Errorf("renewed: %v", got)
		}
		if _, err := f.Subscription(t.Context(), bob, "gold pass"); status.Code(err) != codes.NotFound {
			t.Errorf("it became bob's: %v", err)
		}
		signed.RefundTime = f.now
		if got := validate(ana, true, signed); got.Active || !got.RefundTime.AsTime().Equal(f.now) {
			t.Errorf("refunded: %v", got)
		}
		signed.RefundTime = time.UnixMilli(0)
		if got := validate(ana, true, signed); got.Active || !got.RefundTime.AsTime().Equal(f.now) {
			t.Errorf("the refund is forgotten: %v", got)
		}
		list, err := f.ListSubscriptions(t.Context(), ana, 10, "")
		if err != nil || len(list.ValidatedSubscriptions) != 2 {
			t.Fatalf("list %v, %v", list, err)
		}
		if got := list.ValidatedSubscriptions[0]; got.ProductId != "gold pass" || got.Active || got.ProviderResponse != `"{\"jws\":\"…\"}"` {
			t.Errorf("listed: %v", got)
		}
	})
}

// Listings go forth and back, also where several were bought at one moment.
func TestPages(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana, bob := f.user(t, "ana"), f.user(t, "bob")
		for i := range 5 {
			p, s := gems(fmt.Sprint(i)), pass(fmt.Sprint(i), f.now)
			p.PurchaseTime, s.PurchaseTime = time.Unix(int64(i/2), 0), time.Unix(int64(i/2), 0)
			owner := ana
			if i == 3 {
				owner = bob
			}
			f.validate(t, owner, true, p)
			if _, err := f.ValidateSubscription(t.Context(), owner, subscribed(s), true); err != nil {
				t.Fatal(err)
			}
		}
		for name, read := range map[string]reader{"purchases": f.readPurchases, "subscriptions": f.readSubscriptions} {
			for user, want := range map[string]string{ana: "42 10", bob: "3", "": "43 21 0"} {
				if got, back := read.walk(t, user); got != want || back != want {
					t.Errorf("%s of %q: %q, and back %q, want %q", name, user, got, back, want)
				}
			}
			first, err := read(t.Context(), ana, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []struct{ user, cursor string }{{ana, "garbage"}, {ana, first.next + "x"}, {bob, first.next}} {
				_, err := read(t.Context(), bad.user, bad.cursor)
				wantError(t, err, codes.Unknown, name+" list cursor invalid")
			}
		}
	})
}

// reader reads a page of two.
type reader func(ctx context.Context, user, cursor string) (readPage, error)

type readPage struct{ ids, next, previous string }

func (f *fixture) readPurchases(ctx context.Context, user, cursor string) (readPage, error) {
	list, err := f.List(ctx, user, 2, cursor)
	read := readPage{next: list.GetCursor(), previous: list.GetPrevCursor()}
	for _, p := range list.GetValidatedPurchases() {
		read.ids += p.TransactionId
	}
	return read, err
}

func (f *fixture) readSubscriptions(ctx context.Context, user, cursor string) (readPage, error) {
	list, err := f.ListSubscriptions(ctx, user, 2, cursor)
	read := readPage{next: list.GetCursor(), previous: list.GetPrevCursor()}
	for _, s := range list.GetValidatedSubscriptions() {
		read.ids += s.OriginalTransactionId
	}
	return read, err
}

// walk reads all pages to the end, and from there back to the first.
func (r reader) walk(t *testing.T, user string) (forth, back string) {
	t.Helper()
	read := func(cursor string) readPage {
		page, err := r(t.Context(), user, cursor)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	page := read("")
	if page.previous != "" {
		t.Errorf("there is %q before the first page", page.previous)
	}
	forth = page.ids
	for page.next != "" {
		page = read(page.next)
		forth += " " + page.ids
	}
	back = page.ids
	for page.previous != "" {
		page = read(page.previous)
		back = page.ids + " " + back
	}
	return forth, back
}
