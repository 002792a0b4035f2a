package group

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"go.uber.org/goleak"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
	"nkhost/host/notification"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(dbtest.Main(m)) }

// fixture is a service over a database, with a note of what was told and written.
type fixture struct {
	*Service
	db       *db.DB
	now      time.Time
	messages []int32
	left     int
}

func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		f := &fixture{db: place.Open(t), now: time.Unix(1_800_000_000, 0)}
		var err error
		f.Service, err = NewService(context.Background(), f.db, Options{
			Now: func() time.Time { return f.now }, NewID: uuid.NewString,
			Users: func(_ context.Context, ids []string) ([]*api.User, error) {
				users := make([]*api.User, len(ids))
				for i, id := range ids {
					users[i] = &api.User{Id: id}
				}
				return users, nil
			},
			Notify: func(context.Context, []notification.Notification) {},
			Write: func(_ context.Context, _ *db.Tx, messages []Message) (func(), error) {
				return func() {
					for _, m := range messages {
						f.messages = append(f.messages, m.Code)
					}
				}, nil
			},
			Left:    func(_ string, users []string) { f.left += len(users) },
			Deleted: func(string) {},
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

func (f *fixture) create(t *testing.T, owner User, open bool, most int) string {
	t.Helper()
	made, err := f.Create(t.Context(), New{UserID: owner.ID, CreatorID: owner.ID, Name: fmt.Sprint("group of ", owner.Username), Open: open, MaxCount: most})
	if err != nil {
		t.Fatal(err)
	}
	return made.Id
}

// members are the states of a group's users, in the order of a listing.
func (f *fixture) members(t *testing.T, groupID string) (states []int32) {
	t.Helper()
	list, err := f.ListUsers(t.Context(), groupID, 100, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range list.GroupUsers {
		states = append(states, user.State.GetValue())
	}
	return states
}

// Story: bob asks to join ana's closed group, is let in, promoted, and banned.
func TestAMembersLife(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana, bob := f.user(t, "ana"), f.user(t, "bob")
		id := f.create(t, ana, false, 10)
		steps := []struct {
			name   string
			do     func() error
			states []int32
			member bool
		}{
			{"asks", func() error { return f.Join(t.Context(), id, bob) }, []int32{0, 3}, false},
			{"is let in", func() error { return f.AddUsers(t.Context(), ana.ID, id, []string{bob.ID}) }, []int32{0, 2}, true},
			{"is promoted", func() error { return f.PromoteUsers(t.Context(), ana.ID, id, []string{bob.ID}) }, []int32{0, 1}, true},
			{"is banned", func() error { return f.BanUsers(t.Context(), ana.ID, id, []string{bob.ID}) }, []int32{0}, false},
			{"asks again in vain", func() error { return f.Join(t.Context(), id, bob) }, []int32{0}, false},
		}
		for _, step := range steps {
			if err := step.do(); err != nil {
				t.Fatalf("bob %s: %v", step.name, err)
			}
			if states := f.members(t, id); !slices.Equal(states, step.states) {
				t.Errorf("when bob %s the members' states are %v, want %v", step.name, states, step.states)
			}
			if member, err := f.IsMember(t.Context(), id, bob.ID); err != nil || member != step.member {
				t.Errorf("when bob %s he is a member: %t, %v", step.name, member, err)
			}
		}
		if f.left != 1 || len(f.messages) == 0 {
			t.Errorf("%d left the channel, messages %v", f.left, f.messages)
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		ana, bob, eve := f.user(t, "ana"), f.user(t, "bob"), f.user(t, "eve")
		id := f.create(t, ana, true, 2)
		if err := f.Join(t.Context(), id, bob); err != nil {
			t.Fatal(err)
		}
		for name, do := range map[string]func() error{
			"joining a full group":          func() error { return f.Join(t.Context(), id, eve) },
			"joining none":                  func() error { return f.Join(t.Context(), uuid.NewString(), eve) },
			"deleting another's group":      func() error { return f.Delete(t.Context(), id, bob.ID) },
			"the last superadmin's leaving": func() error { return f.Leave(t.Context(), id, ana) },
			"a member's kicking":            func() error { return f.KickUsers(t.Context(), bob.ID, id, []string{ana.ID}) },
			"a second group of the same name": func() error {
				_, err := f.Create(t.Context(), New{UserID: bob.ID, CreatorID: bob.ID, Name: "group of ana", MaxCount: 5})
				return err
			},
		} {
			if err := do(); err == nil || status.Code(err) == 2 {
				t.Errorf("%s: %v, want an error with a code", name, err)
			}
		}
	})
}
