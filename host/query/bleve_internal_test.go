package query

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/blevesearch/bleve/v2/numeric"
	bleve "github.com/blevesearch/bleve/v2/search/query"
)

// parseByBleve compiles a query string by the parser that Nakama uses.
func parseByBleve(text string) (*Query, error) {
	tree, err := bleve.NewQueryStringQuery(text).Parse()
	if err != nil {
		return nil, err
	}
	parts := tree.(*bleve.BooleanQuery)
	q := &Query{}
	patterns := parser{patterns: maxPatterns}
	for _, part := range []struct {
		from bleve.Query
		to   *[]clause
	}{{parts.Must, &q.must}, {parts.Should, &q.should}, {parts.MustNot, &q.mustNot}} {
		for _, condition := range conditions(part.from) {
			c, err := fromBleve(&patterns, condition)
			if err != nil {
				return nil, err
			}
			*part.to = append(*part.to, c)
		}
	}
	q.finish()
	return q, nil
}

func conditions(tree bleve.Query) []bleve.Query {
	switch tree := tree.(type) {
	case *bleve.ConjunctionQuery:
		return tree.Conjuncts
	case *bleve.DisjunctionQuery:
		return tree.Disjuncts
	}
	return nil
}

func fromBleve(patterns *parser, tree bleve.Query) (c clause, err error) {
	boost := tree.(bleve.BoostableQuery).Boost()
	if math.IsNaN(boost) || math.IsInf(boost, 0) {
		return c, fmt.Errorf("%v is no boost", boost)
	}
	field := ""
	if tree, ok := tree.(bleve.FieldableQuery); ok {
		field = tree.Field()
	}
	weight := boost
	switch tree := tree.(type) {
	case *bleve.MatchQuery:
		weight *= boost
		if tree.Fuzziness < 0 || tree.Fuzziness > maxFuzziness {
			return c, fmt.Errorf("%d edits", tree.Fuzziness)
		}
		c = clause{kind: term, text: tree.Match}
		if tree.Fuzziness > 0 {
			c.kind, c.similar = similar, fuzzy{want: []rune(tree.Match), edits: tree.Fuzziness}
		}
	case *bleve.MatchPhraseQuery:
		c = clause{kind: never}
	case *bleve.WildcardQuery:
		c, err = patterns.pattern(wildcard(tree.Wildcard))
	case *bleve.RegexpQuery:
		c, err = patterns.pattern(tree.Regexp)
	case *bleve.NumericRangeQuery:
		c = numbersWithin(tree)
	case *bleve.DateRangeQuery:
		weight = 1
		if err = tree.Validate(); err != nil {
			return c, err
		}
		c = clause{kind: between, least: math.MinInt64, most: math.MaxInt64}
		if !tree.Start.IsZero() {
			c.least = tree.Start.UnixNano() + exclusion(tree.InclusiveStart)
		}
		if !tree.End.IsZero() {
			c.most = tree.End.UnixNano() - exclusion(tree.InclusiveEnd)
		}
	case *bleve.DisjunctionQuery: // digits
		text, bounds := tree.Disjuncts[0].(*bleve.MatchQuery), tree.Disjuncts[1].(*bleve.NumericRangeQuery)
		c = numbersWithin(bounds)
		c.kind, c.text, field = number, text.Match, text.Field()
	default:
		return c, fmt.Errorf("unexpected %T", tree)
	}
	c.field, c.weight = field, weight
	return c, err
}

func numbersWithin(tree *bleve.NumericRangeQuery) clause {
	c := clause{kind: between, least: math.MinInt64, most: math.MaxInt64}
	if tree.Min != nil {
		c.least = numeric.Float64ToInt64(*tree.Min) + exclusion(tree.InclusiveMin)
	}
	if tree.Max != nil {
		c.most = numeric.Float64ToInt64(*tree.Max) - exclusion(tree.InclusiveMax)
	}
	return c
}

// exclusion is by how much a bound narrows a range.
func exclusion(inclusive *bool) int64 {
	if inclusive != nil && !*inclusive {
		return 1
	}
	return 0
}

// plain spells out clauses, to be compared.
func plain(clauses []clause) (lines []string) {
	for _, c := range clauses {
		pattern := ""
		if c.pattern != nil {
			pattern = c.pattern.String()
		}
		lines = append(lines, fmt.Sprintf("kind %d %q:%q %d to %d /%s/ ~%d %q ^%v",
			c.kind, c.field, c.text, c.least, c.most, pattern, c.similar.edits, c.similar.want, c.weight))
	}
	return lines
}

func compareWithBleve(t *testing.T, text string) {
	t.Helper()
	if text == "" || text == "*" || len(text) > MaxLength {
		return // which Nakama does not give to bleve
	}
	got, err := Parse(text)
	want, wantErr := parseByBleve(text)
	switch {
	case (err == nil) != (wantErr == nil):
		t.Errorf("%q: error %v, bleve's is %v", text, err, wantErr)
		return
	case err != nil:
		return
	}
	for _, part := range []struct {
		name      string
		got, want []clause
	}{{"must", got.must, want.must}, {"should", got.should, want.should}, {"must not", got.mustNot, want.mustNot}} {
		if got, want := plain(part.got), plain(part.want); !slices.Equal(got, want) {
			t.Errorf("%q %s:\n%q\nwant\n%q", text, part.name, got, want)
		}
	}
}

// queryTexts say everything that the grammar knows, and much that it does not.
var queryTexts = []string{
	"a", "a b", "a:b", "+a:b", "-a:b", "+a -b c", "++a", "+-a", "+ a", "a: b", "a :b", "a : b", ":b", "a:", "a::b", "a:b:c",
	"1:b", "a:1", "1", "-1", "+1", "+-1", "a:-1", "a:- 1", "a:--1", "a:+1", "a:1.", "a:.1", "a:1.2.3", "a:1..", "a:1e3", "a:1x",
	"a:\u0663", "a:1\u0663", "a:1\t", "a\tb", "\ta", "a\nb:c", "a\u00a0b", "\u00a0a", "\u3000a:b", "a:-0", "a:0", "a:007",
	"a:>1", "a:>=1", "a:<1", "a:<=1", "a:> 1", "a:> = 1", "a:>-1", "a:>=-1", "a:>= - 1", "a:=1", "a:>=b", "a:>b", "a:>", "a:>=",
	"a:=>1", "a:<>1", ">1", "a>1", "a:>1:", "a:>1~", "a:1~", "1~", "a:<=-1.5^2", "a:>1.2.3", "a:>1e400", "\"a\":>1",
	"a:b^2", "a:b^", "a:b ^2", "a:b^2 c", "a:b^2\tc", "a:b^x", "a:b^-2", "a:b^1e3", "a:b^0x1p-2", "a:b^1_0", "a:b^nan", "a:b^inf",
	"a:b^1e400", "a:b^1e200", "^2", "a^2^3", "a ^2 ^3", `a:b^\2`, `a:b^\`, `a:b^2\`, "a:1^2", `a:"b"^2`, "a:*^2", "a:/b/^2",
	`a:>"2024-01-02"^2`, "a^2 +b^3 -c^4", "a^:b",
	"a:b~", "a:b~1", "a:b~2", "a:b~3", "a:b~0", "a:b~0.9", "a:b~2.9", "a:b~-0.5", "a:b~-1", "a:b~x", "a:b~nan", "a:b~inf",
	"a:b~1e300", "a:b ~2", "a:b~2^3", "a:b~2 ^3", "a~", "a~2", "~2", "a~2~2", "a ~2 ~2", "a:~2", "a*~", "/a/~", "a:/b/~1", `"a"~1`,
	`"a"`, `"a b"`, `"`, `""`, `"":b`, `"a\"b"`, `"a\qb"`, `"a\`, `"a\"`, `a"b"`, `a:"b"c`, `a:b"`, `a "b`, `"a" "b"`, `"a b":c`,
	`+"a"`, `a:"b`, `"a":"b"`, `1"a"`,
	`a:>"2024-01-02"`, `a:>="2024-01-02T03:04:05Z"`, `a:<"2024-01-02 03:04:05"`, `a:<="2024-01-02T03:04:05"`,
	`a:>"2024-01-02 03:04:05 +0200"`, `a:>"2024-01-02T03:04:05.123456789+02:00"`, `a:>"2024-01-02T03:04:05,5Z"`, `a:>"0001-01-01"`,
	`a:>"0001-01-01T00:00:00Z"`, `a:>"1677-12-01"`, `a:>"1677-11-30T23:59:59.9Z"`, `a:<"2262-04-11T11:59:59Z"`,
	`a:<"2262-04-11T11:59:59.1Z"`, `a:>"now"`, `a:>""`, `a:>"2024-13-01"`, `a:>"2024-02-30"`, `a:>-"2024-01-02"`, `>"2024-01-02"`,
	"*", "a:*", "a:?", "a:b*c?", "*:a", "a*:b", `a:\*`, `a:\\*`, `a:\?b`, "a:b.*", "a:[*]", "a:1*", "a:1?2",
	"/a/", "a:/b/", "/", "//", "a:/", "a://", "a:/b", "a:b/", "a:/b c/", `a:/b\ c/`, `a:/b\:c/`, `a:/\\d+/`, `a:/\d+/`, "a:/(/",
	"a:/[a-z]{3}/", `a:\/b/`, "a:/x{900}y{900}z{900}/", "a:/x{900}/ b:/x{900}/ c:/x{900}/", "a:/x{1001}/", "/a/:b", "a:/b/c/",
	`\`, `\\`, `a\`, `\a`, `\ `, `\ a`, `a\ b`, `a\:b`, `a\:b:c`, `\"a\"`, `\+a`, `\-1`, `a:\-1`, `\1`, `1\`, `1\2`, `1\ 2`, `a:1\`,
	`a:1\ `, `a\qb`, "\\\t", "a\\\tb", "\\\n", `\^`, `\~`, `a\^2`, `a\~`, `a \`, `+\`, `a:\`, "\\\xff", "\\\u00e9",
	"\x00", "\xff", "a\xff\xfeb", "\xff:\xff", "\"\xff\"", "\ufffd", "\u00e9:\u00e8", "a:\u2028", "\u0085a", "\xa0a", "\xe2\x82",
	"a AND b", "a OR b", "NOT a", "(a b)", "+(a:b)", "a:(b c)", "a:[1 TO 5]", "a:{b}", "a&&b", "a||b", "!a", "a=b", "a:b=c", "=", "=a",
	"+", "-", "+ ", "a +", "a -", " ", "   ", "\t", "a  ", "  a", "a-b", "a+b", "a:b-c", "a:b+c", "a - b", "a:b -c:d", "a:1 -2", "1-2",
	"+label.run:x +label.level:>2", "+label.run:x label.mode:duel^2 label.rank:<0^5", `+properties.run:x +properties.region:eu\ west`,
	"+properties.step:s3 +properties.rank:>5 +properties.rank:<7", "+properties.run:x properties.mode:b^5 properties.mode:c^2",
	"+value.team:red +value.score:>=20 -value.name:Ann", `properties.a:"x`, "properties.a:x^y", "+properties.mode:",
	"+label.mode:/(?i)duel/", "+user_id:0b3c7f2e-5d1a-4c7e-9a55-0f3c1e2d4b6a",
}

func TestParsesAsBleve(t *testing.T) {
	t.Parallel()
	for _, text := range queryTexts {
		for _, whole := range []string{text, "+" + text, "-f:" + text, "f:" + text + " g:h", "g:h " + text} {
			compareWithBleve(t, whole)
		}
	}
}

// FuzzParseAsBleve wants that both parsers accept the same texts, and read the same
// clauses in them.
func FuzzParseAsBleve(f *testing.F) {
	for _, text := range queryTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { compareWithBleve(t, text) })
}

func FuzzNumbersAsBleve(f *testing.F) {
	for _, n := range []float64{0, math.Copysign(0, -1), 1, -1, 15.5, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n float64) {
		ordinal := numeric.Float64ToInt64(n)
		if got := order(n); got != ordinal {
			t.Errorf("the order of %v is %d, bleve's %d", n, got, ordinal)
		}
		for shift := range 64 {
			want := numeric.MustNewPrefixCodedInt64(ordinal, uint(shift))
			if got := appendTerm(nil, ordinal, shift); string(got) != string(want) {
				t.Errorf("the term of %v without %d bits is %q, bleve's %q", n, shift, got, want)
			}
		}
	})
}
