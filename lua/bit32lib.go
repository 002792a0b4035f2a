package lua

import (
	"math"
	"math/bits"

	"nkhost/lua/glua"
)

var bit32Functions = map[string]glua.LGFunction{
	"arshift": ofWordAndInt(arithmeticShift),
	"band":    bit32And,
	"bnot":    bit32Not,
	"bor":     ofWords(func(a, b uint32) uint32 { return a | b }),
	"btest":   bit32Test,
	"bxor":    ofWords(func(a, b uint32) uint32 { return a ^ b }),
	"extract": bit32Extract,
	"lrotate": ofWordAndInt(bits.RotateLeft32),
	"lshift":  ofWordAndInt(shiftLeft),
	"replace": bit32Replace,
	"rrotate": ofWordAndInt(func(word uint32, n int) uint32 { return bits.RotateLeft32(word, -n) }),
	"rshift":  ofWordAndInt(func(word uint32, n int) uint32 { return shiftLeft(word, -n) }),
}

// checkWord is a number argument modulo 2^32, without its fraction.
func checkWord(L *glua.LState, n int) uint32 {
	v := math.Mod(math.Trunc(checkNumber(L, n)), 1<<32)
	return uint32(int64(v))
}

func pushWord(L *glua.LState, word uint32) int {
	L.PushNumber(float64(word))
	return 1
}

// foldWords combines all arguments up to the first nil.
func foldWords(L *glua.LState, start uint32, combine func(a, b uint32) uint32) uint32 {
	for n := 1; L.Get(n) != glua.LNil; n++ {
		start = combine(start, checkWord(L, n))
	}
	return start
}

func ofWords(combine func(a, b uint32) uint32) glua.LGFunction {
	return func(L *glua.LState) int { return pushWord(L, foldWords(L, 0, combine)) }
}

func andWords(L *glua.LState) uint32 {
	return foldWords(L, math.MaxUint32, func(a, b uint32) uint32 { return a & b })
}

func bit32And(L *glua.LState) int { return pushWord(L, andWords(L)) }

func bit32Test(L *glua.LState) int {
	L.Push(glua.LBool(andWords(L) != 0))
	return 1
}

func bit32Not(L *glua.LState) int { return pushWord(L, ^checkWord(L, 1)) }

func ofWordAndInt(fn func(word uint32, n int) uint32) glua.LGFunction {
	return func(L *glua.LState) int { return pushWord(L, fn(checkWord(L, 1), L.CheckInt(2))) }
}

// shiftLeft shifts to the right when n is negative.
func shiftLeft(word uint32, n int) uint32 {
	switch {
	case n <= -32 || n >= 32:
		return 0
	case n < 0:
		return word >> -n
	}
	return word << n
}

// arithmeticShift shifts to the right and repeats the highest bit.
func arithmeticShift(word uint32, n int) uint32 {
	if n < 0 {
		return shiftLeft(word, -max(n, -32))
	}
	return uint32(int32(word) >> min(n, 31))
}

// checkField is a position and a width, the latter 1 if it is not given.
func checkField(L *glua.LState, n int) (shift int, mask uint32) {
	shift = L.CheckInt(n)
	width := L.OptInt(n+1, 1)
	if shift < 0 || width < 1 || shift > 31 || width > 32 || shift+width > 32 {
		L.RaiseError("trying to access non-existent bits")
	}
	return shift, math.MaxUint32 >> (32 - width)
}

func bit32Extract(L *glua.LState) int {
	word := checkWord(L, 1)
	shift, mask := checkField(L, 2)
	return pushWord(L, word>>shift&mask)
}

func bit32Replace(L *glua.LState) int {
	word, value := checkWord(L, 1), checkWord(L, 2)
	shift, mask := checkField(L, 3)
	return pushWord(L, word&^(mask<<shift)|(value&mask)<<shift)
}
