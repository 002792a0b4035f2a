package match

import (
	"cmp"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"
)

// Config is what a Registry needs to know. Unless said otherwise, zero stands for
// the default of Nakama's match.* option of the same name.
type Config struct {
	Node string // the last part of match ids

	InputQueueSize       int // messages from clients a tick; 128
	CallQueueSize        int // joins and leaves; 128
	SignalQueueSize      int // 10
	JoinAttemptQueueSize int // 128
	DeferredQueueSize    int // broadcasts put off by one callback; 128

	JoinMarkerDeadline  time.Duration // 15 s; counted in ticks
	MaxEmpty            time.Duration // how long a match may be empty; 0: for ever
	LabelUpdateInterval time.Duration // 1 s; how far a listing may lag behind
	// JoinAttemptTimeout is how long a join attempt or a signal waits for its
	// match; 10 s, which Nakama has fixed.
	JoinAttemptTimeout time.Duration

	Workers int              // how many callbacks run at a time; 0: as many as there are cores
	Now     func() time.Time // for create times and listings; ticks go by the monotonic clock
	NewID   func() string    // the first part of match ids; nil makes random UUIDs
	Log     *slog.Logger

	// Manual leaves the registry without a clock of its own: time passes in
	// Registry.Advance only.
	Manual bool

	// Record begins the record of a match that is about to start, or returns nil. May be
	// nil.
	Record func(matchID, module string, params map[string]any) Recorder

	// Modules names the modules there are, for suggestions. May be nil.
	Modules func() []string
	// Stopped is told the id of every match that has ended, after its last message.
	// Its members get no frame. It must not block. May be nil.
	Stopped func(matchID string)
}

func (c Config) withDefaults() Config {
	c.InputQueueSize = cmp.Or(c.InputQueueSize, 128)
	c.CallQueueSize = cmp.Or(c.CallQueueSize, 128)
	c.SignalQueueSize = cmp.Or(c.SignalQueueSize, 10)
	c.JoinAttemptQueueSize = cmp.Or(c.JoinAttemptQueueSize, 128)
	c.DeferredQueueSize = cmp.Or(c.DeferredQueueSize, 128)
	c.JoinMarkerDeadline = cmp.Or(c.JoinMarkerDeadline, 15*time.Second)
	c.LabelUpdateInterval = cmp.Or(c.LabelUpdateInterval, time.Second)
	c.JoinAttemptTimeout = cmp.Or(c.JoinAttemptTimeout, 10*time.Second)
	c.Workers = cmp.Or(c.Workers, runtime.GOMAXPROCS(0))
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = uuid.NewString
	}
	if c.Stopped == nil {
		c.Stopped = func(string) {}
	}
	return c
}
