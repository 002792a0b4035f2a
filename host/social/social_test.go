package social

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
	"nkhost/host/notification"
	"nkhost/host/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// fixture is a service over a database, with a clock that a test turns and a note of what
// users were told.
type fixture struct {
	*Service
	db      *db.DB
	now     time.Time
	notices []string
	blocked int
}

func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		f := &fixture{db: place.Open(t), now: time.Unix(1_800_000_000, 0)}
		var err error
		f.Service, err = NewService(context.Background(), f.db, Options{
			Now: func() time.Time { return f.now },
			Users: func(_ context.Context, ids []string) ([]*api.User, error) {
				users := make([]*api.User, len(ids))
				for i, id := range ids {
					users[i] = &api.User{Id: id}
				}
				return users, nil
			},
			Notify: func(_ context.Context, notices []notification.Notification) {
				for _, n := range notices {
					f.notices = append(f.notices, fmt.Sprint(n.Code))
				}
			},
			Blocked: func(string, string) { f.blocked++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		test(t, f)
	})
}

func (f *fixture) user(t *testing.T, name string) User {
	t.Helper()
	return User{ID: dbtest.NamedUser(t, f.db, name), Username: name}
}

// states are those of a user's friends, in the order of a listing.
func (f *fixture) states(t *testing.T, user User) (states []int32) {
	t.Helper()
	list, err := f.List(t.Context(), user.ID, 100, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, friend := range list.Friends {
		states = append(states, friend.State.GetValue())
	}
	return states
}

// edges is how many friends the user is counted to have.
func (f *fixture) edges(t *testing.T, user User) (count int) {
	t.Helper()
	stmt, err := f.db.Reader(t.Context(), "SELECT edge_count FROM users WHERE id = $1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stmt.Row(t.Context(), user.ID).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// Story: ana asks bob, bob agrees, ana blocks bob and thinks better of it.
func TestFriendship(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana, bob := f.user(t, "ana"), f.user(t, "bob")
		want := func(step string, anas, bobs []int32, edges int, told ...string) {
			t.Helper()
			if a, b := f.states(t, ana), f.states(t, bob); !slices.Equal(a, anas) || !slices.Equal(b, bobs) {
				t.Errorf("%s: ana's friends are in states %v, bob's in %v; want %v and %v", step, a, b, anas, bobs)
			}
			if n := f.edges(t, ana); n != edges {
				t.Errorf("%s: ana is counted to have %d friends, want %d", step, n, edges)
			}
			if !slices.Equal(f.notices, told) {
				t.Errorf("%s: notices %v, want %v", step, f.notices, told)
			}
			f.notices = nil
		}
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		do(f.Add(t.Context(), ana, []string{bob.ID}, ""))
		want("asked", []int32{StateInviteSent}, []int32{StateInviteReceived}, 1, "-2")
		do(f.Add(t.Context(), bob, []string{ana.ID}, ""))
		want("agreed", []int32{StateFriend}, []int32{StateFriend}, 1, "-3")
		do(f.Block(t.Context(), ana.ID, []string{bob.ID}))
		want("blocked", []int32{StateBlocked}, nil, 1)
		if blocks, err := f.Blocks(t.Context(), ana.ID, bob.ID); err != nil || !blocks || f.blocked != 1 {
			t.Errorf("blocks: %t, %v; %d times told", blocks, err, f.blocked)
		}
		do(f.Add(t.Context(), bob, []string{ana.ID}, ""))
		want("asked in vain", []int32{StateBlocked}, nil, 1)
		do(f.Delete(t.Context(), ana, []string{bob.ID}))
		want("unblocked", nil, nil, 0)
	})
}

func TestPagesOfFriends(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana := f.user(t, "ana")
		for i := range 5 {
			friend := f.user(t, fmt.Sprint("friend", i))
			f.now = f.now.Add(time.Second)
			if err := f.Add(t.Context(), ana, []string{friend.ID}, ""); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]bool{}
		cursor := ""
		for range 3 {
			page, err := f.List(t.Context(), ana.ID, 2, nil, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, friend := range page.Friends {
				seen[friend.User.Id] = true
			}
			cursor = page.Cursor
		}
		if len(seen) != 5 || cursor != "" {
			t.Errorf("%d friends on three pages, and a cursor %q", len(seen), cursor)
		}
	})
}

// Story: ana comes from Facebook, where she has five friends who play: bob, who is a stranger,
// cy, who has asked her, dee, whom she has asked, eve, who has blocked her, and flo, whom she
// has blocked. Later she has them take the place of all others.
func TestImport(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana := f.user(t, "ana")
		friends := map[string]User{}
		for _, name := range []string{"bob", "cy", "dee", "eve", "flo", "gus", "hal"} {
			friends[name] = f.user(t, name)
			if _, err := f.db.Exec(t.Context(), "UPDATE users SET facebook_id = $2 WHERE id = $1", friends[name].ID, "facebook-"+name); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.db.Exec(t.Context(), "UPDATE users SET facebook_id = 'facebook-ana', steam_id = 'steam-ana' WHERE id = $1", ana.ID); err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(f.Add(t.Context(), friends["cy"], []string{ana.ID}, ""))
		must(f.Add(t.Context(), ana, []string{friends["dee"].ID, friends["gus"].ID}, `{"note":"old","provider":"x"}`))
		must(f.Add(t.Context(), friends["gus"], []string{ana.ID}, ""))
		must(f.Add(t.Context(), ana, []string{friends["hal"].ID}, ""))
		must(f.Block(t.Context(), friends["eve"].ID, []string{ana.ID}))
		must(f.Block(t.Context(), ana.ID, []string{friends["flo"].ID}))

		from := func(kind providers.Kind, ids ...string) providers.Friends {
			return func(context.Context) (providers.Kind, []string, error) { return kind, ids, nil }
		}
		known := from(providers.Facebook, "facebook-bob", "facebook-cy", "facebook-dee", "facebook-eve", "facebook-flo",
			"facebook-bob", "facebook-ana", "facebook-nobody")
		states := func() string {
			t.Helper()
			list, err := f.List(t.Context(), ana.ID, 100, nil, "")
			must(err)
			var names []string
			for _, one := range list.Friends {
				for name, user := range friends {
					if user.ID == one.User.Id {
						names = append(names, fmt.Sprint(name, one.State.GetValue(), one.Metadata))
					}
				}
			}
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		f.notices = nil
		must(f.Import(t.Context(), ana, known, false))
		want := `bob0{"provider":"facebook"} cy0{"provider":"facebook"} dee0{"note":"old","provider":"facebook"} flo3{} gus0{"note":"old","provider":"x"} hal1{}`
		if got := states(); got != want {
			t.Errorf("friends\n%s\nwant\n%s", got, want)
		}
		if want := []string{"-6", "-6", "-6"}; !slices.Equal(f.notices, want) {
			t.Errorf("notices %q, want %q", f.notices, want)
		}
		edges := func(name string, want int) {
			t.Helper()
			user := friends[name]
			if name == "ana" {
				user = ana
			}
			if got, listed := f.edges(t, user), len(f.states(t, user)); got != want || listed != want {
				t.Errorf("%s has %d edges, counted %d, want %d", name, listed, got, want)
			}
		}
		edges("ana", 6)
		edges("bob", 1)
		edges("eve", 1)
		edges("flo", 0)

		f.notices = nil
		must(f.Import(t.Context(), ana, known, false))
		must(f.Import(t.Context(), ana, from(providers.Steam, "facebook-bob"), false))
		if got := states(); got != want || len(f.notices) != 0 {
			t.Errorf("friends once more\n%s\nwant\n%s\nnotices %q", got, want, f.notices)
		}
		must(f.Import(t.Context(), ana, known, true))
		want = `bob0{"provider":"facebook"} cy0{"provider":"facebook"} dee0{"provider":"facebook"} flo3{}`
		if got := states(); got != want || len(f.notices) != 3 {
			t.Errorf("friends after a reset\n%s\nwant\n%s\nnotices %q", got, want, f.notices)
		}
		edges("ana", 4)
		edges("bob", 1)
		edges("gus", 0)
		edges("hal", 0)
		edges("eve", 1)

		must(f.Import(t.Context(), ana, from(providers.Steam), true))
		if got := states(); got != "flo3{}" {
			t.Errorf("friends after a reset to none: %s", got)
		}
		edges("ana", 1)
		edges("bob", 0)

		broken := errors.New("broken")
		err := f.Import(t.Context(), ana, func(context.Context) (providers.Kind, []string, error) { return "", nil, broken }, true)
		if !errors.Is(err, broken) || states() != "flo3{}" {
			t.Errorf("error %v", err)
		}
	})
}
