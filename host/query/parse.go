package query

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/blevesearch/bleve/v2/numeric"
	bleve "github.com/blevesearch/bleve/v2/search/query"
)

// MaxLength is the longest query string, in bytes.
const MaxLength = 16 << 10

// Parse compiles a query string. An empty one, or *, matches everything.
func Parse(text string) (*Query, error) {
	q := &Query{}
	if text != "" && text != "*" {
		if err := q.parse(text); err != nil {
			return nil, err
		}
	}
	q.finish()
	return q, nil
}

func (q *Query) parse(text string) error {
	if len(text) > MaxLength {
		return fmt.Errorf("the query is %d bytes long, more than the %d that are allowed", len(text), MaxLength)
	}
	tree, err := bleve.NewQueryStringQuery(text).Parse()
	if err != nil {
		return fmt.Errorf("query %q: %w: clauses such as +field:value are expected", text, err)
	}
	parts, ok := tree.(*bleve.BooleanQuery)
	if !ok {
		return fmt.Errorf("query %q: unexpected %T", text, tree)
	}
	c := compiler{patterns: maxPatterns}
	for _, part := range []struct {
		from bleve.Query
		to   *[]clause
	}{{parts.Must, &q.must}, {parts.Should, &q.should}, {parts.MustNot, &q.mustNot}} {
		*part.to, err = c.all(part.from)
		if err != nil {
			return fmt.Errorf("query %q: %w", text, err)
		}
	}
	return nil
}

// compiler turns bleve's clauses into ours.
type compiler struct {
	patterns int // how much larger the query's patterns may get
}

func (cc *compiler) all(tree bleve.Query) (clauses []clause, err error) {
	var parts []bleve.Query
	switch tree := tree.(type) {
	case nil:
	case *bleve.ConjunctionQuery:
		parts = tree.Conjuncts
	case *bleve.DisjunctionQuery:
		parts = tree.Disjuncts
	default:
		return nil, fmt.Errorf("unexpected %T", tree)
	}
	for _, part := range parts {
		c, err := cc.clause(part)
		if err != nil {
			return nil, err
		}
		clauses = append(clauses, c)
	}
	return clauses, nil
}

func (cc *compiler) clause(tree bleve.Query) (c clause, err error) {
	boost := 1.0
	if b, ok := tree.(bleve.BoostableQuery); ok {
		boost = b.Boost()
	}
	if math.IsNaN(boost) || math.IsInf(boost, 0) {
		return c, fmt.Errorf("%v is no boost", boost)
	}
	if f, ok := tree.(bleve.FieldableQuery); ok {
		c.field = f.Field()
	}
	c.weight = boost
	switch tree := tree.(type) {
	case *bleve.MatchQuery:
		// The index applies this boost twice: to the term, and to what wraps it.
		c.weight *= boost
		return c, c.setText(tree.Match, tree.Fuzziness)
	case *bleve.MatchPhraseQuery:
		c.kind = never
	case *bleve.WildcardQuery:
		return c, cc.pattern(&c, wildcard(tree.Wildcard))
	case *bleve.RegexpQuery:
		return c, cc.pattern(&c, tree.Regexp)
	case *bleve.NumericRangeQuery:
		c.setBounds(tree)
	case *bleve.DateRangeQuery:
		return c, c.setTimes(tree)
	case *bleve.DisjunctionQuery:
		return c, c.setNumber(tree)
	default:
		return c, fmt.Errorf("unexpected %T", tree)
	}
	return c, nil
}

func (c *clause) setText(text string, edits int) error {
	if edits < 0 || edits > maxFuzziness {
		return fmt.Errorf("%s~%d allows %d edits: 0 to %d are possible", text, edits, edits, maxFuzziness)
	}
	c.kind, c.text = term, text
	if edits > 0 {
		c.kind = similar
		c.similar = fuzzy{want: []rune(text), edits: edits}
	}
	return nil
}

// wildcard turns * and ? into the regular expression that they stand for.
func wildcard(text string) string {
	return strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))
}

// maxPatterns bounds the size of a query's regular expressions, counted in their
// parts after the repetitions are written out. It bounds the time of a match, too.
const maxPatterns = 2_000

func (cc *compiler) pattern(c *clause, text string) error {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return fmt.Errorf("pattern /%s/: %w", text, err)
	}
	cc.patterns -= size(parsed)
	if cc.patterns < 0 {
		return fmt.Errorf("pattern /%s/ makes the query's patterns too large", text)
	}
	c.kind = pattern
	c.pattern, err = regexp.Compile(`\A(?:` + parsed.String() + `)\z`)
	if err != nil {
		return fmt.Errorf("pattern /%s/: %w", text, err)
	}
	return nil
}

func size(re *syntax.Regexp) int {
	total := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		total += size(sub)
	}
	if re.Op == syntax.OpRepeat {
		total *= max(re.Min, re.Max, 1)
	}
	return min(total, maxPatterns+1)
}

func (c *clause) setBounds(tree *bleve.NumericRangeQuery) {
	c.kind, c.least, c.most = between, math.MinInt64, math.MaxInt64
	if tree.Min != nil {
		c.setLeast(numeric.Float64ToInt64(*tree.Min), tree.InclusiveMin)
	}
	if tree.Max != nil {
		c.setMost(numeric.Float64ToInt64(*tree.Max), tree.InclusiveMax)
	}
}

// setTimes sets the bounds of a time. Its boost is not counted by the index.
func (c *clause) setTimes(tree *bleve.DateRangeQuery) error {
	if err := tree.Validate(); err != nil {
		return err
	}
	c.kind, c.least, c.most, c.weight = between, math.MinInt64, math.MaxInt64, 1
	if !tree.Start.IsZero() {
		c.setLeast(tree.Start.UnixNano(), tree.InclusiveStart)
	}
	if !tree.End.IsZero() {
		c.setMost(tree.End.UnixNano(), tree.InclusiveEnd)
	}
	return nil
}

func (c *clause) setLeast(bound int64, inclusive *bool) {
	c.least = bound
	if inclusive != nil && !*inclusive && bound < math.MaxInt64 {
		c.least++
	}
}

func (c *clause) setMost(bound int64, inclusive *bool) {
	c.most = bound
	if inclusive != nil && !*inclusive && bound > math.MinInt64 {
		c.most--
	}
}

// setNumber takes the pair into which the grammar turns digits: they are looked
// for as a text and as a number.
func (c *clause) setNumber(tree *bleve.DisjunctionQuery) error {
	for _, part := range tree.Disjuncts {
		switch part := part.(type) {
		case *bleve.MatchQuery:
			c.field, c.text = part.Field(), part.Match
		case *bleve.NumericRangeQuery:
			c.setBounds(part)
		default:
			return errors.New("a clause in a clause")
		}
	}
	c.kind = number
	return nil
}
