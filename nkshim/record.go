package nkshim

import (
	"fmt"
	"math"

	"github.com/google/uuid"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// record is a table with named fields, one of those that an argument lists. Its
// methods read a field or raise an error that says where it stands. Unlike arguments,
// fields that are strings must be strings: Nakama takes no number for them.
type record struct {
	call
	list  list
	place string // in the list
	table *glua.LTable
}

// list says where a list of records comes from.
type list struct {
	argument int // 0 for what a function returned
	what     string
}

func (l list) String() string {
	if l.argument == 0 {
		return l.what
	}
	return fmt.Sprintf("argument %d (%s)", l.argument, l.what)
}

// records hands each table of the list in argument n to read.
func (c call) records(n int, what string, read func(record)) {
	c.recordsOf(c.table(n, what), list{n, what}, read)
}

// recordsOf hands each table in one to read. As on Nakama a table that holds nothing
// under 1 is an empty list.
func (c call) recordsOf(table *glua.LTable, from list, read func(record)) {
	if table.Len() == 0 {
		return
	}
	table.ForEach(func(key, item glua.LValue) {
		fields, ok := item.(*glua.LTable)
		if !ok {
			c.fail("%s must hold tables only, but holds %s", from, describe(item))
		}
		read(record{call: c, list: from, place: key.String(), table: fields})
	})
}

// optional reads a list of records in argument n, if it is not nil or missing.
func optional[T any](c call, n int, what string, read func(call, *glua.LTable, list) []T) []T {
	if c.L.Get(n) == glua.LNil {
		return nil
	}
	return read(c, c.table(n, what), list{n, what})
}

// want raises that a field must be something else.
func (r record) want(field, wanted string) {
	got := describe(r.table.RawGetString(field))
	r.fail("%s: item %s: %s must be %s, got %s", r.list, r.place, field, wanted, got)
}

// has says whether a field is there.
func (r record) has(field string) bool { return r.table.RawGetString(field) != glua.LNil }

// text is a string that must be there and not be empty.
func (r record) text(field string) string {
	text, ok := r.table.RawGetString(field).(glua.LString)
	if !ok || text == "" {
		r.want(field, "a string that is not empty")
	}
	return string(text)
}

// optText is text, or "" for a field that is not there.
func (r record) optText(field string) string {
	if !r.has(field) {
		return ""
	}
	return r.text(field)
}

// anyText is a string, which may be empty, or nil for a field that is not there.
func (r record) anyText(field string) *string {
	if !r.has(field) {
		return nil
	}
	text, ok := r.table.RawGetString(field).(glua.LString)
	if !ok {
		r.want(field, "a string")
	}
	read := string(text)
	return &read
}

// id is a UUID that must be there; optID is otherwise for a field that is not there.
func (r record) id(field string) string {
	text, _ := r.table.RawGetString(field).(glua.LString)
	id, err := uuid.Parse(string(text))
	if err != nil {
		r.want(field, "a UUID")
	}
	return id.String()
}

func (r record) optID(field, otherwise string) string {
	if !r.has(field) {
		return otherwise
	}
	return r.id(field)
}

// optInt32 drops a fraction, as Nakama does.
func (r record) optInt32(field string, otherwise int32) int32 {
	if !r.has(field) {
		return otherwise
	}
	n, ok := r.table.RawGetString(field).(glua.LNumber)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		r.want(field, "a number of 32 bits")
	}
	return int32(n)
}

// optBool is false for a field that is not there.
func (r record) optBool(field string) bool {
	if !r.has(field) {
		return false
	}
	value, ok := r.table.RawGetString(field).(glua.LBool)
	if !ok {
		r.want(field, "a boolean")
	}
	return bool(value)
}

// object is the JSON of a table that must be there; optObject is "" for a field that
// is not there.
func (r record) object(field string) string {
	table, ok := r.table.RawGetString(field).(*glua.LTable)
	if !ok {
		r.want(field, "a table")
	}
	return r.objectText(table, field)
}

func (r record) optObject(field string) string {
	if !r.has(field) {
		return ""
	}
	return r.object(field)
}

// changes is a table of whole numbers that must be there.
func (r record) changes(field string) map[string]int64 {
	table, ok := r.table.RawGetString(field).(*glua.LTable)
	if !ok {
		r.want(field, "a table")
	}
	return r.changesOf(table, fmt.Sprintf("item %s: %s", r.place, field))
}

// objectText is the JSON of a table with named fields. A list is null, as on Nakama.
func (c call) objectText(table *glua.LTable, what string) string {
	if table.Len() > 0 {
		return "null"
	}
	text, err := lua.EncodeJSONFor(c.L, table)
	if err != nil {
		c.fail("%s: %v", what, err)
	}
	return text
}

// objectOrNull is objectText of a table in argument n.
func (c call) objectOrNull(n int, what string) string { return c.objectText(c.table(n, what), what) }

// changesOf are the named fields of a table, whole numbers all. A list has none.
func (c call) changesOf(table *glua.LTable, what string) map[string]int64 {
	changes := map[string]int64{}
	converted, _ := lua.ConvertToGoFor(c.L, table)
	fields, _ := converted.(map[string]any)
	for name, value := range fields {
		n, ok := value.(int64)
		if !ok {
			c.fail("%s: %s must be a whole number", what, name)
		}
		changes[name] = n
	}
	return changes
}

// optID is a UUID in argument n, or "" if it is nil, missing or empty.
func (c call) optID(n int, what string) string {
	text := c.optFilled(n, what)
	if text == nil {
		return ""
	}
	id, err := uuid.Parse(*text)
	if err != nil {
		c.refuse(n, what, "a UUID, nil or empty")
	}
	return id.String()
}

// filledIDs is a list of UUIDs in argument n, which must not be empty.
func (c call) filledIDs(n int, what string) []string {
	ids := c.ids(n, what)
	if len(ids) == 0 {
		c.refuse(n, what, "a list of UUIDs that is not empty")
	}
	return ids
}

// optTable is a table in argument n, or nil if it is nil or missing.
func (c call) optTable(n int, what string) *glua.LTable {
	if c.L.Get(n) == glua.LNil {
		return nil
	}
	return c.table(n, what)
}

// textOrNil is a string, or nil for an empty one.
func textOrNil(text string) glua.LValue {
	if text == "" {
		return glua.LNil
	}
	return glua.LString(text)
}

// jsonTable is the value of a JSON text as a table; null is an empty one.
func jsonTable(text string) (*glua.LTable, error) {
	value, err := lua.DecodeJSON(text)
	if err != nil {
		return nil, err
	}
	if table, ok := value.(*glua.LTable); ok {
		return table, nil
	}
	return newTable(0), nil
}

// decodedTable is jsonTable, or raises.
func (c call) decodedTable(text string) *glua.LTable {
	table, err := jsonTable(text)
	if err != nil {
		c.fail("%v", err)
	}
	return table
}
