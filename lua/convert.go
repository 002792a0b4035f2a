package lua

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"nkhost/lua/glua"
)

// maxConverted is how many values one conversion to Go may make, a table counting as
// tableCost of them.
const maxConverted = 4 << 20

// ToGo turns a Lua value into a Go value by Nakama's rules, those of EncodeJSON: a table
// with a positive index is an []any, every other one a map[string]any; a whole number
// is an int64, another one a float64; a function is text. The result is nil if the value
// cannot be converted; ConvertToGo says why.
func ToGo(v glua.LValue) any {
	converted, err := ConvertToGo(v)
	if err != nil {
		return nil
	}
	return converted
}

// ConvertToGo is ToGo with an error when a table contains itself, is nested too deep or
// is too big, and for userdata, which has no form outside its VM.
func ConvertToGo(v glua.LValue) (any, error) { return convertToGo(nil, v) }

// ConvertToGoFor is ConvertToGo for a Go function that Lua calls: it ends with an error when
// the call is over its limits meanwhile.
func ConvertToGoFor(L *glua.LState, v glua.LValue) (any, error) { return convertToGo(stackOf(L), v) }

func convertToGo(s *stack, v glua.LValue) (any, error) {
	c := conversion{left: maxConverted, looking: looking{stack: s}}
	return c.toGo(glua.Of(v), 0)
}

type conversion struct {
	looking
	left int
}

func (c *conversion) toGo(v glua.Value, depth int) (any, error) {
	c.left--
	if c.left < 0 {
		return nil, errTooBig
	}
	if err := c.look(); err != nil {
		return nil, err
	}
	switch v.Type() {
	case glua.LTNil:
		return nil, nil
	case glua.LTBool:
		return !v.IsFalse(), nil
	case glua.LTString:
		return v.Str(), nil
	case glua.LTNumber:
		if i, ok := wholeNumber(v.Float()); ok {
			return i, nil
		}
		return v.Float(), nil
	case glua.LTTable:
		return c.tableToGo(v.Table(), depth+1)
	case glua.LTFunction:
		return v.Function().String(), nil
	}
	return nil, fmt.Errorf("a %s has no form outside Lua", v.Type())
}

func (c *conversion) tableToGo(t *glua.LTable, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	c.left -= tableCost - 1
	length := t.Len()
	switch {
	case length > c.left:
		return nil, errTooBig
	case length == 0:
		return c.objectToGo(t, depth)
	}
	list := make([]any, length)
	for i := range list {
		var err error
		if list[i], err = c.toGo(t.Item(i+1), depth); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c *conversion) objectToGo(t *glua.LTable, depth int) (any, error) {
	object := map[string]any{}
	for key, value := range t.All() {
		name := keyText(key)
		if _, done := object[name]; done && key.Type() == glua.LTString {
			continue // a key that is no string and looks alike goes first
		}
		converted, err := c.toGo(value, depth)
		if err != nil {
			return nil, err
		}
		object[name] = converted
	}
	return object, nil
}

// FromGo turns a Go value into a Lua value. It knows what ToGo and encoding/json make,
// lists and maps of strings and numbers, and time.Time, which becomes whole seconds.
// What it does not know becomes nil. The fields of a table are made in the order of
// their names.
func FromGo(v any) glua.LValue {
	switch v := v.(type) {
	case glua.LValue:
		return v
	case bool:
		return glua.LBool(v)
	case string:
		return glua.LString(v)
	case []byte:
		return glua.LString(v)
	case float64:
		return number(v)
	case float32:
		return number(float64(v))
	case int:
		return number(float64(v))
	case int32:
		return number(float64(v))
	case int64:
		return number(float64(v))
	case uint32:
		return number(float64(v))
	case uint64:
		return number(float64(v))
	case time.Time:
		return number(float64(v.Unix()))
	case []string:
		return listFromGo(v)
	case []any:
		return listFromGo(v)
	case map[string]string:
		return mapFromGo(v)
	case map[string]int64:
		return mapFromGo(v)
	case map[string]float64:
		return mapFromGo(v)
	case map[string][]string:
		return mapFromGo(v)
	case map[string]any:
		return mapFromGo(v)
	}
	return glua.LNil
}

func listFromGo[T any](list []T) glua.LValue {
	t := newTable(len(list), 0)
	for i, item := range list {
		t.RawSetInt(i+1, FromGo(item))
	}
	return t
}

func mapFromGo[T any](fields map[string]T) glua.LValue {
	t := newTable(0, len(fields))
	for name, value := range sorted(fields) {
		t.SetName(name, value)
	}
	return t
}

// sorted is the fields as Lua values, in the order of their names.
func sorted[T any](fields map[string]T) iter.Seq2[string, glua.Value] {
	return func(yield func(string, glua.Value) bool) {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if !yield(name, glua.Of(FromGo(fields[name]))) {
				return
			}
		}
	}
}

// DeferFromGo is FromGo for a map that Lua may never look at: the fields are made when it
// first does. The map must not change any more.
func DeferFromGo[T any](fields map[string]T) *glua.LTable {
	if len(fields) == 0 {
		return newTable(0, 0)
	}
	return glua.NewDeferredTable(sorted(fields))
}
