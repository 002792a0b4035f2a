package matchmaker_test

import (
	"fmt"
	"testing"
	"time"

	"nkhost/host/matchmaker"
)

func TestStats(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	cfg := config()
	cfg.Now = func() time.Time { return now }
	m := matchmaker.New(cfg, func([][]matchmaker.Entry) {})
	if s := m.Stats(); s.Tickets != 0 || !s.Oldest.IsZero() || len(s.Completions) != 0 {
		t.Errorf("of an empty matchmaker: %+v", s)
	}
	for i := range 2 {
		req := request(fmt.Sprint("waits", i))
		req.MinCount, req.MaxCount = 9, 9
		if _, err := m.Add(req); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	oldest := time.Unix(1_700_000_000, 0)
	if s := m.Stats(); s.Tickets != 2 || !s.Oldest.Equal(oldest) {
		t.Errorf("while two wait: %+v", s)
	}
	m.RemoveSession("waits0")
	for group := range 5 {
		added := now
		for i := range 3 {
			if _, err := m.Add(request(fmt.Sprint(group, "/", i))); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Second)
		m.Process()
		s := m.Stats()
		want := min(10, 3*(group+1))
		if len(s.Completions) != want || s.Tickets != 1 || !s.Oldest.Equal(oldest.Add(time.Second)) {
			t.Errorf("after %d groups: %+v", group+1, s)
		}
		if last := s.Completions[want-1]; !last.Created.Equal(added) || !last.Completed.Equal(now) {
			t.Errorf("the last was matched from %v to %v", last.Created, last.Completed)
		}
	}
}
