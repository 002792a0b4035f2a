package record

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"sync"
	"time"

	"nkhost/host/match"
)

// flushEvery is after how many steps what is kept in memory goes to the file.
const flushEvery = 256

// Writer records one match. It is a match.Recorder, and what the match's Lua code gets
// from outside goes through it. When the file cannot be written, or is too long, the
// recording ends and the match goes on.
type Writer struct {
	start       Start
	appendState func(out []byte, state any) ([]byte, error)
	failed      func(error)
	closed      func(*Writer)
	name        string // of the file

	mu      sync.Mutex // Lua may ask for the time while another call of its VM waits
	file    io.WriteCloser
	stream  *gzip.Writer // nil once the recording has ended
	left    int64        // bytes, before they are compressed
	steps   int
	within  bool // a step
	now     time.Time
	state   uint64
	sent    sentHash
	buffer  []byte
	scratch []byte
}

// Name is the file's, within the folder.
func (w *Writer) Name() string { return w.name }

// Seed is the seed of the match's math.random.
func (w *Writer) Seed() uint64 { return w.start.Seed }

func (w *Writer) begin() error {
	if _, err := io.WriteString(w.file, magic); err != nil {
		return err
	}
	w.stream, _ = gzip.NewWriterLevel(w.file, gzip.BestSpeed) // the level is a valid one
	text, err := json.Marshal(w.start)
	if err != nil {
		return err
	}
	w.now, w.within = w.start.Time, true
	w.put(entryStart, text)
	return nil
}

// put writes an entry.
func (w *Writer) put(kind byte, data []byte) {
	if w.stream == nil {
		return
	}
	if w.left -= int64(len(data)) + 4; w.left < 0 {
		w.end([]byte{1, entryCut}, nil)
		return
	}
	w.buffer = binary.AppendUvarint(w.buffer[:0], uint64(len(data)+1))
	w.buffer = append(append(w.buffer, kind), data...)
	if _, err := w.stream.Write(w.buffer); err != nil {
		w.end(nil, err)
	}
}

// end ends the recording with a last entry.
func (w *Writer) end(last []byte, err error) {
	if w.stream == nil {
		return
	}
	if err == nil {
		_, err = w.stream.Write(last)
	}
	err = errors.Join(err, w.stream.Close(), w.file.Close())
	w.stream = nil
	if err != nil {
		w.failed(fmt.Errorf("record match %s: %w", w.start.MatchID, err))
	}
}

// Now keeps what time Lua is told.
func (w *Writer) Now(now time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	now = now.Round(0) // a replay has no monotonic clock to subtract by
	w.scratch = binary.AppendVarint(w.scratch[:0], int64(now.Sub(w.now)))
	w.now = now
	w.put(entryNow, w.scratch)
	return now
}

// Call makes a call and keeps what came of it.
func (w *Writer) Call(name string, ask func() ([]byte, string)) (results []byte, failure string, err error) {
	results, failure = ask()
	w.mu.Lock()
	defer w.mu.Unlock()
	call := Call{Name: name, Failure: failure, Results: results}
	w.scratch = call.append(w.scratch[:0])
	w.put(entryCall, w.scratch)
	return results, failure, nil
}

// Step keeps an input.
func (w *Writer) Step(in match.Input) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.within = true
	if in.Kind == match.KindTick && len(in.Messages) == 0 {
		w.put(entryTick, nil)
		return
	}
	text, err := json.Marshal(in)
	if err != nil {
		w.end(nil, err)
		return
	}
	w.put(entryInput, text)
}

// Sent notes what is sent.
func (w *Writer) Sent(to []match.Presence, message match.Broadcast) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.within {
		w.sent.sent(to, message)
	}
}

// Kicked notes who is kicked.
func (w *Writer) Kicked(who []match.Presence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.within {
		w.sent.kicked(who)
	}
}

// Done keeps what came of a step.
func (w *Writer) Done(out match.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.within = false
	if w.stream == nil {
		return
	}
	var done Done
	done, w.scratch = doneOf(out, w.state, &w.sent, w.appendState, w.scratch)
	text := done.append(nil, w.state)
	w.state = done.State
	w.put(entryDone, text)
	if w.steps++; w.stream != nil && (w.steps%flushEvery == 0 || out.Ended) {
		if err := w.stream.Flush(); err != nil {
			w.end(nil, err)
		}
	}
}

// doneOf is an outcome as it is kept. What cannot be encoded has the state before.
func doneOf(out match.Outcome, before uint64, sent *sentHash, appendState func([]byte, any) ([]byte, error), scratch []byte) (Done, []byte) {
	done := Done{State: before, Sent: sent.take(), Ended: out.Ended}
	if out.Err != nil {
		done.Err = out.Err.Error()
	}
	encoded, err := appendState(scratch[:0], out.State)
	if err != nil {
		return done, scratch
	}
	sum := fnv.New64a()
	_, _ = sum.Write(encoded)
	_, _ = io.WriteString(sum, out.Label)
	done.State = sum.Sum64()
	return done, encoded
}

// Close ends the recording.
func (w *Writer) Close() {
	w.mu.Lock()
	w.end(nil, nil)
	w.mu.Unlock()
	w.closed(w)
}
