package glua

import "testing"

// Looking ahead goes no deeper than asked, even around a circle, and finds nothing in the
// way: no table, long lists, hashes, holes.
func TestPrefetch(t *testing.T) {
	t.Parallel()
	Touch[LTable](nil)
	circle, mixed := NewTable(0, 0), NewTable(0, 0)
	circle.SetField("self", circle)
	circle.SetField("mixed", mixed)
	for i := range 10 * maxTouched {
		mixed.RawSet(LNumber(i*i), circle)
	}
	mixed.RawSet(LTrue, NewTable(0, 0))
	for depth := range 8 {
		circle.Prefetch(depth)
		mixed.Prefetch(depth)
	}
	if mixed.RawGet(LNumber(81)) != circle || circle.RawGetString("mixed") != mixed {
		t.Error("looking ahead has changed a table")
	}
}
