package host

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"nkhost/host/matchmaker"
)

// Groups of one interval are led to their matches side by side, but not all of a large
// interval at once; one whose hook panics keeps no other from its match.
func TestGroupsAreLedSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := &Host{log: slog.New(slog.NewTextHandler(&log, nil))}
		var groups [][]matchmaker.Entry
		for range 2*hooksAtOnce + 1 {
			groups = append(groups, []matchmaker.Entry{{Ticket: "fine"}})
		}
		groups[1][0].Ticket = "panics"

		var mu sync.Mutex
		inside, done := 0, 0
		wait := make(chan struct{})
		go h.eachGroup(groups, func(group []matchmaker.Entry) {
			if group[0].Ticket == "panics" {
				panic("broken")
			}
			mu.Lock()
			inside++
			mu.Unlock()
			<-wait
			mu.Lock()
			defer mu.Unlock()
			done++
		})
		synctest.Wait()
		if inside != hooksAtOnce {
			t.Errorf("%d hooks run at a time, want %d", inside, hooksAtOnce)
		}
		close(wait)
		synctest.Wait()
		h.background.Wait()
		if done != len(groups)-1 {
			t.Errorf("%d of %d groups were led", done, len(groups))
		}
		if !strings.Contains(log.String(), "panicked") || !strings.Contains(log.String(), "matched_test.go") {
			t.Errorf("the log says %q", &log)
		}
	})
}
