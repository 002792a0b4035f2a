package delayed

import (
	"testing"
	"time"
)

func TestValue(t *testing.T) {
	t.Parallel()
	var v Value[string]
	text := func(p *string) string {
		if p == nil {
			return "none"
		}
		return *p
	}
	want := func(interval int64, current, shown string) {
		t.Helper()
		if got, listed := text(v.Current()), text(v.Shown(interval)); got != current || listed != shown {
			t.Errorf("in interval %d: %s, listed as %s; want %s and %s", interval, got, listed, current, shown)
		}
	}
	set := func(to string, interval int64) { v.Set(&to, interval) }

	want(5, "none", "none")
	set("one", 5)
	want(5, "one", "none")
	set("two", 5)
	want(5, "two", "none")
	want(6, "two", "two")
	set("three", 7)
	set("four", 7)
	want(7, "four", "two")
	set("five", 8)
	want(8, "five", "four")
	want(9, "five", "five")
}

func TestInterval(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Duration]int64{0: 0, 999 * time.Millisecond: 0, time.Second: 1, 2500 * time.Millisecond: 2} {
		if got := Interval(time.Unix(0, int64(at)), time.Second); got != want {
			t.Errorf("%v is in interval %d, want %d", at, got, want)
		}
	}
}
