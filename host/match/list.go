package match

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"nkhost/host/delayed"
	"nkhost/host/query"
)

// ListQuery says which matches a listing is about.
type ListQuery struct {
	Limit int // 0 lists nothing
	// Authoritative, if false, leaves out all that a Registry has.
	Authoritative *bool
	Label         *string // the whole label; passed over if there is a Query
	MinSize       *int    // inclusive
	MaxSize       *int    // inclusive
	Query         *string // see package query; "" finds everything
}

// List finds matches, the newest first; with a Query those that fit best come first.
// It may lag behind by Config.LabelUpdateInterval: in which matches are new and in
// labels, not in sizes. A query that cannot be parsed is an error without a code, as
// on Nakama.
func (r *Registry) List(q ListQuery) ([]Listing, error) {
	if q.Limit <= 0 || q.Authoritative != nil && !*q.Authoritative {
		return []Listing{}, nil
	}
	s := search{ListQuery: q, interval: delayed.Interval(r.config.Now(), r.config.LabelUpdateInterval)}
	if q.Query == nil {
		return s.newest(r.snapshot()), nil
	}
	parsed, err := query.Parse(*q.Query)
	if err != nil {
		return nil, fmt.Errorf("list matches by the query %q: %v", *q.Query, err)
	}
	return s.best(r.snapshot(), parsed), nil
}

type search struct {
	ListQuery
	interval int64
}

// newest takes matches in the given order until there are enough.
func (s *search) newest(matches []*match) []Listing {
	found := []Listing{}
	for _, m := range matches {
		label := m.label.Shown(s.interval)
		if label == nil || s.Label != nil && label.text != *s.Label || !s.fits(m) {
			continue
		}
		if found = append(found, m.listing(label.text)); len(found) == s.Limit {
			break
		}
	}
	return found
}

// best takes the matches that a query finds; those that score alike keep their order.
func (s *search) best(matches []*match, q *query.Query) []Listing {
	type hit struct {
		match *match
		label *labelText
		score float64
	}
	var hits []hit
	for _, m := range matches {
		label := m.label.Shown(s.interval)
		if label == nil || !s.fits(m) {
			continue
		}
		if score, ok := q.Match(m.document(label)); ok {
			hits = append(hits, hit{m, label, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	hits = hits[:min(len(hits), s.Limit)]
	found := make([]Listing, len(hits))
	for i, h := range hits {
		found[i] = h.match.listing(h.label.text)
	}
	return found
}

func (s *search) fits(m *match) bool {
	size := len(m.members.Load().all())
	return (s.MinSize == nil || size >= *s.MinSize) && (s.MaxSize == nil || size <= *s.MaxSize)
}

// document is what a query can ask about a match. The fields and their types are
// those of Nakama's index; a label that is a JSON object has its fields under label.
func (m *match) document(label *labelText) query.Document {
	if made := label.document.Load(); made != nil {
		return *made
	}
	doc := query.Document{}
	doc.Keyword("node", m.config.Node)
	doc.Keyword("label_string", label.text)
	doc.Keyword("handler_name", m.module)
	doc.Number("tick_rate", float64(m.rate))
	doc.Number("create_time", float64(m.createTime))
	var fields map[string]any
	if json.Unmarshal([]byte(label.text), &fields) == nil {
		doc.Walk("label", fields)
	}
	label.document.Store(&doc)
	return doc
}
