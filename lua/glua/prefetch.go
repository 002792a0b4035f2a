package glua

import "unsafe"

// Touch asks the processor to have what lies at p in its cache soon. It does not wait for
// it, and does nothing where the processor is none of those that it knows.
func Touch[T any](p *T) { touch(unsafe.Pointer(p)) }

// maxTouched is how many values of a table are worth it.
const maxTouched = 32

// perLine is how many values a line of the processor's cache holds.
const perLine = 4

// Prefetch touches what is so many pointers away from a pointer to the table: with depth
// 0 the table itself, with 1 its values, with 2 the tables among them, and so on. What is
// nearer should be in the cache already.
func (t *LTable) Prefetch(depth int) {
	if depth == 0 {
		Touch(t)
		return
	}
	prefetchValues(t.slots, depth)
	prefetchValues(t.array, depth)
}

func prefetchValues(values []Value, depth int) {
	values = values[:min(len(values), maxTouched)]
	if depth == 1 {
		for i := 0; i < len(values); i += perLine {
			Touch(&values[i])
		}
		return
	}
	for i := range values {
		if v := &values[i]; v.isTable() {
			v.Table().Prefetch(depth - 2)
		}
	}
}
