package match

import (
	"sync/atomic"

	"nkhost/host/delayed"
	"nkhost/host/query"
)

// maxLabelBytes is Nakama's limit of a label.
const maxLabelBytes = 2048

// label is a match's label: as it is, and as listings show it. A listing sees a new
// label from the next multiple of match.label_update_interval_ms on.
type label struct{ delayed.Value[labelText] }

// labelText is a label that others may hold on to.
type labelText struct {
	text     string
	document atomic.Pointer[query.Document] // what a query sees; made when first asked for
}

func (l *label) text() string {
	if current := l.Current(); current != nil {
		return current.text
	}
	return ""
}
