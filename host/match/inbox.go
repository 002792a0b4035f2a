package match

// inbox is what waits for a match. Events (all but messages and ticks) keep their
// order; messages wait for the next tick. The buffers exist only while they are used.
type inbox struct {
	events   []input
	head     int                 // of events: where the next one is
	waiting  [kindsOfQueue]int32 // how many events count for each queue
	messages []Message
	spare    []Message // an empty buffer, to become messages
	dropped  int       // messages since the last tick
	tickDue  bool      // one at most: a tick that comes while one is due is lost
}

// queueKind tells apart the queues that Nakama keeps and bounds separately.
type queueKind uint8

const (
	callQueue queueKind = iota
	joinAttemptQueue
	signalQueue
	kindsOfQueue
)

func (k inputKind) queue() queueKind {
	switch k {
	case inAttempt:
		return joinAttemptQueue
	case inSignal:
		return signalQueue
	default:
		return callQueue
	}
}

func (c *Config) queueSize(of queueKind) int {
	return [...]int{c.CallQueueSize, c.JoinAttemptQueueSize, c.SignalQueueSize}[of]
}

// push makes room at the head first, lest a queue that never runs empty grow.
func (b *inbox) push(in input) {
	if len(b.events) == cap(b.events) && b.head > len(b.events)/2 {
		kept := copy(b.events, b.events[b.head:])
		clear(b.events[kept:])
		b.events, b.head = b.events[:kept], 0
	}
	b.events = append(b.events, in)
	b.waiting[in.kind.queue()]++
}

func (b *inbox) size() int { return len(b.events) - b.head }

// pop takes the oldest event; there must be one.
func (b *inbox) pop() input {
	in := b.events[b.head]
	b.events[b.head] = input{}
	b.waiting[in.kind.queue()]--
	if b.head++; b.head == len(b.events) {
		b.events, b.head = b.events[:0], 0
	}
	return in
}

// takeTick takes the tick that is due with its messages. A tick without any is an
// idle one and frees the buffers.
func (b *inbox) takeTick() (messages []Message, due bool) {
	if !b.tickDue {
		return nil, false
	}
	b.tickDue, b.dropped = false, 0
	if len(b.messages) == 0 {
		b.free()
		return nil, true
	}
	messages = b.messages
	b.messages, b.spare = b.spare, nil
	return messages, true
}

// free lets the buffers go that are empty. It writes nothing where there are none: that
// would cost memory traffic at each tick of each match.
func (b *inbox) free() {
	if b.messages != nil || b.spare != nil {
		b.messages, b.spare = nil, nil
	}
	if b.events != nil && b.size() == 0 {
		b.events, b.head = nil, 0
	}
}

// giveBack lets a tick's messages be filled anew.
func (b *inbox) giveBack(messages []Message) {
	clear(messages)
	b.spare = messages[:0]
}
