package match

import (
	"sync"
	"sync/atomic"
	"time"

	"nkhost/host/query"
)

// maxLabelBytes is Nakama's limit of a label.
const maxLabelBytes = 2048

// label is a match's label: as it is, and as listings show it. A listing sees a new
// label from the next multiple of match.label_update_interval_ms on.
type label struct {
	mu       sync.Mutex
	current  *labelText
	listed   *labelText // nil until the first interval is over
	interval int64      // in which current was set
}

// labelText is a label that others may hold on to.
type labelText struct {
	text     string
	document atomic.Pointer[query.Document] // what a query sees; made when first asked for
}

func intervalOf(now time.Time, length time.Duration) int64 {
	return now.UnixNano() / int64(length)
}

func (l *label) set(to string, interval int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if interval > l.interval {
		l.listed = l.current
	}
	l.current, l.interval = &labelText{text: to}, interval
}

func (l *label) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		return ""
	}
	return l.current.text
}

// shown is what a listing in the given interval sees, or nil if it does not see the
// match yet.
func (l *label) shown(interval int64) *labelText {
	l.mu.Lock()
	defer l.mu.Unlock()
	if interval > l.interval {
		return l.current
	}
	return l.listed
}
