package storage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/query"
)

// entry is an object in an index. It never changes, but for its places.
type entry struct {
	object   *api.StorageObject // its value is that of an index which answers alone, else ""
	document query.Document     // what queries see
	stamp    uint64
	places   []place // in the postings
}

// newEntry makes the entry of an object, or none if it has no field of the index.
func (x *index) newEntry(c change) (*entry, error) {
	var value map[string]any
	if err := json.Unmarshal([]byte(c.object.Value), &value); err != nil {
		return nil, fmt.Errorf("decode the object's value: %w", err)
	}
	fields := make(map[string]any, len(x.Fields))
	for _, field := range x.Fields {
		if member, there := value[field]; there {
			fields[field] = member
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	object := &api.StorageObject{
		Collection: c.object.Collection, Key: c.object.Key, UserId: c.object.UserId, Version: c.object.Version,
		PermissionRead: c.object.PermissionRead, PermissionWrite: c.object.PermissionWrite,
		CreateTime: c.object.CreateTime, UpdateTime: c.object.UpdateTime,
	}
	if x.IndexOnly {
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, fmt.Errorf("encode the fields of the index: %w", err)
		}
		object.Value = string(text)
	}
	return &entry{object: object, document: newDocument(object, fields), stamp: c.stamp}, nil
}

func newDocument(object *api.StorageObject, fields map[string]any) query.Document {
	document := query.Document{}
	document.Text("create_time", object.CreateTime.AsTime().Format(time.RFC3339Nano))
	document.Text("update_time", object.UpdateTime.AsTime().Format(time.RFC3339Nano))
	document.Keyword("collection", object.Collection)
	document.Keyword("key", object.Key)
	document.Keyword("user_id", object.UserId)
	document.Keyword("version", object.Version)
	document.Number("read", float64(object.PermissionRead))
	document.Number("write", float64(object.PermissionWrite))
	document.Walk("value", fields)
	return document
}

// compareAges puts what was changed least recently first.
func compareAges(a, b *entry) int {
	return cmp.Or(
		a.object.UpdateTime.AsTime().Compare(b.object.UpdateTime.AsTime()),
		cmp.Compare(a.stamp, b.stamp),
		cmp.Compare(a.object.Key, b.object.Key),
		cmp.Compare(a.object.UserId, b.object.UserId),
	)
}

// hit is an entry that a query has found.
type hit struct {
	*entry
	score float64
}

// order is one of the fields to sort by.
type order struct {
	field      string
	descending bool
	known      bool // whether the index can sort by it
}

const byScore = "_score"

// parseOrder reads fields to sort by: "value.rank", "-update_time". As on Nakama, a
// field that cannot be sorted by is passed over, and a score is always the best first.
func (x *index) parseOrder(fields []string) []order {
	if len(fields) == 0 {
		return []order{{field: byScore, known: true}}
	}
	orders := make([]order, len(fields))
	for i, field := range fields {
		o := order{field: field}
		switch field[:min(1, len(field))] {
		case "-":
			o.field, o.descending = field[1:], true
		case "+":
			o.field = field[1:]
		}
		o.known = o.field == byScore || o.field == "create_time" || o.field == "update_time" ||
			slices.ContainsFunc(x.Sortable, func(name string) bool { return "value."+name == o.field })
		orders[i] = o
	}
	return orders
}

func sortHits(hits []hit, orders []order) {
	slices.SortFunc(hits, func(a, b hit) int {
		for _, o := range orders {
			if !o.known {
				continue
			}
			if o.field == byScore {
				if c := cmp.Compare(b.score, a.score); c != 0 {
					return c
				}
				continue
			}
			if c := compareFields(a.document[o.field], b.document[o.field], o.descending); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(a.stamp, b.stamp), cmp.Compare(a.object.Key, b.object.Key), cmp.Compare(a.object.UserId, b.object.UserId))
	})
}

// compareFields puts entries without the field last in either direction.
func compareFields(a, b []query.Value, descending bool) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return cmp.Compare(min(1, len(b)), min(1, len(a)))
	case descending:
		return b[0].Compare(a[0])
	}
	return a[0].Compare(b[0])
}
