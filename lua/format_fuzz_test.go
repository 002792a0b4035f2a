package lua_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// formatCase is one directive and its argument, which is text for %s and %q.
type formatCase struct {
	flags            string
	width, precision int // negative if not given
	verb             byte
	x                float64
	text             string
}

func (c formatCase) directive() string {
	d := "%" + c.flags
	if c.width > 0 {
		d += strconv.Itoa(c.width)
	}
	if c.precision >= 0 {
		d += "." + strconv.Itoa(c.precision)
	}
	return "[" + d + string(c.verb) + "]"
}

func (c formatCase) args() []string {
	if c.verb == 's' || c.verb == 'q' {
		return []string{"format_text", c.directive(), c.text, "", ""}
	}
	// With a point, both read the number back exactly.
	n := strconv.FormatFloat(c.x, 'f', -1, 64)
	if !strings.Contains(n, ".") {
		n += ".0"
	}
	return []string{"format_number", c.directive(), "", "", n}
}

func (c formatCase) has(flag string) bool { return strings.Contains(c.flags, flag) }

func (c formatCase) isOneOf(verbs string) bool { return strings.IndexByte(verbs, c.verb) >= 0 }

// formatDifferences are the places where nkhost's string.format is not PUC Lua's.
var formatDifferences = []struct {
	difference
	applies func(formatCase) bool
}{
	{
		difference{
			reason: "%g without a precision writes all the digits of a number on Nakama",
			call:   []string{"format_number", "%g", "", "", "0.12345678"},
			ours:   []string{"s0.12345678"}, theirs: []string{"s0.123457"},
		},
		func(c formatCase) bool { return c.isOneOf("gG") && c.precision < 0 },
	},
	{
		difference{
			reason: "%q quotes as Go does on Nakama",
			call:   []string{"format_text", "%q", "a\nb", "", ""},
			ours:   []string{`s"a\nb"`}, theirs: []string{"s\"a\\\nb\""},
		},
		func(c formatCase) bool { return c.verb == 'q' },
	},
	{
		difference{
			reason: "widths and precisions of texts count characters on Nakama",
			call:   []string{"format_text", "%3s|%.1s", "é", "", ""},
			ours:   []string{"s  é|%!s(MISSING)"}, theirs: []string{"error"},
		},
		func(c formatCase) bool {
			return c.verb == 's' && strings.ContainsFunc(c.text, func(r rune) bool { return r >= 0x80 })
		},
	},
	{
		difference{
			reason: "PUC Lua 5.1 ends a text at a zero byte",
			call:   []string{"format_text", "[%s]", "a\x00b", "", ""},
			ours:   []string{"s[a\x00b]"}, theirs: []string{"s[a]"},
		},
		func(c formatCase) bool {
			return strings.Contains(c.text, "\x00") || c.verb == 'c' && int64(c.x)&0xff == 0
		},
	},
	{
		difference{
			reason: "hexadecimal and octal have a sign on Nakama",
			call:   []string{"format_number", "%x", "", "", "-255"},
			ours:   []string{"s-ff"}, theirs: []string{"sffffffffffffff01"},
		},
		func(c formatCase) bool { return c.isOneOf("xXo") && (c.x < 0 || c.has("+") || c.has(" ")) },
	},
	{
		difference{
			reason: "%u goes by way of signed integers, as %d does",
			call:   []string{"format_number", "%u", "", "", "10000000000000000000.0"},
			ours:   []string{"s9223372036854775808"}, theirs: []string{"s10000000000000000000"},
		},
		func(c formatCase) bool { return c.isOneOf("uxXo") && math.Abs(c.x) >= 1<<63 },
	},
	{
		difference{
			reason: "# means something to whole numbers only",
			call:   []string{"format_number", "%#.0f", "", "", "1"},
			ours:   []string{"s1"}, theirs: []string{"s1."},
		},
		func(c formatCase) bool { return c.has("#") && c.isOneOf("eEfgG") },
	},
	{
		difference{
			reason: "# gives 0 a prefix in hexadecimal, and no digit where a precision of 0 leaves none, as in Go",
			call:   []string{"format_number", "[%#x|%%]", "", "", "0"},
			ours:   []string{"s[0x0|%]"}, theirs: []string{"s[0|%]"},
		},
		func(c formatCase) bool { return c.has("#") && c.isOneOf("xXo") && int64(c.x) == 0 },
	},
	{
		difference{
			reason: "C leaves open what these flags do, and what character a number is beyond 32 bits",
			call:   []string{"format_number", "[%c]", "", "", "999999999999999.0"},
			ours:   []string{"s[\ufffd]"}, theirs: []string{"s[]"},
		},
		func(c formatCase) bool {
			return c.isOneOf("cs") && (c.has("0") || c.has("#")) || c.isOneOf("diu") && c.has("#") ||
				c.verb == 'c' && (c.precision >= 0 || math.Abs(c.x) >= 1<<31)
		},
	},
	{
		difference{
			reason: "%c writes the character of a Unicode code point on Nakama, where PUC Lua writes a byte",
			call:   []string{"format_number", "%c", "", "", "228"},
			ours:   []string{"sä"}, theirs: []string{"s\xe4"},
		},
		func(c formatCase) bool { return c.verb == 'c' && (c.x < 0 || c.x >= 0x80) },
	},
	{
		difference{
			reason: "a number that is missing is told in the text on Nakama",
			call:   []string{"format_text", "%d", "one", "", ""},
			ours:   []string{"s%!d(one)"}, theirs: []string{"error"},
		},
		func(formatCase) bool { return false }, // never generated
	},
	{
		difference{
			reason: "a directive that is not known is told in the text on Nakama",
			call:   []string{"format_text", "%y", "one", "", ""},
			ours:   []string{"s%!y(one)"}, theirs: []string{"error"},
		},
		func(formatCase) bool { return false }, // never generated
	},
	{
		difference{
			reason: "a text that begins with 0 is octal where a number is wanted on Nakama",
			call:   []string{"format_text", "%d", "010", "", ""},
			ours:   []string{"s8"}, theirs: []string{"s10"},
		},
		func(formatCase) bool { return false }, // never generated
	},
}

func (c formatCase) differs() bool {
	return slices.ContainsFunc(formatDifferences, func(d struct {
		difference
		applies func(formatCase) bool
	}) bool {
		return d.applies(c)
	})
}

func TestFormatDifferences(t *testing.T) {
	t.Parallel()
	b := newBoth(t)
	for _, d := range formatDifferences {
		b.checkDifference(t, d.difference)
	}
}

const formatVerbs = "dicuxXoeEfgGsq"

// FuzzFormat compares single directives of string.format with PUC Lua's.
func FuzzFormat(f *testing.F) {
	numbers := []float64{0, 1, -1, 0.5, 2.5, 1.0 / 3, 65, 255, 1e15, -123456.789, 1e-7, 1e21, 1 << 53, 9.995, 1e300, 5e-324}
	for i, verb := range []byte(formatVerbs) {
		for j, x := range numbers {
			f.Add(byte(i*j), int8(j), int8(i-3), verb, x, "some text")
		}
	}
	b := newBoth(f)
	f.Fuzz(func(t *testing.T, flags byte, width, precision int8, verb byte, x float64, text string) {
		// A precision of 99 is PUC Lua's limit, and a longer text is not padded there.
		if math.IsInf(x, 0) || math.IsNaN(x) || len(text) >= 100 {
			return
		}
		c := formatCase{
			width: int(width) % 100, precision: int(precision) % 100,
			verb: formatVerbs[int(verb)%len(formatVerbs)], x: x, text: text,
		}
		for i, flag := range []string{"-", "+", " ", "#", "0"} {
			if flags>>i&1 == 1 {
				c.flags += flag
			}
		}
		ours, theirs := b.call(t, c.args()...)
		if !c.differs() && !slices.Equal(ours, theirs) {
			t.Errorf("%q:\nnkhost returns %q\nPUC Lua returns %q", c.args(), ours, theirs)
		}
	})
}
