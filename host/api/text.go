package api

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// meant is the character that one behind a backslash stands for, or 0.
var meant = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// readText is json.Unmarshal into a string. The payloads of RPCs mostly are JSON within such
// a string, that is, plain characters and quotes, which need not all that encoding/json does.
func readText(body []byte) (string, error) {
	if text, ok := readPlain(body); ok {
		return text, nil
	}
	var text string
	err := json.Unmarshal(body, &text)
	return text, err
}

// readPlain reads a string that is valid UTF-8 without spaces around it and without \u.
func readPlain(body []byte) (text string, ok bool) {
	last := len(body) - 1
	if last < 1 || body[0] != '"' || body[last] != '"' || !utf8.Valid(body) {
		return "", false
	}
	var b strings.Builder
	b.Grow(last)
	for i := 1; i < last; i++ {
		c := body[i]
		switch {
		case c < ' ' || c == '"':
			return "", false
		case c == '\\':
			i++
			if c = meant[body[i]]; c == 0 || i == last {
				return "", false
			}
		}
		b.WriteByte(c)
	}
	return b.String(), true
}
