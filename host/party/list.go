package party

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
	"nkhost/host/delayed"
	"nkhost/host/query"
)

// maxLabelBytes is Nakama's limit of a label.
const maxLabelBytes = 2048

// listing is what listings show of a party, and what a query sees.
type listing struct {
	open, hidden bool
	label        string
	document     query.Document
}

// list has listings show a party so, a moment later. The label is a JSON object, or empty.
func (r *Registry) list(p *party, open, hidden bool, label string) error {
	if label == "" {
		label = "{}"
	}
	if len(label) > maxLabelBytes {
		return errLabelTooLong
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(label), &fields); err != nil {
		return status.Errorf(codes.InvalidArgument, "failed to unmarshal party label: %v", err)
	}
	doc := query.Document{}
	doc.Keyword("node", r.options.Node)
	doc.Keyword("open", truth(open))
	doc.Keyword("hidden", truth(hidden))
	doc.Number("max_size", float64(p.maxSize))
	doc.Text("create_time", p.created.UTC().Format(time.RFC3339Nano))
	doc.Walk("label", fields)
	p.listing.Set(&listing{open: open, hidden: hidden, label: label, document: doc}, r.interval())
	return nil
}

func (r *Registry) interval() int64 {
	return delayed.Interval(r.options.Now(), r.options.LabelUpdateInterval)
}

// truth is a boolean as queries know it.
func truth(value bool) string {
	if value {
		return "T"
	}
	return "F"
}

// ListQuery says which parties a listing is about.
type ListQuery struct {
	Limit  int // 0 lists nothing
	Open   *bool
	Hidden bool   // list hidden parties, too
	Query  string // see package query; "" finds everything
	Cursor string // of the page before
}

// seat is where a page ends.
type seat struct {
	Query  string  `json:"q"`
	Open   *bool   `json:"o"`
	Score  float64 `json:"s"`
	Number uint64  `json:"n"`
}

// hit is a party that a query finds.
type hit struct {
	party   *party
	listing *listing
	score   float64
}

// List finds parties: those that fit a query best come first, and of equals the oldest.
// New parties and changes are seen Options.LabelUpdateInterval late. A query that cannot be
// parsed and a cursor of another listing are errors without a code, as on Nakama.
func (r *Registry) List(q ListQuery) (parties []*api.Party, next string, err error) {
	parties = []*api.Party{}
	if q.Limit <= 0 {
		return parties, "", nil
	}
	from, err := q.seat()
	if err != nil {
		return nil, "", err
	}
	parsed, err := query.Parse(q.Query)
	if err != nil {
		return nil, "", fmt.Errorf("error parsing query string: %w", err)
	}
	hits := r.hits(q, parsed)
	if from != nil {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return !h.after(from) })
	}
	for i, h := range hits {
		if i == q.Limit {
			last := hits[i-1]
			return parties, cursor.Encode(seat{Query: q.Query, Open: q.Open, Score: last.score, Number: last.party.number}), nil
		}
		parties = append(parties, &api.Party{
			PartyId: h.party.id, Open: h.listing.open, Hidden: h.listing.hidden,
			MaxSize: int32(h.party.maxSize), Label: h.listing.label,
		})
	}
	return parties, "", nil
}

// seat is where the page begins, nil for the first.
func (q *ListQuery) seat() (*seat, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	from := &seat{}
	if cursor.Decode(q.Cursor, from) != nil {
		return nil, errors.New("invalid cursor")
	}
	if from.Query != q.Query {
		return nil, errors.New("invalid cursor: param query mismatch")
	}
	if (from.Open == nil) != (q.Open == nil) || q.Open != nil && *q.Open != *from.Open {
		return nil, errors.New("invalid cursor: param open mismatch")
	}
	return from, nil
}

func (r *Registry) hits(q ListQuery, parsed *query.Query) []hit {
	now := r.interval()
	r.mu.RLock()
	var hits []hit
	for _, p := range r.parties {
		if l := p.listing.Shown(now); l != nil && (q.Open == nil || l.open == *q.Open) && (q.Hidden || !l.hidden) {
			hits = append(hits, hit{party: p, listing: l})
		}
	}
	r.mu.RUnlock()
	found := hits[:0]
	for _, h := range hits {
		if score, ok := parsed.Match(h.listing.document); ok {
			h.score = score
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.party.number, b.party.number))
	})
	return found
}

// after says whether a hit comes after the place where a page has ended.
func (h hit) after(from *seat) bool {
	if h.score != from.Score {
		return h.score < from.Score
	}
	return h.party.number > from.Number
}
