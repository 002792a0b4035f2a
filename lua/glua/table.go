package glua

import (
	"fmt"
	"iter"
)

// LTable is a table. It has a list of items, and its other fields either at the places
// that its shape says or in a hash.
//
// The list may have nils within and at its end, and Len is the place of its last item that
// is none, as in gopher-lua.
type LTable struct {
	Metatable *LTable
	shape     *shape // hashed when there is a hash
	hash      *hash  // nil unless keys came that are no constants of programs
	slots     []Value
	array     []Value
}

// NewTable makes a table with room for n items and h other fields.
func NewTable(n, h int) *LTable {
	if n, h := max(n, 0), max(h, 0); n+h <= maxInline {
		t, room := newInline(n + h)
		t.shape, t.slots, t.array = noFields, room[:0:h], room[h:h:n+h]
		return t
	}
	return &LTable{shape: noFields, slots: make([]Value, 0, h), array: make([]Value, 0, n)}
}

// maxInline is how many values of a table may lie right behind it, where the next access
// finds them in the cache.
const maxInline = 16

// newInline makes a table and room for n values behind it.
func newInline(n int) (*LTable, []Value) {
	switch {
	case n == 0:
		return &LTable{}, nil
	case n == 1:
		t := &inline[[1]Value]{}
		return &t.LTable, t.values[:]
	case n == 2:
		t := &inline[[2]Value]{}
		return &t.LTable, t.values[:]
	case n == 3:
		t := &inline[[3]Value]{}
		return &t.LTable, t.values[:]
	case n == 4:
		t := &inline[[4]Value]{}
		return &t.LTable, t.values[:]
	case n == 5:
		t := &inline[[5]Value]{}
		return &t.LTable, t.values[:]
	case n <= 7:
		t := &inline[[7]Value]{}
		return &t.LTable, t.values[:]
	case n <= 9:
		t := &inline[[9]Value]{}
		return &t.LTable, t.values[:]
	case n <= 11:
		t := &inline[[11]Value]{}
		return &t.LTable, t.values[:]
	case n <= 13:
		t := &inline[[13]Value]{}
		return &t.LTable, t.values[:]
	}
	t := &inline[[maxInline]Value]{}
	return &t.LTable, t.values[:]
}

// NewDeferredTable makes a table whose named fields come from a sequence, which is gone
// through when the table is first looked at: once, or never. What it gives must not depend
// on when that is.
func NewDeferredTable(fields iter.Seq2[string, Value]) *LTable {
	// The list is not nil, as that of a table with room for fields: next tells them apart.
	t := &deferred{LTable: LTable{shape: hashed, array: []Value{}}, fields: hash{source: fields}}
	t.hash = &t.fields
	return &t.LTable
}

// deferred is a table with its hash, in one piece.
type deferred struct {
	LTable
	fields hash
}

type inline[V any] struct {
	LTable
	values V
}

func (t *LTable) String() string { return fmt.Sprintf("table: %p", t) }

// Type is LTTable.
func (*LTable) Type() LValueType { return LTTable }

// Layout makes tables that have the same named fields.
type Layout struct{ shape *shape }

// NewLayout is for tables with these fields, whose names must differ.
func NewLayout(names ...string) Layout {
	s := noFields
	for _, name := range names {
		next := s.grow(name, true)
		if next == nil {
			return Layout{newShape(names)}
		}
		s = next
	}
	return Layout{s}
}

// NewTable makes a table with the values of the fields, in the order of their names. A
// field may be the zero Value.
func (l Layout) NewTable(values ...Value) *LTable {
	n := len(l.shape.keys)
	t := NewTable(0, n)
	t.shape, t.slots = l.shape, t.slots[:n]
	copy(t.slots, values)
	return t
}

func (t *LTable) get(key Value) Value {
	switch key.Type() {
	case LTString:
		return t.getName(key)
	case LTNumber:
		if i, ok := arrayIndex(key.Float()); ok {
			if i < len(t.array) {
				return t.array[i]
			}
			return Value{}
		}
	}
	if t.hash == nil {
		return Value{}
	}
	return t.hash.get(key)
}

// getName is get for a string.
func (t *LTable) getName(key Value) Value {
	if t.hash != nil {
		return t.hash.get(key)
	}
	if slot := t.shape.find(key.Str()); slot >= 0 {
		return t.slots[slot]
	}
	return Value{}
}

func (t *LTable) set(key, value Value) {
	switch key.Type() {
	case LTString:
		t.setName(key, value, false)
		return
	case LTNumber:
		if i, ok := arrayIndex(key.Float()); ok {
			t.setItem(i, value)
			return
		}
	}
	if t.hash == nil {
		if value.IsNil() {
			return
		}
		t.becomeHash()
	}
	t.hash.set(key, value)
}

// setName is set for a string. isConstant says that a program spells it out. It tells where
// the field is, or nil.
func (t *LTable) setName(key, value Value, isConstant bool) *place {
	if t.hash != nil {
		t.hash.set(key, value)
		return nil
	}
	name := key.Str()
	if slot := t.shape.find(name); slot >= 0 {
		t.slots[slot] = value
		return t.shape.at(slot)
	}
	if value.IsNil() {
		return nil
	}
	next := t.shape.grow(name, isConstant)
	if next == nil {
		t.becomeHash()
		t.hash.set(key, value)
		return nil
	}
	t.shape, t.slots = next, append(t.slots, value)
	return next.added
}

func (t *LTable) becomeHash() {
	h := &hash{entries: make([]entry, 0, max(len(t.slots)+1, cap(t.slots)))}
	for i, key := range t.shape.keys {
		h.entries = append(h.entries, entry{String(key), t.slots[i]})
		if t.slots[i].IsNil() {
			h.dead++
		}
	}
	if len(h.entries) > fewEntries {
		h.reindex()
	}
	t.hash, t.shape, t.slots = h, hashed, nil
}

// Seal gives the table a shape of its own, if its keys are names, so that programs find
// its fields fast. It is for tables that are shared and no longer change.
func (t *LTable) Seal() {
	if t.hash == nil {
		return
	}
	var names []string
	var slots []Value
	for _, e := range t.hash.all() {
		if !e.key.isString() {
			return
		}
		if !e.value.IsNil() {
			names, slots = append(names, e.key.Str()), append(slots, e.value)
		}
	}
	t.hash, t.shape, t.slots = nil, newShape(names), slots
}

// meta is the metamethod in a metatable, which may be nil.
func (t *LTable) meta(e event) Value {
	if t == nil {
		return Value{}
	}
	if t.hash != nil {
		return t.hash.get(String(eventNames[e]))
	}
	if slot := t.shape.events[e]; slot > 0 {
		return t.slots[slot-1]
	}
	if len(t.shape.keys) > maxFields {
		return t.getName(String(eventNames[e]))
	}
	return Value{}
}

// next is Lua's next; the key is nil at the end. A key that the table does not have ends
// it, too.
func (t *LTable) next(key Value) (Value, Value) {
	at := 0 // in the fields
	if i, ok := t.listPlace(key); ok {
		if i > len(t.array) && t.array != nil {
			at = 1 // the list has become shorter; gopher-lua leaves the first field out, too
		}
		for ; i < len(t.array); i++ {
			if v := t.array[i]; !v.IsNil() {
				return Number(float64(i + 1)), v
			}
		}
	} else if at = t.behind(key); at < 0 {
		return Value{}, Value{}
	}
	if t.hash != nil {
		for entries := t.hash.all(); at < len(entries); at++ {
			if e := &entries[at]; !e.value.IsNil() {
				return e.key, e.value
			}
		}
		return Value{}, Value{}
	}
	for ; at < len(t.slots); at++ {
		if v := t.slots[at]; !v.IsNil() {
			return String(t.shape.keys[at]), v
		}
	}
	return Value{}, Value{}
}

// listPlace is where next goes on in the list; a key that is no place in it is not ok.
func (t *LTable) listPlace(key Value) (int, bool) {
	switch key.Type() {
	case LTNil:
		return 0, true
	case LTNumber:
		i, ok := arrayIndex(key.Float())
		return i + 1, ok
	}
	return 0, false
}

// behind is the number of the field behind that of a key, or -1 if it has none.
func (t *LTable) behind(key Value) int {
	at := -1
	switch {
	case t.hash != nil:
		return t.hash.behind(key)
	case key.isString():
		at = t.shape.find(key.Str())
	}
	if at < 0 {
		return -1
	}
	return at + 1
}

// Next is Lua's next: what follows a key, LNil being before all; the key is LNil at the
// end. Items come first, then the other fields in the order in which they were first set.
func (t *LTable) Next(key LValue) (LValue, LValue) {
	k, v := t.next(Of(key))
	return k.LValue(), v.LValue()
}

// ForEach calls fn for all that Next gives. fn may set fields to nil.
func (t *LTable) ForEach(fn func(key, value LValue)) {
	for k, v := range t.All() {
		fn(k.LValue(), v.LValue())
	}
}

// All goes through all that Next gives. Fields may be set to nil meanwhile.
func (t *LTable) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for i := 0; i < len(t.array); i++ {
			if v := t.array[i]; !v.IsNil() && !yield(Number(float64(i+1)), v) {
				return
			}
		}
		if h := t.hash; h != nil {
			for i := 0; i < len(h.all()); i++ {
				if e := h.entries[i]; !e.value.IsNil() && !yield(e.key, e.value) {
					return
				}
			}
			return
		}
		for i := 0; i < len(t.slots); i++ {
			if v := t.slots[i]; !v.IsNil() && !yield(String(t.shape.keys[i]), v) {
				return
			}
		}
	}
}

// RawGet reads a field without metamethods.
func (t *LTable) RawGet(key LValue) LValue { return t.get(Of(key)).LValue() }

// Get is RawGet.
func (t *LTable) Get(key Value) Value { return t.get(key) }

// RawGetString reads a named field without metamethods.
func (t *LTable) RawGetString(name string) LValue { return t.getName(String(name)).LValue() }

// RawSet sets a field without metamethods. The key must be neither nil nor NaN.
func (t *LTable) RawSet(key, value LValue) { t.set(Of(key), Of(value)) }

// RawSetString is RawSet for a name.
func (t *LTable) RawSetString(name string, value LValue) {
	t.setName(String(name), Of(value), false)
}

// SetName is RawSetString.
func (t *LTable) SetName(name string, v Value) { t.setName(String(name), v, false) }

// SetField is RawSetString for a name that Go code spells out, as programs do theirs: it
// makes no hash of the table.
func (t *LTable) SetField(name string, value LValue) { t.setName(String(name), Of(value), true) }

// SetFieldValue is SetField.
func (t *LTable) SetFieldValue(name string, v Value) { t.setName(String(name), v, true) }
