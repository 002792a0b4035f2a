package query_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"nkhost/host/query"
)

// labels are the four matches of the recorded scenes list_queries and list_order.
var labels = map[string]string{
	"a": `{"mode": "duel", "rank": 5, "open": true, "tags": ["red", "blue"], "map": {"name": "hall", "size": 3},
		"title": "two words", "date": "2024-01-02", "name": "a"}`,
	"b": `{"mode": "duel", "rank": 10, "open": false, "tags": ["green"], "map": {"name": "attic", "size": 8},
		"title": "Two Words", "name": "b"}`,
	"c": `{"mode": "team", "rank": 15.5, "open": true, "tags": [], "nick": "du-el", "version": "1.2.3", "name": "c"}`,
	"d": `{"mode": "DUEL", "rank": -3, "open": "T", "empty": "", "none": null, "digits": "42", "name": "d"}`,
}

func document(t testing.TB, label string) query.Document {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(label), &value); err != nil {
		t.Fatal(err)
	}
	doc := query.Document{}
	doc.Walk("label", value)
	doc.Keyword("node", "nakama1")
	doc.Number("tick_rate", 20)
	return doc
}

func parse(t testing.TB, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct{ query, want string }{
		{"", "abcd"},
		{"*", "abcd"},
		{"+label.mode:duel", "ab"},
		{"-label.mode:duel", "cd"},
		{"label.mode:duel", "ab"},
		{"label.mode:duel label.mode:team", "abc"},
		{"label.mode:duel -label.rank:10", "a"},
		{"+label.mode:duel +label.rank:5", "a"},
		{"+label.mode:duel label.rank:5", "ab"},
		{"+label.mode:DUEL", "d"},
		{"+label.rank:10", "b"},
		{"+label.rank:15.5", "c"},
		{"+label.rank:-3", "d"},
		{"+label.rank:>5", "bc"},
		{"+label.rank:>=5", "abc"},
		{"+label.rank:<5", "d"},
		{"+label.rank:<=5", "ad"},
		{"+label.rank:>=5 +label.rank:<=10", "ab"},
		{"+label.rank:<0", "d"},
		{"+label.rank:>-10", "abcd"},
		{"+label.open:true", ""},
		{"+label.open:T", "acd"},
		{"+label.open:F", "b"},
		{"+label.tags:red", "a"},
		{"+label.tags:blue", "a"},
		{"+label.map.name:hall", "a"},
		{"+label.map.size:>=3", "ab"},
		{"+label.mode:du*", "ab"},
		{"+label.mode:*el", "ab"},
		{"+label.mode:due?", "ab"},
		{"+label.mode:du?", ""},
		{"+label.mode:*", "abcd"},
		{"+label.rank:*", "abcd"},
		{"+label.date:*", "a"},
		{"+label.nick:du-e*", "c"},
		{"+label.version:1?2.3", "c"},
		{"+label.version:1.2.?", "c"},
		{"+label.mode:/d[uU]el/", "ab"},
		{"+label.mode:/du/", ""},
		{"+label.mode:/duel|team/", "abc"},
		{"+label.mode:/(?i)duel/", "abd"},
		{"+label.mode:/\\\\Qduel/", "ab"},
		{`+label.title:"two words"`, ""},
		{`+label.mode:"duel"`, ""},
		{`-label.mode:"duel"`, "abcd"},
		{`+label.title:two\ words`, "a"},
		{"+label.title:two", ""},
		{"+label.nick:du-el", "c"},
		{`+label.nick:du\-el`, "c"},
		{"+label.version:1.2.3", "c"},
		{"+label.digits:42", "d"},
		{"+label.digits:>40", ""},
		{"+label.date:2024-01-02", ""},
		{`+label.date:>"2023-01-01T00:00:00Z"`, "a"},
		{`+label.date:>="2024-01-02T00:00:00Z"`, "a"},
		{`+label.date:>"2024-01-02T00:00:00Z"`, ""},
		{`+label.date:<="2024-01-02T00:00:00Z"`, "a"},
		{`+label.date:<"2023-01-01T00:00:00Z"`, ""},
		{"+label.empty:*", "d"},
		{"+label.none:*", ""},
		{"+label.missing:x", ""},
		{"+mode:duel", ""},
		{"+label.mode:duell~1", "ab"},
		{"+label.mode:duil~", "ab"},
		{"+label.mode:deul~", "ab"},
		{"+label.mode:dull~", "ab"},
		{"+label.mode:dill~", ""},
		{"+label.mode:dxx~2", ""},
		{"+label.mode:duxx~2", "ab"},
		{"+label.mode:duel~0", "ab"},
		{"+label.mode:duel^5", "ab"},
		{"+label.mode:duel^0", "ab"},
		{"+tick_rate:20", "abcd"},
		{"+node:nakama1", "abcd"},
		{"+node:elsewhere", ""},
		{"+label.mode:duel AND +label.rank:5", "a"},
		{"+(label.mode:duel)", ""},
		{"duel", ""},
		{"+duel", ""},
		{"5", ""},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			t.Parallel()
			q := parse(t, test.query)
			got := ""
			for _, name := range []string{"a", "b", "c", "d"} {
				if _, ok := q.Match(document(t, labels[name])); ok {
					got += name
				}
			}
			if got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestMatchNumbersAsText(t *testing.T) {
	t.Parallel()
	doc := document(t, `{"text": "010", "number": 10, "both": [10, "10"], "when": "2024-01-02 03:04:05"}`)
	for text, want := range map[string]bool{
		"label.text:010":                      true,
		"label.text:10":                       false,
		"label.number:010":                    true,
		"label.number:10.":                    true,
		"label.both:10":                       true,
		`label.when:>="2024-01-02T03:04:05Z"`: true,
		`label.when:>"2024-01-02T03:04:05Z"`:  false,
	} {
		if _, ok := parse(t, text).Match(doc); ok != want {
			t.Errorf("%s found it: %v", text, ok)
		}
	}
}

func TestScoreOrder(t *testing.T) {
	t.Parallel()
	// The letters are in the order of the score; of equals the earlier one in the
	// alphabet comes first here.
	tests := []struct{ query, want string }{
		{"label.mode:duel +node:nakama1", "abcd"},
		{"+node:nakama1 label.mode:duel^2 label.rank:<0^5", "dabc"},
		{"+node:nakama1 label.name:b^3 label.name:d^2 label.name:a^4", "abdc"},
		{"+node:nakama1 label.mode:team^10", "cabd"},
		{"+node:nakama1 label.rank:>0 label.open:T", "acbd"},
		// A text's boost is squared, a range's is not.
		{"+node:nakama1 label.name:a^3 label.rank:>=15^8", "acbd"},
		{"+node:nakama1 label.name:a^3 label.rank:>=15^10", "cabd"},
		{"+node:nakama1 label.name:a^3 label.digits:42^8", "adbc"},
		{"+node:nakama1 label.name:a^3 label.digits:42^10", "dabc"},
		// A time's boost does not count.
		{`+node:nakama1 label.date:>"2000-01-01T00:00:00Z"^10 label.name:b^2`, "bacd"},
		{"+node:nakama1 label.name:b^-2", "bacd"},
		{"+node:nakama1 label.rank:10^-2", "acdb"},
		// The nearer of two texts is the better.
		{"+node:nakama1 label.name:/[ab]/ label.map.name:hell~ label.map.name:attic~", "bacd"},
		{"+node:nakama1 label.tags:/red|blue/^0.6 label.tags:green", "abcd"},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			t.Parallel()
			q := parse(t, test.query)
			scores := map[string]float64{}
			names := []string{"a", "b", "c", "d"}
			for _, name := range names {
				scores[name], _ = q.Match(document(t, labels[name]))
			}
			slices.SortStableFunc(names, func(x, y string) int {
				switch {
				case scores[x] > scores[y]:
					return -1
				case scores[x] < scores[y]:
					return 1
				}
				return 0
			})
			if got := strings.Join(names, ""); got != test.want {
				t.Errorf("order %q, want %q: %v", got, test.want, scores)
			}
		})
	}
}

func TestScoreOfArrays(t *testing.T) {
	t.Parallel()
	doc := document(t, `{"tags": ["red", "blue", "red"], "ranks": [1, 2, 3]}`)
	for text, want := range map[string]float64{
		"label.tags:*":                   2, // each text once
		"label.tags:red":                 1,
		"label.ranks:>1":                 1, // a range is one condition
		"label.ranks:2":                  1,
		"label.ranks:>1 label.x:y":       1,
		"label.ranks:>1 label.tags:r*^3": 4,
	} {
		if score, ok := parse(t, text).Match(doc); !ok || score != want {
			t.Errorf("%s scores %v, want %v", text, score, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, query, says string }{
		{"no value", "+label.mode:", "syntax error"},
		{"open quote", `+label.title:"two`, "unterminated quote"},
		{"boost is no number", "+label.mode:duel^x", "boost"},
		{"boost is NaN", "+label.mode:duel^nan", "boost"},
		{"boost is infinite", "+label.mode:duel^inf", "boost"},
		{"only plus", "+", "syntax error"},
		{"only colon", ":", "syntax error"},
		{"only blanks", "   ", "syntax error"},
		{"fuzziness is no number", "a:b~x", "fuzziness"},
		{"too fuzzy", "a:b~3", "0 to 2"},
		{"negative fuzziness", "a:b~-1", "0 to 2"},
		{"one slash", "a:/", "error"},
		{"bad pattern", "a:/(/", "missing closing )"},
		{"huge pattern", "a:/((x{100}){100}){10}/", "repeat"},
		{"large pattern", "a:/x{900}y{900}z{900}/", "too large"},
		{"large patterns", "a:/x{900}/ b:/x{900}/ c:/x{900}/", "too large"},
		{"huge number", "a:" + strings.Repeat("9", 400), "number"},
		{"date too early", `a:>"1500-01-01T00:00:00Z"`, "invalid"},
		{"no date", `a:>"yesterday"`, "time"},
		{"too long", strings.Repeat("a ", query.MaxLength), "bytes long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := query.Parse(test.query)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error that says %q", err, test.says)
			}
		})
	}
}

func TestRequired(t *testing.T) {
	t.Parallel()
	unknown := math.Inf(1)
	tests := []struct {
		query, fields string
		best          float64
	}{
		{"*", "", 1},
		{"-a:b", "", 1},
		{"a:b", "a", 1},
		{"a:b^3", "a", 9},
		{"a:b c:d", "", 2},
		{"+a:b +c:>=3^4 +d:5", "a c d", 6},
		{"+a:b c:d^2 e:>5^-3", "a", 5},
		{"+a:b c:d~", "a", unknown},
		{"+a:b +c:x*", "a", unknown},
		{"+a:b~ +c:/x/ +d:x", "d", unknown},
		{`+a:"b"`, "", 1},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			t.Parallel()
			q := parse(t, test.query)
			fields := []string{}
			for _, r := range q.Required() {
				fields = append(fields, r.Field)
			}
			if got := strings.Join(fields, " "); got != test.fields || q.BestScore() != test.best {
				t.Errorf("requires %q, best score %v", got, q.BestScore())
			}
		})
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	doc := document(t, labels["a"])
	q := parse(t, `+label.mode:duel +label.rank:>=1 +label.rank:5 label.title:tow\ words~ -label.map.name:x* label.tags:/r.*/^2`)
	allocs := testing.AllocsPerRun(100, func() {
		if _, ok := q.Match(doc); !ok {
			t.Fatal("not found")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parse(b, "+properties.mode:m1 +properties.skill:>=10 +properties.skill:<=19 properties.region:eu^5")
	}
}

func BenchmarkMatch(b *testing.B) {
	doc := document(b, labels["a"])
	q := parse(b, "+label.mode:duel +label.rank:>=1 +label.rank:<=9 label.title:x^5")
	b.ReportAllocs()
	for b.Loop() {
		q.Match(doc)
	}
}
