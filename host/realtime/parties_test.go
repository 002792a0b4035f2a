package realtime

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"nkhost/host/party"
	"nkhost/host/session"
)

// create makes a party and reads what its creator is sent.
func (c *client) create(options string) (partyID string) {
	c.t.Helper()
	c.write(`{"cid":"create","party_create":{` + options + `}}`)
	made := c.skipTo("cid")
	if made["party"] == nil {
		c.t.Fatalf("%s: %v", c.name, made)
	}
	c.skipTo("party_presence_event")
	return made["party"].(map[string]any)["party_id"].(string)
}

// ask sends a message about a party and wants a frame with its cid, past all others.
func (c *client) ask(message, partyID, more, want string, others ...*client) {
	c.t.Helper()
	c.write(fmt.Sprintf(`{"cid":"ask","%s":{"party_id":"%s"%s}}`, message, partyID, more))
	c.same(c.skipTo("cid"), want, others...)
}

// presence is a member as a client of a party names it.
func (c *client) presence() string {
	return fmt.Sprintf(`,"presence":{"user_id":%q,"session_id":%q,"username":%q}`, userID(c.name), c.sid, c.name)
}

func partyStreamOf(t *testing.T, partyID string) Stream {
	t.Helper()
	stream, ok := partyStream(partyID)
	if !ok {
		t.Fatalf("%q is no party's id", partyID)
	}
	return stream
}

// Each sees each frame, in its order: the answer stands before what it leads to, and who is
// in the party before who has come.
func TestAParty(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob, carol := s.dial("alice", ""), s.dial("bob", "format=protobuf"), s.dial("carol", "")
	all := []*client{alice, bob, carol}

	alice.write(`{"cid":"1","party_create":{"open":true,"max_size":3,"label":"{\"a\":1}"}}`)
	made := alice.read()
	id := made["party"].(map[string]any)["party_id"].(string)
	if _, node, _ := strings.Cut(id, "."); node != testNode {
		t.Errorf("the party's id is %q", id)
	}
	p := fmt.Sprintf(`"party_id":%q`, id)
	alice.same(made, `{"cid":"1","party":{`+p+`,"open":true,"max_size":3,"label":"{\"a\":1}",
		"self":$alice.presence,"leader":$alice.presence,"presences":[$alice.presence]}}`)
	alice.want(`{"party":{` + p + `,"open":true,"max_size":3,"self":$alice.presence,"leader":$alice.presence,"presences":[$alice.presence]}}`)
	alice.want(`{"party_presence_event":{` + p + `,"joins":[$alice.presence]}}`)

	bob.write(`{"cid":"2","party_join":{` + p + `}}`)
	bob.want(`{"cid":"2"}`)
	bob.want(`{"party":{`+p+`,"open":true,"max_size":3,"self":$bob.presence,"leader":$alice.presence,"presences":[$alice.presence,$bob.presence]}}`, alice)
	for _, c := range all[:2] {
		c.want(`{"party_presence_event":{`+p+`,"joins":[$bob.presence]}}`, bob)
	}
	bob.write(`{"cid":"3","party_join":{` + p + `}}`)
	bob.want(`{"cid":"3"}`)
	bob.quiet()

	alice.write(`{"cid":"4","party_update":{` + p + `}}`)
	for _, c := range all[:2] {
		c.want(`{"party_update":{` + p + `}}`)
	}
	alice.want(`{"cid":"4"}`)
	carol.write(`{"cid":"5","party_join":{` + p + `}}`)
	carol.want(`{"cid":"5"}`)
	alice.want(`{"party_join_request":{`+p+`,"presences":[$carol.presence]}}`, carol)
	alice.write(`{"cid":"6","party_accept":{` + p + carol.presence() + `}}`)
	carol.want(`{"party":{`+p+`,"max_size":3,"self":$carol.presence,"leader":$alice.presence,"presences":[$alice.presence,$bob.presence,$carol.presence]}}`, alice, bob)
	for _, c := range all {
		c.want(`{"party_presence_event":{`+p+`,"joins":[$carol.presence]}}`, carol)
	}
	alice.want(`{"cid":"6"}`)

	carol.write(`{"cid":"7","party_data_send":{` + p + `,"op_code":"5","data":"aGk="}}`)
	carol.want(`{"cid":"7"}`)
	for _, c := range all[:2] {
		c.want(`{"party_data":{`+p+`,"presence":$carol.presence,"op_code":"5","data":"aGk="}}`, carol)
	}
	alice.write(`{"cid":"8","party_matchmaker_add":{` + p + `,"min_count":4,"max_count":4}}`)
	ticket := alice.read()["party_matchmaker_ticket"].(map[string]any)["ticket"].(string)
	for _, c := range all[1:] {
		c.want(`{"party_matchmaker_ticket":{` + p + `,"ticket":"` + ticket + `"}}`)
	}

	alice.write(`{"cid":"9","party_remove":{` + p + carol.presence() + `}}`)
	for _, c := range all[:2] {
		c.want(`{"party_presence_event":{`+p+`,"leaves":[$carol.presence]}}`, carol)
	}
	alice.want(`{"cid":"9"}`)
	carol.want(`{"party_close":{` + p + `}}`)
	if s.tickets.Count() != 0 {
		t.Error("the ticket waits on without carol")
	}

	_ = alice.conn.Close()
	bob.want(`{"party_leader":{` + p + `,"presence":$bob.presence}}`)
	bob.want(`{"party_presence_event":{`+p+`,"leaves":[$alice.presence]}}`, alice)
	bob.write(`{"cid":"10","party_close":{` + p + `}}`)
	bob.want(`{"party_close":{` + p + `}}`)
	bob.want(`{"cid":"10"}`)
	bob.quiet()
	if n := s.server.StreamCount(partyStreamOf(t, id)); n != 0 {
		t.Errorf("%d are on the stream of a party that was closed", n)
	}
}

// Modules see parties as streams, and change them as such.
func TestPartiesAsStreams(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob, carol := s.dial("alice", ""), s.dial("bob", ""), s.dial("carol", "")
	id := alice.create(`"open":false,"max_size":2`)
	stream := partyStreamOf(t, id)
	if list := s.server.StreamUserList(stream, true, true); len(list) != 1 || list[0].Username != "alice" {
		t.Errorf("the stream has %v", list)
	}
	join := func(c *client) {
		t.Helper()
		if _, err := s.server.StreamUserJoin(stream, userID(c.name), c.sid, Meta{}); err != nil {
			t.Error(err)
		}
	}
	join(bob)
	if got := bob.skipTo("party")["party"].(map[string]any)["party_id"]; got != id {
		t.Errorf("bob is told of %v", got)
	}
	join(carol) // for whom there is no room
	carol.ask("party_data_send", id, "", `{"cid":"ask","error":{"code":3}}`)
	if found, _ := s.parties.Get(id); len(found.Members) != 2 || s.server.StreamCount(stream) != 3 {
		t.Errorf("the members are %v", found.Members)
	}
	if err := s.server.StreamUserUpdate(stream, userID("alice"), alice.sid, Meta{Status: "away"}); err != nil {
		t.Error(err)
	}
	if err := s.server.StreamUserLeave(stream, userID("alice"), alice.sid); err != nil {
		t.Error(err)
	}
	if found, _ := s.parties.Get(id); found.Leader.Username != "bob" || len(found.Members) != 1 {
		t.Errorf("without alice %v leads %v", found.Leader, found.Members)
	}
	s.server.StreamClose(stream)
	if _, err := s.parties.Get(id); status.Code(err) != codes.NotFound {
		t.Errorf("after its stream was closed the party is still there: %v", err)
	}

	// Neither another node's party nor a stream beside a party's is a party's.
	other := alice.create(`"open":true,"max_size":2`)
	beside := partyStreamOf(t, other)
	for _, change := range []func(*Stream){
		func(stream *Stream) { stream.Label = "elsewhere" },
		func(stream *Stream) { stream.Subcontext = uuid.New() },
	} {
		stream = beside
		change(&stream)
		join(bob)
		s.server.StreamClose(stream)
	}
	if found, err := s.parties.Get(other); len(found.Members) != 1 || err != nil {
		t.Errorf("the other party has %v, %v", found.Members, err)
	}
}

func TestPartyErrorTexts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	id := alice.create(`"max_size":1`)
	absent := uuid.NewString() + "." + testNode
	for _, test := range []struct{ message, more, id, want string }{
		{"party_create", `"max_size":257`, "", "Invalid party max size, must be 1-256"},
		{"party_create", ``, "", "Invalid party max size, must be 1-256"},
		{"party_create", `"max_size":2,"label":"x"`, "", "Error creating party: failed to unmarshal party label: invalid character 'x' looking for beginning of value"},
		{"party_join", "", "x", "Invalid party ID"},
		{"party_join", "", "x.y", "Invalid party ID"},
		{"party_join", "", absent, "Error joining party: party not found"},
		{"party_join", "", id, "Error joining party: party full"},
		{"party_leave", "", "x", "Invalid party ID"},
		{"party_close", "", absent, "Error closing party: party not found"},
		{"party_close", "", id, "Error closing party: party leader only"},
		{"party_join_request_list", "", id, "Error listing party join requests: party leader only"},
		{"party_promote", "", id, "Invalid presence"},
		{"party_promote", bob.presence()[1:], id, "Error promoting new party leader: party leader only"},
		{"party_accept", bob.presence()[1:], id, "Error accepting party join request: party leader only"},
		{"party_accept", `"presence":{"user_id":"a","session_id":"b"}`, id, "Invalid presence"},
		{"party_remove", bob.presence()[1:], id, "Error removing party member or join request: party leader only"},
		{"party_matchmaker_add", "", id, "Error adding party to matchmaker: party leader only"},
		{"party_matchmaker_remove", "", id, "Invalid matchmaker ticket"},
		{"party_matchmaker_remove", `"ticket":"t"`, id, "Error removing party from matchmaker: party leader only"},
		{"party_data_send", "", id, "Error sending party data: party member not found"},
		{"party_update", "", id, "Error updating party: party leader only"},
		{"party_update", `"hidden":true,"label":"{\"a\":1}"`, id, "Error updating party: party is hidden and label is not empty, invalid operation"},
	} {
		more := test.more
		if test.id != "" {
			more = strings.TrimSuffix(`"party_id":"`+test.id+`",`+more, ",")
		}
		bob.write(`{"cid":"1","` + test.message + `":{` + more + `}}`)
		answer, _ := bob.read()["error"].(map[string]any)
		if answer["message"] != test.want || answer["code"] != 3.0 {
			t.Errorf("%s %s: %v, want %s", test.message, more, answer, test.want)
		}
	}
}

func TestAcceptingWhoHasGone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	id := alice.create(`"max_size":2`)
	bob.ask("party_join", id, "", `{"cid":"ask"}`)
	alice.skipTo("party_join_request")
	_ = bob.conn.Close()
	eventually(t, "sessions", s.server.Sessions, 1)
	alice.ask("party_accept", id, bob.presence(), `{"cid":"ask","error":{"code":3}}`)
	alice.ask("party_join_request_list", id, "", fmt.Sprintf(`{"cid":"ask","party_join_request":{"party_id":%q}}`, id))

	again := s.dial("bob", "")
	again.ask("party_join", id, "", `{"cid":"ask"}`)
	alice.ask("party_accept", id, again.presence(), `{"cid":"ask"}`)
	again.skipTo("party")
}

func TestOneParty(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.SingleParty = true })
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	first := alice.create(`"open":true,"max_size":2`)
	bob.ask("party_join", first, "", `{"cid":"ask"}`)
	second := bob.create(`"max_size":2`)
	alice.ask("party_join", second, "", `{"cid":"ask"}`)
	members := func(id string, want int) {
		t.Helper()
		if found, _ := s.parties.Get(id); len(found.Members) != want {
			t.Errorf("the members are %v, want %d", found.Members, want)
		}
	}
	members(first, 1)
	members(second, 1)
	bob.ask("party_accept", second, alice.presence(), `{"cid":"ask"}`)
	members(first, 0)
	members(second, 2)
}

// player is a session without a connection.
type player struct {
	*Local
	t     *testing.T
	self  client // for its presence
	party string // of which it was told last
}

func (s *stage) local(name string) *player {
	s.t.Helper()
	caller := &session.Caller{UserID: userID(name), Username: name, SessionID: s.server.newSessionID()}
	p := &player{t: s.t, self: client{name: name, sid: caller.SessionID}}
	local, err := s.server.OpenLocal(caller, func(out *rtapi.Envelope) {
		if made := out.GetParty(); made != nil {
			p.party = made.PartyId
		}
	})
	if err != nil {
		s.t.Error(err)
	}
	p.Local = local
	return p
}

func (p *player) handle(text string) {
	in := &rtapi.Envelope{}
	if err := protojson.Unmarshal([]byte(text), in); err != nil {
		p.t.Error(err)
	}
	p.Handle(in)
}

func (p *player) ask(message, partyID, more string) {
	p.handle(fmt.Sprintf(`{"%s":{"party_id":"%s"%s}}`, message, partyID, more))
}

// Many join, leave, promote, disconnect and look for a match at once. Whatever comes of it,
// the leader is a member, the members are those on the stream, and nothing is left at the
// end; newStage and goleak see to that.
func TestPartiesAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	lead := s.local("lead")
	defer lead.Close()
	lead.handle(`{"party_create":{"open":true,"max_size":6}}`)
	id := lead.party
	stream := partyStreamOf(t, id)
	const users, rounds = 8, 30
	var running sync.WaitGroup
	for u := range users {
		running.Go(func() {
			name := fmt.Sprint("user", u)
			local := s.local(name)
			for round := range rounds {
				local.ask("party_join", id, "")
				switch (u + round) % 5 {
				case 0:
					local.ask("party_promote", id, local.self.presence())
				case 1:
					local.ask("party_matchmaker_add", id, `,"min_count":2,"max_count":8`)
				case 2:
					local.ask("party_data_send", id, `,"op_code":"1"`)
				case 3:
					local.ask("party_update", id, fmt.Sprintf(`,"open":true,"label":"{\"n\":%d}"`, round))
				case 4:
					local.Close()
					local = s.local(name)
					continue
				}
				local.ask("party_leave", id, "")
			}
			local.Close()
		})
	}
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
		}
		found, err := s.parties.Get(id)
		if err != nil {
			t.Fatalf("the party has ended, though one is always in it: %v", err)
		}
		isLeader := func(p party.Presence) bool { return p == found.Leader }
		if len(found.Members) > 6 || !slices.ContainsFunc(found.Members, isLeader) {
			t.Fatalf("%v leads %v", found.Leader, found.Members)
		}
	}
	found, _ := s.parties.Get(id)
	if len(found.Members) != 1 || found.Leader.Username != "lead" || s.server.StreamCount(stream) != 1 {
		t.Errorf("%v leads %v, and %d are on the stream", found.Leader, found.Members, s.server.StreamCount(stream))
	}
	if n := s.tickets.Count(); n != 0 {
		t.Errorf("%d tickets are left", n)
	}
}
