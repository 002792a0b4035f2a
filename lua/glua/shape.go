package glua

import (
	"strings"
	"sync"
	"sync/atomic"
)

// shape says which named fields a table has, in the order in which they were first set,
// and so where their values are. Tables that got the same fields in the same order have
// the same shape. A shape does not change once it is made.
//
// New shapes come from the constants of programs. Of other names, which may be as many as
// there are users, few make a shape; then a table that gets one becomes a hash (hash.go).
type shape struct {
	keys   []string
	events [eventCount]int8 // the slots of metamethods, from 1
	added  *place           // where a table of the parent's shape gets the last key; nil for roots

	index  atomic.Pointer[map[string]int] // made when many keys are looked for often
	finds  atomic.Int32
	places atomic.Pointer[[]place]

	mu       sync.RWMutex // guards what follows, and the making of index and places
	children map[string]*shape
	extended bool // a child has put its key behind keys
}

// place is where tables of a shape have a field. If next is not nil they do not have it
// yet: it becomes the last one of that shape.
type place struct {
	shape *shape
	slot  int
	next  *shape
}

const (
	// A table with more fields is a hash.
	maxFields = 64
	// Beyond so many keys a shape looks them up in a map, once it has looked so often.
	fewKeys  = 8
	fewFinds = 32

	// How many shapes there may be, of one shape and in all. Programs that make programs
	// could make them without end. Beyond that, tables with new ones are hashes.
	maxChildren = 256
	maxFirst    = 4096 // of the table without fields
	maxShapes   = 1 << 14
)

// What names may do that are no constants, or those of programs that programs have made.
// The objects of JSON have a shape so.
const (
	maxOtherFields   = 16
	maxOtherChildren = 16
	maxOtherShapes   = 1 << 12
)

// What all tables begin with, how many have come from it, and what no table has whose
// fields are at places.
var (
	noFields   = &shape{}
	shapeCount atomic.Int64
	hashed     = &shape{}
)

// find is the slot of a key, or -1.
func (s *shape) find(key string) int {
	if len(s.keys) > fewKeys {
		if index := s.lookup(); index != nil {
			if slot, ok := index[key]; ok {
				return slot
			}
			return -1
		}
	}
	for slot, k := range s.keys {
		if k == key {
			return slot
		}
	}
	return -1
}

// lookup is the map of many keys, or nil while it is not worth while.
func (s *shape) lookup() map[string]int {
	if index := s.index.Load(); index != nil {
		return *index
	}
	if s.finds.Add(1) < fewFinds {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if index := s.index.Load(); index != nil {
		return *index
	}
	index := make(map[string]int, len(s.keys))
	for slot, key := range s.keys {
		index[key] = slot
	}
	s.index.Store(&index)
	return index
}

// at is the place of a slot.
func (s *shape) at(slot int) *place {
	places := s.places.Load()
	if places == nil {
		places = s.makePlaces()
	}
	return &(*places)[slot]
}

func (s *shape) makePlaces() *[]place {
	s.mu.Lock()
	defer s.mu.Unlock()
	if places := s.places.Load(); places != nil {
		return places
	}
	places := make([]place, len(s.keys))
	for i := range places {
		places[i] = place{shape: s, slot: i}
	}
	s.places.Store(&places)
	return &places
}

// grow is the shape with one key more, or nil if there are too many. isConstant says
// that the key is spelt out in a program.
func (s *shape) grow(key string, isConstant bool) *shape {
	s.mu.RLock()
	child := s.children[key]
	full := s.isFull(isConstant)
	s.mu.RUnlock()
	if child != nil || full {
		return child
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if child := s.children[key]; child != nil {
		return child
	}
	if !isConstant {
		key = strings.Clone(key) // it may be a part of a long text
	}
	shapeCount.Add(1)
	child = newShape(s.extend(key))
	child.added = &place{shape: s, slot: len(s.keys), next: child}
	if s.children == nil {
		s.children = map[string]*shape{}
	}
	s.children[key] = child
	return child
}

func (s *shape) isFull(isConstant bool) bool {
	switch {
	case !isConstant:
		return len(s.keys) >= maxOtherFields || len(s.children) >= maxOtherChildren || shapeCount.Load() >= maxOtherShapes
	case s == noFields:
		return len(s.children) >= maxFirst || shapeCount.Load() >= maxShapes
	}
	return len(s.keys) >= maxFields || len(s.children) >= maxChildren || shapeCount.Load() >= maxShapes
}

// extend is the keys and one more. The first child's share memory with these.
func (s *shape) extend(key string) []string {
	if s.extended {
		return append(s.keys[:len(s.keys):len(s.keys)], key)
	}
	s.extended = true
	return append(s.keys, key)
}

func newShape(keys []string) *shape {
	s := &shape{keys: keys}
	for slot, key := range keys[:min(len(keys), maxFields)] {
		if strings.HasPrefix(key, "__") {
			if e, ok := eventByName[key]; ok {
				s.events[e] = int8(slot + 1)
			}
		}
	}
	return s
}

// event is a metamethod.
type event uint8

const (
	onIndex event = iota
	onNewIndex
	onCall
	onAdd
	onSub
	onMul
	onDiv
	onMod
	onPow
	onUnm
	onLen
	onConcat
	onEq
	onLt
	onLe
	onToString
	onMetatable
	eventCount
)

var eventNames = [eventCount]string{
	"__index", "__newindex", "__call", "__add", "__sub", "__mul", "__div", "__mod", "__pow",
	"__unm", "__len", "__concat", "__eq", "__lt", "__le", "__tostring", "__metatable",
}

var eventByName = func() map[string]event {
	m := map[string]event{}
	for i, name := range eventNames {
		m[name] = event(i)
	}
	return m
}()
