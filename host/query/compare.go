package query

import (
	"cmp"
	"strings"
)

// Compare orders values as Nakama's index sorts them: numbers before texts, and texts
// by their bytes.
func (v Value) Compare(other Value) int {
	switch {
	case v.isText && other.isText:
		return strings.Compare(v.text, other.text)
	case v.isText:
		return 1
	case other.isText:
		return -1
	}
	return cmp.Compare(v.number, other.number)
}
