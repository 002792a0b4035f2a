package realtime

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/matchmaker"
)

// Alice and Bob meet in an authoritative match: each answer comes before the own
// presence event, leaves out the joiner, and the match is told of all.
func TestAuthoritativeMatch(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", "lang=fr"), s.dial("bob", "format=protobuf")
	id := s.matches.open(letIn("duel"))

	alice.write(`{"cid":"1","match_join":{"match_id":"` + id + `","metadata":{"k":"v"}}}`)
	alice.want(`{"cid":"1","match":{"match_id":"` + id + `","authoritative":true,"label":"duel","self":$alice.presence}}`)
	alice.want(`{"match_presence_event":{"match_id":"` + id + `","joins":[$alice.presence]}}`)
	asked := took(t, s.matches.calls, "attempt "+id).joiner
	if asked.Presence != (match.Presence{UserID: userID("alice"), SessionID: alice.sid, Username: "alice", Node: testNode}) || asked.Metadata["k"] != "v" {
		t.Errorf("the match was asked %+v", asked)
	}
	if c := asked.Caller; c.Lang != "fr" || c.Vars["a"] != "b" || c.Expiry != 77 || c.ClientIP != "127.0.0.1" || c.ClientPort == "" || c.SessionID != alice.sid {
		t.Errorf("the match was asked by %+v", c)
	}
	took(t, s.matches.calls, "joined "+id)

	bob.write(`{"cid":"2","match_join":{"match_id":"` + id + `"}}`)
	bob.want(`{"cid":"2","match":{"match_id":"`+id+`","authoritative":true,"label":"duel","size":1,"presences":[$alice.presence],"self":$bob.presence}}`, alice)
	bob.want(`{"match_presence_event":{"match_id":"` + id + `","joins":[$bob.presence]}}`)
	alice.want(`{"match_presence_event":{"match_id":"`+id+`","joins":[$bob.presence]}}`, bob)

	bob.write(`{"cid":"3","match_join":{"match_id":"` + id + `"}}`)
	bob.want(`{"cid":"3","match":{"match_id":"`+id+`","authoritative":true,"label":"duel","size":2,"presences":[$alice.presence,$bob.presence],"self":$bob.presence}}`, alice)
	alice.quiet()

	bob.write(`{"match_data_send":{"match_id":"` + id + `","op_code":"7","data":"aGk="}}`)
	m := took(t, s.matches.calls, "data "+id).message
	if m.OpCode != 7 || string(m.Data) != "hi" || m.Sender.SessionID != bob.sid || m.ReceiveTimeMs != 1_700_000_000_123 || m.Reliable {
		t.Errorf("the match got %+v", m)
	}
	sender := m.Sender
	s.server.Send(id, []match.Presence{m.Sender, asked.Presence, {SessionID: "stranger"}}, match.Broadcast{OpCode: 8, Data: []byte("yo"), Sender: &sender, Reliable: true})
	for _, c := range []*client{alice, bob} {
		c.want(`{"match_data":{"match_id":"`+id+`","presence":$bob.presence,"op_code":"8","data":"eW8=","reliable":true}}`, bob)
	}

	bob.write(`{"cid":"4","match_leave":{"match_id":"` + id + `"}}`)
	bob.want(`{"cid":"4"}`)
	alice.want(`{"match_presence_event":{"match_id":"`+id+`","leaves":[$bob.presence]}}`, bob)
	if left := took(t, s.matches.calls, "leave "+id).leaves; left[0].Reason != match.ReasonLeave || left[0].SessionID != bob.sid {
		t.Errorf("the match was left by %+v", left)
	}
	bob.quiet()

	_ = alice.conn.Close()
	if left := took(t, s.matches.calls, "leave "+id).leaves; left[0].Reason != match.ReasonDisconnect || left[0].SessionID != alice.sid {
		t.Errorf("the match was left by %+v", left)
	}
}

// A match refuses: with a reason, without one, and because it is too busy.
func TestRefusedJoin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice := s.dial("alice", "")
	for want, answer := range map[string]func(match.Joiner) (match.JoinResult, error){
		"no room": func(match.Joiner) (match.JoinResult, error) { return match.JoinResult{Reason: "no room"}, nil },
		"Match join rejected": func(match.Joiner) (match.JoinResult, error) {
			return match.JoinResult{}, nil
		},
		"busy": func(match.Joiner) (match.JoinResult, error) {
			return match.JoinResult{}, status.Error(codes.ResourceExhausted, "busy")
		},
		"An internal error occurred; the server's log says more.": func(match.Joiner) (match.JoinResult, error) {
			return match.JoinResult{}, errors.New("secret")
		},
	} {
		alice.write(`{"cid":"1","match_join":{"match_id":"` + s.matches.open(answer) + `"}}`)
		e := alice.read()["error"].(map[string]any)
		if e["code"] != 5.0 || e["message"] != want {
			t.Errorf("%v, want 5 %q", e, want)
		}
	}
}

// A socket is closed while its join is being decided: the match is told that it
// has left, and nobody is left behind on the stream.
func TestClosedWhileJoining(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice := s.dial("alice", "")
	id := s.matches.open(func(match.Joiner) (match.JoinResult, error) {
		s.server.DisconnectSession(alice.sid, match.ReasonDisconnect)
		return match.JoinResult{Allow: true, IsNew: true}, nil
	})
	alice.write(`{"cid":"1","match_join":{"match_id":"` + id + `"}}`)
	took(t, s.matches.calls, "leave "+id)
	alice.closed()
	if n := s.server.Presences(); n != 0 {
		t.Errorf("%d presences are left", n)
	}
}

// Kicks take members off the stream; the kicked hear nothing. A match that has
// ended leaves no trace and tells nobody; one that failed closes its sockets.
func TestKickAndEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	id := s.matches.open(letIn(""))
	members := map[*client]match.Presence{}
	for _, c := range []*client{alice, bob} {
		c.write(`{"match_join":{"match_id":"` + id + `"}}`)
		c.skipTo("match_presence_event")
		members[c] = match.Presence{UserID: userID(c.name), SessionID: c.sid, Node: testNode}
	}
	alice.skipTo("match_presence_event")

	elsewhere := members[bob]
	elsewhere.Node = "node2"
	other := members[bob]
	other.UserID = userID("carol")
	s.server.Kick(id, []match.Presence{elsewhere, other, {SessionID: "gone", Node: testNode}})
	s.server.Kick("nonsense", []match.Presence{members[bob]})
	alice.quiet()
	s.server.Kick(id, []match.Presence{members[bob]})
	alice.want(`{"match_presence_event":{"match_id":"`+id+`","leaves":[$bob.presence]}}`, bob)
	if left := took(t, s.matches.calls, "leave "+id).leaves; left[0].Reason != match.ReasonLeave {
		t.Errorf("the match was left by %+v", left)
	}
	bob.quiet()
	bob.write(`{"match_data_send":{"match_id":"` + id + `"}}`)
	bob.quiet()

	before := s.server.Presences()
	s.server.MatchEnded(id)
	if n := s.server.Presences(); n != before-1 {
		t.Errorf("%d presences after the end, %d before", n, before)
	}
	alice.write(`{"cid":"1","match_leave":{"match_id":"` + id + `"}}`)
	alice.want(`{"cid":"1"}`)

	s.server.Disconnect([]match.Presence{members[alice], {SessionID: "gone"}})
	if _, code, text := alice.closed(); code != 1000 || text != "match failed" {
		t.Errorf("closed with %d %q", code, text)
	}
	bob.quiet()
}

// Three meet in a relayed match: everyone, the named, and nobody else gets data.
func TestRelayedMatch(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob, carol := s.dial("alice", ""), s.dial("bob", "format=protobuf"), s.dial("carol", "")
	alice.write(`{"cid":"1","match_create":{}}`)
	frame := alice.read()
	id := frame["match"].(map[string]any)["match_id"].(string)
	alice.same(frame, `{"cid":"1","match":{"match_id":"`+id+`","size":1,"self":$alice.presence}}`)
	alice.want(`{"match_presence_event":{"match_id":"` + id + `","joins":[$alice.presence]}}`)

	bob.write(`{"cid":"2","match_join":{"match_id":"` + id + `"}}`)
	bob.want(`{"cid":"2","match":{"match_id":"`+id+`","size":1,"presences":[$alice.presence],"self":$bob.presence}}`, alice)
	bob.want(`{"match_presence_event":{"match_id":"` + id + `","joins":[$bob.presence]}}`)
	alice.want(`{"match_presence_event":{"match_id":"`+id+`","joins":[$bob.presence]}}`, bob)
	carol.write(`{"match_join":{"match_id":"` + id + `"}}`)
	carol.skipTo("match_presence_event")
	alice.skipTo("match_presence_event")
	bob.skipTo("match_presence_event")

	if m, ok := s.server.RelayedMatch(id); !ok || m != (match.Listing{ID: id, Size: 3}) {
		t.Errorf("listed as %+v %v", m, ok)
	}
	if list := s.server.RelayedMatches(); len(list) != 1 || list[0].ID != id {
		t.Errorf("listed as %+v", list)
	}

	send := func(from *client, more string) {
		from.write(`{"cid":"lost","match_data_send":{"match_id":"` + id + `"` + more + `}}`)
	}
	data := func(more string) string {
		return `{"match_data":{"match_id":"` + id + `","presence":$alice.presence` + more + `}}`
	}
	send(alice, `,"op_code":"1","data":"eA=="`)
	bob.want(data(`,"op_code":"1","data":"eA=="`), alice)
	carol.want(data(`,"op_code":"1","data":"eA=="`), alice)
	alice.quiet()
	send(alice, `,"reliable":true,"presences":[{"user_id":"`+userID("bob")+`","session_id":"`+bob.sid+`"}]`)
	bob.want(data(`,"reliable":true`), alice)
	send(alice, `,"presences":[{"user_id":"`+userID("alice")+`","session_id":"`+alice.sid+`"}]`)
	alice.want(data(``))
	send(alice, `,"presences":[{"user_id":"nope","session_id":"`+bob.sid+`"}]`)
	send(alice, `,"presences":[{"user_id":"`+userID("bob")+`","session_id":"`+uuid.NewString()+`"}]`)
	alice.quiet()

	carol.write(`{"cid":"3","match_leave":{"match_id":"` + id + `"}}`)
	carol.want(`{"cid":"3"}`)
	send(carol, "")
	carol.quiet()
	for _, c := range []*client{alice, bob} {
		c.want(`{"match_presence_event":{"match_id":"`+id+`","leaves":[$carol.presence]}}`, carol)
	}
	_ = bob.conn.Close()
	alice.want(`{"match_presence_event":{"match_id":"`+id+`","leaves":[$bob.presence]}}`, bob)
	alice.write(`{"cid":"4","match_leave":{"match_id":"` + id + `"}}`)
	alice.want(`{"cid":"4"}`)
	if _, ok := s.server.RelayedMatch(id); ok {
		t.Error("an empty relayed match is listed")
	}
	carol.write(`{"cid":"5","match_join":{"match_id":"` + id + `"}}`)
	carol.want(`{"cid":"5","error":{"code":4}}`)
}

// A name always makes the same match id; whoever comes second joins.
func TestNamedMatch(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "")
	const id = "1039c5a7-e165-5525-8e46-30948e621853."
	create := `{"cid":"1","match_create":{"name":"conformance fixed name"}}`
	alice.write(create)
	alice.want(`{"cid":"1","match":{"match_id":"` + id + `","size":1,"self":$alice.presence}}`)
	alice.skipTo("match_presence_event")
	bob.write(create)
	bob.want(`{"cid":"1","match":{"match_id":"`+id+`","size":2,"presences":[$alice.presence],"self":$bob.presence}}`, alice)
	bob.skipTo("match_presence_event")
	bob.write(create)
	bob.want(`{"cid":"1","match":{"match_id":"`+id+`","size":2,"presences":[$alice.presence,$bob.presence],"self":$bob.presence}}`, alice)
	bob.quiet()

	// The id in other letters is the same match.
	bob.write(`{"match_data_send":{"match_id":"1039C5A7-E165-5525-8E46-30948E621853.","op_code":"1"}}`)
	alice.skipTo("match_presence_event")
	alice.want(`{"match_data":{"match_id":"`+id+`","presence":$bob.presence,"op_code":"1"}}`, bob)
}

// Followers see statuses come, change and go; every socket sees its own user's.
func TestStatus(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "format=protobuf")
	of := func(status string) string {
		return `{"user_id":"$bob.id","session_id":"$bob.sid","username":"bob","status":"` + status + `"}`
	}
	alice.write(`{"cid":"1","status_follow":{"user_ids":["` + userID("bob") + `"],"usernames":["bob"]}}`)
	alice.want(`{"cid":"1","status":{}}`)
	if s.server.Online(userID("bob")) {
		t.Error("bob is online without a status")
	}
	update := func(status, event string) {
		t.Helper()
		bob.write(`{"cid":"2","status_update":{` + status + `}}`)
		bob.want(`{"cid":"2"}`)
		bob.want(event)
	}
	for _, step := range []struct{ status, event string }{
		{`"status":"hello"`, `{"status_presence_event":{"joins":[` + of("hello") + `]}}`},
		{`"status":""`, `{"status_presence_event":{"joins":[` + of("") + `],"leaves":[` + of("hello") + `]}}`},
		{``, `{"status_presence_event":{"leaves":[` + of("") + `]}}`},
		{`"status":"back"`, `{"status_presence_event":{"joins":[` + of("back") + `]}}`},
	} {
		update(step.status, step.event)
		alice.want(step.event, bob)
	}
	if !s.server.Online(userID("bob")) {
		t.Error("bob has a status and is not online")
	}
	alice.write(`{"cid":"3","status_follow":{"user_ids":["` + userID("bob") + `"]}}`)
	alice.want(`{"cid":"3","status":{"presences":[`+of("back")+`]}}`, bob)

	phone := s.dial("alice", "status=true")
	if frame := alice.read(); frame["status_presence_event"] == nil {
		t.Errorf("alice saw %v instead of her own status", frame)
	}
	_ = phone.conn.Close()
	alice.skipTo("status_presence_event")

	alice.write(`{"cid":"4","status_unfollow":{"user_ids":["` + userID("bob") + `"]}}`)
	alice.want(`{"cid":"4"}`)
	_ = bob.conn.Close()
	eventually(t, "sessions", s.server.Sessions, 1)
	alice.quiet()
}

// The matchmaker's news reaches each of a group with its own ticket.
func TestMatched(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob := s.dial("alice", ""), s.dial("bob", "format=protobuf")
	alice.write(`{"cid":"1","matchmaker_add":{"min_count":2,"max_count":4,"query":"*","count_multiple":2,"string_properties":{"a":"b"},"numeric_properties":{"n":1.5}}}`)
	alice.skipTo("matchmaker_ticket")
	r := took(t, s.maker.calls, "add").request
	if r.SessionID != alice.sid || len(r.Presences) != 1 || r.Presences[0].Node != testNode || r.MinCount != 2 || r.MaxCount != 4 || r.CountMultiple != 2 {
		t.Errorf("the matchmaker got %+v", r)
	}

	entry := func(c *client, ticket string) matchmaker.Entry {
		return matchmaker.Entry{
			Ticket: ticket, Presence: matchmaker.Presence{UserID: userID(c.name), SessionID: c.sid, Username: c.name, Node: testNode},
			StringProperties: map[string]string{"a": "b"}, NumericProperties: map[string]float64{"n": 1.5},
		}
	}
	gone := entry(alice, "t3")
	gone.Presence.SessionID = "gone"
	user := func(c string) string {
		return `{"presence":$` + c + `.presence,"string_properties":{"a":"b"},"numeric_properties":{"n":1.5}}`
	}
	for way, want := range map[[2]string]string{{"m.node1", ""}: `"match_id":"m.node1"`, {"", "token"}: `"token":"token"`} {
		s.server.Matched([]matchmaker.Entry{entry(alice, "t1"), entry(bob, "t2")}, way[0], way[1])
		users := `"users":[` + user("alice") + `,` + user("bob") + `]`
		alice.want(`{"matchmaker_matched":{"ticket":"t1",`+want+`,`+users+`,"self":`+user("alice")+`}}`, bob)
		bob.want(`{"matchmaker_matched":{"ticket":"t2",`+want+`,`+users+`,"self":`+user("bob")+`}}`, alice)
	}
	s.server.Matched([]matchmaker.Entry{gone}, "m", "")

	_ = alice.conn.Close()
	took(t, s.maker.calls, "remove session "+alice.sid)
}

// With single_match a join takes the socket out of its other matches; with
// single_socket a second socket of the user closes the first and says why.
func TestSingles(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *Options) { o.SingleMatch, o.SingleSocket = true, true })
	alice := s.dial("alice", "")
	first, second := s.matches.open(letIn("")), s.matches.open(letIn(""))
	for _, id := range []string{first, second} {
		alice.write(`{"match_join":{"match_id":"` + id + `"}}`)
		alice.skipTo("match_presence_event")
	}
	took(t, s.matches.calls, "leave "+first)
	alice.write(`{"match_join":{"token":"match ` + uuid.NewString() + `."}}`)
	alice.skipTo("match_presence_event")
	took(t, s.matches.calls, "leave "+second)

	again := s.dial("alice", "")
	frames, code, text := alice.closed()
	if code != 1000 || text != "server-side session disconnect" || len(frames) != 1 {
		t.Fatalf("closed with %d %q after %v", code, text, frames)
	}
	notice := frames[0]["notifications"].(map[string]any)["notifications"].([]any)[0].(map[string]any)
	if notice["code"] != -7.0 || notice["subject"] != "single_socket" || notice["content"] != "{}" {
		t.Errorf("told %v", notice)
	}
	again.quiet()
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice, bob, bob2 := s.dial("alice", ""), s.dial("bob", ""), s.dial("bob", "")
	id := s.matches.open(letIn(""))
	alice.write(`{"match_join":{"match_id":"` + id + `"}}`)
	alice.skipTo("match_presence_event")
	if !s.server.DisconnectSession(alice.sid, match.ReasonUpdate) || s.server.DisconnectSession("gone", 0) {
		t.Error("an open session was not found, or a closed one was")
	}
	if left := took(t, s.matches.calls, "leave "+id).leaves; left[0].Reason != match.ReasonUpdate {
		t.Errorf("the match was left by %+v", left)
	}
	if _, _, text := alice.closed(); text != "server-side session disconnect" {
		t.Errorf("closed with %q", text)
	}
	s.server.DisconnectUser(userID("bob"), UserBanned)
	s.server.DisconnectUser("nobody", UserBanned)
	for _, c := range []*client{bob, bob2} {
		frames, _, _ := c.closed()
		notice := frames[0]["notifications"].(map[string]any)["notifications"].([]any)[0].(map[string]any)
		if notice["code"] != -8.0 || notice["subject"] != "banned" {
			t.Errorf("told %v", notice)
		}
	}
}

// An RPC that takes long: the session's end cancels it, and the match need not wait
// for it to hear of the leave.
func TestEndDuringRPC(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	alice := s.dial("alice", "")
	id := s.matches.open(letIn(""))
	alice.write(`{"match_join":{"match_id":"` + id + `"}}`)
	alice.skipTo("match_presence_event")
	alice.write(`{"cid":"1","rpc":{"id":"block"}}`)
	began := time.Now()
	s.server.DisconnectSession(alice.sid, match.ReasonDisconnect)
	took(t, s.matches.calls, "leave "+id)
	if frames, _, _ := alice.closed(); len(frames) != 0 {
		t.Errorf("an answer came after the end: %v", frames)
	}
	if time.Since(began) > patience {
		t.Error("the end waited for the RPC")
	}
}
