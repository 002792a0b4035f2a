package query

import (
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Document is what a query is asked about: the values of each field, by the
// field's full path, such as "label.map.name". It may be read by any number of
// goroutines once it is filled.
type Document map[string][]Value

// Value is a text, or a number. A time counts as a number.
type Value struct {
	text   string
	number int64 // as order makes it, or a time in Unix nanoseconds
	isText bool
}

// Number is an integer whose order is that of the numbers; false if the value
// is a text.
func (v Value) Number() (int64, bool) { return v.number, !v.isText }

// Hash is the same for values that one clause, such as level:5, may take for equal:
// a number and any text of digits that says the same. Others may share it, too.
func (v Value) Hash(seed maphash.Seed) uint64 {
	if !v.isText {
		return maphash.Comparable(seed, v.number)
	}
	if strings.Trim(v.text, "-.0123456789") == "" {
		if n, err := strconv.ParseFloat(v.text, 64); err == nil {
			return maphash.Comparable(seed, order(n))
		}
	}
	return maphash.String(seed, v.text)
}

// Keyword adds a text as it stands.
func (d Document) Keyword(field, text string) {
	d.add(field, Value{text: text, isText: true})
}

// Number adds a number.
func (d Document) Number(field string, number float64) {
	d.add(field, Value{number: order(number)})
}

// Text adds a text that users chose. Like Nakama, it takes what looks like a
// date for a time: such a value is found by ranges and not by its text.
func (d Document) Text(field, text string) {
	if t, ok := parseTime(text); ok {
		d.add(field, Value{number: t.UnixNano()})
		return
	}
	d.Keyword(field, text)
}

// Walk adds decoded JSON under path: the members of an object under their names,
// the elements of an array all under the path itself. Booleans become the texts
// T and F; nulls are left out.
func (d Document) Walk(path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			d.Walk(path+"."+name, member)
		}
	case []any:
		for _, element := range value {
			d.Walk(path, element)
		}
	case string:
		d.Text(path, value)
	case float64:
		d.Number(path, value)
	case bool:
		text := "F"
		if value {
			text = "T"
		}
		d.Keyword(path, text)
	}
}

// add keeps each value of a field once, since a clause counts it once.
func (d Document) add(field string, value Value) {
	if values := d[field]; !slices.Contains(values, value) {
		d[field] = append(values, value)
	}
}

var timeLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02",
}

func parseTime(text string) (time.Time, bool) {
	if len(text) < len("2006-01-02") || text[4] != '-' || text[7] != '-' {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
