// Package query evaluates Nakama's query strings over documents in memory.
//
// A query is a row of clauses, each a must (+), a must not (-) or a should, such as
//
//	+label.mode:duel +label.rank:>=10 -label.region:eu label.map:castle^5
//
// Its grammar is that of bleve's query strings. Its meaning is what Nakama's
// index makes of it: texts are compared whole and case counts, a text that looks
// like a date is a time, quoted phrases match nothing, and there are no parentheses
// and no words such as AND.
package query

import (
	"math"
	"slices"
)

// Query is a compiled query string. It never changes, so that goroutines share it.
type Query struct {
	must, should, mustNot []clause
	all                   bool // matches every document that mustNot lets through
	required              []Required
	best                  float64
}

// Match tells whether the document is found, and how well: a higher score is a
// better match. It allocates nothing, save where a pattern is tried on a number.
func (q *Query) Match(doc Document) (score float64, ok bool) {
	for i := range q.must {
		added, ok := q.must[i].match(doc)
		if !ok {
			return 0, false
		}
		score += added
	}
	for i := range q.mustNot {
		if _, excluded := q.mustNot[i].match(doc); excluded {
			return 0, false
		}
	}
	if q.all {
		return 1, true
	}
	ok = len(q.must) > 0
	for i := range q.should {
		if added, hit := q.should[i].match(doc); hit {
			score += added
			ok = true
		}
	}
	return score, ok
}

// BestScore is the highest score that a document can have if each of its fields has
// one value at most: that of one which fits all that it should. It is infinite where
// the score depends on the value, as it does for patterns and similar texts.
func (q *Query) BestScore() float64 { return q.best }

// Required is a condition that every document meets that the query finds. Of the
// field's values one hashes like Value, if Equal is set; otherwise one is a number
// within the bounds.
type Required struct {
	Field       string
	Equal       bool
	Value       Value
	Least, Most int64 // inclusive, in the order of Value.Number
}

// Required lists conditions by which documents can be sorted out without asking
// the query. Meeting them all is not enough. The slice must not be changed.
func (q *Query) Required() []Required { return q.required }

// finish derives what follows from the clauses.
func (q *Query) finish() {
	if len(q.must) == 0 && len(q.should) == 1 {
		q.must, q.should = q.should, nil
	}
	q.all = len(q.must) == 0 && len(q.should) == 0
	q.best = q.bestScore()
	for _, c := range q.must {
		if r, ok := c.required(); ok {
			q.required = append(q.required, r)
		}
	}
	q.required = slices.Clip(q.required)
}

// bestScore adds up in the order of Match, so that the sums are equal to the bit.
func (q *Query) bestScore() (score float64) {
	if q.all {
		return 1
	}
	for _, c := range q.must {
		if !c.constant() {
			return math.Inf(1)
		}
		score += c.weight
	}
	for _, c := range q.should {
		if !c.constant() {
			return math.Inf(1)
		}
		score += max(c.weight, 0)
	}
	return score
}
