package account

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

const absentUser = "11111111-2222-4333-8444-555555555555"

// fixture is a service over a database, with a clock that a test turns.
type fixture struct {
	*Service
	db  *db.DB
	now time.Time
}

// onEach runs a test on a database of each kind.
func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) { test(t, startIn(t, place)) })
}

func start(t *testing.T) *fixture {
	t.Helper()
	return startIn(t, dbtest.File(t))
}

func startIn(t *testing.T, place dbtest.Place) *fixture {
	t.Helper()
	database := place.Open(t)
	f := &fixture{db: database, now: time.Unix(1_800_000_000, 0)}
	var err error
	f.Service, err = NewService(t.Context(), database, Options{Now: func() time.Time { return f.now }, PasswordCost: bcrypt.MinCost})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// mustDevice returns the user of a device, made if need be.
func (f *fixture) mustDevice(t *testing.T, id, username string) User {
	t.Helper()
	user, _, err := f.AuthenticateDevice(t.Context(), id, username, true)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func (f *fixture) ban(t *testing.T, user User) {
	t.Helper()
	if _, err := f.db.Exec(t.Context(), "UPDATE users SET disable_time = 1 WHERE id = $1", user.ID); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) mustGet(t *testing.T, userID string) *api.Account {
	t.Helper()
	account, err := f.Get(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

func repeat(n int) string { return strings.Repeat("x", n) }

func ptr(text string) *string { return &text }

// The identities behave alike; authenticate runs one of them on ids of its form.
var identities = map[string]func(f *fixture, ctx context.Context, id, username string, create bool) (User, bool, error){
	"device": func(f *fixture, ctx context.Context, id, username string, create bool) (User, bool, error) {
		return f.AuthenticateDevice(ctx, id, username, create)
	},
	"custom": func(f *fixture, ctx context.Context, id, username string, create bool) (User, bool, error) {
		return f.AuthenticateCustom(ctx, id, username, create)
	},
	"email": func(f *fixture, ctx context.Context, id, username string, create bool) (User, bool, error) {
		return f.AuthenticateEmail(ctx, id+"@example.com", "correct horse", username, create)
	},
}

func eachIdentity(t *testing.T, test func(t *testing.T, f *fixture, authenticate func(id, username string, create bool) (User, bool, error))) {
	t.Parallel()
	for name, authenticate := range identities {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, f *fixture) {
				test(t, f, func(id, username string, create bool) (User, bool, error) {
					return authenticate(f, t.Context(), id, username, create)
				})
			})
		})
	}
}

func TestAuthenticate(t *testing.T) {
	eachIdentity(t, func(t *testing.T, f *fixture, authenticate func(string, string, bool) (User, bool, error)) {
		_, _, err := authenticate("identity-1", "alice", false)
		wantCode(t, err, codes.NotFound)

		alice, created, err := authenticate("identity-1", "alice", true)
		if err != nil || !created || alice.Username != "alice" {
			t.Fatalf("first: %+v, created %t, %v", alice, created, err)
		}
		for _, create := range []bool{true, false} {
			again, created, err := authenticate("identity-1", "another name", create)
			if err != nil || created || again != alice {
				t.Errorf("again: %+v, created %t, %v; want %+v", again, created, err, alice)
			}
		}

		_, _, err = authenticate("identity-2", "alice", true)
		wantCode(t, err, codes.AlreadyExists)
		if _, _, err = authenticate("identity-2", "", false); status.Code(err) != codes.NotFound {
			t.Errorf("after a refused creation: %v", err)
		}

		other, created, err := authenticate("identity-2", "", true)
		if err != nil || !created || !regexp.MustCompile(`^[a-zA-Z]{10}$`).MatchString(other.Username) {
			t.Errorf("without a name: %+v, created %t, %v", other, created, err)
		}

		f.ban(t, alice)
		_, _, err = authenticate("identity-1", "", true)
		wantCode(t, err, codes.PermissionDenied)
	})
}

// Many requests for one new identity make one user.
func TestAuthenticateAtOnce(t *testing.T) {
	eachIdentity(t, func(t *testing.T, _ *fixture, authenticate func(string, string, bool) (User, bool, error)) {
		var mu sync.Mutex
		users, creations := map[User]bool{}, 0
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				user, created, err := authenticate("identity-1", "", true)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				users[user] = true
				if created {
					creations++
				}
			})
		}
		group.Wait()
		if len(users) != 1 || creations != 1 {
			t.Errorf("%d users, created %d times", len(users), creations)
		}
	})
}

func TestIDsAndNamesThatAreRefused(t *testing.T) { onEach(t, testIDsAndNamesThatAreRefused) }

func testIDsAndNamesThatAreRefused(t *testing.T, f *fixture) {
	for name, test := range map[string]struct {
		id, username string
		want         codes.Code // for an id that nobody has
	}{
		"no id":                   {"", "", codes.InvalidArgument},
		"a space":                 {"identity one", "", codes.InvalidArgument},
		"a tab":                   {"identity\tone", "", codes.InvalidArgument},
		"a control character":     {"identity\x01one", "", codes.InvalidArgument},
		"delete":                  {"identity\x7fone", "", codes.InvalidArgument},
		"no UTF-8":                {"identity\xffone", "", codes.InvalidArgument},
		"128 bytes":               {repeat(128), "", codes.NotFound},
		"129 bytes":               {repeat(129), "", codes.InvalidArgument},
		"a name of 128 bytes":     {"identity-1", repeat(128), codes.NotFound},
		"a name of 129 bytes":     {"identity-1", repeat(129), codes.InvalidArgument},
		"a name with a line":      {"identity-1", "a\nb", codes.InvalidArgument},
		"a name with a space":     {"identity-1", "a b", codes.NotFound},
		"a name with brackets":    {"identity-1", "a[]", codes.InvalidArgument},
		"a name with one bracket": {"identity-1", "[a]", codes.NotFound},
		"a name in Unicode":       {"identity-1", "é✓", codes.NotFound},
		"a name that is no UTF-8": {"identity-1", "a\xff", codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := f.AuthenticateDevice(t.Context(), test.id, test.username, false)
			wantCode(t, err, test.want)
			_, _, err = f.AuthenticateCustom(t.Context(), test.id, test.username, false)
			wantCode(t, err, test.want)
		})
	}
	for id, want := range map[string][2]codes.Code{ // device, custom
		repeat(5):  {codes.InvalidArgument, codes.InvalidArgument},
		repeat(6):  {codes.InvalidArgument, codes.NotFound},
		repeat(9):  {codes.InvalidArgument, codes.NotFound},
		repeat(10): {codes.NotFound, codes.NotFound},
	} {
		_, _, err := f.AuthenticateDevice(t.Context(), id, "", false)
		wantCode(t, err, want[0])
		_, _, err = f.AuthenticateCustom(t.Context(), id, "", false)
		wantCode(t, err, want[1])
	}
}

func TestUsernamesAreCaseSensitive(t *testing.T) { onEach(t, testUsernamesAreCaseSensitive) }

func testUsernamesAreCaseSensitive(t *testing.T, f *fixture) {
	lower, upper := f.mustDevice(t, "identity-1", "alice"), f.mustDevice(t, "identity-2", "ALICE")
	if lower.ID == upper.ID {
		t.Error("one user for two names")
	}
}

func TestEmail(t *testing.T) { onEach(t, testEmail) }

func testEmail(t *testing.T, f *fixture) {
	const address, password = "Alice.User@Example.com", "correct horse"
	alice, created, err := f.AuthenticateEmail(t.Context(), address, password, "alice", true)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	if account := f.mustGet(t, alice.ID); account.GetEmail() != "alice.user@example.com" {
		t.Errorf("email %q", account.GetEmail())
	}
	f.mustDevice(t, "identity-1", "bob")

	for name, test := range map[string]struct {
		email, password, username string
		create                    bool
		want                      codes.Code
	}{
		"other case":              {"ALICE.USER@EXAMPLE.COM", password, "", false, codes.OK},
		"wrong password":          {address, "wrong horse", "", true, codes.Unauthenticated},
		"absent":                  {"absent@example.com", password, "", false, codes.NotFound},
		"by name":                 {"", password, "alice", true, codes.OK},
		"by name, wrong password": {"", "wrong horse", "alice", true, codes.Unauthenticated},
		"by an absent name":       {"", password, "nobody", true, codes.NotFound},
		"by a name without one":   {"", password, "bob", true, codes.Unauthenticated},
		"neither":                 {"", password, "", true, codes.InvalidArgument},
		"no password":             {address, "", "", true, codes.InvalidArgument},
		"password of 7":           {address, "1234567", "", true, codes.InvalidArgument},
		"password of 8":           {"absent@example.com", "12345678", "", false, codes.NotFound},
		"password of 72":          {"long@example.com", repeat(72), "", true, codes.OK},
		"password of 73":          {"longer@example.com", repeat(73), "", true, codes.Internal},
		"a space":                 {"not an address@example.com", password, "", true, codes.InvalidArgument},
		"no at sign":              {"no-at-sign.example.com", password, "", true, codes.InvalidArgument},
		"no dot":                  {"no-dot@example", password, "", true, codes.InvalidArgument},
		"9 bytes":                 {"a@bcd.efg", password, "", true, codes.InvalidArgument},
		"10 bytes":                {"a@bcde.fgh", password, "", false, codes.NotFound},
		"255 bytes":               {repeat(249) + "@b.com", password, "", false, codes.NotFound},
		"256 bytes":               {repeat(250) + "@b.com", password, "", true, codes.InvalidArgument},
		"no UTF-8":                {"alice\xff@example.com", password, "", true, codes.InvalidArgument},
		"a bad name":              {"new@example.com", password, "a\nb", true, codes.InvalidArgument},
		"a taken name":            {"new@example.com", password, "alice", true, codes.AlreadyExists},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := f.AuthenticateEmail(t.Context(), test.email, test.password, test.username, test.create)
			wantCode(t, err, test.want)
		})
	}
}

func TestPasswordsAreHashed(t *testing.T) { onEach(t, testPasswordsAreHashed) }

func testPasswordsAreHashed(t *testing.T, f *fixture) {
	alice, _, err := f.AuthenticateEmail(t.Context(), "alice@example.com", "correct horse", "alice", true)
	if err != nil {
		t.Fatal(err)
	}
	found, ok, err := f.find(t.Context(), f.sql.byID, alice.ID)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if cost, err := bcrypt.Cost([]byte(found.passwordHash)); err != nil || cost != bcrypt.MinCost {
		t.Errorf("stored %q: cost %d, %v", found.passwordHash, cost, err)
	}
}

func TestALoginThatWaitsEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := start(t)
	if _, _, err := f.AuthenticateEmail(t.Context(), "alice@example.com", "correct horse", "", true); err != nil {
		t.Fatal(err)
	}
	for range cap(f.hashing) {
		f.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, _, err := f.AuthenticateEmail(ctx, "alice@example.com", "correct horse", "", true)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestActive(t *testing.T) { onEach(t, testActive) }

func testActive(t *testing.T, f *fixture) {
	alice := f.mustDevice(t, "identity-1", "alice")
	if user, err := f.Active(t.Context(), alice.ID); err != nil || user != alice {
		t.Errorf("%+v, %v", user, err)
	}
	_, err := f.Active(t.Context(), absentUser)
	wantCode(t, err, codes.NotFound)
	f.ban(t, alice)
	_, err = f.Active(t.Context(), alice.ID)
	wantCode(t, err, codes.PermissionDenied)
}

func TestProfile(t *testing.T) { onEach(t, testProfile) }

func testProfile(t *testing.T, f *fixture) {
	alice := f.mustDevice(t, "identity-1", "alice")
	f.now = f.now.Add(time.Hour)
	other := f.mustDevice(t, "identity-2", "bob")

	const fresh = `"lang_tag":"en","metadata":"{}","create_time":"2027-01-15T08:00:00Z"`
	for _, step := range []struct {
		name   string
		update Update
		want   string // the account afterwards
	}{
		{"nothing new", Update{LangTag: ptr("en"), Username: ptr("alice")},
			`{"user":{"username":"alice",` + fresh + `,"update_time":"2027-01-15T08:00:00Z"}}`},
		{"all", Update{DisplayName: ptr("Alice"), AvatarURL: ptr("a.png"), LangTag: ptr("fr"), Location: ptr("Paris"), Timezone: ptr("Nowhere/Land")},
			`{"user":{"username":"alice","lang_tag":"fr","metadata":"{}","create_time":"2027-01-15T08:00:00Z","update_time":"2027-01-15T09:00:00Z",
			"display_name":"Alice","avatar_url":"a.png","location":"Paris","timezone":"Nowhere/Land"}}`},
		{"clear", Update{DisplayName: ptr(""), AvatarURL: ptr(""), Location: ptr(""), Timezone: ptr(""), LangTag: ptr("en")},
			`{"user":{"username":"alice",` + fresh + `,"update_time":"2027-01-15T09:00:00Z"}}`},
		{"metadata and name", Update{Metadata: ptr(`{"a":[1]}`), Username: ptr("alice the second")},
			`{"user":{"username":"alice the second","metadata":"{\"a\":[1]}","lang_tag":"en",
			"create_time":"2027-01-15T08:00:00Z","update_time":"2027-01-15T09:00:00Z"}}`},
	} {
		if err := f.Update(t.Context(), alice.ID, step.update); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		want := &api.Account{}
		if err := protojson.Unmarshal([]byte(step.want), want); err != nil {
			t.Fatal(err)
		}
		want.User.Id, want.Wallet, want.Devices = alice.ID, "{}", []*api.AccountDevice{{Id: "identity-1"}}
		if got := f.mustGet(t, alice.ID); !proto.Equal(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", step.name, got, want)
		}
	}
	if got := f.mustGet(t, other.ID); got.GetUser().GetUsername() != "bob" || got.GetUser().GetDisplayName() != "" {
		t.Errorf("another user's account: %v", got)
	}
	if again := f.mustDevice(t, "identity-1", ""); again.Username != "alice the second" {
		t.Errorf("after renaming: %+v", again)
	}
}

func TestUpdatesThatAreRefused(t *testing.T) { onEach(t, testUpdatesThatAreRefused) }

func testUpdatesThatAreRefused(t *testing.T, f *fixture) {
	alice := f.mustDevice(t, "identity-1", "alice")
	f.mustDevice(t, "identity-2", "bob")
	before := f.mustGet(t, alice.ID)
	for name, test := range map[string]struct {
		update Update
		want   codes.Code
	}{
		"nothing":                    {Update{}, codes.InvalidArgument},
		"empty name":                 {Update{Username: ptr("")}, codes.InvalidArgument},
		"name of 129 bytes":          {Update{Username: ptr(repeat(129))}, codes.InvalidArgument},
		"name with a line":           {Update{Username: ptr("a\nb")}, codes.InvalidArgument},
		"taken name":                 {Update{Username: ptr("bob"), Location: ptr("x")}, codes.AlreadyExists},
		"display name of 256":        {Update{DisplayName: ptr(repeat(256)), Location: ptr("x")}, codes.Internal},
		"location of 256":            {Update{Location: ptr(repeat(256))}, codes.Internal},
		"timezone of 256":            {Update{Timezone: ptr(repeat(256))}, codes.Internal},
		"avatar of 513":              {Update{AvatarURL: ptr(repeat(513))}, codes.Internal},
		"language of 19":             {Update{LangTag: ptr(repeat(19))}, codes.Internal},
		"no language":                {Update{LangTag: ptr("")}, codes.Internal},
		"metadata that is no JSON":   {Update{Metadata: ptr("{")}, codes.InvalidArgument},
		"metadata that is no object": {Update{Metadata: ptr("[1]")}, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			wantCode(t, f.Update(t.Context(), alice.ID, test.update), test.want)
			if got := f.mustGet(t, alice.ID); !proto.Equal(got, before) {
				t.Errorf("changed to %v", got)
			}
		})
	}
	// A character is not a byte.
	if err := f.Update(t.Context(), alice.ID, Update{DisplayName: ptr(strings.Repeat("é", 255))}); err != nil {
		t.Error(err)
	}
	_, err := f.Get(t.Context(), absentUser)
	wantCode(t, err, codes.NotFound)
	if err := f.Update(t.Context(), absentUser, Update{Location: ptr("x")}); err != nil {
		t.Errorf("an absent user: %v", err)
	}
}

func TestAccountsSurviveARestart(t *testing.T) { dbtest.EachKept(t, testAccountsSurviveARestart) }

func testAccountsSurviveARestart(t *testing.T, place dbtest.Place) {
	var before *api.Account
	t.Run("before", func(t *testing.T) {
		f := startIn(t, place)
		alice := f.mustDevice(t, "identity-1", "alice")
		if err := f.Update(t.Context(), alice.ID, Update{Location: ptr("Paris")}); err != nil {
			t.Fatal(err)
		}
		before = f.mustGet(t, alice.ID)
	})
	f := startIn(t, place)
	if again := f.mustDevice(t, "identity-1", "another"); again.ID != before.GetUser().GetId() {
		t.Errorf("another user: %+v", again)
	}
	if got := f.mustGet(t, before.GetUser().GetId()); !proto.Equal(got, before) {
		t.Errorf("got %v, want %v", got, before)
	}
}

// An error of the database keeps its cause for the log and has no code, so that
// clients are not shown it.
func TestErrorsOfTheDatabase(t *testing.T) { onEach(t, testErrorsOfTheDatabase) }

func testErrorsOfTheDatabase(t *testing.T, f *fixture) {
	if _, err := f.db.Exec(t.Context(), "ALTER TABLE users RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.AuthenticateDevice(t.Context(), "identity-1", "", true)
	if wantCode(t, err, codes.Unknown); err == nil || !regexp.MustCompile("no such table|does not exist").MatchString(err.Error()) {
		t.Errorf("error %v", err)
	}
}
