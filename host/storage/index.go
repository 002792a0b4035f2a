package storage

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/query"
)

// Index describes a storage index: the objects of a collection, held in memory so
// that they can be found by what is in them.
type Index struct {
	Name       string
	Collection string
	Key        string   // of the objects; "" for all of the collection
	Fields     []string // the top-level fields of values that can be asked for
	Sortable   []string // those to sort by
	// MaxEntries is how many objects the index keeps. A tenth more may be there for a
	// while; then those that were changed least recently are dropped.
	MaxEntries int
	// IndexOnly answers from the index alone, with values that have its Fields only.
	IndexOnly bool
	// Filter says whether an object belongs into the index; nil takes all. An error
	// leaves what the index has of the object.
	Filter func(ctx context.Context, object *api.StorageObject) (bool, error)
}

// indexes are the open indexes and the order of what happens to their objects.
//
// Writers come here after they have committed, in any order. Each change has a stamp,
// drawn while its transaction held the row, so that stamps are in the order of the
// commits; a change that comes late is passed over. What a deletion or a filter took
// away is remembered for as long as an earlier change may still be on its way.
type indexes struct {
	byName       map[string]*index // set once, by OpenIndexes
	byCollection map[string][]*index
	opened       sync.RWMutex // guards both

	stamps atomic.Uint64

	mu      sync.Mutex
	pending int // writers between begin and done
}

// begin announces a writer, who calls done when the changes are in the indexes.
func (x *indexes) begin() (done func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.pending++
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.pending--; x.pending == 0 {
			for _, index := range x.all() {
				index.forgetGone()
			}
		}
	}
}

func (x *indexes) all() map[string]*index {
	x.opened.RLock()
	defer x.opened.RUnlock()
	return x.byName
}

// of are the indexes that an object may be in.
func (x *indexes) of(id ID) []*index {
	x.opened.RLock()
	defer x.opened.RUnlock()
	list := x.byCollection[id.Collection]
	if !slices.ContainsFunc(list, func(i *index) bool { return !i.takes(id) }) {
		return list
	}
	var some []*index
	for _, index := range list {
		if index.takes(id) {
			some = append(some, index)
		}
	}
	return some
}

// change is what a transaction did to an object; object is nil if it was deleted.
type change struct {
	id     ID
	object *api.StorageObject
	stamp  uint64
}

// wrote notes a change, also while there is no index: it may be there at the commit.
func (b *Batch) wrote(w *Write, ack *api.StorageObjectAck) {
	b.changes = append(b.changes, change{w.ID, &api.StorageObject{
		Collection: w.Collection, Key: w.Key, UserId: w.UserID, Value: w.Value, Version: ack.Version,
		PermissionRead: w.PermissionRead, PermissionWrite: w.PermissionWrite,
		CreateTime: ack.CreateTime, UpdateTime: ack.UpdateTime,
	}, b.service.indexes.stamps.Add(1)})
}

func (b *Batch) deleted(id ID) {
	b.changes = append(b.changes, change{id: id, stamp: b.service.indexes.stamps.Add(1)})
}

// apply brings changes that were committed into the indexes.
func (s *Service) apply(ctx context.Context, changes []change) {
	for _, c := range changes {
		for _, index := range s.indexes.of(c.id) {
			if err := index.apply(ctx, c); err != nil {
				s.report(ctx, index.Name, c.id, err)
			}
		}
	}
}

// OpenIndexes makes the indexes and fills them with the objects there are. It is
// called once; until then there is none.
func (s *Service) OpenIndexes(ctx context.Context, list []Index) error {
	done := s.indexes.begin()
	defer done()
	byName, byCollection := map[string]*index{}, map[string][]*index{}
	for _, definition := range list {
		made := &index{Index: definition, entries: map[ID]*entry{}, postings: newPostings(), gone: map[ID]uint64{}}
		byName[made.Name] = made
		byCollection[made.Collection] = append(byCollection[made.Collection], made)
	}
	s.indexes.opened.Lock()
	s.indexes.byName, s.indexes.byCollection = byName, byCollection
	s.indexes.opened.Unlock()
	for collection := range byCollection {
		if err := s.fill(ctx, collection); err != nil {
			return fmt.Errorf("fill the storage indexes of collection %s: %w", collection, err)
		}
	}
	return nil
}

// fill takes a collection into its indexes. Its stamp is older than that of any write,
// since it may read what a write replaces meanwhile.
func (s *Service) fill(ctx context.Context, collection string) error {
	const some = 1000
	var after ID
	for {
		// They are read before they are taken in: a filter may use the database.
		var page []change
		err := s.sql.scan.Each(ctx, func(rows *sql.Rows) error {
			object, err := scanObject(rows)
			if err == nil {
				page = append(page, change{id: idOf(object), object: object})
			}
			return err
		}, collection, after.Key, after.UserID, some)
		if err != nil {
			return err
		}
		s.apply(ctx, page)
		if len(page) < some {
			return nil
		}
		after = page[some-1].id
	}
}

// index is an open index.
type index struct {
	Index

	mu       sync.RWMutex
	entries  map[ID]*entry
	postings postings
	gone     map[ID]uint64 // the stamps of changes that took objects away
}

func (x *index) takes(id ID) bool { return x.Key == "" || x.Key == id.Key }

func (x *index) apply(ctx context.Context, c change) error {
	var made *entry
	if c.object != nil {
		keep := true
		if x.Filter != nil {
			var err error
			if keep, err = x.Filter(ctx, c.object); err != nil {
				return err
			}
		}
		if keep {
			var err error
			if made, err = x.newEntry(c); err != nil {
				return err
			}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.gone[c.id] > c.stamp {
		return nil
	}
	if old := x.entries[c.id]; old != nil {
		if old.stamp > c.stamp {
			return nil
		}
		x.drop(c.id, old)
	}
	if made == nil {
		x.gone[c.id] = c.stamp
		return nil
	}
	delete(x.gone, c.id)
	x.entries[c.id] = made
	x.postings.add(made)
	x.evict()
	return nil
}

// drop takes an entry out. x.mu is held.
func (x *index) drop(id ID, e *entry) {
	delete(x.entries, id)
	x.postings.remove(e)
}

// evict drops the entries that are too many, a tenth at a time. x.mu is held.
func (x *index) evict() {
	if len(x.entries)*10 <= x.MaxEntries*11 {
		return
	}
	entries := make([]*entry, 0, len(x.entries))
	for _, e := range x.entries {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, compareAges)
	for _, e := range entries[:len(entries)-x.MaxEntries] {
		id := idOf(e.object)
		x.drop(id, e)
		if e.stamp > 0 {
			x.gone[id] = e.stamp
		}
	}
}

func (x *index) forgetGone() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.gone)
}

// found are the entries that a query finds, with their scores.
func (x *index) found(q *query.Query) []hit {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var hits []hit
	ask := func(e *entry) {
		if score, ok := q.Match(e.document); ok {
			hits = append(hits, hit{e, score})
		}
	}
	if slots, ok := x.postings.narrow(q); ok {
		for _, slot := range slots {
			ask(slot.entry)
		}
		return hits
	}
	for _, e := range x.entries {
		ask(e)
	}
	return hits
}
