package cron

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func TestNextAndLast(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02 15:04:05"
	for _, test := range []struct{ expression, at, next, last string }{
		{"0 0 * * *", "2024-03-01 00:00:00", "2024-03-02 00:00:00", "2024-02-29 00:00:00"},
		{"*/10 * * * *", "2024-03-01 00:15:30", "2024-03-01 00:20:00", "2024-03-01 00:10:00"},
		{"0 0 29 2 *", "2025-01-01 00:00:00", "2028-02-29 00:00:00", "2024-02-29 00:00:00"},
		{"0 0 1 1 * 2024", "2025-01-01 00:00:00", "", "2024-01-01 00:00:00"},
		{"0 0 1 1 * 2030", "2025-01-01 00:00:00", "2030-01-01 00:00:00", ""},
		{"* * * * * * *", "2025-01-01 00:00:00", "2025-01-01 00:00:01", "2024-12-31 23:59:59"},
	} {
		schedule, err := Parse(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(layout, test.at)
		if err != nil {
			t.Fatal(err)
		}
		text := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.Format(layout)
		}
		if next, last := text(schedule.Next(at)), text(schedule.Last(at)); next != test.next || last != test.last {
			t.Errorf("%s at %s: next %q and last %q, want %q and %q", test.expression, test.at, next, last, test.next, test.last)
		}
	}
	if _, err := Parse("every day"); err == nil {
		t.Error("no error for what is no expression")
	}
}

// Nothing lies between the last time and the moment that it was asked about.
func TestLastIsBeforeNext(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, expression := range []string{"*/7 3 * * 1", "0 0 1 * *", "30 12 13 * 5", "15 */6 * 2,8 *"} {
		schedule, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			at := time.Unix(1_600_000_000+random.Int64N(500_000_000), random.Int64N(1e9)).UTC()
			last := schedule.Last(at)
			if !last.Before(at) || schedule.Next(last).Before(at) {
				t.Errorf("%s at %s: the last is %s, and %s comes after it", expression, at, last, schedule.Next(last))
			}
		}
	}
}

// The library's expressions are not safe for concurrent use; schedules are. The race
// detector says so, and a wrong answer may.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	schedule, err := Parse("0 0 * * 1")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for month := range 12 {
		running.Go(func() {
			for day := range 50 {
				if next := schedule.Next(time.Date(2024, time.Month(month+1), day, 0, 0, 0, 0, time.UTC)); next.Weekday() != time.Monday {
					t.Errorf("%s is no Monday", next)
				}
			}
		})
	}
	running.Wait()
}
