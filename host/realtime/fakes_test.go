package realtime

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/session"
)

// userID is the id of a user of the tests.
func userID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte("user "+name)).String()
}

// fakeTokens take "token of NAME" as a session token and "match ID" as a
// matchmaker's.
type fakeTokens struct{}

func (fakeTokens) CheckSocket(token string) (*session.Claims, error) {
	name, ok := strings.CutPrefix(token, "token of ")
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "bad token")
	}
	return &session.Claims{UserID: userID(name), Username: name, Vars: map[string]string{"a": "b"}, Expiry: 77}, nil
}

func (fakeTokens) CheckMatch(token string) (string, error) {
	id, ok := strings.CutPrefix(token, "match ")
	if !ok {
		return "", status.Error(codes.InvalidArgument, "bad token")
	}
	return id, nil
}

// call is something a fake was asked to do.
type call struct {
	what    string // method and match or session
	joiner  match.Joiner
	leaves  []match.Presence
	message match.Message
	request matchmaker.AddRequest
}

// fakeMatches know the match ids of answers and record what they are told.
type fakeMatches struct {
	mu      sync.Mutex
	answers map[string]func(match.Joiner) (match.JoinResult, error)
	calls   chan call
}

func (f *fakeMatches) JoinAttempt(_ context.Context, id string, joiner match.Joiner) (match.JoinResult, error) {
	f.mu.Lock()
	answer := f.answers[id]
	f.mu.Unlock()
	if answer == nil {
		return match.JoinResult{}, status.Error(codes.NotFound, "no such match")
	}
	f.calls <- call{what: "attempt " + id, joiner: joiner}
	return answer(joiner)
}

func (f *fakeMatches) Exists(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answers[id] != nil
}

// end makes a match unknown and tells the server.
func (f *fakeMatches) end(id string, s *Server) {
	f.mu.Lock()
	delete(f.answers, id)
	f.mu.Unlock()
	s.MatchEnded(id)
}

func (f *fakeMatches) Joined(id string, p match.Presence) {
	f.calls <- call{what: "joined " + id, leaves: []match.Presence{p}}
}

func (f *fakeMatches) Leave(id string, leaves []match.Presence) {
	f.calls <- call{what: "leave " + id, leaves: leaves}
}

func (f *fakeMatches) SendData(id string, m match.Message) {
	f.calls <- call{what: "data " + id, message: m}
}

// open makes a match that answers joins so.
func (f *fakeMatches) open(answer func(match.Joiner) (match.JoinResult, error)) string {
	id := uuid.NewString() + "." + testNode
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[id] = answer
	return id
}

// letIn lets everyone in, and remembers who is in.
func letIn(label string) func(match.Joiner) (match.JoinResult, error) {
	var mu sync.Mutex
	var in []match.Presence
	return func(j match.Joiner) (match.JoinResult, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range in {
			if p.SessionID == j.Presence.SessionID {
				return match.JoinResult{Allow: true, Label: label, Presences: in}, nil
			}
		}
		in = append(in[:len(in):len(in)], j.Presence)
		return match.JoinResult{Allow: true, IsNew: true, Label: label, Presences: in}, nil
	}
}

type fakeMatchmaker struct{ calls chan call }

func (f *fakeMatchmaker) Add(r matchmaker.AddRequest) (string, error) {
	switch {
	case r.MinCount < 2:
		return "", status.Error(codes.InvalidArgument, "counts")
	case r.Query == "bad":
		return "", status.Error(codes.Unknown, "query")
	case r.Query == "broken":
		return "", errors.New("secret")
	}
	f.calls <- call{what: "add", request: r}
	return "ticket-1", nil
}

func (f *fakeMatchmaker) Remove(sessionID, ticket string) error {
	if ticket != "ticket-1" {
		return status.Error(codes.NotFound, "no ticket")
	}
	f.calls <- call{what: "remove " + sessionID}
	return nil
}

func (f *fakeMatchmaker) RemoveSession(sessionID string) {
	f.calls <- call{what: "remove session " + sessionID}
}

// fakeRuntime has a few RPCs.
type fakeRuntime struct {
	mu    sync.Mutex
	last  *session.Caller
	block chan struct{} // "block" waits for it, or for its context
}

func (f *fakeRuntime) HasRPC(id string) bool {
	switch id {
	case "echo", "raise", "not found", "break", "binary", "block":
		return true
	}
	return false
}

func (f *fakeRuntime) RPC(ctx context.Context, id string, caller *session.Caller, payload string) (string, error) {
	f.mu.Lock()
	f.last = caller
	f.mu.Unlock()
	switch id {
	case "raise":
		return "", status.Error(codes.Internal, "told to raise")
	case "not found":
		return "", status.Error(codes.NotFound, "raised as not found")
	case "break":
		return "", errors.New("secret")
	case "binary":
		return "\xff", nil
	case "block":
		select {
		case <-f.block:
		case <-ctx.Done():
		}
	}
	return payload, nil
}

// fakeUsers know alice, bob and carol.
type fakeUsers struct{}

func (fakeUsers) Find(_ context.Context, ids, names []string) ([]User, error) {
	var found []User
	for _, name := range []string{"alice", "bob", "carol"} {
		for _, id := range ids {
			if id == userID(name) {
				found = append(found, User{ID: id, Username: name})
			}
		}
		for _, other := range names {
			switch other {
			case name:
				found = append(found, User{ID: userID(name), Username: name})
			case "broken":
				return nil, errors.New("secret")
			}
		}
	}
	return found, nil
}
