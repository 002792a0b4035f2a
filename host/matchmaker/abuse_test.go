package matchmaker

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// pairRequest is a ticket of a session for two players who are like own and want
// somebody who is like wanted.
func pairRequest(session, own, wanted string) AddRequest {
	return AddRequest{
		Presences: []Presence{{SessionID: session}}, SessionID: session, MinCount: 2, MaxCount: 2, CountMultiple: 1,
		Query: "+properties.kind:" + wanted, StringProperties: map[string]string{"kind": own},
	}
}

func mustAdd(t *testing.T, m *Matchmaker, req AddRequest) (id string) {
	t.Helper()
	id, err := m.Add(req)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A socket adds a ticket and removes it, over and over, between two passes.
func TestPoolDoesNotGrowByTicketsThatAreGone(t *testing.T) {
	t.Parallel()
	m := newTestMatchmaker(false, nil)
	for i := range 100 {
		mustAdd(t, m, pairRequest(fmt.Sprint(i), "x", "nobody"))
	}
	before := m.waiting()
	oldest := before[0]
	for range 5000 {
		if err := m.Remove("s", mustAdd(t, m, pairRequest("s", "x", "x"))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.pool); n > 400 {
		t.Errorf("the pool holds %d tickets, of which 100 wait", n)
	}
	if before[0] != oldest || len(before) != 100 {
		t.Error("what a pass reads has changed")
	}
	if got := m.waiting(); len(got) != 100 || got[0] != oldest {
		t.Errorf("%d tickets wait, want the 100 in their order", len(got))
	}
}

// The ticket b is found by a, and c finds nobody since a is taken. Then b goes before
// the pass is over. What was not to be found meanwhile is looked for again, though
// with equal counts a ticket searches but once.
func TestBrokenGroupSearchesAgain(t *testing.T) {
	t.Parallel()
	m := newTestMatchmaker(false, nil)
	mustAdd(t, m, pairRequest("a", "x", "y"))
	b := mustAdd(t, m, pairRequest("b", "y", "nobody"))
	mustAdd(t, m, pairRequest("c", "z", "x"))
	p := newPass(m.cfg, m.seed, m.waiting())
	p.run()
	if len(p.groups) != 1 {
		t.Fatalf("%d groups", len(p.groups))
	}
	if err := m.Remove("b", b); err != nil {
		t.Fatal(err)
	}
	if groups := m.take(p); len(groups) != 0 {
		t.Fatalf("a group without b: %v", groups)
	}
	if groups := m.process(); len(groups) != 1 || m.Count() != 0 {
		t.Errorf("%d groups in the next pass, and %d tickets wait", len(groups), m.Count())
	}
}

// Tickets ask for more players than there are. That is known before any of them is
// looked at; only in the last interval do they take who is there.
func TestPassOverTicketsThatWantTooMany(t *testing.T) {
	t.Parallel()
	const n = 1000
	m := newTestMatchmaker(false, func([][]Entry) {})
	m.cfg.MaxIntervals = 2
	for i := range n {
		req := lonely(i)
		req.Query, req.MinCount, req.MaxCount = "*", 2, 100_000
		mustAdd(t, m, req)
	}
	began := time.Now()
	m.Process()
	if took := time.Since(began); took > 2*time.Second { // it once took half a minute
		t.Errorf("the first interval took %v", took)
	}
	if m.Count() != n {
		t.Errorf("%d tickets wait after the first interval, want all", m.Count())
	}
	if m.Process(); m.Count() != 0 {
		t.Errorf("%d tickets wait after the last", m.Count())
	}
}

// A large group grows without a look at each of its members for each that comes.
func TestLargeDraft(t *testing.T) {
	t.Parallel()
	const n = 20_000
	ticketOf := func(i int) *ticket {
		return &ticket{entries: []Entry{{Presence: Presence{SessionID: fmt.Sprintf("a session with a name as long as a UUID %d", i)}}}}
	}
	f := former{seeker: ticketOf(-1)}
	f.seeker.max = 2 * n
	hits := make([]*ticket, 0, 2*n)
	for i := range n {
		hits = append(hits, ticketOf(i))
	}
	began := time.Now()
	for _, hit := range hits {
		f.add(hit)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	if d := &f.drafts[0]; len(f.drafts) != 1 || d.players != n {
		t.Errorf("%d drafts, the first of %d players", len(f.drafts), d.players)
	}
	f.add(ticketOf(n / 2))
	if len(f.drafts) != 2 {
		t.Error("a session came into a draft twice")
	}
}

// A search that panics does not end the process, nor the searches of others.
func TestPanicInASearch(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	matched := 0
	m := newTestMatchmaker(false, func(groups [][]Entry) { matched += len(groups) })
	m.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	m.tickets[mustAdd(t, m, pairRequest("a", "x", "x"))].query = nil
	mustAdd(t, m, pairRequest("b", "y", "y"))
	mustAdd(t, m, pairRequest("c", "y", "y"))
	m.Process()
	if matched != 1 || m.Count() != 1 {
		t.Errorf("%d groups, %d tickets left", matched, m.Count())
	}
	if !strings.Contains(log.String(), "panicked") || !strings.Contains(log.String(), "process.go") {
		t.Errorf("the log says %q", &log)
	}
}

// Nor does a panic of whoever is told of the groups.
func TestPanicOfTheListener(t *testing.T) {
	t.Parallel()
	m := newTestMatchmaker(false, func([][]Entry) { panic("broken") })
	for round := range 2 {
		mustAdd(t, m, pairRequest("a", "x", "x"))
		mustAdd(t, m, pairRequest("b", "x", "x"))
		m.Process()
		if m.Count() != 0 {
			t.Errorf("round %d: %d tickets left", round, m.Count())
		}
	}
}
