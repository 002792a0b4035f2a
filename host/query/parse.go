package query

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"
)

// MaxLength is the longest query string, in bytes.
const MaxLength = 16 << 10

// Parse compiles a query string. An empty one, or *, matches everything.
func Parse(text string) (*Query, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("the query is %d bytes long, more than the %d that are allowed", len(text), MaxLength)
	}
	q := &Query{}
	if text != "" && text != "*" {
		p := parser{lexer: lexer{rest: text}, patterns: maxPatterns}
		if err := p.query(q); err != nil {
			return nil, fmt.Errorf("query %q: %w", text, err)
		}
	}
	q.finish()
	return q, nil
}

// parser reads a query string:
//
//	query  = clause { clause }
//	clause = [ "+" | "-" ] ( value | field ":" ( value | "-" digits | range ) ) [ boost ]
//	value  = word [ fuzziness ] | digits | phrase
//	field  = word | phrase
//	range  = ( ">" | "<" ) [ "=" ] ( [ "-" ] digits | phrase )
//
// A range's phrase is a time.
type parser struct {
	lexer    lexer
	token    token // the next one, not yet taken
	patterns int   // how much larger the query's patterns may get
}

func (p *parser) take() token {
	taken := p.token
	p.token = p.lexer.next()
	return taken
}

func (p *parser) accept(kind tokenKind) bool {
	if p.token.kind != kind {
		return false
	}
	p.take()
	return true
}

// signed takes a token. Digits may have a minus before them.
func (p *parser) signed() token {
	first := p.take()
	if first.kind != minus || p.token.kind != digits {
		return first
	}
	number := p.take()
	number.text = "-" + number.text
	return number
}

func (p *parser) query(q *Query) error {
	p.token = p.lexer.next()
	for {
		if err := p.clause(q); err != nil {
			return err
		}
		if p.token.kind == end {
			return nil
		}
	}
}

func (p *parser) clause(q *Query) error {
	to := &q.should
	switch {
	case p.accept(plus):
		to = &q.must
	case p.accept(minus):
		to = &q.mustNot
	}
	c, boosts, err := p.condition()
	if err != nil {
		return err
	}
	c.weight, err = p.weight(boosts)
	*to = append(*to, c)
	return err
}

// weight takes a boost, if there is one, as often as Nakama's index applies it.
func (p *parser) weight(boosts int) (weight float64, err error) {
	weight = 1
	if p.token.kind != boost {
		return weight, nil
	}
	text := p.take().text
	factor, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(factor) || math.IsInf(factor, 0) {
		return 0, fmt.Errorf("^%s is no boost: a number is expected", text)
	}
	for range boosts {
		weight *= factor
	}
	return weight, nil
}

// condition reads a clause without its sign and its boost. boosts is how often the boost
// counts.
func (p *parser) condition() (c clause, boosts int, err error) {
	first := p.take()
	named := first.kind == word || first.kind == phrase
	if !named || !p.accept(colon) {
		return p.value(first)
	}
	value := p.signed()
	if value.kind == greater || value.kind == less {
		c, boosts, err = p.bound(value.kind)
	} else {
		c, boosts, err = p.value(value)
	}
	c.field = first.text
	return c, boosts, err
}

func (p *parser) value(value token) (c clause, boosts int, err error) {
	switch value.kind {
	case digits:
		c, err = equalTo(value.text)
		return c, 1, err
	case phrase:
		return clause{kind: never}, 1, nil
	case word:
		return p.word(value.text)
	}
	return c, 0, unexpected(value)
}

func unexpected(t token) error {
	if t.kind == openQuote {
		return errors.New("syntax error: unterminated quote")
	}
	return fmt.Errorf("syntax error: unexpected %v: clauses such as +field:value are expected", t)
}

func (p *parser) word(text string) (c clause, boosts int, err error) {
	switch {
	case p.token.kind == fuzziness:
		c, err = nearTo(text, p.take().text)
	case strings.HasPrefix(text, "/") && strings.HasSuffix(text, "/"):
		if text == "/" {
			return c, 0, errors.New("syntax error: a pattern is expected to end with another /")
		}
		c, err = p.pattern(text[1 : len(text)-1])
		return c, 1, err
	case strings.ContainsAny(text, "*?"):
		c, err = p.pattern(wildcard(text))
		return c, 1, err
	default:
		c = clause{kind: term, text: text}
	}
	// The index applies a text's boost twice: to the term, and to what wraps it.
	return c, 2, err
}

func nearTo(text, edits string) (c clause, err error) {
	n, err := strconv.ParseFloat(edits, 64)
	switch {
	case err != nil:
		return c, fmt.Errorf("%s~%s: the fuzziness must be a number", text, edits)
	case !(n > -1 && n < maxFuzziness+1):
		return c, fmt.Errorf("%s~%s allows %s edits: 0 to %d are possible", text, edits, edits, maxFuzziness)
	case int(n) == 0:
		return clause{kind: term, text: text}, nil
	}
	return clause{kind: similar, text: text, similar: fuzzy{want: []rune(text), edits: int(n)}}, nil
}

// equalTo looks for digits as a number, and as a text.
func equalTo(text string) (c clause, err error) {
	n, err := parseNumber(text)
	return clause{kind: number, text: text, least: n, most: n}, err
}

func parseNumber(text string) (ordinal int64, err error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no number that can be represented", text)
	}
	return order(n), nil
}

// bound reads what a number or a time must be greater or less than.
func (p *parser) bound(sign tokenKind) (c clause, boosts int, err error) {
	c = clause{kind: between, least: math.MinInt64, most: math.MaxInt64}
	inclusive := p.accept(equal)
	value := p.signed()
	var limit int64
	switch value.kind {
	case digits:
		boosts = 1
		limit, err = parseNumber(value.text)
	case phrase:
		// The index does not count the boost of a time.
		limit, err = parseTimeBound(value.text)
	default:
		err = unexpected(value)
	}
	if sign == greater {
		c.least = limit
		if !inclusive && limit < math.MaxInt64 {
			c.least++
		}
	} else {
		c.most = limit
		if !inclusive && limit > math.MinInt64 {
			c.most--
		}
	}
	return c, boosts, err
}

// parseTimeBound returns Unix nanoseconds. It takes one form of a time more than
// documents do.
func parseTimeBound(text string) (int64, error) {
	earliest, latest := time.Date(1677, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2262, 4, 11, 11, 59, 59, 0, time.UTC)
	t, ok := parseTime(text)
	if !ok {
		var err error
		if t, err = time.Parse("2006-01-02 15:04:05 -0700", text); err != nil {
			return 0, fmt.Errorf("%q is no time: one such as 2006-01-02T15:04:05Z is expected", text)
		}
	}
	if t.Before(earliest) || t.After(latest) {
		return 0, fmt.Errorf("%q is an invalid time: those from %s to %s are possible", text, earliest.Format(time.RFC3339), latest.Format(time.RFC3339))
	}
	return t.UnixNano(), nil
}

// wildcard turns * and ? into the regular expression that they stand for.
func wildcard(text string) string {
	return strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))
}

// maxPatterns bounds the size of a query's regular expressions, counted in their
// parts after the repetitions are written out. It bounds the time of a match, too.
const maxPatterns = 2_000

func (p *parser) pattern(text string) (c clause, err error) {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return c, fmt.Errorf("pattern /%s/: %w", text, err)
	}
	p.patterns -= size(parsed)
	if p.patterns < 0 {
		return c, fmt.Errorf("pattern /%s/ makes the query's patterns too large", text)
	}
	c.kind = pattern
	c.pattern, err = regexp.Compile(`\A(?:` + parsed.String() + `)\z`)
	if err != nil {
		return c, fmt.Errorf("pattern /%s/: %w", text, err)
	}
	return c, nil
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
