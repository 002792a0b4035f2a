package lua

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"nkhost/lua/glua"
)

const (
	maxFormatWidth = 999

	// A longer text is no number. One call may have the same text as many arguments.
	maxNumberText = 1024
)

// directive is one directive of string.format.
type directive struct {
	verb                            byte
	minus, plus, space, sharp, zero bool
	width                           int
	precision                       int // -1 if it is not given
}

// stringFormat never raises because of an argument: like Nakama's it writes, say,
// "%!d(nil)" where a number is wanted and something else given.
func stringFormat(L *glua.LState) int {
	format := L.CheckString(1)
	text := make([]byte, 0, len(format)+32)
	for n := 2; ; {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			break
		}
		text = append(text, format[:i]...)
		if format = format[i+1:]; format == "" {
			text = append(text, "%!(NOVERB)"...)
			break
		}
		d, rest := parseDirective(L, format)
		format = rest
		if d.verb == '%' {
			text = append(text, '%')
			continue
		}
		text = d.appendArgument(text, L, n)
		n++
		checkString(L, "string.format", len(text)+len(format))
	}
	return pushText(L, string(append(text, format...)))
}

// parseDirective reads a directive behind its % and returns what follows.
func parseDirective(L *glua.LState, format string) (d directive, rest string) {
	d.precision = -1
	i := 0
flags:
	for ; i < len(format); i++ {
		switch format[i] {
		case '-':
			d.minus = true
		case '+':
			d.plus = true
		case ' ':
			d.space = true
		case '#':
			d.sharp = true
		case '0':
			d.zero = true
		default:
			break flags
		}
	}
	d.width, i = parseWidth(L, format, i)
	if i < len(format) && format[i] == '.' {
		d.precision, i = parseWidth(L, format, i+1)
	}
	if i < len(format) {
		d.verb = format[i]
		i++
	}
	return d, format[i:]
}

func parseWidth(L *glua.LState, format string, i int) (width, next int) {
	for ; i < len(format) && format[i] >= '0' && format[i] <= '9'; i++ {
		width = width*10 + int(format[i]-'0')
		if width > maxFormatWidth {
			L.RaiseError("invalid format (width or precision is more than %d)", maxFormatWidth)
		}
	}
	return width, i
}

// appendArgument writes the call's argument n as the directive says.
func (d directive) appendArgument(text []byte, L *glua.LState, n int) []byte {
	if n > L.GetTop() {
		return d.appendFault(text, "MISSING")
	}
	v := L.Get(n)
	switch d.verb {
	case 's', 'v':
		return d.pad(text, d.truncate(formatText(v)), false)
	case 'q':
		s := d.truncate(formatText(v))
		checkString(L, "string.format", 2*len(s))
		return d.pad(text, strconv.Quote(s), false)
	case 'd', 'i', 'u', 'c', 'x', 'X', 'o', 'e', 'E', 'f', 'F', 'g', 'G':
		x, ok := formatNumber(v)
		if !ok {
			return d.appendFault(text, formatText(v))
		}
		return d.appendNumber(text, x)
	}
	return d.appendFault(text, formatText(v))
}

func (d directive) appendFault(text []byte, what string) []byte {
	text = append(text, "%!"...)
	if d.verb == 0 {
		return append(text, "(NOVERB)"...)
	}
	text = append(text, d.verb, '(')
	text = append(text, what...)
	return append(text, ')')
}

// formatText does not ask for __tostring, as Nakama does not.
func formatText(v glua.LValue) string {
	if n, ok := v.(glua.LNumber); ok {
		return numberText(float64(n))
	}
	return v.String()
}

// formatNumber takes numbers, and strings that arithmetic would take.
func formatNumber(v glua.LValue) (float64, bool) {
	switch v := v.(type) {
	case glua.LNumber:
		return float64(v), true
	case glua.LString:
		if len(v) > maxNumberText {
			return 0, false
		}
		text := strings.Trim(string(v), " \t\n")
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return float64(n), true
		}
		n, err := strconv.ParseFloat(text, 64)
		return n, err == nil
	}
	return 0, false
}

func (d directive) appendNumber(text []byte, x float64) []byte {
	switch d.verb {
	case 'd', 'i':
		return d.appendInteger(text, toInt64(x), 10)
	case 'u':
		return d.pad(text, d.digits(strconv.FormatUint(uint64(toInt64(x)), 10)), d.precision < 0)
	case 'o':
		return d.appendInteger(text, toInt64(x), 8)
	case 'x', 'X':
		return d.appendInteger(text, toInt64(x), 16)
	case 'c':
		return d.pad(text, string(character(toInt64(x))), false)
	}
	return d.appendFloat(text, x)
}

// toInt64 drops the fraction, and gives the same for what is out of range everywhere.
func toInt64(x float64) int64 {
	if x >= -1<<63 && x < 1<<63 {
		return int64(x)
	}
	return math.MinInt64
}

// character is that of a Unicode code point, as on Nakama, where PUC Lua writes a byte.
func character(n int64) rune {
	if n < 0 || n > utf8.MaxRune {
		return utf8.RuneError
	}
	return rune(n)
}

func (d directive) appendInteger(text []byte, n int64, base int) []byte {
	magnitude := uint64(n)
	if n < 0 {
		magnitude = -magnitude
	}
	if d.plain() {
		if n < 0 {
			text = append(text, '-')
		}
		return strconv.AppendUint(text, magnitude, base)
	}
	digits := d.digits(strconv.FormatUint(magnitude, base))
	if d.verb == 'X' {
		digits = strings.ToUpper(digits)
	}
	prefix := d.sign(n < 0)
	if d.sharp && digits != "" {
		switch {
		case base == 16:
			prefix += "0" + string(d.verb)
		case base == 8 && digits[0] != '0':
			prefix += "0"
		}
	}
	return d.padNumber(text, prefix, digits, d.precision < 0)
}

// plain says that there is nothing to do but to write the digits.
func (d directive) plain() bool {
	return d.width == 0 && d.precision < 0 && !d.plus && !d.space && !d.sharp && d.verb != 'X'
}

// digits fills an integer's digits up to the precision.
func (d directive) digits(digits string) string {
	if d.precision == 0 && digits == "0" {
		return ""
	}
	return strings.Repeat("0", max(d.precision-len(digits), 0)) + digits
}

func (d directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

func (d directive) appendFloat(text []byte, x float64) []byte {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return d.pad(text, strconv.FormatFloat(x, 'g', -1, 64), false)
	}
	verb, precision := d.verb, d.precision
	if verb == 'F' {
		verb = 'f'
	}
	// As on Nakama, %g without a precision writes as many digits as the number has.
	if precision < 0 && verb|0x20 != 'g' {
		precision = 6
	}
	digits := strconv.FormatFloat(math.Abs(x), verb, precision, 64)
	return d.padNumber(text, d.sign(math.Signbit(x)), digits, true)
}

// truncate cuts text to the precision, in characters.
func (d directive) truncate(text string) string {
	if d.precision < 0 {
		return text
	}
	n := 0
	for i := range text {
		if n == d.precision {
			return text[:i]
		}
		n++
	}
	return text
}

// padNumber fills up with zeros between the sign and the digits, or with spaces.
func (d directive) padNumber(text []byte, prefix, digits string, zeros bool) []byte {
	missing := d.width - len(prefix) - len(digits)
	if zeros && d.zero && !d.minus && missing > 0 {
		text = append(text, prefix...)
		text = appendRepeated(text, '0', missing)
		return append(text, digits...)
	}
	return d.pad(text, prefix+digits, false)
}

// pad fills up with spaces, or with zeros where they are possible and asked for.
func (d directive) pad(text []byte, body string, zeros bool) []byte {
	missing := d.width - utf8.RuneCountInString(body)
	if d.minus {
		return appendRepeated(append(text, body...), ' ', missing)
	}
	fill := byte(' ')
	if zeros && d.zero {
		fill = '0'
	}
	return append(appendRepeated(text, fill, missing), body...)
}

func appendRepeated(text []byte, c byte, n int) []byte {
	for ; n > 0; n-- {
		text = append(text, c)
	}
	return text
}
