package matchmaker_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/matchmaker"
)

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*matchmaker.AddRequest)
		want   codes.Code
	}{
		{"nothing", func(*matchmaker.AddRequest) {}, codes.OK},
		{"no minimum", func(r *matchmaker.AddRequest) { r.MinCount = 0 }, codes.InvalidArgument},
		{"a minimum of one", func(r *matchmaker.AddRequest) { r.MinCount = 1 }, codes.InvalidArgument},
		{"a negative minimum", func(r *matchmaker.AddRequest) { r.MinCount = -1 }, codes.InvalidArgument},
		{"a maximum under the minimum", func(r *matchmaker.AddRequest) { r.MaxCount = 2 }, codes.InvalidArgument},
		{"no multiple", func(r *matchmaker.AddRequest) { r.CountMultiple = 0 }, codes.InvalidArgument},
		{"a negative multiple", func(r *matchmaker.AddRequest) { r.CountMultiple = -1 }, codes.InvalidArgument},
		{"a multiple that does not divide the minimum", func(r *matchmaker.AddRequest) {
			r.MaxCount, r.CountMultiple = 6, 2
		}, codes.InvalidArgument},
		{"a multiple that does not divide the maximum", func(r *matchmaker.AddRequest) {
			r.MaxCount, r.CountMultiple = 5, 3
		}, codes.InvalidArgument},
		{"a multiple that divides both", func(r *matchmaker.AddRequest) { r.MaxCount, r.CountMultiple = 6, 3 }, codes.OK},
		{"no player", func(r *matchmaker.AddRequest) { r.Presences = nil }, codes.InvalidArgument},
		{"a session twice", func(r *matchmaker.AddRequest) {
			r.Presences = append(r.Presences, r.Presences[0])
		}, codes.FailedPrecondition},
		{"a query without a value", func(r *matchmaker.AddRequest) { r.Query = "+properties.mode:" }, codes.Unknown},
		{"an open quote", func(r *matchmaker.AddRequest) { r.Query = `properties.a:"x` }, codes.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := matchmaker.New(config(), nil)
			req := request("a")
			test.change(&req)
			_, err := m.Add(req)
			if status.Code(err) != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if count := m.Count(); (count == 1) != (err == nil) {
				t.Errorf("%d tickets", count)
			}
		})
	}
}

func TestTicketsOfASession(t *testing.T) {
	t.Parallel()
	m := matchmaker.New(config(), nil)
	var ids []string
	for range 3 {
		id, err := m.Add(request("a"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	wantCode := func(err error, want codes.Code) {
		t.Helper()
		if status.Code(err) != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	_, err := m.Add(request("a"))
	wantCode(err, codes.ResourceExhausted)
	wantCode(m.Remove("b", ids[0]), codes.InvalidArgument)
	wantCode(m.Remove("a", "nope"), codes.InvalidArgument)
	wantCode(m.Remove("a", ids[0]), codes.OK)
	wantCode(m.Remove("a", ids[0]), codes.InvalidArgument)
	_, err = m.Add(request("a"))
	wantCode(err, codes.OK)
	_, err = m.Add(request("b"))
	wantCode(err, codes.OK)

	m.RemoveSession("a")
	m.RemoveSession("a")
	if got := m.Count(); got != 1 {
		t.Errorf("%d tickets, want that of b", got)
	}
}

func TestTicketsOfAParty(t *testing.T) {
	t.Parallel()
	m := matchmaker.New(config(), nil)
	party := func(sessions ...string) matchmaker.AddRequest {
		req := matchmaker.AddRequest{PartyID: "p", MinCount: 3, MaxCount: 3, CountMultiple: 1}
		for _, s := range sessions {
			req.Presences = append(req.Presences, matchmaker.Presence{SessionID: s})
		}
		return req
	}
	var ids []string
	for i := range 3 {
		id, err := m.Add(party("a", fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if _, err := m.Add(party("b")); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a fourth ticket of the party: %v", err)
	}
	if _, err := m.Add(request("a")); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a fourth ticket of the session: %v", err)
	}
	if err := m.Remove("", ids[0]); status.Code(err) != codes.InvalidArgument {
		t.Errorf("removing a party's ticket: %v", err)
	}
	m.RemoveSession("1")
	if got := m.Count(); got != 2 {
		t.Errorf("%d tickets, want 2", got)
	}
	if _, err := m.Add(party("b")); err != nil {
		t.Errorf("a third ticket of the party: %v", err)
	}
	solo, _ := m.Add(request("s"))
	for _, wrong := range []struct{ party, ticket string }{{"q", ids[0]}, {"p", ids[1]}, {"p", solo}, {"", solo}} {
		if err := m.RemoveParty(wrong.party, wrong.ticket); status.Code(err) != codes.NotFound {
			t.Errorf("party %q removed the ticket %q: %v", wrong.party, wrong.ticket, err)
		}
	}
	if err := m.RemoveParty("p", ids[0]); err != nil || m.Count() != 3 {
		t.Errorf("%d tickets after the party's first was removed: %v", m.Count(), err)
	}
	m.RemovePartyAll("q")
	m.RemovePartyAll("p")
	if got := m.Count(); got != 1 {
		t.Errorf("%d tickets, want that of s", got)
	}
}

// Players a and b are put into a group; before the pass is over, b's socket
// closes. The group must not be announced, and a still waits for c.
func TestRemoveDuringAPass(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.RevPrecision, cfg.RevThreshold = true, 1 // so that each search looks at the clock
	var atLook func()
	now := cfg.Now
	cfg.Now = func() time.Time {
		if atLook != nil {
			atLook()
		}
		return now()
	}
	w := newWorld(cfg)
	for _, name := range []string{"a", "b"} {
		w.add(t, wish{name: name})
	}
	w.add(t, wish{name: "c", query: nobody})
	looks := 0
	atLook = func() {
		// At the start of Process and of the pass, at the search of a and at that of c.
		if looks++; looks == 4 {
			w.RemoveSession("b")
		}
	}
	if got := w.process(); got != "" {
		t.Fatalf("groups %q", got)
	}
	if looks < 4 {
		t.Fatalf("b never left: %d looks", looks)
	}
	atLook = nil
	w.add(t, wish{name: "d"})
	if got := w.process(); got != "ad" {
		t.Errorf("groups %q, want ad", got)
	}
	if got := w.Count(); got != 1 {
		t.Errorf("%d tickets, want c's", got)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Interval = time.Second
		cfg.Now = time.Now
		groups := make(chan int, 2)
		m := matchmaker.New(cfg, func(g [][]matchmaker.Entry) { groups <- len(g) })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.Run(ctx)
		}()
		start := time.Now()
		for round := range 2 {
			for i := range 3 {
				if _, err := m.Add(request(fmt.Sprint(i))); err != nil {
					t.Fatal(err)
				}
			}
			<-groups
			if took, want := time.Since(start), time.Duration(round+1)*time.Second; took != want {
				t.Errorf("round %d: matched after %v, want %v", round, took, want)
			}
		}
		cancel()
		<-ended
	})
}

// Sockets add and close while passes run; in the end everybody was matched once or
// has left, and nobody was matched twice.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var matched []string
	m := matchmaker.New(config(), func(groups [][]matchmaker.Entry) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range slices.Concat(groups...) {
			matched = append(matched, e.Ticket)
		}
	})
	var users sync.WaitGroup
	for u := range 8 {
		users.Go(func() {
			for i := range 100 {
				session := fmt.Sprintf("%d/%d", u, i)
				if _, err := m.Add(request(session)); err != nil {
					t.Error(err)
				}
				if i%3 == 0 {
					m.RemoveSession(session)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	var passes sync.WaitGroup
	for range 2 {
		passes.Go(func() {
			for ctx.Err() == nil {
				m.Process()
			}
		})
	}
	users.Wait()
	cancel()
	passes.Wait()
	m.Process()

	slices.Sort(matched)
	if len(slices.Compact(slices.Clone(matched))) != len(matched) {
		t.Error("a ticket was matched twice")
	}
	// The tickets all fit, but those that have searched wait for a new one.
	if total := len(matched) + m.Count(); total > 800 || len(matched)%3 != 0 || len(matched) == 0 {
		t.Errorf("%d matched, %d wait", len(matched), m.Count())
	}
}
