package lua

import (
	"strconv"

	glua "github.com/yuin/gopher-lua"
)

// smallNumbers are whole numbers as Lua values: a number that becomes a value
// otherwise costs an allocation.
var smallNumbers = func() (values [256]glua.LValue) {
	for i := range values {
		values[i] = glua.LNumber(i)
	}
	return values
}()

func number(n float64) glua.LValue {
	if i := int(n); i > 0 && i < len(smallNumbers) && float64(i) == n {
		return smallNumbers[i]
	}
	return glua.LNumber(n)
}

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
