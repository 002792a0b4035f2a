package lua

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"nkhost/lua/glua"
)

const maxJSONSize = 64 << 20

var (
	errTooDeep = fmt.Errorf("a table contains itself, or tables are nested more than %d deep", maxDepth)
	errTooBig  = errors.New("the value is too big")
)

// EncodeJSON writes a value as JSON by Nakama's rules. A table with any positive index
// is an array, of which the named fields are lost and the gaps are null; every other
// table is an object, with its keys in order. Whole numbers have no fraction, <, > and &
// are escaped, bytes that are not UTF-8 become U+FFFD, and a function is text. NaN,
// infinity, userdata and tables that contain themselves are errors.
func EncodeJSON(v glua.LValue) (string, error) { return encodeJSON(nil, v) }

// EncodeJSONFor is EncodeJSON for a Go function that Lua calls: it ends with an error when
// the call is over its limits meanwhile.
func EncodeJSONFor(L *glua.LState, v glua.LValue) (string, error) { return encodeJSON(stackOf(L), v) }

func encodeJSON(s *stack, v glua.LValue) (string, error) {
	var members [16]member
	var buffer [1024]byte
	e := encoder{members: members[:0], looking: looking{stack: s}}
	text, err := e.value(buffer[:0], glua.Of(v), 0)
	if err != nil {
		return "", fmt.Errorf("encoding JSON: %w", err)
	}
	return string(text), nil
}

// encoder holds the members of the objects that are being written.
type encoder struct {
	looking
	members []member
}

type member struct {
	key   string
	value glua.Value
	text  bool // the key is a string in Lua, too
}

func (e *encoder) value(text []byte, v glua.Value, depth int) ([]byte, error) {
	if len(text) > maxJSONSize {
		return nil, errTooBig
	}
	if err := e.look(); err != nil {
		return nil, err
	}
	switch v.Type() {
	case glua.LTNil:
		return append(text, "null"...), nil
	case glua.LTBool:
		return strconv.AppendBool(text, !v.IsFalse()), nil
	case glua.LTNumber:
		return appendJSONNumber(text, v.Float())
	case glua.LTString:
		return e.string(text, v.Str())
	case glua.LTTable:
		return e.table(text, v.Table(), depth+1)
	case glua.LTFunction:
		return appendJSONString(text, v.Function().String()), nil
	}
	return nil, fmt.Errorf("a %s has no JSON", v.Type())
}

func (e *encoder) string(text []byte, s string) ([]byte, error) {
	if len(text)+len(s) > maxJSONSize {
		return nil, errTooBig
	}
	return appendJSONString(text, s), nil
}

func (e *encoder) table(text []byte, t *glua.LTable, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	length := t.Len()
	if length == 0 {
		return e.object(text, t, depth)
	}
	var err error
	text = append(text, '[')
	for i := 1; i <= length; i++ {
		if i > 1 {
			text = append(text, ',')
		}
		if text, err = e.value(text, t.Item(i), depth); err != nil {
			return nil, err
		}
	}
	return append(text, ']'), nil
}

func (e *encoder) object(text []byte, t *glua.LTable, depth int) ([]byte, error) {
	first := len(e.members)
	for key, value := range t.All() {
		if err := e.look(); err != nil {
			return nil, err
		}
		isText := key.Type() == glua.LTString
		e.members = append(e.members, member{keyText(key), value, isText})
	}
	if err := e.sort(e.members[first:]); err != nil {
		return nil, err
	}
	end := len(e.members)
	var err error
	text = append(text, '{')
	for i := first; i < end; i++ {
		m := e.members[i]
		if i > first {
			if m.key == e.members[i-1].key {
				continue
			}
			text = append(text, ',')
		}
		if text, err = e.string(text, m.key); err != nil {
			return nil, err
		}
		if text, err = e.value(append(text, ':'), m.value, depth); err != nil {
			return nil, err
		}
	}
	clear(e.members[first:end])
	e.members = e.members[:first]
	return append(text, '}'), nil
}

// sort orders members. Once the call is over its limits all members are alike, so that it
// comes to an end.
func (e *encoder) sort(members []member) error {
	if len(members) < valuesPerLook {
		slices.SortFunc(members, compareMembers)
		return nil
	}
	var overdue error
	slices.SortFunc(members, func(a, b member) int {
		if overdue == nil {
			overdue = e.look()
		}
		if overdue != nil {
			return 0
		}
		return compareMembers(a, b)
	})
	return overdue
}

// compareMembers puts, of keys that look alike in JSON, the one first that is no string,
// as that is the one which Nakama keeps.
func compareMembers(a, b member) int {
	if order := strings.Compare(a.key, b.key); order != 0 || a.text == b.text {
		return order
	}
	if a.text {
		return 1
	}
	return -1
}

// keyText is a key as the name of a member.
func keyText(key glua.Value) string {
	switch key.Type() {
	case glua.LTString:
		return key.Str()
	case glua.LTNumber:
		return numberText(key.Float())
	}
	return key.String()
}

func appendJSONNumber(text []byte, n float64) ([]byte, error) {
	if i, ok := wholeNumber(n); ok {
		return strconv.AppendInt(text, i, 10), nil
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil, fmt.Errorf("the number %s has no JSON", numberText(n))
	}
	if size := math.Abs(n); size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(text, n, 'f', -1, 64), nil
	}
	text = strconv.AppendFloat(text, n, 'e', -1, 64)
	// An exponent of one digit is written as such: e-7, not e-07.
	if end := len(text); text[end-4] == 'e' && text[end-3] == '-' && text[end-2] == '0' {
		text[end-2] = text[end-1]
		text = text[:end-1]
	}
	return text, nil
}

// jsonSafe marks the ASCII characters that stand for themselves in JSON strings.
var jsonSafe = func() (safe [utf8.RuneSelf]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		safe[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return safe
}()

const hexDigits = "0123456789abcdef"

func appendJSONString(text []byte, s string) []byte {
	text = append(text, '"')
	copied := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if jsonSafe[c] {
				i++
				continue
			}
			text = append(text, s[copied:i]...)
			text = appendEscaped(text, c)
			i++
			copied = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			text = append(append(text, s[copied:i]...), `\ufffd`...)
			copied = i + size
		case r == '\u2028' || r == '\u2029':
			text = append(append(text, s[copied:i]...), `\u202`...)
			text = append(text, hexDigits[r&0xf])
			copied = i + size
		}
		i += size
	}
	return append(append(text, s[copied:]...), '"')
}

func appendEscaped(text []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(text, '\\', c)
	case '\b':
		return append(text, `\b`...)
	case '\f':
		return append(text, `\f`...)
	case '\n':
		return append(text, `\n`...)
	case '\r':
		return append(text, `\r`...)
	case '\t':
		return append(text, `\t`...)
	}
	return append(text, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
