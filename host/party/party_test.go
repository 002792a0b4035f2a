package party_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heroiclabs/nakama-common/rtapi"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/matchmaker"
	"nkhost/host/party"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a registry with a real matchmaker, a clock that the test turns, and clients who
// write down what they are sent.
type world struct {
	*party.Registry
	t     *testing.T
	maker *matchmaker.Matchmaker
	now   time.Time
	sent  []frame
	ended map[string]bool
}

type frame struct {
	session string
	out     *rtapi.Envelope
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Unix(1_700_000_000, 0), ended: map[string]bool{}}
	clock := func() time.Time { return w.now }
	w.maker = matchmaker.New(matchmaker.Config{MaxTickets: 3, Interval: time.Second, MaxIntervals: 2, Now: clock}, nil)
	w.Registry = party.NewRegistry(party.Options{
		Clients: w, Matchmaker: w.maker, Node: "n", Now: clock, LabelUpdateInterval: time.Second,
	})
	return w
}

func (w *world) SendTo(sessions []string, out *rtapi.Envelope) {
	for _, session := range sessions {
		w.sent = append(w.sent, frame{session, out})
	}
}

func (w *world) IsOpen(session string) bool { return !w.ended[session] }

// who is the user of that name, by a session of that name.
func who(name string) party.Presence {
	return party.Presence{UserID: "user of " + name, SessionID: name, Username: name, Node: "n"}
}

// named is who, as clients name presences.
func named(name string) party.Presence {
	p := who(name)
	p.Node = ""
	return p
}

func (w *world) create(id string, n party.New, members ...string) {
	w.t.Helper()
	if err := w.Create(id, n); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range members {
		w.Joined(id, who(name))
	}
	w.sent = nil
}

// told is which kinds of messages the clients were sent since the last call.
func (w *world) told() string {
	var list []string
	message := (&rtapi.Envelope{}).ProtoReflect().Descriptor().Oneofs().ByName("message")
	for _, f := range w.sent {
		list = append(list, fmt.Sprint(f.session, " ", f.out.ProtoReflect().WhichOneof(message).Name()))
	}
	w.sent = nil
	return strings.Join(list, ", ")
}

func (w *world) want(id, leader, members, requests string) {
	w.t.Helper()
	found, err := w.Get(id)
	names := func(list []party.Presence) string {
		var names []string
		for _, p := range list {
			names = append(names, p.Username)
		}
		return strings.Join(names, " ")
	}
	if err != nil || found.Leader.Username != leader || names(found.Members) != members || names(found.Requests) != requests {
		w.t.Errorf("%q leads %q, and %q have asked: want %q, %q, %q (%v)",
			found.Leader.Username, names(found.Members), names(found.Requests), leader, members, requests, err)
	}
}

func (w *world) wantTold(want string) {
	w.t.Helper()
	if got := w.told(); got != want {
		w.t.Errorf("told %s, want %s", got, want)
	}
}

func wantError(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	if status.Code(err) != code || status.Convert(err).Message() != text {
		t.Errorf("got %v, want %v %q", err, code, text)
	}
}

func TestAnOpenParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("p", party.New{Open: true, MaxSize: 3}, "alice")
	for _, name := range []string{"bob", "carol"} {
		if in, err := w.Admit("p", who(name)); !in || err != nil {
			t.Errorf("%s may not come in: %v", name, err)
		}
		w.Joined("p", who(name))
		w.wantTold(name + " party")
	}
	w.Joined("p", who("bob")) // is in
	w.Joined("p", who("dave"))
	_, err := w.Admit("p", who("dave"))
	wantError(t, err, codes.ResourceExhausted, "party full")
	w.want("p", "alice", "alice bob carol", "")

	w.Left("p", party.Presence{SessionID: "bob", UserID: "whom a module put there as"})
	w.Left("p", who("dave"))
	w.want("p", "alice", "alice bob carol", "")
	w.Left("p", who("alice"))
	w.wantTold("bob party_leader, carol party_leader")
	w.want("p", "bob", "bob carol", "")
	w.Left("p", who("carol"))
	w.wantTold("")
	w.Left("p", who("bob"))
	_, err = w.Admit("p", who("bob"))
	wantError(t, err, codes.NotFound, "party not found")
	if w.Count() != 0 {
		t.Errorf("%d parties are left", w.Count())
	}
}

func TestAClosedParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("p", party.New{MaxSize: 3}, "alice")
	ask := func(name string) error {
		in, err := w.Admit("p", who(name))
		if in {
			t.Errorf("%s came in", name)
		}
		return err
	}
	for _, name := range []string{"bob", "carol", "dave"} {
		if err := ask(name); err != nil {
			t.Error(err)
		}
		w.wantTold("alice party_join_request")
	}
	wantError(t, ask("eve"), codes.ResourceExhausted, "party join requests full")
	w.want("p", "alice", "alice", "bob carol dave")

	// A session that has ended keeps nobody from asking, its own user least.
	w.ended["dave"] = true
	again := who("dave")
	again.SessionID = "dave's next"
	if _, err := w.Admit("p", again); err != nil {
		t.Error(err)
	}
	wantError(t, w.Accept("p", "alice", named("dave")), codes.NotFound, "party join request not found")
	if _, err := w.Remove("p", "alice", party.Presence{UserID: again.UserID, SessionID: again.SessionID, Username: "dave"}); err != nil {
		t.Error(err)
	}
	wantError(t, ask("bob"), codes.AlreadyExists, "party join request duplicate")
	wantError(t, ask("alice"), codes.AlreadyExists, "party join request already member")
	requests, err := w.Requests("p", "alice")
	if len(requests) != 2 || requests[0].Username != "bob" || err != nil {
		t.Errorf("requests %v, %v", requests, err)
	}

	if err := w.Accept("p", "alice", named("carol")); err != nil {
		t.Error(err)
	}
	w.Joined("p", who("carol"))
	w.Joined("p", who("bob")) // by a module
	w.want("p", "alice", "alice carol bob", "")
	wantError(t, w.Accept("p", "alice", named("dave")), codes.ResourceExhausted, "party full")
	if member, err := w.Remove("p", "alice", named("bob")); !member || err != nil {
		t.Errorf("bob is no member: %v", err)
	}
}

// Only the leader may do this, and only to those who are there.
func TestRefusals(t *testing.T) {
	t.Parallel()
	remove := func(w *world, session, target string) error {
		_, err := w.Remove("p", session, named(target))
		return err
	}
	requests := func(w *world, session string) error {
		_, err := w.Requests("p", session)
		return err
	}
	add := func(w *world, session string) error {
		_, err := w.MatchmakerAdd("p", session, matchmaker.AddRequest{MinCount: 2, MaxCount: 4, CountMultiple: 1})
		return err
	}
	for _, test := range []struct {
		name     string
		do       func(w *world, as string) error
		byLeader string // what the leader is answered; "" is nothing
		byMember string
	}{
		{"promote a stranger", func(w *world, as string) error { return w.Promote("p", as, named("eve")) }, "party member not found", "party leader only"},
		{"accept a stranger", func(w *world, as string) error { return w.Accept("p", as, named("eve")) }, "party join request not found", "party leader only"},
		{"remove a stranger", func(w *world, as string) error { return remove(w, as, "eve") }, "party member not found", "party leader only"},
		{"remove the leader", func(w *world, as string) error { return remove(w, as, "alice") }, "party cannot remove self", "party leader only"},
		{"list requests", requests, "", "party leader only"},
		{"enter the matchmaker", add, "", "party leader only"},
		{"remove an unknown ticket", func(w *world, as string) error { return w.MatchmakerRemove("p", as, "t") }, "matchmaker ticket not found", "party leader only"},
		{"update", func(w *world, as string) error { return w.Update("p", as, "{}", true, true) }, "", "party leader only"},
		{"hide a label", func(w *world, as string) error { return w.Update("p", as, `{"a":1}`, true, true) },
			"party is hidden and label is not empty, invalid operation", "party is hidden and label is not empty, invalid operation"},
		{"a long label", func(w *world, as string) error {
			return w.Update("p", as, `{"a":"`+strings.Repeat("x", 2048)+`"}`, true, false)
		}, "party label too long", "party leader only"},
		{"a label that is no object", func(w *world, as string) error { return w.Update("p", as, `[1]`, true, false) },
			"failed to unmarshal party label: json: cannot unmarshal array into Go value of type map[string]interface {}", "party leader only"},
		{"close", func(w *world, as string) error { return w.Close("p", as) }, "", "party leader only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create("p", party.New{Open: true, MaxSize: 4}, "alice", "bob")
			for _, by := range []struct{ as, want string }{{"bob", test.byMember}, {"alice", test.byLeader}} {
				if err := test.do(w, by.as); (err == nil) != (by.want == "") || err != nil && status.Convert(err).Message() != by.want {
					t.Errorf("%s is answered %v, want %q", by.as, err, by.want)
				}
			}
		})
	}
}

func TestSizesAndLabels(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		n    party.New
		want codes.Code
	}{
		{party.New{MaxSize: 1}, codes.OK},
		{party.New{MaxSize: 256}, codes.OK},
		{party.New{MaxSize: 0}, codes.InvalidArgument},
		{party.New{MaxSize: 257}, codes.InvalidArgument},
		{party.New{MaxSize: 2, Label: "{}"}, codes.OK},
		{party.New{MaxSize: 2, Label: `{"a":"` + strings.Repeat("x", 2048-8) + `"}`}, codes.OK},
		{party.New{MaxSize: 2, Label: `{"a":"` + strings.Repeat("x", 2048-7) + `"}`}, codes.InvalidArgument},
		{party.New{MaxSize: 2, Label: "{"}, codes.InvalidArgument},
		{party.New{MaxSize: 2, Hidden: true, Label: `{"a":1}`}, codes.OK}, // as on Nakama, unlike an update
	} {
		w := newWorld(t)
		if err := w.Create("p", test.n); status.Code(err) != test.want {
			t.Errorf("%+v: %v, want %v", test.n, err, test.want)
		}
		if got := w.Count(); (got == 1) != (test.want == codes.OK) {
			t.Errorf("%+v: %d parties", test.n, got)
		}
	}
}

func TestTalk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("p", party.New{Open: true, MaxSize: 4}, "alice", "bob", "carol")
	if err := w.SendData("p", "bob", 7, []byte("hi")); err != nil {
		t.Error(err)
	}
	data := w.sent[0].out.GetPartyData()
	if data.GetPartyId() != "p" || data.GetOpCode() != 7 || string(data.GetData()) != "hi" || data.GetPresence().GetSessionId() != "bob" {
		t.Errorf("sent %v", data)
	}
	w.wantTold("alice party_data, carol party_data")
	wantError(t, w.SendData("p", "eve", 7, nil), codes.NotFound, "party member not found")

	if err := w.Update("p", "alice", `{"a":1}`, false, false); err != nil {
		t.Error(err)
	}
	w.wantTold("alice party_update, bob party_update, carol party_update")
	if in, err := w.Admit("p", who("dave")); in || err != nil {
		t.Errorf("a party that was closed lets dave in: %v", err)
	}
	w.wantTold("alice party_join_request")
	if err := w.Promote("p", "alice", named("carol")); err != nil {
		t.Error(err)
	}
	w.wantTold("alice party_leader, bob party_leader, carol party_leader")
	if err := w.Close("p", "carol"); err != nil {
		t.Error(err)
	}
	w.wantTold("alice party_close, bob party_close, carol party_close")
	w.Left("p", who("alice"))
	w.wantTold("")
	if w.Count() != 0 {
		t.Error("the party is still there")
	}
}

// Whatever changes who is in a party takes its tickets back.
func TestTickets(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"join":  func(w *world) { w.Joined("p", who("carol")) },
		"leave": func(w *world) { w.Left("p", who("bob")) },
		"lead":  func(w *world) { w.Left("p", who("alice")) },
		"close": func(w *world) { _ = w.Close("p", "alice") },
		"end":   func(w *world) { w.Ended("p") },
	} {
		w := newWorld(t)
		w.create("p", party.New{Open: true, MaxSize: 4}, "alice", "bob")
		w.create("q", party.New{Open: true, MaxSize: 4}, "dave")
		add := func(id, leader string) string {
			ticket, err := w.MatchmakerAdd(id, leader, matchmaker.AddRequest{MinCount: 4, MaxCount: 4, CountMultiple: 1})
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		}
		first := add("p", "alice")
		w.wantTold("bob party_matchmaker_ticket")
		add("p", "alice")
		other := add("q", "dave")
		wantError(t, w.MatchmakerRemove("p", "alice", other), codes.NotFound, "matchmaker ticket not found")
		if err := w.MatchmakerRemove("p", "alice", first); err != nil {
			t.Error(err)
		}
		if w.maker.Count() != 2 {
			t.Errorf("%d tickets before the change", w.maker.Count())
		}
		change(w)
		if w.maker.Count() != 1 {
			t.Errorf("%s leaves %d tickets", name, w.maker.Count())
		}
	}
}

func TestPlayersOfATicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var groups [][]matchmaker.Entry
	w.maker = matchmaker.New(matchmaker.Config{MaxTickets: 3, Interval: time.Second, MaxIntervals: 2, Now: func() time.Time { return w.now }},
		func(g [][]matchmaker.Entry) { groups = g })
	w.Registry = party.NewRegistry(party.Options{Clients: w, Matchmaker: w.maker, Node: "n", Now: func() time.Time { return w.now }, LabelUpdateInterval: 1})
	for id, members := range map[string][]string{"p": {"alice", "bob"}, "q": {"carol", "dave"}} {
		w.create(id, party.New{Open: true, MaxSize: 2}, members...)
		if _, err := w.MatchmakerAdd(id, members[0], matchmaker.AddRequest{MinCount: 4, MaxCount: 4, CountMultiple: 2}); err != nil {
			t.Fatal(err)
		}
	}
	w.maker.Process()
	if len(groups) != 1 {
		t.Fatalf("%d groups", len(groups))
	}
	var got []string
	for _, e := range groups[0] {
		got = append(got, fmt.Sprintf("%s of %s", e.Presence.Username, e.PartyID))
	}
	slices.Sort(got)
	if want := []string{"alice of p", "bob of p", "carol of q", "dave of q"}; !slices.Equal(got, want) {
		t.Errorf("matched %v", got)
	}
}
