package query

import "math"

// order is an integer for each number, such that they are in the same order. It is the
// one that Nakama's index keeps.
func order(n float64) int64 {
	bits := int64(math.Float64bits(n))
	if bits < 0 {
		bits ^= math.MaxInt64
	}
	return bits
}

const (
	numberStep = 4  // how many bits Nakama's index takes off a number for its next term
	maxTerm    = 11 // bytes
)

// appendTerm appends the term under which Nakama's index holds a number less its lowest
// bits, shift in number: a byte that tells shift, and the other bits by sevens, those of
// negative numbers before those of positive ones.
func appendTerm(term []byte, n int64, shift int) []byte {
	term = append(term, ' '+byte(shift))
	bits := (uint64(n) ^ 1<<63) >> shift
	for right := (63 - shift) / 7 * 7; right >= 0; right -= 7 {
		term = append(term, byte(bits>>right)&0x7f)
	}
	return term
}
