package session

import (
	"strconv"
	"testing"
)

func TestLogoutsForgetWhatHasExpired(t *testing.T) {
	t.Parallel()
	const start, expiry = 1000, 3600
	l := newLogouts()
	for i := range 100 {
		user := strconv.Itoa(i)
		l.end(user, &Claims{TokenID: "t", Expiry: start + expiry}, &Claims{TokenID: "t", Expiry: start + 2*expiry}, start)
		if i%2 == 0 {
			l.endAll(user, start, start+3*expiry)
		}
	}
	for _, test := range []struct {
		now  int64
		want int
	}{
		{start + expiry, 100},
		{start + 2*expiry + sweepEvery, 50},
		{start + 3*expiry + 2*sweepEvery, 0},
	} {
		l.end("late", nil, nil, test.now)
		delete(l.users, "late")
		if got := len(l.users); got != test.want {
			t.Errorf("%d s after the start: %d users remembered, want %d", test.now-start, got, test.want)
		}
	}
}
