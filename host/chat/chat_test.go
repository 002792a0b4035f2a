package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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

const (
	alice  = "a11ce000-0000-4000-8000-000000000001"
	bob    = "b0b00000-0000-4000-8000-000000000002"
	carol  = "ca401000-0000-4000-8000-000000000003"
	absent = "11111111-2222-4333-8444-555555555555"
	group  = "9209b000-0000-4000-8000-000000000004"
)

// fixture is a service over a database in which there are alice, bob and carol. Bob has
// blocked carol, and alice is in the group.
type fixture struct {
	*Service
	db        *db.DB
	now       time.Time
	ids       int
	delivered []string
	invited   []Invitation
}

func (f *fixture) Blocks(_ context.Context, userID, otherID string) (bool, error) {
	return userID == bob && otherID == carol, nil
}

func (f *fixture) InGroup(_ context.Context, groupID, userID string) (bool, error) {
	if userID == carol {
		return false, errors.New("secret")
	}
	return groupID == group && userID == alice, nil
}

// onEach runs a test on a database of each kind.
func onEach(t *testing.T, test func(t *testing.T, f *fixture)) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		f := &fixture{db: place.Open(t), now: time.UnixMilli(1_800_000_000_123)}
		for id, name := range map[string]string{alice: "alice", bob: "bob", carol: "carol"} {
			dbtest.AddUser(t, f.db, id, name)
		}
		var err error
		f.Service, err = NewService(t.Context(), f.db, Options{
			Now: func() time.Time { return f.now }, NewID: f.newID, Relations: f,
			Deliver: f.deliver,
			Invite: func(_ context.Context, invitation Invitation) error {
				f.invited = append(f.invited, invitation)
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		test(t, f)
	})
}

func (f *fixture) newID() string {
	f.ids++
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", f.ids)
}

func (f *fixture) deliver(channel Channel, m *api.ChannelMessage) {
	f.delivered = append(f.delivered, fmt.Sprintf("%s %s %d %s", channel.ID(), m.Username, m.Code.GetValue(), m.Content))
}

func room(name string) Channel { return Channel{Kind: Room, Label: name} }

// says is alice's persistent message.
func says(channel Channel, content string) Message {
	return Message{Channel: channel, SenderID: alice, Username: "alice", Content: content, Persistent: true}
}

func (f *fixture) mustSend(t *testing.T, m Message) string {
	t.Helper()
	ack, err := f.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return ack.MessageId
}

func (f *fixture) history(t *testing.T, channel Channel) []*api.ChannelMessage {
	t.Helper()
	list, err := f.List(t.Context(), ListRequest{Channel: channel, Limit: 100, Forward: true})
	if err != nil {
		t.Fatal(err)
	}
	return list.Messages
}

func contents(messages []*api.ChannelMessage) string {
	var texts []string
	for _, m := range messages {
		texts = append(texts, m.Content)
	}
	return strings.Join(texts, " ")
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

// Alice talks in a room: what she changes is told and kept, but stays a message of code
// 0; what she takes back is gone. Bob cannot change it.
func TestMessages(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		lobby := room("lobby")
		first := f.mustSend(t, says(lobby, `{"n":1}`))
		second := f.mustSend(t, says(lobby, ` {"n":2} `))
		sent := f.now
		f.now = f.now.Add(time.Minute)

		change := says(lobby, `{"n":3}`)
		change.ID, change.Username = strings.ToUpper(first), "Alice"
		ack, err := f.Update(t.Context(), change)
		if err != nil {
			t.Fatal(err)
		}
		if ack.Code.GetValue() != int32(CodeUpdate) || !ack.CreateTime.AsTime().Equal(sent) || !ack.UpdateTime.AsTime().Equal(f.now) ||
			ack.MessageId != first || ack.RoomName != "lobby" || ack.ChannelId != "2...lobby" || !ack.Persistent.GetValue() {
			t.Errorf("answered %v", ack)
		}
		kept := f.history(t, lobby)
		want(t, contents(kept), `{"n":3}  {"n":2} `)
		if m := kept[0]; m.Code.GetValue() != 0 || m.Username != "Alice" || m.SenderId != alice || !m.CreateTime.AsTime().Equal(sent) || !m.UpdateTime.AsTime().Equal(f.now) {
			t.Errorf("kept %v", m)
		}

		for _, do := range []func(context.Context, Message) error{
			func(ctx context.Context, m Message) error { _, err := f.Update(ctx, m); return err },
			func(ctx context.Context, m Message) error { _, err := f.Remove(ctx, m); return err },
		} {
			m := Message{Channel: lobby, ID: second, SenderID: bob, Content: "{}", Persistent: true}
			wantCode(t, do(t.Context(), m), codes.NotFound)
			m.ID = "nope"
			wantCode(t, do(t.Context(), m), codes.InvalidArgument)
			m.ID, m.Persistent = absent, false
			wantCode(t, do(t.Context(), m), codes.OK)
		}
		if ack, err := f.Remove(t.Context(), Message{Channel: lobby, ID: first, SenderID: alice, Username: "a", Persistent: true}); err != nil ||
			ack.Code.GetValue() != int32(CodeRemove) || !ack.CreateTime.AsTime().Equal(sent) || !ack.UpdateTime.AsTime().Equal(f.now) {
			t.Errorf("answered %v, %v", ack, err)
		}
		want(t, contents(f.history(t, lobby)), ` {"n":2} `)
		want(t, strings.Join(f.delivered, " | "), `2...lobby alice 0 {"n":1} | 2...lobby alice 0  {"n":2}  | 2...lobby Alice 1 {"n":3} | `+
			`2...lobby  1 {} | 2...lobby  2 {} | 2...lobby a 2 {}`)
	})
}

// What is refused is neither kept nor delivered.
func TestSendRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		for _, content := range []string{"", " ", "null", "[{}]", `"{}"`, "{", "{} {}", "{\"a\":\"\xff\"}"} {
			_, err := f.Send(t.Context(), says(room("r"), content))
			wantCode(t, err, codes.InvalidArgument)
			m := says(room("r"), content)
			m.ID = absent
			_, err = f.Update(t.Context(), m)
			wantCode(t, err, codes.InvalidArgument)
		}
		for _, name := range []string{"\xff", strings.Repeat("x", 129)} {
			m := says(room("r"), "{}")
			m.Username = name
			_, err := f.Send(t.Context(), m)
			wantCode(t, err, codes.InvalidArgument)
		}
		m := says(room("r"), "{}")
		m.SenderID = absent
		if _, err := f.Send(t.Context(), m); err == nil {
			t.Error("a message of nobody was kept")
		}
		if kept := f.history(t, room("r")); len(kept)+len(f.delivered) != 0 {
			t.Errorf("kept %v, delivered %v", kept, f.delivered)
		}
		m.Persistent = false
		f.mustSend(t, m)
		m.SenderID, m.Persistent, m.Code = System, true, CodeGroupJoin
		f.mustSend(t, m)
		if kept := f.history(t, room("r")); len(kept) != 1 || kept[0].SenderId != System || kept[0].Code.GetValue() != 3 {
			t.Errorf("kept %v", kept)
		}
	})
}

// The history of a channel is read page by page in both directions and back again. All
// was said in the same millisecond.
func TestPages(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		for i := range 5 {
			f.mustSend(t, says(room("r"), fmt.Sprintf(`{"n":%d}`, i)))
		}
		f.mustSend(t, says(room("other"), `{}`))
		page := func(forward bool, cursor, wantContents string, hasNext, hasPrev bool) *api.ChannelMessageList {
			t.Helper()
			list, err := f.List(t.Context(), ListRequest{Caller: bob, Channel: room("r"), Limit: 2, Forward: forward, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			want(t, strings.NewReplacer(`{"n":`, "", "}", "").Replace(contents(list.Messages)), wantContents)
			if hasNext != (list.NextCursor != "") || hasPrev != (list.PrevCursor != "") {
				t.Errorf("after %s: next %q, previous %q", wantContents, list.NextCursor, list.PrevCursor)
			}
			return list
		}
		one := page(true, "", "0 1", true, false)
		two := page(true, one.NextCursor, "2 3", true, true)
		three := page(true, two.NextCursor, "4", false, true)
		page(true, three.PrevCursor, "2 3", true, true)
		again := page(true, two.PrevCursor, "0 1", true, false)
		page(true, again.NextCursor, "2 3", true, true)

		one = page(false, "", "4 3", true, false)
		two = page(false, one.NextCursor, "2 1", true, true)
		last := page(false, two.NextCursor, "0", false, true)
		page(false, last.PrevCursor, "2 1", true, true)
		page(false, two.PrevCursor, "4 3", true, false)

		// A cacheable cursor leads on forward, also from a page that is empty.
		page(true, one.CacheableCursor, "4", false, true)
		end := page(true, three.CacheableCursor, "", false, false)
		f.mustSend(t, says(room("r"), `{"n":5}`))
		page(true, end.CacheableCursor, "5", false, true)

		for name, r := range map[string]ListRequest{
			"no cursor":     {Channel: room("r"), Cursor: "!!"},
			"no JSON":       {Channel: room("r"), Cursor: "eA"},
			"direction":     {Channel: room("r"), Forward: true, Cursor: one.NextCursor},
			"other channel": {Channel: room("other"), Cursor: one.NextCursor},
		} {
			r.Limit = 2
			if _, err := f.List(t.Context(), r); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Only members read a group's channel, and only the two a direct one; the server reads
// all.
func TestWhoReads(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		direct := Channel{Kind: Direct, Subject: uuid.MustParse(alice), Subcontext: uuid.MustParse(bob)}
		members := Channel{Kind: Group, Subject: uuid.MustParse(group)}
		f.mustSend(t, says(direct, `{}`))
		f.mustSend(t, says(members, `{}`))
		for _, test := range []struct {
			caller  string
			channel Channel
			want    codes.Code
		}{
			{alice, direct, codes.OK}, {bob, direct, codes.OK}, {carol, direct, codes.InvalidArgument}, {"", direct, codes.OK},
			{alice, members, codes.OK}, {bob, members, codes.InvalidArgument}, {carol, members, codes.Unknown}, {"", members, codes.OK},
		} {
			list, err := f.List(t.Context(), ListRequest{Caller: test.caller, Channel: test.channel, Limit: 1})
			wantCode(t, err, test.want)
			if err == nil && len(list.Messages) != 1 {
				t.Errorf("%s read %v", test.caller, list)
			}
		}
		if m := f.history(t, direct)[0]; m.UserIdOne != alice || m.UserIdTwo != bob || m.GroupId+m.RoomName != "" {
			t.Errorf("kept %v", m)
		}
		if m := f.history(t, members)[0]; m.GroupId != group || m.UserIdOne+m.UserIdTwo+m.RoomName != "" {
			t.Errorf("kept %v", m)
		}
	})
}

func TestGreet(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		direct := Channel{Kind: Direct, Subject: uuid.MustParse(alice), Subcontext: uuid.MustParse(bob)}
		own := Channel{Kind: Direct, Subject: uuid.MustParse(alice), Subcontext: uuid.MustParse(alice)}
		for _, channel := range []Channel{direct, own, room("r")} {
			if err := f.Greet(t.Context(), channel, alice, `al"ice`); err != nil {
				t.Error(err)
			}
		}
		want(t, fmt.Sprint(f.invited), fmt.Sprint([]Invitation{{bob, alice, `al"ice wants to chat`, `{"username":"al\"ice"}`}}))
	})
}

// What a user has said goes with them.
func TestExport(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		if text, err := f.Export(t.Context(), alice); text != nil || err != nil {
			t.Errorf("%s, %v", text, err)
		}
		f.mustSend(t, says(room("r"), `{}`))
		text, err := f.Export(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		var list []map[string]any
		if err := json.Unmarshal(text, &list); err != nil || len(list) != 1 || list[0]["channel_id"] != "2...r" || list[0]["content"] != "{}" {
			t.Errorf("%s, %v", text, err)
		}
		if _, err := f.db.Exec(t.Context(), "DELETE FROM users WHERE id = $1", alice); err != nil {
			t.Fatal(err)
		}
		want(t, contents(f.history(t, room("r"))), "")
	})
}
