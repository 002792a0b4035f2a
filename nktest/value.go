package nktest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Value is a part of a state, a message or a storage object: what JSON can say. Numbers
// are float64.
type Value struct {
	t     T
	whole string // what it is a part of, for failures
	path  string
	value any
}

// At is the part at a path: names of fields and, from 0, indices of lists, with dots
// between them. That there is none ends the test.
func (v Value) At(path string) Value {
	v.t.Helper()
	part, ok := v.find(path)
	if !ok {
		v.t.Fatalf("%s has nothing at %q:\n%s", v.whole, part.path, indented(v.value))
	}
	return part
}

// Has says whether there is something at a path.
func (v Value) Has(path string) bool {
	_, ok := v.find(path)
	return ok
}

func (v Value) find(path string) (part Value, ok bool) {
	part = v
	if path == "" {
		return part, true
	}
	if part.path != "" {
		part.path += "."
	}
	part.path += path
	for name := range strings.SplitSeq(path, ".") {
		switch inner := part.value.(type) {
		case map[string]any:
			part.value, ok = inner[name]
		case []any:
			index, err := strconv.Atoi(name)
			if ok = err == nil && index >= 0 && index < len(inner); ok {
				part.value = inner[index]
			}
		default:
			ok = false
		}
		if !ok {
			return part, false
		}
	}
	return part, true
}

// Is fails the test unless the value is the wanted one, by what both are as JSON.
func (v Value) Is(want any) {
	v.t.Helper()
	wanted, err := plain(want)
	if err != nil {
		v.t.Fatalf("the wanted value is not JSON: %v", err)
	}
	if !reflect.DeepEqual(v.value, wanted) {
		v.t.Errorf("%s is not what is wanted:\n%s", v.name(), difference(v.value, wanted, 0))
	}
}

func (v Value) name() string {
	if v.path == "" {
		return v.whole
	}
	return v.whole + ": " + v.path
}

// Any is the value as encoding/json makes it.
func (v Value) Any() any { return v.value }

// String is a text as it is, and anything else as JSON.
func (v Value) String() string {
	if text, ok := v.value.(string); ok {
		return text
	}
	return compact(v.value)
}

// Number is a number; that it is none ends the test.
func (v Value) Number() float64 {
	v.t.Helper()
	return as[float64](v, "a number")
}

// Int is a whole number; that it is none ends the test.
func (v Value) Int() int {
	v.t.Helper()
	n := as[float64](v, "a whole number")
	if n != float64(int(n)) {
		v.t.Fatalf("%s is %v, not a whole number", v.name(), n)
	}
	return int(n)
}

// Bool is true or false; that it is neither ends the test.
func (v Value) Bool() bool {
	v.t.Helper()
	return as[bool](v, "a boolean")
}

// Len is how many items or fields there are; that it has neither ends the test.
func (v Value) Len() int {
	v.t.Helper()
	switch inner := v.value.(type) {
	case []any:
		return len(inner)
	case map[string]any:
		return len(inner)
	}
	v.t.Fatalf("%s is %s, not a list or an object", v.name(), compact(v.value))
	return 0
}

func as[V any](v Value, what string) V {
	v.t.Helper()
	value, ok := v.value.(V)
	if !ok {
		v.t.Fatalf("%s is %s, not %s", v.name(), compact(v.value), what)
	}
	return value
}

// plain makes a value what encoding/json would decode.
func plain(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var made any
	return made, json.Unmarshal(text, &made)
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

func indented(value any) string {
	text, err := json.MarshalIndent(value, "  ", "  ")
	if err != nil {
		return fmt.Sprint(value)
	}
	return "  " + string(text)
}

// Difference tells at which paths two values differ, by what both are as JSON; "" if they
// do not. first is the index of a list's first item in the paths.
func Difference(got, want any, first int) string {
	gotPlain, err := plain(got)
	if err != nil {
		return "  the value is not JSON: " + err.Error()
	}
	wantPlain, err := plain(want)
	if err != nil {
		return "  the wanted value is not JSON: " + err.Error()
	}
	return difference(gotPlain, wantPlain, first)
}

// maxDifferences is how many differences a failure lists.
const maxDifferences = 12

// difference tells at which paths two values differ.
func difference(got, want any, first int) string {
	var lines []string
	compare("", got, want, first, &lines)
	if len(lines) > maxDifferences {
		lines = append(lines[:maxDifferences], fmt.Sprintf("  and %d more", len(lines)-maxDifferences))
	}
	return strings.Join(lines, "\n")
}

func compare(path string, got, want any, first int, lines *[]string) {
	note := func(path, format string, args ...any) {
		if path != "" {
			path += ": "
		}
		*lines = append(*lines, "  "+path+fmt.Sprintf(format, args...))
	}
	gotParts, wantParts := parts(got, first), parts(want, first)
	if gotParts == nil || wantParts == nil || reflect.TypeOf(got) != reflect.TypeOf(want) {
		if !reflect.DeepEqual(got, want) {
			note(path, "got %s, want %s", compact(got), compact(want))
		}
		return
	}
	names := make([]string, 0, len(gotParts)+len(wantParts))
	for name := range gotParts {
		names = append(names, name)
	}
	for name := range wantParts {
		names = append(names, name)
	}
	slices.SortFunc(names, comparePaths)
	for _, name := range slices.Compact(names) {
		inner := strings.TrimPrefix(path+"."+name, ".")
		gotPart, has := gotParts[name]
		wantPart, wants := wantParts[name]
		switch {
		case !has:
			note(inner, "got nothing, want %s", compact(wantPart))
		case !wants:
			note(inner, "got %s, want nothing", compact(gotPart))
		default:
			compare(inner, gotPart, wantPart, first, lines)
		}
	}
}

// comparePaths puts indices in the order of their numbers.
func comparePaths(a, b string) int {
	m, errM := strconv.Atoi(a)
	n, errN := strconv.Atoi(b)
	if errM == nil && errN == nil {
		return m - n
	}
	return strings.Compare(a, b)
}

// parts are a value's items or fields, nil if it cannot have any.
func parts(value any, first int) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		if value == nil {
			return map[string]any{}
		}
		return value
	case []any:
		items := make(map[string]any, len(value))
		for i, item := range value {
			items[strconv.Itoa(first+i)] = item
		}
		return items
	}
	return nil
}

// text is what is sent for a payload: a string as it is, anything else as JSON.
func (h *Host) text(payload any) string {
	h.t.Helper()
	switch payload := payload.(type) {
	case nil:
		return ""
	case string:
		return payload
	case []byte:
		return string(payload)
	}
	encoded, err := json.Marshal(payload)
	h.must(err, "encode what is to be sent")
	return string(encoded)
}

// decoded is a JSON text as a Value.
func decoded(t T, whole, text string) Value {
	t.Helper()
	v := Value{t: t, whole: whole}
	if err := json.Unmarshal([]byte(text), &v.value); err != nil {
		t.Fatalf("%s is not JSON: %v\n  %s", whole, err, text)
	}
	return v
}
