package match

import (
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// match is a life with its inbox and its place in the scheduler. Whoever has
// something for it posts; only a worker steps it.
type match struct {
	life
	registry *Registry

	mu    sync.Mutex // guards inbox and phase; is not held during callbacks
	inbox inbox
	phase phase
	done  atomic.Pointer[chan struct{}] // of the callbacks' context; made when asked for

	order   uint64 // in which the matches were created
	nextRun *match // in the run queue
	placed  uint64 // the scheduler's lendings when it last gave the match a place; the scheduler's
	onWheel

	// What only the goroutine knows that is in the match.
	onWorker bool
	yielding bool
	released bool

	creator  *match // whose callback creates this match, until that is done
	waitsFor *match // whose answer a callback waits for; guarded by the registry's waiting
}

type phase uint8

const (
	idle    phase = iota
	queued        // in the run queue
	running       // a worker is in it
)

// posting is what became of an input.
type posting uint8

const (
	accepted posting = iota
	queueFull
	matchStopped
)

// post hands an event to the match. When requests are too many, the caller is
// refused; when calls are, the match does not follow and is stopped.
func (m *match) post(in input) posting {
	m.mu.Lock()
	if m.stopped.Load() {
		m.mu.Unlock()
		return matchStopped
	}
	queue := in.kind.queue()
	if int(m.inbox.waiting[queue]) >= m.config.queueSize(queue) {
		m.mu.Unlock()
		if queue == callQueue {
			m.stop(outcome{ending: failed, why: "it does not follow: more joins and leaves wait than match.call_queue_size"})
		}
		return queueFull
	}
	m.inbox.push(in)
	wake := m.wake()
	m.mu.Unlock()
	if wake {
		m.registry.scheduler.enqueue(m)
	}
	return accepted
}

// wake says whether the caller must put the match into the run queue. It needs mu.
func (m *match) wake() bool {
	if m.phase != idle {
		return false
	}
	m.phase = queued
	return true
}

// postMessage keeps a message for the next tick, or drops it.
func (m *match) postMessage(message Message) {
	if m.keepMessage(message) == 1 {
		m.log(slog.LevelWarn, "more messages in a tick than match.input_queue_size: the rest is dropped",
			slog.Int("size", m.config.InputQueueSize))
	}
}

// keepMessage returns 0, or if it drops the message, how many of this tick it has
// dropped by now.
func (m *match) keepMessage(message Message) (dropped int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped.Load() {
		return 0
	}
	if len(m.inbox.messages) < m.config.InputQueueSize {
		m.inbox.messages = append(m.inbox.messages, message)
		return 0
	}
	m.inbox.dropped++
	return m.inbox.dropped
}

// becomeDue notes a tick and says whether the caller must put the match into the
// run queue. A tick that comes while another is due is lost.
func (m *match) becomeDue() (enqueue bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped.Load() {
		return false
	}
	m.inbox.tickDue = true
	return m.wake()
}

// run does what waits: the events that are there, then the tick if one is due. It
// says whether there is more already; the match then goes to the end of the queue.
func (m *match) run() (again bool) {
	m.mu.Lock()
	if m.stopped.Load() { // who stopped it has released it
		m.mu.Unlock()
		return false
	}
	m.phase, m.onWorker = running, true
	for events := m.inbox.size(); events > 0 && !m.stopped.Load(); events-- {
		in := m.inbox.pop()
		m.mu.Unlock()
		m.handle(in)
		m.mu.Lock()
	}
	messages, due := m.inbox.takeTick()
	m.mu.Unlock()
	if due {
		m.handle(input{kind: inTick, messages: messages})
	}
	return m.exit(messages)
}

func (m *match) exit(messages []Message) (again bool) {
	m.mu.Lock()
	m.onWorker = false
	m.phase = idle
	if m.stopped.Load() {
		m.mu.Unlock()
		m.release()
		return false
	}
	defer m.mu.Unlock()
	if messages != nil {
		m.inbox.giveBack(messages)
	}
	return (m.inbox.size() > 0 || m.inbox.tickDue) && m.wake()
}

// handle steps the match and does what the outcome says. A match that ends is gone
// from the registry before whoever asked gets an answer.
func (m *match) handle(in input) {
	if m.stopped.Load() {
		in.request.reply(answer{ended: true})
		return
	}
	if in.request != nil && !in.request.begin() {
		return
	}
	out := m.step(m.context(), in)
	if out.ending != goesOn {
		m.end(out, in.request)
		return
	}
	heard := in.request.reply(m.answer(in, out))
	if in.kind == inAttempt && out.verdict.Allow && !out.member {
		m.letIn(in.joiner.Presence, heard)
	}
}

// letIn joins one whom the match allows to. If nobody has heard of that, the joiner
// leaves at once: the module may have kept a place in match_join_attempt.
func (m *match) letIn(p Presence, heard bool) {
	m.handle(input{kind: inJoin, presences: []Presence{p}})
	if !heard {
		p.Reason = ReasonDisconnect
		m.handle(input{kind: inLeave, presences: []Presence{p}})
	}
}

func (m *match) answer(in input, out outcome) answer {
	if in.kind != inAttempt {
		return answer{text: out.answer}
	}
	return answer{join: JoinResult{
		Allow:     out.verdict.Allow,
		IsNew:     !out.member,
		Reason:    out.verdict.Reason,
		Label:     m.label.text(),
		Presences: m.members.Load().all(),
	}}
}

// end stops the match from within: no callback runs any more.
func (m *match) end(out outcome, asked *request) {
	if waiting, _, ok := m.close(); ok {
		m.logEnd(out, slog.Int64("tick", m.tick))
		m.release()
		refuse(waiting)
	}
	asked.reply(answer{ended: true})
	if out.ending == failed {
		m.clients.Disconnect(m.members.Load().all())
	}
}

// stop stops the match from without. A callback that runs goes on until it notices
// that its context has ended, but it can send nothing more.
func (m *match) stop(out outcome) {
	waiting, busy, ok := m.close()
	if !ok {
		return
	}
	m.logEnd(out)
	if !busy {
		m.release()
	}
	refuse(waiting)
	if out.ending == failed {
		m.clients.Disconnect(m.members.Load().all())
	}
}

// close makes the match refuse all further input and takes it off the registry; ok
// says that it was this call that did. The requests that waited are to be refused.
// A busy match is released by the worker that is in it.
func (m *match) close() (waiting []*request, busy, ok bool) {
	m.mu.Lock()
	if m.stopped.Swap(true) {
		m.mu.Unlock()
		return nil, false, false
	}
	for m.inbox.size() > 0 {
		if in := m.inbox.pop(); in.request != nil {
			waiting = append(waiting, in.request)
		}
	}
	busy = m.phase == running
	m.mu.Unlock()
	m.registry.remove(m)
	m.endContext()
	return waiting, busy, true
}

// release lets go of a stopped match, once no callback runs in it.
func (m *match) release() {
	if m.released {
		return
	}
	m.released = true
	m.shielded("sending what was put off", m.sendDeferred)
	m.shielded("telling that the match has stopped", func() { m.config.Stopped(m.id) })
	m.shielded("closing the match's handler", m.handler.Close)
	m.closeRecorder()
	m.registry.released()
}

// shielded keeps a panic to the match that it comes from.
func (m *match) shielded(doing string, fn func()) {
	defer func() {
		if p := recover(); p != nil {
			m.logPanic(doing, p)
		}
	}()
	fn()
}

func (m *match) logPanic(doing string, p any) {
	m.log(slog.LevelError, doing+" panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
}

func (m *match) logEnd(out outcome, attrs ...slog.Attr) {
	level := slog.LevelInfo
	if out.ending == failed {
		level = slog.LevelWarn
	}
	attrs = append(attrs, slog.String("why", out.why))
	if out.err != nil {
		attrs = append(attrs, slog.Any("error", out.err))
	}
	m.log(level, "match stopped", attrs...)
}

func (m *match) log(level slog.Level, text string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("match", m.id), slog.String("module", m.module))
	m.config.Log.LogAttrs(m.context(), level, text, attrs...)
}
