package lua

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"nkhost/lua/glua"
)

// Strings from a text up to this size are parts of it; from a larger one they are
// copied, so that a small string that is kept does not keep the whole text.
const sharedTextSize = 2048

// maxDecoded is how many values one text may make, a table counting as tableCost of them:
// a few characters may be a table of hundreds of bytes.
const (
	maxDecoded = 4 << 20
	tableCost  = 8
)

// DecodeJSON reads JSON text, which must be one value and nothing else, into a Lua
// value. null is nil, so that it leaves a gap in a list and no field in a table. Its
// errors say at which byte the text is wrong, counted from 1.
func DecodeJSON(text string) (glua.LValue, error) { return decodeJSON(nil, text) }

// DecodeJSONFor is DecodeJSON for a Go function that Lua calls: it ends with an error when
// the call is over its limits meanwhile.
func DecodeJSONFor(L *glua.LState, text string) (glua.LValue, error) {
	return decodeJSON(stackOf(L), text)
}

func decodeJSON(s *stack, text string) (glua.LValue, error) {
	d := decoder{text: text, share: len(text) <= sharedTextSize, left: maxDecoded, looking: looking{stack: s}}
	v, err := d.document()
	if err != nil {
		return glua.LNil, fmt.Errorf("decoding JSON: %w", err)
	}
	return v.LValue(), nil
}

// decoder makes Lua values straight from the text. Arrays and objects are gathered in
// items first, so that their tables are made with the right size.
type decoder struct {
	looking
	text  string
	at    int
	share bool
	items []glua.Value
	names []string
	left  int // of maxDecoded
}

var errUnfinished = errors.New("the text ends too early")

// unexpected is the error about the character at which the decoder stands.
func (d *decoder) unexpected(wanted string) error {
	if d.at >= len(d.text) {
		return errUnfinished
	}
	r, _ := utf8.DecodeRuneInString(d.text[d.at:])
	return fmt.Errorf("byte %d: %q where %s should be", d.at+1, r, wanted)
}

func (d *decoder) document() (glua.Value, error) {
	v, err := d.value(0)
	if err != nil {
		return glua.Value{}, err
	}
	d.space()
	if d.at < len(d.text) {
		return glua.Value{}, d.unexpected("the end")
	}
	return v, nil
}

func (d *decoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// next skips white space and returns the character behind it, or 0 at the end.
func (d *decoder) next() byte {
	d.space()
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *decoder) value(depth int) (glua.Value, error) {
	d.left--
	if d.left < 0 {
		return glua.Value{}, errTooBig
	}
	if err := d.look(); err != nil {
		return glua.Value{}, err
	}
	switch c := d.next(); {
	case c == '{':
		d.left -= tableCost - 1
		return d.object(depth + 1)
	case c == '[':
		d.left -= tableCost - 1
		return d.array(depth + 1)
	case c == '"':
		s, err := d.string()
		return glua.String(s), err
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return d.word("true", glua.Bool(true))
	case c == 'f':
		return d.word("false", glua.Bool(false))
	case c == 'n':
		return d.word("null", glua.Value{})
	}
	return glua.Value{}, d.unexpected("a value")
}

func (d *decoder) word(word string, v glua.Value) (glua.Value, error) {
	for i := range len(word) {
		if d.at >= len(d.text) || d.text[d.at] != word[i] {
			return glua.Value{}, d.unexpected(word)
		}
		d.at++
	}
	return v, nil
}

func (d *decoder) array(depth int) (glua.Value, error) {
	if depth > maxDepth {
		return glua.Value{}, fmt.Errorf("byte %d: values are nested more than %d deep", d.at+1, maxDepth)
	}
	d.at++
	first := len(d.items)
	if d.next() == ']' {
		d.at++
		return glua.Table(newTable(0, 0)), nil
	}
	for {
		v, err := d.value(depth)
		if err != nil {
			return glua.Value{}, err
		}
		d.items = append(d.items, v)
		more, err := d.more(']')
		if err != nil {
			return glua.Value{}, err
		}
		if !more {
			break
		}
	}
	t := newTable(len(d.items)-first, 0)
	for i, v := range d.items[first:] {
		t.SetItem(i+1, v)
	}
	d.items = d.items[:first]
	return glua.Table(t), nil
}

func (d *decoder) object(depth int) (glua.Value, error) {
	if depth > maxDepth {
		return glua.Value{}, fmt.Errorf("byte %d: values are nested more than %d deep", d.at+1, maxDepth)
	}
	d.at++
	firstItem, firstName := len(d.items), len(d.names)
	if d.next() == '}' {
		d.at++
		return glua.Table(newTable(0, 0)), nil
	}
	for {
		if err := d.member(depth); err != nil {
			return glua.Value{}, err
		}
		more, err := d.more('}')
		if err != nil {
			return glua.Value{}, err
		}
		if !more {
			break
		}
	}
	t := newTable(0, len(d.names)-firstName)
	for i, name := range d.names[firstName:] {
		t.SetName(name, d.items[firstItem+i])
	}
	d.items, d.names = d.items[:firstItem], d.names[:firstName]
	return glua.Table(t), nil
}

func (d *decoder) member(depth int) error {
	if d.next() != '"' {
		return d.unexpected("a name in double quotes")
	}
	name, err := d.string()
	if err != nil {
		return err
	}
	if d.next() != ':' {
		return d.unexpected("':'")
	}
	d.at++
	v, err := d.value(depth)
	if err != nil {
		return err
	}
	d.names = append(d.names, name)
	d.items = append(d.items, v)
	return nil
}

// more reads what stands behind an element: a comma, or the end.
func (d *decoder) more(end byte) (bool, error) {
	switch d.next() {
	case ',':
		d.at++
		return true, nil
	case end:
		d.at++
		return false, nil
	}
	return false, d.unexpected("',' or '" + string(end) + "'")
}

func (d *decoder) digits() bool {
	first := d.at
	for d.at < len(d.text) && d.text[d.at]-'0' <= 9 {
		d.at++
	}
	return d.at > first
}

func (d *decoder) number() (glua.Value, error) {
	first := d.at
	if d.text[d.at] == '-' {
		d.at++
	}
	integer := d.at
	if !d.digits() {
		return glua.Value{}, d.unexpected("a digit")
	}
	if d.text[integer] == '0' && d.at > integer+1 {
		d.at = integer + 1
		return glua.Value{}, d.unexpected("no further digit")
	}
	whole := d.at-first <= 15
	if d.peek('.') {
		whole = false
		d.at++
		if !d.digits() {
			return glua.Value{}, d.unexpected("a digit")
		}
	}
	if d.peek('e') || d.peek('E') {
		whole = false
		d.at++
		if d.peek('+') || d.peek('-') {
			d.at++
		}
		if !d.digits() {
			return glua.Value{}, d.unexpected("a digit")
		}
	}
	if whole {
		n := 0
		for _, c := range []byte(d.text[integer:d.at]) {
			n = n*10 + int(c-'0')
		}
		if integer > first {
			return glua.Number(math.Copysign(float64(n), -1)), nil
		}
		return glua.Number(float64(n)), nil
	}
	text := d.text[first:d.at]
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return glua.Value{}, fmt.Errorf("byte %d: the number %.40s is out of range", first+1, text)
	}
	return glua.Number(n), nil
}

func (d *decoder) peek(c byte) bool { return d.at < len(d.text) && d.text[d.at] == c }

// string reads a string literal, at whose opening quote the decoder stands.
func (d *decoder) string() (string, error) {
	d.at++
	first := d.at
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case c == '"':
			s := d.text[first:d.at]
			d.at++
			if !d.share {
				s = strings.Clone(s)
			}
			return s, nil
		case c == '\\' || c >= utf8.RuneSelf:
			return d.longString(first)
		case c < ' ':
			return "", d.unexpected("an escape such as \\n")
		}
	}
	return "", errUnfinished
}

// longString reads on in a literal that began at first and is not all plain ASCII.
// Bytes that are not UTF-8 become U+FFFD, as do halves of surrogate pairs.
func (d *decoder) longString(first int) (string, error) {
	s := append(make([]byte, 0, d.at-first+32), d.text[first:d.at]...)
	for d.at < len(d.text) {
		switch c := d.text[d.at]; {
		case c == '"':
			d.at++
			return string(s), nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			s = utf8.AppendRune(s, r)
		case c < ' ':
			return "", d.unexpected("an escape such as \\n")
		case c < utf8.RuneSelf:
			s = append(s, c)
			d.at++
		default:
			r, size := utf8.DecodeRuneInString(d.text[d.at:])
			s = utf8.AppendRune(s, r)
			d.at += size
		}
	}
	return "", errUnfinished
}

func (d *decoder) escape() (rune, error) {
	d.at++
	if d.at >= len(d.text) {
		return 0, errUnfinished
	}
	c := d.text[d.at]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		d.at++
		return d.unicode()
	default:
		return 0, d.unexpected("a letter of an escape")
	}
	d.at++
	return rune(c), nil
}

// unicode reads the four digits of \u, and a second \u if the two are a pair.
func (d *decoder) unicode() (rune, error) {
	r, err := d.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if strings.HasPrefix(d.text[d.at:], `\u`) {
		back := d.at
		d.at += 2
		low, err := d.hex()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
		d.at = back
	}
	return utf8.RuneError, nil
}

func (d *decoder) hex() (r rune, err error) {
	for range 4 {
		if d.at >= len(d.text) {
			return 0, errUnfinished
		}
		c := d.text[d.at]
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, d.unexpected("a hexadecimal digit")
		}
		d.at++
	}
	return r, nil
}
