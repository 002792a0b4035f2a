package lua

import (
	"strconv"

	"nkhost/lua/glua"
)

// number is a number as a Lua value.
func number(n float64) glua.LValue { return glua.Number(n).LValue() }

// wholeNumber says whether n is an integer of 64 bits, and which.
func wholeNumber(n float64) (int64, bool) {
	if n < -1<<63 || n >= 1<<63 {
		return 0, false
	}
	i := int64(n)
	return i, float64(i) == n
}

// numberText is what tostring makes of a number.
func numberText(n float64) string {
	if i, ok := wholeNumber(n); ok {
		return strconv.FormatInt(i, 10)
	}
	return glua.LNumber(n).String()
}
