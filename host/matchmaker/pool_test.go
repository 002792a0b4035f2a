package matchmaker

import (
	"cmp"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// randomRequest is a ticket of a small world, in which tickets often fit and
// often nearly fit. The queries have few shapes, and some have one of their own.
func randomRequest(r *rand.Rand, n int) AddRequest {
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	multiple := 1 + r.IntN(3)/2
	lowest := multiple * (1 + r.IntN(3))
	if lowest < 2 {
		lowest = 2
	}
	req := AddRequest{
		MinCount:          lowest,
		MaxCount:          lowest + multiple*r.IntN(4),
		CountMultiple:     multiple,
		StringProperties:  map[string]string{"mode": pick("x", "y", "5", "05"), "region": pick("eu", "us", "as")},
		NumericProperties: map[string]float64{"skill": float64(r.IntN(40)), "room": float64(r.IntN(n))},
	}
	switch r.IntN(12) {
	case 0:
		delete(req.NumericProperties, "skill")
	case 1:
		delete(req.NumericProperties, "skill")
		req.StringProperties["skill"] = "20"
	case 2:
		delete(req.StringProperties, "region")
	}
	if r.IntN(4) == 0 {
		req.NumericProperties["mode"] = 5
	}
	low := r.IntN(40)
	skill := fmt.Sprintf("+properties.skill:>=%d +properties.skill:<=%d", low, low+r.IntN(20))
	mode, region := pick("x", "y", "5", "05"), pick("eu", "us", "as")
	req.Query = pick(
		"*",
		"+properties.mode:"+mode,
		"+properties.mode:"+mode+" +properties.region:"+region,
		"+properties.mode:"+mode+" "+skill,
		skill+" +properties.skill:>3",
		"+properties.mode:"+mode+" "+skill+" properties.region:"+region+"^3",
		"+properties.mode:"+mode+" -properties.region:"+region,
		"properties.mode:"+mode+" properties.region:"+region,
		"+properties.region:"+region+" properties.skill:>20",
		"+properties.mode:x +properties.mode:y",
		fmt.Sprintf("+properties.room:%d", r.IntN(n)),
		fmt.Sprintf("+properties.room:%d +properties.skill:>=%d", r.IntN(n), low),
		fmt.Sprintf("+max_count:>=%d -properties.skill:%d", r.IntN(6), low),
	)
	sessions := 1 + r.IntN(6)/5*(1+r.IntN(2))
	for i := range sessions {
		// Some sessions have several tickets.
		id := fmt.Sprint(r.IntN(n))
		if i > 0 {
			id = fmt.Sprintf("%d/%d", n+r.IntN(n), i)
		}
		req.Presences = append(req.Presences, Presence{SessionID: id})
	}
	if sessions > 1 {
		req.PartyID = fmt.Sprint(r.IntN(n))
	} else {
		req.SessionID = req.Presences[0].SessionID
	}
	return req
}

func newTestMatchmaker(mutual bool, matched func([][]Entry)) *Matchmaker {
	seconds := int64(0)
	return New(Config{
		MaxTickets:   1 << 20,
		Interval:     time.Hour,
		MaxIntervals: 3,
		RevPrecision: mutual,
		Now:          func() time.Time { seconds++; return time.Unix(seconds, 0) },
		Log:          slog.New(slog.DiscardHandler),
	}, matched)
}

// TestSameAsBruteForce runs the same random pools with and without an index.
func TestSameAsBruteForce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var got []string
			r := rand.New(rand.NewPCG(seed, 1))
			m := newTestMatchmaker(seed%3 == 0, nil)
			brute := map[string]*bruteTicket{}
			for interval := range 5 {
				n := 5 << r.IntN(7)
				for range n {
					id, err := m.Add(randomRequest(r, n))
					if err != nil {
						t.Fatal(err)
					}
					brute[id] = &bruteTicket{ticket: m.tickets[id]}
				}
				want := bruteForce(m, brute)
				got = got[:0]
				for _, group := range m.process() {
					got = append(got, idsOf(group))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("interval %d: groups\n%s\nwant\n%s", interval, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

func idsOf(group []Entry) string {
	var ids []string
	for _, e := range group {
		ids = append(ids, e.Ticket)
	}
	return strings.Join(slices.Compact(ids), " ")
}

// bruteTicket is what brute force knows of a ticket.
type bruteTicket struct {
	*ticket
	intervals int
	matched   bool
}

// bruteForce asks every query about every ticket. What it makes of the hits it
// leaves to former, which other tests check.
func bruteForce(m *Matchmaker, tickets map[string]*bruteTicket) (groups []string) {
	var pool []*bruteTicket
	for _, t := range m.pool {
		if b := tickets[t.id]; !b.matched {
			pool = append(pool, b)
		}
	}
	for _, b := range pool {
		equal := b.min == b.max
		if b.matched || b.intervals >= m.cfg.MaxIntervals || equal && b.intervals > 0 {
			continue
		}
		b.intervals++
		f := former{seeker: b.ticket, mutual: m.cfg.RevPrecision}
		var group []*ticket
		for _, hit := range bruteHits(b, pool) {
			if group = f.add(hit); group != nil {
				break
			}
		}
		if group == nil && (equal || b.intervals == m.cfg.MaxIntervals) {
			group = f.settle()
		}
		if group == nil {
			continue
		}
		var ids []string
		for _, t := range group {
			tickets[t.id].matched = true
			ids = append(ids, t.id)
		}
		groups = append(groups, strings.Join(ids, " "))
	}
	return groups
}

func bruteHits(b *bruteTicket, pool []*bruteTicket) (hits []*ticket) {
	scores := map[*ticket]float64{}
	for _, other := range pool {
		if other == b || other.matched || other.min < b.min || other.max > b.max ||
			b.partyID != "" && other.partyID == b.partyID {
			continue
		}
		if score, ok := b.query.Match(other.doc); ok {
			hits = append(hits, other.ticket)
			scores[other.ticket] = score
		}
	}
	slices.SortStableFunc(hits, func(x, y *ticket) int { return cmp.Compare(scores[y], scores[x]) })
	return hits
}

// TestGroupsKeepTheRules checks what must hold for every group of random pools.
func TestGroupsKeepTheRules(t *testing.T) {
	t.Parallel()
	groups := 0
	for seed := range uint64(40) {
		mutual := seed%2 == 0
		tickets := map[string]*ticket{}
		matched := map[string]bool{}
		check := func(group []Entry) {
			t.Helper()
			var members []*ticket
			sessions := map[string]bool{}
			for _, e := range group {
				if sessions[e.Presence.SessionID] {
					t.Errorf("session %s is in a group twice", e.Presence.SessionID)
				}
				sessions[e.Presence.SessionID] = true
				if !slices.Contains(members, tickets[e.Ticket]) {
					members = append(members, tickets[e.Ticket])
				}
			}
			seeker := members[len(members)-1]
			for _, x := range members {
				if matched[x.id] {
					t.Errorf("ticket %s is in two groups", x.id)
				}
				matched[x.id] = true
				if n := len(group); n < x.min || n > x.max || n%x.multiple != 0 {
					t.Errorf("%d players for a ticket of %d to %d by %d", n, x.min, x.max, x.multiple)
				}
				if x != seeker && !seeker.wants(x) {
					t.Error("a ticket was not found by the seeker's query")
				}
				for _, y := range members {
					if mutual && x != y && !x.wants(y) {
						t.Error("a group is not mutual")
					}
				}
			}
			groups++
		}
		m := newTestMatchmaker(mutual, func(found [][]Entry) {
			for _, group := range found {
				check(group)
			}
		})
		r := rand.New(rand.NewPCG(seed, 2))
		for range 5 {
			for range 60 {
				id, err := m.Add(randomRequest(r, 60))
				if err != nil {
					t.Fatal(err)
				}
				tickets[id] = m.tickets[id]
			}
			m.Process()
		}
		if len(matched)+m.Count() != len(tickets) {
			t.Errorf("%d of %d tickets matched, %d wait", len(matched), len(tickets), m.Count())
		}
	}
	if groups < 1000 {
		t.Errorf("only %d groups", groups)
	}
}

// TestLeaveOut compares the choice with the best of all subsets.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	for range 500 {
		var tickets []*ticket
		for range 1 + r.IntN(8) {
			tickets = append(tickets, &ticket{created: r.Int64N(1000), entries: make([]Entry, 1+r.IntN(3))})
		}
		players := 1 + r.IntN(5)
		want, possible := 0.0, false
		for set := 1; set < 1<<len(tickets); set++ {
			size, sum, count := 0, int64(0), 0
			for i, x := range tickets {
				if set&(1<<i) != 0 {
					size += x.size()
					sum += x.created
					count++
				}
			}
			if average := float64(sum) / float64(count); size == players && (!possible || average < want) {
				want, possible = average, true
			}
		}
		got := leaveOut(tickets, players)
		if !possible {
			if got != nil {
				t.Errorf("left out %d tickets where none fit", len(got))
			}
			continue
		}
		sum, size := int64(0), 0
		for _, x := range got {
			sum += x.created
			size += x.size()
		}
		if average := float64(sum) / float64(len(got)); size != players || average > want+1e-9 {
			t.Errorf("left out %d players of the average age %v, want %d of %v", size, average, players, want)
		}
	}
}

var poolRegions = []string{"af", "as", "eu", "sa"}

var poolShapes = []string{
	`+properties.mode:{mode} +properties.skill:>={low} +properties.skill:<={high}`,
	`+properties.mode:{mode} +properties.region:{region} +properties.skill:>={low} +properties.skill:<={high}`,
	`+properties.mode:{mode} +properties.skill:>={low} +properties.skill:<={high} -properties.region:{other}`,
	`+properties.mode:{mode} +properties.skill:>={low} +properties.skill:<={high} properties.region:{region}^5`,
	`+properties.mode:{mode} +properties.skill:>={low} +properties.skill:<={high} +properties.rank:>=1`,
}

// lonely is a request in a pool where four at a time ask for each other, but want
// to be more.
func lonely(i int) AddRequest {
	cell := i / 4
	band := cell / 10
	low := 10 * band
	mode, region := fmt.Sprintf("m%d", cell%10), poolRegions[band%len(poolRegions)]
	lowest := 6 + 2*(band%3)
	session := fmt.Sprint(i)
	return AddRequest{
		Presences: []Presence{{SessionID: session}},
		SessionID: session,
		MinCount:  lowest, MaxCount: lowest + 2, CountMultiple: 1,
		StringProperties:  map[string]string{"mode": mode, "region": region},
		NumericProperties: map[string]float64{"skill": float64(low + i%4), "rank": float64(1 + i%50)},
		Query: strings.NewReplacer("{mode}", mode, "{region}", region,
			"{other}", poolRegions[(band+1)%len(poolRegions)],
			"{low}", fmt.Sprint(low), "{high}", fmt.Sprint(low+9)).Replace(poolShapes[band%len(poolShapes)]),
	}
}

// duel is a request for one other, whoever it is.
func duel(i int) AddRequest {
	session := fmt.Sprint(i)
	return AddRequest{
		Presences: []Presence{{SessionID: session}},
		SessionID: session,
		MinCount:  2, MaxCount: 2, CountMultiple: 1,
		StringProperties:  map[string]string{"mode": "duel"},
		NumericProperties: map[string]float64{"skill": float64(i * 7919 % 3000)},
	}
}

func filled(b *testing.B, n int, request func(int) AddRequest) *Matchmaker {
	b.Helper()
	m := newTestMatchmaker(false, func([][]Entry) {})
	m.cfg.MaxIntervals = 1 << 30
	for i := range n {
		if _, err := m.Add(request(i)); err != nil {
			b.Fatal(err)
		}
	}
	return m
}

var poolSizes = []int{300, 1000, 3000, 10000}

func BenchmarkAdd(b *testing.B) {
	for _, n := range poolSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := filled(b, n, lonely)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				id, err := m.Add(lonely(n + i%1000))
				if err != nil {
					b.Fatal(err)
				}
				if err := m.Remove(m.tickets[id].sessionID, id); err != nil {
					b.Fatal(err)
				}
				if i%1000 == 999 {
					m.waiting()
				}
			}
		})
	}
}

// BenchmarkProcess is a pass over tickets that all search and find too few.
func BenchmarkProcess(b *testing.B) {
	for _, n := range poolSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := filled(b, n, lonely)
			b.ReportAllocs()
			for b.Loop() {
				m.Process()
			}
			if m.Count() != n {
				b.Fatalf("%d tickets wait", m.Count())
			}
		})
	}
}

// BenchmarkRush is a pass over players who all came since the last one, and of whom
// nearly all are matched.
func BenchmarkRush(b *testing.B) {
	for _, shape := range []string{"*", "+properties.mode:duel", "+properties.skill:>=%d +properties.skill:<=%d",
		"+properties.mode:duel properties.skill:>=%d^2 properties.skill:<=%d"} {
		for _, n := range poolSizes {
			b.Run(fmt.Sprintf("%.20s/%d", shape, n), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					m := filled(b, n, func(i int) AddRequest {
						req := duel(i)
						skill := int(req.NumericProperties["skill"])
						req.Query = shape
						if strings.Contains(shape, "%") {
							req.Query = fmt.Sprintf(shape, max(skill-100, 0), skill+100)
						}
						return req
					})
					b.StartTimer()
					m.Process()
				}
			})
		}
	}
}
