package lua

import (
	"fmt"
	"maps"
	"slices"
	"time"

	glua "github.com/yuin/gopher-lua"
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
	return c.toGo(v, 0)
}

type conversion struct {
	looking
	left int
}

func (c *conversion) toGo(v glua.LValue, depth int) (any, error) {
	c.left--
	if c.left < 0 {
		return nil, errTooBig
	}
	if err := c.look(); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *glua.LNilType:
		return nil, nil
	case glua.LBool:
		return bool(v), nil
	case glua.LString:
		return string(v), nil
	case glua.LNumber:
		if i, ok := wholeNumber(float64(v)); ok {
			return i, nil
		}
		return float64(v), nil
	case *glua.LTable:
		return c.tableToGo(v, depth+1)
	case *glua.LFunction:
		return v.String(), nil
	}
	return nil, fmt.Errorf("a %s has no form outside Lua", v.Type())
}

func (c *conversion) tableToGo(t *glua.LTable, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	c.left -= tableCost - 1
	length := t.MaxN()
	switch {
	case length > c.left:
		return nil, errTooBig
	case length == 0:
		return c.objectToGo(t, depth)
	}
	list := make([]any, length)
	for i := range list {
		var err error
		if list[i], err = c.toGo(t.RawGetInt(i+1), depth); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c *conversion) objectToGo(t *glua.LTable, depth int) (any, error) {
	object := map[string]any{}
	for key, value := t.Next(glua.LNil); key != glua.LNil; key, value = t.Next(key) {
		name, isText := key.(glua.LString)
		if !isText {
			name = glua.LString(keyText(key))
		} else if _, done := object[string(name)]; done {
			continue // a key that is no string and looks alike goes first
		}
		converted, err := c.toGo(value, depth)
		if err != nil {
			return nil, err
		}
		object[string(name)] = converted
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
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		t.RawSetString(name, FromGo(fields[name]))
	}
	return t
}
