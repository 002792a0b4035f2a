package lua

import (
	"slices"
	"strings"
	"unicode/utf8"

	"nkhost/lua/glua"
)

var stringFunctions = map[string]glua.LGFunction{
	"byte":    stringByte,
	"char":    stringChar,
	"dump":    stringDump,
	"find":    stringFind,
	"format":  stringFormat,
	"gfind":   stringGMatch,
	"gmatch":  stringGMatch,
	"gsub":    stringGSub,
	"len":     stringLen,
	"lower":   stringLower,
	"match":   stringMatch,
	"rep":     stringRep,
	"reverse": stringReverse,
	"sub":     stringSub,
	"upper":   stringUpper,
}

func pushText(L *glua.LState, text string) int {
	L.PushString(text)
	return 1
}

// bounds turns Lua's first and last index, which may count from the end, into a slice's.
func bounds(length, first, last int) (from, to int) {
	if first < 0 {
		first = max(length+first+1, 1)
	}
	if last < 0 {
		last = length + last + 1
	}
	from, to = max(first, 1)-1, min(last, length)
	if from >= to {
		return 0, 0
	}
	return from, to
}

// stringByte gives every byte where no index is given, as on Nakama, and counts an index
// of 0 from behind the end.
func stringByte(L *glua.LState) int {
	text := L.CheckString(1)
	from, to := L.OptInt(2, 1)-1, L.OptInt(3, -1)
	if from < 0 {
		from += len(text) + 1
	}
	if to < 0 {
		to += len(text) + 1
	}
	if L.GetTop() == 2 {
		if from < 0 || from >= len(text) {
			return 0
		}
		to = from + 1
	}
	from, to = max(from, 0), min(to, len(text))
	if from >= to {
		return 0
	}
	if to-from > maxUnpack {
		L.RaiseError("string slice too long (the limit is %d bytes)", maxUnpack)
	}
	for i := from; i < to; i++ {
		L.PushNumber(float64(text[i]))
	}
	return to - from
}

// stringChar takes numbers modulo 256, as Nakama does.
func stringChar(L *glua.LState) int {
	text := make([]byte, L.GetTop())
	for i := range text {
		text[i] = byte(L.CheckInt(i + 1))
	}
	return pushText(L, string(text))
}

func stringDump(L *glua.LState) int {
	L.RaiseError("string.dump is not supported")
	return 0
}

func stringLen(L *glua.LState) int {
	L.PushNumber(float64(len(L.CheckString(1))))
	return 1
}

func stringLower(L *glua.LState) int {
	return pushText(L, mapCase(L.CheckString(1), strings.ToLower, 'A'))
}

func stringUpper(L *glua.LState) int {
	return pushText(L, mapCase(L.CheckString(1), strings.ToUpper, 'a'))
}

// mapCase maps Unicode letters, as Nakama does, but leaves bytes alone that are no
// UTF-8, of which strings.ToLower would make something else. first is the first of the
// 26 ASCII letters that change.
func mapCase(text string, mapping func(string) string, first byte) string {
	if utf8.ValidString(text) {
		return mapping(text)
	}
	mapped := []byte(text)
	for i, c := range mapped {
		if c-first < 26 {
			mapped[i] = c ^ 0x20
		}
	}
	return string(mapped)
}

func stringRep(L *glua.LState) int {
	text, n := L.CheckString(1), L.CheckInt(2)
	if n <= 0 || text == "" {
		return pushText(L, "")
	}
	checkString(L, "string.rep", len(text)*min(n, maxStringSize/len(text)+1))
	return pushText(L, strings.Repeat(text, n))
}

func stringReverse(L *glua.LState) int {
	text := []byte(L.CheckString(1))
	slices.Reverse(text)
	return pushText(L, string(text))
}

func stringSub(L *glua.LState) int {
	text := L.CheckString(1)
	from, to := bounds(len(text), L.CheckInt(2), L.OptInt(3, -1))
	return pushText(L, text[from:to])
}

// start is the 0-based place that a function's optional init argument names. It is not
// ok when that is beyond the end.
func start(L *glua.LState, n int, text string) (place int, ok bool) {
	place = L.OptInt(n, 1)
	if place < 0 {
		place += len(text) + 1
	}
	place = max(place, 1) - 1
	return place, place <= len(text)
}

func stringFind(L *glua.LState) int {
	text, pattern := L.CheckString(1), L.CheckString(2)
	init, ok := start(L, 3, text)
	if !ok {
		L.Push(glua.LNil)
		return 1
	}
	if L.ToBool(4) || !strings.ContainsAny(pattern, patternSpecials) {
		at := strings.Index(text[init:], pattern)
		if at < 0 {
			L.Push(glua.LNil)
			return 1
		}
		L.PushNumber(float64(init + at + 1))
		L.PushNumber(float64(init + at + len(pattern)))
		return 2
	}
	m := newMatcher(L, text, pattern)
	from, to := m.search(init)
	if to < 0 {
		L.Push(glua.LNil)
		return 1
	}
	L.PushNumber(float64(from + 1))
	L.PushNumber(float64(to))
	return 2 + m.pushCaptures()
}

// stringMatch returns nothing, not nil, when nothing matches, as on Nakama.
func stringMatch(L *glua.LState) int {
	text, pattern := L.CheckString(1), L.CheckString(2)
	init, ok := start(L, 3, text)
	if !ok {
		return 0
	}
	m := newMatcher(L, text, pattern)
	from, to := m.search(init)
	if to < 0 {
		return 0
	}
	return m.pushMatch(from, to)
}

func stringGMatch(L *glua.LState) int {
	m := newMatcher(L, L.CheckString(1), L.CheckString(2))
	next := 0
	L.Push(NewFunction(func(L *glua.LState) int {
		m.L = L
		from, to := m.search(next)
		if to < 0 {
			next = len(m.text) + 1
			return 0
		}
		next = max(to, from+1)
		if m.anchored {
			next = len(m.text) + 1
		}
		return m.pushMatch(from, to)
	}))
	return 1
}

func stringGSub(L *glua.LState) int {
	m := newMatcher(L, L.CheckString(1), L.CheckString(2))
	r := &replacement{matcher: m}
	replace := r.with(L.Get(3))
	limit := L.OptInt(4, -1)
	count, copied := 0, 0
	for from := 0; count != limit && from <= len(m.text); {
		at, to := m.search(from)
		if to < 0 {
			break
		}
		if count == 0 {
			r.result.Grow(len(m.text))
		}
		count++
		r.write(m.text[copied:at])
		replace(at, to)
		copied = to
		if from = to; to == at {
			from++
		}
		if m.anchored {
			break
		}
	}
	if count == 0 {
		L.Push(L.Get(1))
	} else {
		r.write(m.text[copied:])
		pushText(L, r.result.String())
	}
	L.PushNumber(float64(count))
	return 2
}

// with returns what writes the replacement of a match. Values that cannot be text
// replace it by nothing, as on Nakama.
func (r *replacement) with(v glua.LValue) func(from, to int) {
	L := r.L
	finish := func(v glua.LValue, from, to int) {
		if glua.LVIsFalse(v) {
			r.write(r.text[from:to])
		} else {
			r.write(glua.LVAsString(v))
		}
	}
	switch v := v.(type) {
	case glua.LString:
		template := string(v)
		return func(from, to int) { r.expand(template, from, to) }
	case *glua.LTable:
		return func(from, to int) { finish(L.GetTable(v, r.capture(0, from, to)), from, to) }
	case *glua.LFunction:
		return func(from, to int) {
			L.Push(v)
			L.Call(r.pushMatch(from, to), 1)
			result := L.Get(-1)
			L.Pop(1)
			finish(result, from, to)
		}
	}
	L.ArgError(3, "string, table or function expected, got "+v.Type().String())
	return nil
}
