package account

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

func usernames(users []*api.User) []string {
	names := make([]string, len(users))
	for i, user := range users {
		names[i] = user.Username
	}
	return names
}

func TestUsers(t *testing.T) {
	t.Parallel()
	f := start(t)
	alice, bob := f.mustDevice(t, "device-of-alice", "alice"), f.mustDevice(t, "device-of-bob", "bob")
	if _, err := f.db.Exec(t.Context(), "UPDATE users SET facebook_id = 'fb' WHERE id = $1", bob.ID); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ids, names, facebook []string
		want                 []string
	}{
		"none":          {nil, nil, nil, []string{}},
		"by id":         {[]string{bob.ID, alice.ID}, nil, nil, []string{"bob", "alice"}},
		"by name":       {nil, []string{"alice"}, nil, []string{"alice"}},
		"by Facebook":   {nil, nil, []string{"fb"}, []string{"bob"}},
		"each once":     {[]string{alice.ID, alice.ID}, []string{"alice", "bob"}, []string{"fb"}, []string{"alice", "bob"}},
		"absent":        {[]string{absentUser}, []string{"carol"}, []string{"other"}, []string{}},
		"the system's":  {[]string{SystemUser}, nil, nil, []string{""}},
		"case of names": {nil, []string{"ALICE"}, nil, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			users, err := f.Users(t.Context(), test.ids, test.names, test.facebook)
			if got := usernames(users); err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%v, %v; want %v", got, err, test.want)
			}
		})
	}
}

// More users than one query looks for come in the order they were asked for.
func TestManyUsers(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		var ids, names []string
		for i := range 2*lookupSize + 1 {
			name := fmt.Sprintf("user-%d", i)
			names = append(names, name)
			ids = append(ids, f.mustDevice(t, "device-of-"+name, name).ID)
		}
		for _, count := range []int{2, lookupSize, len(ids)} {
			want := slices.Clone(names[:count])
			slices.Reverse(want)
			wantedIDs := slices.Clone(ids[:count])
			slices.Reverse(wantedIDs)
			byID, err := f.Users(t.Context(), append(wantedIDs, absentUser), nil, nil)
			if got := usernames(byID); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d by id: %v, %v", count, got, err)
			}
			byName, err := f.Users(t.Context(), nil, append(want, "nobody"), nil)
			if got := usernames(byName); err != nil || !slices.Equal(got, want) {
				t.Errorf("%d by name: %v, %v", count, got, err)
			}
		}
	})
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	f := start(t)
	alice, bob := f.mustDevice(t, "device-of-alice", "alice"), f.mustDevice(t, "device-of-bob", "bob")
	found, err := f.Accounts(t.Context(), []string{alice.ID, absentUser, alice.ID}, []string{"device-of-bob", "device-of-alice", "absent"})
	if err != nil || len(found) != 2 || !proto.Equal(found[0], f.mustGet(t, alice.ID)) || !proto.Equal(found[1], f.mustGet(t, bob.ID)) {
		t.Errorf("%v, %v", found, err)
	}
}

func TestRandomUsers(t *testing.T) {
	t.Parallel()
	f := start(t)
	for i := range 20 {
		f.mustDevice(t, fmt.Sprintf("device-of-user-%d", i), "")
	}
	first := map[string]bool{}
	for range 50 {
		for count, want := range map[int]int{0: 0, 1: 1, 7: 7, 20: 20, 1000: 20} {
			users, err := f.RandomUsers(t.Context(), count)
			names := map[string]bool{}
			for _, user := range users {
				names[user.Username] = true
			}
			if err != nil || len(users) != want || len(names) != want || names[""] {
				t.Fatalf("%d asked for: %d users, %d names, the system user %t, %v", count, len(users), len(names), names[""], err)
			}
			if count == 1 {
				first[users[0].Username] = true
			}
		}
	}
	if len(first) < 2 {
		t.Error("always the same user")
	}
}

func TestTheSystemUserCannotLogIn(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, username := range []string{"", "x"} {
		_, _, err := f.AuthenticateEmail(t.Context(), "", "correct horse", username, true)
		if err == nil {
			t.Errorf("logged in by the name %q", username)
		}
	}
}

func TestBan(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	alice, bob := f.mustDevice(t, "device-of-alice", "alice"), f.mustDevice(t, "device-of-bob", "bob")
	login := func(device string) error {
		_, _, err := f.AuthenticateDevice(ctx, device, "", true)
		return err
	}
	wantCode(t, f.Ban(ctx, []string{alice.ID, absentUser}), codes.OK)
	wantCode(t, login("device-of-alice"), codes.PermissionDenied)
	wantCode(t, login("device-of-bob"), codes.OK)
	if got := f.mustGet(t, alice.ID).DisableTime.AsTime(); !got.Equal(f.now) {
		t.Errorf("disabled at %v", got)
	}
	wantCode(t, f.Unban(ctx, []string{alice.ID, bob.ID}), codes.OK)
	wantCode(t, login("device-of-alice"), codes.OK)
	if got := f.mustGet(t, alice.ID).DisableTime; got != nil {
		t.Errorf("still disabled at %v", got)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	tombs := func(id string) (count int) {
		stmt, err := f.db.Reader(ctx, "SELECT COUNT(*) FROM user_tombstone WHERE user_id = $1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stmt.Row(ctx, id).Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	for _, recorded := range []bool{false, true} {
		alice := f.mustDevice(t, "device-of-alice", "alice")
		for _, want := range []bool{true, false} { // the second time there is nobody
			if deleted, err := f.Delete(ctx, alice.ID, recorded); err != nil || deleted != want {
				t.Errorf("deleted %t, %v; want %t", deleted, err, want)
			}
		}
		_, err := f.Get(ctx, alice.ID)
		wantCode(t, err, codes.NotFound)
		if got := tombs(alice.ID) == 1; got != recorded {
			t.Errorf("recorded %t, want %t", got, recorded)
		}
		if again := f.mustDevice(t, "device-of-alice", "alice"); again.ID == alice.ID {
			t.Error("the device belongs to the user that was deleted")
		} else if _, err := f.Delete(ctx, again.ID, false); err != nil {
			t.Error(err)
		}
	}
	_, err := f.Delete(ctx, SystemUser, false)
	wantCode(t, err, codes.InvalidArgument)
	if _, err := f.Get(ctx, SystemUser); err != nil {
		t.Errorf("the system user: %v", err)
	}
}

// Story: an account moves to another host, with all but its password.
func TestImport(t *testing.T) {
	t.Parallel()
	from, to, ctx := start(t), start(t), t.Context()
	alice := from.mustDevice(t, "device-of-alice", "alice")
	wantCode(t, from.LinkEmail(ctx, alice.ID, "alice@example.com", "correct horse"), codes.OK)
	wantCode(t, from.LinkCustom(ctx, alice.ID, "custom-1"), codes.OK)
	wantCode(t, from.LinkDevice(ctx, alice.ID, "second-device"), codes.OK)
	wantCode(t, from.Update(ctx, alice.ID, Update{DisplayName: ptr("Alice"), Metadata: ptr(`{"level":7}`)}), codes.OK)
	exported := from.mustGet(t, alice.ID)

	to.now = to.now.Add(time.Hour)
	before := proto.Clone(exported)
	id, err := to.Import(ctx, "", exported)
	if err != nil || id != alice.ID {
		t.Fatalf("imported as %s, %v", id, err)
	}
	if got := to.mustGet(t, id); !proto.Equal(got, exported) || !proto.Equal(exported, before) {
		t.Errorf("imported %v\nof %v", got, exported)
	}
	_, err = to.Import(ctx, "", exported)
	wantCode(t, err, codes.AlreadyExists)
	_, _, err = to.AuthenticateEmail(ctx, "alice@example.com", "correct horse", "", false)
	wantCode(t, err, codes.Unauthenticated)

	bob := to.mustDevice(t, "device-of-bob", "bob")
	if _, err := to.Import(ctx, bob.ID, exported); err != nil {
		t.Fatal(err)
	}
	if got := to.mustGet(t, bob.ID); got.User.Username != "bob" || got.User.Metadata != `{"level":7}` || got.Email != "" || len(got.Devices) != 1 {
		t.Errorf("imported into another: %v", got)
	}
}

func TestImportsThatAreRefused(t *testing.T) {
	t.Parallel()
	f, ctx := start(t), t.Context()
	f.mustDevice(t, "device-of-alice", "alice")
	account := func(change func(a *api.Account)) *api.Account {
		a := &api.Account{User: &api.User{Id: uuid.NewString(), Username: "bob"}, Devices: []*api.AccountDevice{{Id: "device-of-bob"}}}
		change(a)
		return a
	}
	for name, test := range map[string]struct {
		userID string
		change func(a *api.Account)
		want   codes.Code
	}{
		"no user":         {"", func(a *api.Account) { a.User = nil }, codes.InvalidArgument},
		"no id":           {"", func(a *api.Account) { a.User.Id = "nope" }, codes.InvalidArgument},
		"the system user": {"", func(a *api.Account) { a.User.Id = SystemUser }, codes.InvalidArgument},
		"no name":         {"", func(a *api.Account) { a.User.Username = "" }, codes.InvalidArgument},
		"taken name":      {"", func(a *api.Account) { a.User.Username = "alice" }, codes.AlreadyExists},
		"taken device":    {"", func(a *api.Account) { a.Devices[0].Id = "device-of-alice" }, codes.AlreadyExists},
		"a bad wallet":    {"", func(a *api.Account) { a.Wallet = "[]" }, codes.InvalidArgument},
		"bad metadata":    {"", func(a *api.Account) { a.User.Metadata = "{" }, codes.InvalidArgument},
		"into nobody":     {absentUser, func(*api.Account) {}, codes.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Import(ctx, test.userID, account(test.change))
			wantCode(t, err, test.want)
			if users, err := f.Users(ctx, nil, []string{"bob"}, nil); err != nil || len(users) > 0 {
				t.Errorf("half imported: %v, %v", users, err)
			}
		})
	}
}
