package glua

import (
	"math"
	"strconv"
	"strings"
)

// parseNumber reads what arithmetic takes for a number: an integer with any prefix that Go
// knows, or a decimal number.
func parseNumber(text string) (float64, bool) {
	text = strings.Trim(text, " \t\n")
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(i), true
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// modulo has the sign of its right operand.
func modulo(a, b float64) float64 {
	if a >= 0 && b > 0 && a <= 1<<53 && b <= 1<<53 {
		if x, y := int64(a), int64(b); float64(x) == a && float64(y) == b {
			return float64(x % y)
		}
	}
	m := math.Mod(a, b)
	if b > 0 && m < 0 || b < 0 && m > 0 {
		m += b
	}
	return m
}
