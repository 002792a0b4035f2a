package matchmaker_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nkhost/host/matchmaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a second later each time somebody looks at it.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(1_700_000_000+c.seconds.Add(1), 0) }

func config() matchmaker.Config {
	return matchmaker.Config{
		MaxTickets:   3,
		Interval:     time.Hour,
		MaxIntervals: 2,
		Now:          new(clock).now,
		Log:          slog.New(slog.DiscardHandler),
	}
}

// world is a matchmaker whose tickets and sessions have short names.
type world struct {
	*matchmaker.Matchmaker
	names  map[string]string // of tickets by their ids
	ids    map[string]string
	groups []string
}

func newWorld(cfg matchmaker.Config) *world {
	w := &world{names: map[string]string{}, ids: map[string]string{}}
	w.Matchmaker = matchmaker.New(cfg, func(groups [][]matchmaker.Entry) {
		for _, group := range groups {
			w.groups = append(w.groups, w.nameOf(group))
		}
	})
	return w
}

func (w *world) nameOf(group []matchmaker.Entry) string {
	var names []string
	for _, e := range group {
		names = append(names, w.names[e.Ticket])
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "")
}

// wish is a ticket in a test: of one player with a session of its own, who wants
// one other, unless it says otherwise.
type wish struct {
	name     string
	query    string
	min, max int // 0 is 2, or the other
	multiple int // 0 is 1
	text     map[string]string
	numbers  map[string]float64
	sessions string // one letter each
	party    string
}

func (w *world) add(t *testing.T, wish wish) {
	t.Helper()
	if wish.min == 0 {
		wish.min = 2
	}
	if wish.sessions == "" {
		wish.sessions = wish.name
	}
	req := matchmaker.AddRequest{
		PartyID:           wish.party,
		Query:             wish.query,
		MinCount:          wish.min,
		MaxCount:          max(wish.min, wish.max),
		CountMultiple:     max(wish.multiple, 1),
		StringProperties:  wish.text,
		NumericProperties: wish.numbers,
	}
	if wish.party == "" {
		req.SessionID = wish.sessions
	}
	for _, id := range wish.sessions {
		req.Presences = append(req.Presences, matchmaker.Presence{SessionID: string(id), UserID: "user " + string(id)})
	}
	id, err := w.Add(req)
	if err != nil {
		t.Fatalf("adding %s: %v", wish.name, err)
	}
	w.names[id], w.ids[wish.name] = wish.name, id
}

// process returns the groups of one interval, each as the names of its tickets.
func (w *world) process() string {
	w.groups = nil
	w.Process()
	return strings.Join(w.groups, " ")
}

func text(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func number(name string, n float64) map[string]float64 { return map[string]float64{name: n} }

const nobody = "+properties.nobody:x"

func TestRules(t *testing.T) {
	t.Parallel()
	anybody := func(names string, lowest, highest int) (all []wish) {
		for _, name := range names {
			all = append(all, wish{name: string(name), min: lowest, max: highest})
		}
		return all
	}
	// Each list of wishes is added before the interval with its number; want says
	// which groups each interval forms.
	tests := []struct {
		name   string
		change func(*matchmaker.Config)
		wishes [][]wish
		want   []string
	}{
		{name: "a pair", wishes: [][]wish{anybody("ab", 2, 2)}, want: []string{"ab"}},
		{name: "two pairs, the oldest together", wishes: [][]wish{anybody("abcd", 2, 2)}, want: []string{"ab cd"}},
		{name: "one alone", wishes: [][]wish{anybody("a", 2, 2)}, want: []string{"", "", ""}},
		{name: "the star finds everybody", wishes: [][]wish{{
			{name: "a", query: "*"}, {name: "b", query: nobody, text: text("x", "y")},
		}}, want: []string{"ab"}},
		{name: "queries keep strangers apart", wishes: [][]wish{{
			{name: "a", query: "+properties.mode:x", text: text("mode", "x")},
			{name: "b", query: "+properties.mode:y", text: text("mode", "y")},
			{name: "c", query: "+properties.mode:x", text: text("mode", "x")},
		}}, want: []string{"ac"}},
		{name: "one-sided interest is enough", wishes: [][]wish{{
			{name: "a", query: nobody, text: text("mode", "any")},
			{name: "b", query: "+properties.mode:any"},
		}}, want: []string{"ab"}},
		{name: "unless matching is mutual",
			change: func(c *matchmaker.Config) { c.RevPrecision = true },
			wishes: [][]wish{{
				{name: "a", query: nobody, text: text("mode", "any")},
				{name: "b", query: "+properties.mode:any"},
			}, anybody("c", 2, 2)}, want: []string{"", ""}},
		{name: "mutual among all of a group",
			change: func(c *matchmaker.Config) { c.RevPrecision = true },
			wishes: [][]wish{{
				{name: "a", min: 3},
				{name: "b", min: 3, query: "-properties.team:c", text: text("team", "b")},
				{name: "c", min: 3, query: "-properties.team:b", text: text("team", "c")},
				{name: "d", min: 3},
			}}, want: []string{"abd"}},
		{name: "mutual matching is dropped when a pass takes too long",
			// The clock advances a second each time it is read.
			change: func(c *matchmaker.Config) { c.RevPrecision, c.RevThreshold, c.Interval = true, 1, time.Second },
			wishes: [][]wish{{
				{name: "a", query: nobody, text: text("mode", "any")},
				{name: "b", query: "+properties.mode:any"},
			}}, want: []string{"ab"}},
		{name: "numbers within bounds", wishes: [][]wish{{
			{name: "a", query: "+properties.skill:>=10 +properties.skill:<=20", numbers: number("skill", 21)},
			{name: "b", query: "+properties.skill:>=20 +properties.skill:<=30", numbers: number("skill", 20)},
			{name: "c", query: "+properties.skill:>20 +properties.skill:<30", numbers: number("skill", 19)},
			{name: "d", query: nobody, numbers: number("skill", 31)},
		}}, want: []string{"ab"}},
		{name: "a number covers a text of the same name", wishes: [][]wish{{
			{name: "a", query: "+properties.x:5"},
			{name: "b", query: nobody, text: text("x", "5"), numbers: number("x", 6)},
			{name: "c", query: nobody, text: text("x", "5")},
		}}, want: []string{"ac"}},
		{name: "fields of the ticket itself", wishes: [][]wish{{
			{name: "a", query: "+min_count:2 +max_count:3", max: 4},
			{name: "b", query: nobody, max: 2},
			{name: "c", query: nobody, max: 3},
		}}, want: []string{"", "ac"}},
		{name: "the better score wins over the longer wait", wishes: [][]wish{{
			{name: "a", query: nobody, text: text("mode", "a")},
			{name: "b", query: nobody, text: text("mode", "b")},
			{name: "c", query: "* properties.mode:b^5 properties.mode:a"},
		}}, want: []string{"bc"}},
		{name: "the longest-waiting wins a tie", wishes: [][]wish{{
			{name: "a", query: nobody, text: text("mode", "a")},
			{name: "b", query: nobody, text: text("mode", "a")},
			{name: "c", query: "properties.mode:a properties.mode:b"},
		}}, want: []string{"ac"}},
		{name: "fewer than the maximum only from the second interval",
			wishes: [][]wish{anybody("ab", 2, 4)}, want: []string{"", "ab"}},
		{name: "the maximum at once",
			wishes: [][]wish{anybody("abcd", 2, 4)}, want: []string{"abcd"}},
		{name: "two who wait are joined by two who come later",
			wishes: [][]wish{anybody("ab", 2, 4), anybody("cd", 2, 4)}, want: []string{"", "abcd"}},
		{name: "more than the maximum", wishes: [][]wish{anybody("abcdef", 2, 4)}, want: []string{"abcd", "ef"}},
		{name: "later when more intervals are allowed",
			change: func(c *matchmaker.Config) { c.MaxIntervals = 4 },
			wishes: [][]wish{anybody("ab", 2, 4)}, want: []string{"", "", "", "ab"}},
		{name: "equal counts search once and then wait to be found", wishes: [][]wish{
			{{name: "a", query: "+properties.mode:x"}},
			{{name: "b", query: nobody, text: text("mode", "x")}},
			{{name: "c", query: nobody}},
			{{name: "d"}},
		}, want: []string{"", "", "", "ad"}},
		{name: "ranges that reach beyond the searcher's are not found", wishes: [][]wish{
			append(anybody("a", 2, 2), anybody("b", 4, 6)...),
			anybody("c", 2, 3),
		}, want: []string{"", "", "ac"}},
		{name: "all must accept the number of players", wishes: [][]wish{{
			{name: "a", min: 2, max: 4},
			{name: "b", min: 3, max: 4, query: nobody},
		}}, want: []string{"", "", ""}},
		{name: "tickets of one session stay apart", wishes: [][]wish{
			{{name: "a", sessions: "s"}, {name: "b", sessions: "s"}},
			{{name: "c", sessions: "t"}},
		}, want: []string{"", "ac"}},
		{name: "also when a third finds them", wishes: [][]wish{{
			{name: "a", sessions: "s", query: nobody, min: 3},
			{name: "b", sessions: "s", query: nobody, min: 3},
			{name: "c", query: nobody, min: 3},
			{name: "d", min: 3},
		}}, want: []string{"acd"}},
		{name: "a hit that can't come along does not hold up the others", wishes: [][]wish{{
			{name: "a", query: nobody, max: 4},
			{name: "b", max: 4, sessions: "s"},
			{name: "c", query: nobody, max: 4, sessions: "s"},
		}}, want: []string{"", "ab"}},
		{name: "a party counts with all its players", wishes: [][]wish{{
			{name: "a", sessions: "stu", party: "p", min: 4},
			{name: "b", min: 4},
		}}, want: []string{"ab"}},
		{name: "a party that is too large", wishes: [][]wish{{
			{name: "a", sessions: "stu", party: "p", min: 4},
			{name: "b", sessions: "vw", party: "q", min: 4},
		}}, want: []string{"", ""}},
		{name: "of two parties for one place the one that was found last", wishes: [][]wish{{
			{name: "a", sessions: "st", party: "p", max: 4, query: nobody},
			{name: "b", sessions: "uv", party: "q", max: 4, query: nobody},
			{name: "c", max: 4},
		}}, want: []string{"", "bc"}},
		{name: "tickets of one party stay apart", wishes: [][]wish{{
			{name: "a", sessions: "s", party: "p"}, {name: "b", sessions: "t", party: "p"},
		}}, want: []string{"", ""}},
		{name: "a multiple leaves out the oldest it found", wishes: [][]wish{{
			{name: "a", query: nobody, min: 2, max: 6, multiple: 2},
			{name: "b", query: nobody, min: 2, max: 6, multiple: 2},
			{name: "c", min: 2, max: 6, multiple: 2},
		}}, want: []string{"", "bc"}},
		{name: "a multiple leaves out tickets that fit the surplus exactly", wishes: [][]wish{{
			{name: "a", query: nobody, min: 3, max: 9, multiple: 3, sessions: "st", party: "p"},
			{name: "b", query: nobody, min: 3, max: 9, multiple: 3},
			{name: "c", min: 3, max: 9, multiple: 3},
		}}, want: []string{"", "ac"}},
		{name: "a multiple that no choice satisfies", wishes: [][]wish{{
			{name: "a", query: nobody, min: 3, max: 9, multiple: 3, sessions: "stu", party: "p"},
			{name: "c", min: 3, max: 9, multiple: 3},
		}}, want: []string{"", "", ""}},
		{name: "the multiples of the others count, too", wishes: [][]wish{{
			{name: "a", query: nobody, min: 2, max: 4, multiple: 2},
			{name: "b", query: nobody, min: 2, max: 4},
			{name: "c", min: 2, max: 4},
		}}, want: []string{"", "", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			if test.change != nil {
				test.change(&cfg)
			}
			w := newWorld(cfg)
			for i := range max(len(test.wishes), len(test.want)) {
				if i < len(test.wishes) {
					for _, wish := range test.wishes[i] {
						w.add(t, wish)
					}
				}
				want := ""
				if i < len(test.want) {
					want = test.want[i]
				}
				if got := w.process(); got != want {
					t.Fatalf("interval %d: groups %q, want %q", i+1, got, want)
				}
			}
		})
	}
}

// The seeker is the last of a group and the best hit the first: the matched hook
// sees them in this order.
func TestOrderOfEntries(t *testing.T) {
	t.Parallel()
	var got []string
	m := matchmaker.New(config(), func(groups [][]matchmaker.Entry) {
		for _, e := range groups[0] {
			got = append(got, e.Presence.SessionID)
		}
	})
	for _, session := range []string{"a", "b", "c"} {
		if _, err := m.Add(request(session)); err != nil {
			t.Fatal(err)
		}
	}
	m.Process()
	if want := []string{"b", "c", "a"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// request is for three players, whoever they are.
func request(session string) matchmaker.AddRequest {
	return matchmaker.AddRequest{
		Presences: []matchmaker.Presence{{SessionID: session}},
		SessionID: session,
		MinCount:  3, MaxCount: 3, CountMultiple: 1,
	}
}
