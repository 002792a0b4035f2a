package lua

import (
	"sort"
	"strings"

	"nkhost/lua/glua"
)

// maxCompared is how many bytes of text one table.sort may compare without a function.
const maxCompared = 4 << 30

var tableFunctions = map[string]glua.LGFunction{
	"concat": tableConcat,
	"getn":   tableGetN,
	"insert": tableInsert,
	"maxn":   tableMaxN,
	"remove": tableRemove,
	"sort":   tableSort,
}

func tableGetN(L *glua.LState) int {
	L.PushNumber(float64(L.CheckTable(1).Len()))
	return 1
}

func tableMaxN(L *glua.LState) int {
	L.PushNumber(float64(L.CheckTable(1).Len()))
	return 1
}

// tableInsert lets frozen tables be appended to, as Nakama does.
func tableInsert(L *glua.LState) int {
	t := L.CheckTable(1)
	switch L.GetTop() {
	case 1:
		L.RaiseError("wrong number of arguments to 'insert'")
	case 2:
		t.AppendValue(L.Value(2))
	default:
		checkFrozen(L, t)
		t.Insert(L.CheckInt(2), L.Get(3))
	}
	return 0
}

func tableRemove(L *glua.LState) int {
	t := L.CheckTable(1)
	checkFrozen(L, t)
	if L.GetTop() > 1 {
		L.Push(t.Remove(L.CheckInt(2)))
		return 1
	}
	L.Push(removeLast(t))
	return 1
}

// removeLast takes the last item away. gopher-lua's own would find nil where t[#t] = nil
// has left an empty place behind the last item.
func removeLast(t *glua.LTable) glua.LValue {
	if t.Len() == 0 {
		return glua.LNil
	}
	for {
		if v := t.Remove(-1); v != glua.LNil {
			return v
		}
	}
}

func tableConcat(L *glua.LState) int {
	t, separator := L.CheckTable(1), L.OptString(2, "")
	length := t.Len()
	from, to := L.OptInt(3, 1), min(L.OptInt(4, length), length)
	if L.GetTop() == 3 && (from < 1 || from > length) {
		from = to + 1
	}
	var text strings.Builder
	for i := max(from, 1); i <= to; i++ {
		var item string
		switch v := t.RawGetInt(i).(type) {
		case glua.LString:
			item = string(v)
		case glua.LNumber:
			item = numberText(float64(v))
		default:
			L.RaiseError("invalid value (%s) at index %d in table for concat", v.Type(), i)
		}
		checkString(L, "table.concat", text.Len()+len(item)+len(separator))
		text.WriteString(item)
		if i < to {
			text.WriteString(separator)
		}
	}
	L.PushString(text.String())
	return 1
}

func tableSort(L *glua.LState) int {
	t := L.CheckTable(1)
	checkFrozen(L, t)
	items := sorting{L: L, values: make([]glua.LValue, t.Len())}
	if L.GetTop() > 1 {
		items.less = L.CheckFunction(2)
	}
	for i := range items.values {
		items.values[i] = t.RawGetInt(i + 1)
	}
	sort.Sort(&items)
	for i, value := range items.values {
		t.RawSetInt(i+1, value)
	}
	return 0
}

type sorting struct {
	L      *glua.LState
	less   *glua.LFunction // nil for Lua's order
	values []glua.LValue

	compares int
	compared int // bytes of text
}

func (s *sorting) Len() int { return len(s.values) }

func (s *sorting) Swap(i, j int) { s.values[i], s.values[j] = s.values[j], s.values[i] }

func (s *sorting) Less(i, j int) bool {
	if s.less == nil {
		if s.compares++; s.compares%valuesPerLook == 0 {
			stackOf(s.L).raiseIfOverdue(s.L)
		}
		return s.lessThan(s.values[i], s.values[j])
	}
	s.L.Push(s.less)
	s.L.Push(s.values[i])
	s.L.Push(s.values[j])
	s.L.Call(2, 1)
	result := s.L.ToBool(-1)
	s.L.Pop(1)
	return result
}

func (s *sorting) lessThan(a, b glua.LValue) bool {
	x, isText := a.(glua.LString)
	y, areText := b.(glua.LString)
	if !isText || !areText {
		return s.L.LessThan(a, b)
	}
	s.compared += min(len(x), len(y))
	if s.compared > maxCompared {
		s.L.RaiseError("table.sort has compared more than %d bytes of text", maxCompared)
	}
	return x < y
}
