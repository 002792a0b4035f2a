package storage

import (
	"hash/maphash"
	"strings"

	"nkhost/host/query"
)

// postings list entries by the values of their fields, so that a query which wants a
// field to be equal to something need not be asked about every entry. The index's lock
// guards them, and the places of its entries.
type postings struct {
	seed  maphash.Seed
	lists map[posting]*postingList
}

// posting is a field and the hash of one of its values.
type posting struct {
	field string
	hash  uint64
}

type postingList struct {
	posting
	slots []slot
}

// slot is an entry in a list; places[nth] of the entry says where the slot is.
type slot struct {
	entry *entry
	nth   int
}

type place struct {
	list *postingList
	at   int
}

func newPostings() postings {
	return postings{seed: maphash.MakeSeed(), lists: map[posting]*postingList{}}
}

// posted says whether there are lists for a field: not for those whose values hardly
// any two entries, or nearly all, have in common.
func posted(field string) bool {
	return field == "key" || field == "user_id" || strings.HasPrefix(field, "value.")
}

func (p *postings) add(e *entry) {
	for field, values := range e.document {
		if !posted(field) {
			continue
		}
		for _, value := range values {
			key := posting{field, value.Hash(p.seed)}
			list := p.lists[key]
			if list == nil {
				list = &postingList{posting: key}
				p.lists[key] = list
			}
			e.places = append(e.places, place{list, len(list.slots)})
			list.slots = append(list.slots, slot{e, len(e.places) - 1})
		}
	}
}

func (p *postings) remove(e *entry) {
	for _, from := range e.places {
		list := from.list
		last := len(list.slots) - 1
		moved := list.slots[last]
		list.slots[from.at] = moved
		moved.entry.places[moved.nth].at = from.at
		list.slots[last] = slot{}
		list.slots = list.slots[:last]
		if last == 0 {
			delete(p.lists, list.posting)
		}
	}
	e.places = nil
}

// narrow returns the shortest list that holds all entries which the query finds; it is
// not ok if no condition of the query has a list.
func (p *postings) narrow(q *query.Query) (slots []slot, ok bool) {
	for _, condition := range q.Required() {
		if !condition.Equal || !posted(condition.Field) {
			continue
		}
		list := p.lists[posting{condition.Field, condition.Value.Hash(p.seed)}]
		if list == nil {
			return nil, true
		}
		if !ok || len(list.slots) < len(slots) {
			slots, ok = list.slots, true
		}
	}
	return slots, ok
}
