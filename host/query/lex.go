package query

import (
	"strings"
	"unicode"
)

type tokenKind uint8

const (
	end    tokenKind = iota
	word             // a text without quotes, its escapes resolved
	digits           // digits with one dot at most, unsigned
	phrase           // a text that was in quotes
	plus
	minus
	colon
	greater
	less
	equal
	fuzziness // ~, with what follows it
	boost     // ^, with what follows it
	openQuote // a quote that nothing ends
)

type token struct {
	kind tokenKind
	text string
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "end"
	case phrase:
		return `"` + t.text + `"`
	case fuzziness:
		return "~" + t.text
	case boost:
		return "^" + t.text
	}
	return t.text
}

// lexer takes a query string apart. Whitespace separates tokens before they begin,
// but only a blank ends one.
type lexer struct {
	rest string
}

// next returns the next token, of kind end when there are no more.
func (l *lexer) next() token {
	l.rest = strings.TrimLeftFunc(l.rest, unicode.IsSpace)
	if l.rest == "" {
		return token{kind: end}
	}
	first := l.rest[:1]
	switch first {
	case `"`:
		l.rest = l.rest[1:]
		text := l.until(`"`)
		if l.rest == "" {
			return token{kind: openQuote}
		}
		l.rest = l.rest[1:]
		return token{kind: phrase, text: text}
	case "~":
		return l.suffix(fuzziness)
	case "^":
		return l.suffix(boost)
	}
	if kind := operator(first); kind != end {
		l.rest = l.rest[1:]
		return token{kind: kind, text: first}
	}
	text := l.until(" :^~")
	switch {
	case text == "": // a backslash that ends the query
		return token{kind: end}
	case isDigits(text):
		return token{kind: digits, text: text}
	}
	return token{kind: word, text: text}
}

func operator(text string) tokenKind {
	switch text {
	case "+":
		return plus
	case "-":
		return minus
	case ":":
		return colon
	case ">":
		return greater
	case "<":
		return less
	case "=":
		return equal
	}
	return end
}

// suffix takes a number that follows its sign and reaches to the next blank, 1 if
// there is none.
func (l *lexer) suffix(kind tokenKind) token {
	l.rest = l.rest[1:]
	text := l.until(" ")
	if text == "" {
		text = "1"
	}
	return token{kind: kind, text: text}
}

// escapable are the characters before which a backslash vanishes. Before others it
// stands for itself.
const escapable = "+-=&|><!(){}[]^\"~*?:\\/ "

// until takes the text before the first of the ends that is not escaped, or all. What
// is not UTF-8 becomes U+FFFD.
func (l *lexer) until(ends string) string {
	var text strings.Builder
	escaped := false
	for i, r := range l.rest {
		switch {
		case escaped:
			escaped = false
			if !strings.ContainsRune(escapable, r) {
				text.WriteByte('\\')
			}
			text.WriteRune(r)
		case r == '\\':
			escaped = true
		case strings.ContainsRune(ends, r):
			l.rest = l.rest[i:]
			return text.String()
		default:
			text.WriteRune(r)
		}
	}
	l.rest = ""
	return text.String()
}

// isDigits tells a number from a word. Any script's digits count.
func isDigits(text string) bool {
	dots := 0
	for i, r := range text {
		switch {
		case r == '.' && i > 0:
			dots++
		case !unicode.IsDigit(r):
			return false
		}
	}
	return dots <= 1
}
