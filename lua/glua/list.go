package glua

// MaxArrayIndex bounds the items that a table keeps as a list: one that is set at a place
// from 1 to below it makes the list as long as that.
const MaxArrayIndex = 4 << 20

// arrayIndex says whether a number is a place in the list, and which, from 0.
func arrayIndex(f float64) (int, bool) {
	i := int(f)
	return i - 1, float64(i) == f && i >= 1 && i < MaxArrayIndex
}

// setItem sets a place in the list, counted from 0.
func (t *LTable) setItem(i int, value Value) {
	switch {
	case i < len(t.array):
		t.array[i] = value
		return
	case i > len(t.array):
		t.pad(i)
	}
	t.array = append(t.array, value)
}

// pad makes the list n long.
func (t *LTable) pad(n int) {
	if n > cap(t.array) {
		array := make([]Value, len(t.array), max(n+1, 2*cap(t.array)))
		copy(array, t.array)
		t.array = array
	}
	clear(t.array[len(t.array):n])
	t.array = t.array[:n]
}

// Item is the value at a place of the list, from 1.
func (t *LTable) Item(i int) Value {
	if i < 1 || i > len(t.array) {
		return Value{}
	}
	return t.array[i-1]
}

// SetItem is RawSetInt.
func (t *LTable) SetItem(i int, v Value) {
	if i >= 1 && i < MaxArrayIndex {
		t.setItem(i-1, v)
		return
	}
	t.set(Number(float64(i)), v)
}

// Len is the length of the list: the place of its last item.
func (t *LTable) Len() int {
	n := len(t.array)
	for n > 0 && t.array[n-1].IsNil() {
		n--
	}
	return n
}

// Append sets the place behind the last item. A nil changes nothing.
func (t *LTable) Append(value LValue) { t.AppendValue(Of(value)) }

// AppendValue is Append.
func (t *LTable) AppendValue(v Value) {
	if !v.IsNil() {
		t.setItem(t.Len(), v)
	}
}

// Insert moves the items from place i up, and sets the place.
func (t *LTable) Insert(i int, value LValue) {
	v := Of(value)
	if i > len(t.array) || i <= 0 {
		t.set(Number(float64(i)), v)
		return
	}
	t.array = append(t.array, Value{})
	copy(t.array[i:], t.array[i-1:])
	t.array[i-1] = v
}

// Remove takes the item at a place out of the list and moves those behind it down. A
// place below 1 stands for the end of the list.
func (t *LTable) Remove(place int) LValue {
	n := len(t.array)
	i := place - 1
	if n == 0 || i >= n {
		return LNil
	}
	if i < 0 {
		i = n - 1
	}
	removed := t.array[i]
	copy(t.array[i:], t.array[i+1:])
	t.array[n-1] = Value{}
	t.array = t.array[:n-1]
	return removed.LValue()
}

// RawGetInt reads an item of the list.
func (t *LTable) RawGetInt(i int) LValue {
	return t.Item(i).LValue()
}

// RawSetInt is RawSet for a number.
func (t *LTable) RawSetInt(i int, value LValue) { t.SetItem(i, Of(value)) }
