package lua

import (
	"math"
	"math/rand/v2"

	"nkhost/lua/glua"
)

var mathFunctions = map[string]glua.LGFunction{
	"abs":        ofNumber(math.Abs),
	"acos":       ofNumber(math.Acos),
	"asin":       ofNumber(math.Asin),
	"atan":       ofNumber(math.Atan),
	"atan2":      ofNumbers(math.Atan2),
	"ceil":       ofNumber(math.Ceil),
	"cos":        ofNumber(math.Cos),
	"cosh":       ofNumber(math.Cosh),
	"deg":        ofNumber(func(x float64) float64 { return x * 180 / math.Pi }),
	"exp":        ofNumber(math.Exp),
	"floor":      ofNumber(math.Floor),
	"fmod":       ofNumbers(math.Mod),
	"frexp":      mathFrexp,
	"ldexp":      mathLdexp,
	"log":        ofNumber(math.Log),
	"log10":      ofNumber(math.Log10),
	"max":        ofAll(func(a, b float64) bool { return b > a }),
	"min":        ofAll(func(a, b float64) bool { return b < a }),
	"mod":        ofNumbers(luaModulo),
	"modf":       mathModf,
	"pow":        ofNumbers(math.Pow),
	"rad":        ofNumber(func(x float64) float64 { return x * math.Pi / 180 }),
	"random":     mathRandom,
	"randomseed": mathRandomSeed,
	"sin":        ofNumber(math.Sin),
	"sinh":       ofNumber(math.Sinh),
	"sqrt":       ofNumber(math.Sqrt),
	"tan":        ofNumber(math.Tan),
	"tanh":       ofNumber(math.Tanh),
}

// openMath adds the constants. math.huge is a finite number on Nakama.
func (lib *library) openMath() {
	lib.shared.SetField("pi", glua.LNumber(math.Pi))
	lib.shared.SetField("huge", glua.LNumber(math.MaxFloat64))
}

// checkNumber is a number argument. Numeric strings are refused, as on Nakama.
func checkNumber(L *glua.LState, n int) float64 {
	v, ok := L.Get(n).(glua.LNumber)
	if !ok {
		L.TypeError(n, glua.LTNumber)
	}
	return float64(v)
}

func ofNumber(fn func(float64) float64) glua.LGFunction {
	return func(L *glua.LState) int {
		L.PushNumber(fn(checkNumber(L, 1)))
		return 1
	}
}

func ofNumbers(fn func(a, b float64) float64) glua.LGFunction {
	return func(L *glua.LState) int {
		L.PushNumber(fn(checkNumber(L, 1), checkNumber(L, 2)))
		return 1
	}
}

// ofAll makes a function that goes through all arguments and keeps the best.
func ofAll(better func(best, next float64) bool) glua.LGFunction {
	return func(L *glua.LState) int {
		best := checkNumber(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			if next := checkNumber(L, i); better(best, next) {
				best = next
			}
		}
		L.PushNumber(best)
		return 1
	}
}

// luaModulo has the sign of the divisor, as Lua's % has.
func luaModulo(a, b float64) float64 {
	m := math.Mod(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m
}

func mathFrexp(L *glua.LState) int {
	fraction, exponent := math.Frexp(checkNumber(L, 1))
	L.PushNumber(fraction)
	L.PushNumber(float64(exponent))
	return 2
}

func mathLdexp(L *glua.LState) int {
	L.PushNumber(math.Ldexp(checkNumber(L, 1), L.CheckInt(2)))
	return 1
}

func mathModf(L *glua.LState) int {
	whole, fraction := math.Modf(checkNumber(L, 1))
	L.PushNumber(whole)
	L.PushNumber(fraction)
	return 2
}

// mathRandom draws from the VM's own generator once Lua has seeded it.
func mathRandom(L *glua.LState) int {
	from, to := 1, 0
	switch L.GetTop() {
	case 0:
		L.PushNumber(float64(Running(L).randomFloat()))
		return 1
	case 1:
		to = L.CheckInt(1)
	default:
		from, to = L.CheckInt(1), L.CheckInt(2)
	}
	span := uint64(to) - uint64(from) + 1
	if from > to || span == 0 {
		L.ArgError(L.GetTop(), "interval is empty")
	}
	L.PushNumber(float64(from + int(Running(L).randomBelow(span))))
	return 1
}

func mathRandomSeed(L *glua.LState) int {
	Running(L).random = rand.New(rand.NewPCG(uint64(int64(L.CheckInt(1))), 0))
	return 0
}

func (vm *VM) randomFloat() float64 {
	if vm.random == nil {
		return rand.Float64()
	}
	return vm.random.Float64()
}

func (vm *VM) randomBelow(n uint64) uint64 {
	if vm.random == nil {
		return rand.Uint64N(n)
	}
	return vm.random.Uint64N(n)
}
