package query

import "regexp"

type kind uint8

const (
	never   kind = iota // a quoted phrase
	term                // a text
	between             // a number within bounds
	number              // a number, or its digits as a text
	pattern             // texts that fit a wildcard or a regular expression
	similar             // texts that are nearly the same
)

// clause is one condition on one field.
type clause struct {
	kind        kind
	field       string
	text        string
	least, most int64 // inclusive
	pattern     *regexp.Regexp
	similar     fuzzy
	weight      float64 // what each value that fits adds to the score
}

func (c *clause) match(doc Document) (score float64, ok bool) {
	for _, v := range doc[c.field] {
		times, fits := c.fits(v)
		if !fits {
			continue
		}
		score += times * c.weight
		ok = true
		// A range is one condition, however many numbers lie in it.
		if c.kind == between {
			break
		}
	}
	return score, ok
}

// fits says whether the value fits, and how often it counts.
func (c *clause) fits(v Value) (times float64, ok bool) {
	switch c.kind {
	case term:
		return 1, v.isText && v.text == c.text
	case between:
		return 1, c.inBounds(v)
	case number:
		return 1, c.inBounds(v) || v.isText && v.text == c.text
	case pattern:
		if v.isText {
			return 1, c.pattern.MatchString(v.text)
		}
		times = c.fitsNumber(v.number)
		return times, times > 0
	case similar:
		if v.isText {
			return c.similar.closeness(v.text)
		}
	}
	return 0, false
}

func (c *clause) inBounds(v Value) bool {
	return !v.isText && c.least <= v.number && v.number <= c.most
}

// fitsNumber tries a pattern on a number as Nakama's index holds it: as terms of
// ever fewer of its bits. The patterns that matter are those like *, which
// find whatever has the field.
func (c *clause) fitsNumber(n int64) (times float64) {
	var buffer [maxTerm]byte
	for shift := 0; shift < 64; shift += numberStep {
		if c.pattern.Match(appendTerm(buffer[:0], n, shift)) {
			times++
		}
	}
	return times
}

// constant tells whether every value that fits adds the same.
func (c *clause) constant() bool { return c.kind != pattern && c.kind != similar }

func (c *clause) required() (r Required, ok bool) {
	r.Field = c.field
	switch c.kind {
	case term:
		r.Equal, r.Value = true, Value{text: c.text, isText: true}
	case number:
		r.Equal, r.Value = true, Value{number: c.least}
	case between:
		r.Least, r.Most = c.least, c.most
	default:
		return r, false
	}
	return r, true
}
