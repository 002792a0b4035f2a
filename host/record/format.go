// Package record keeps the course of matches in files, one a match, and reads it back.
//
// A file is a line that names the format, and then a gzip stream of entries: a length, a
// letter, and what the letter's entry holds. The entries of a step are its input, what
// Lua got from outside meanwhile, and what came of it.
package record

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"nkhost/host/match"
)

const magic = "nkhost match 1\n"

// The letters of entries.
const (
	entryStart = 'S' // a Start as JSON
	entryTick  = 'T' // a tick without messages
	entryInput = 'I' // any input as JSON
	entryNow   = 'N' // nanoseconds since the time before, as a varint
	entryCall  = 'C' // a call: name, failure, results
	entryDone  = 'D' // what came of the step
	entryCut   = 'X' // the rest was too long to keep
)

// maxEntry is how many bytes an entry may have, and maxStep how many entries a step.
const (
	maxEntry = 64 << 20
	maxStep  = 1 << 20
)

// Start is what a match starts from.
type Start struct {
	Version     string         `json:"version"` // of the program that recorded
	ModulesHash string         `json:"modules_hash"`
	Module      string         `json:"module"`
	MatchID     string         `json:"match_id"`
	Node        string         `json:"node"`
	Seed        uint64         `json:"seed"`
	Time        time.Time      `json:"time"`
	Params      map[string]any `json:"params"`
	Settings    Settings       `json:"settings"`
}

// Settings are those that a match's course depends on.
type Settings struct {
	DeferredQueueSize  int               `json:"deferred_queue_size"`
	JoinMarkerDeadline time.Duration     `json:"join_marker_deadline"`
	MaxEmpty           time.Duration     `json:"max_empty"`
	Env                map[string]string `json:"env"`
	Version            string            `json:"version"`
	Started            time.Time         `json:"started"` // from when os.clock counts
}

// Done is what came of a step.
type Done struct {
	State uint64 // the state's hash
	Sent  uint64 // the hash of all that was sent and of the kicks; 0 if there were none
	Err   string
	Ended bool
}

// The flags of an entryDone.
const (
	doneState = 1 << iota // a hash follows; else it is the one before
	doneSent
	doneErr
	doneEnded
)

func (d Done) append(out []byte, before uint64) []byte {
	var flags byte
	if d.State != before {
		flags |= doneState
	}
	if d.Sent != 0 {
		flags |= doneSent
	}
	if d.Err != "" {
		flags |= doneErr
	}
	if d.Ended {
		flags |= doneEnded
	}
	out = append(out, flags)
	if flags&doneState != 0 {
		out = binary.BigEndian.AppendUint64(out, d.State)
	}
	if flags&doneSent != 0 {
		out = binary.BigEndian.AppendUint64(out, d.Sent)
	}
	return append(out, d.Err...)
}

func readDone(data []byte, before uint64) (d Done, err error) {
	if len(data) == 0 {
		return d, errDamaged
	}
	flags := data[0]
	data = data[1:]
	number := func(flag byte, otherwise uint64) uint64 {
		switch {
		case flags&flag == 0:
			return otherwise
		case len(data) < 8:
			err = errDamaged
			return 0
		}
		n := binary.BigEndian.Uint64(data)
		data = data[8:]
		return n
	}
	d.State, d.Sent = number(doneState, before), number(doneSent, 0)
	d.Err, d.Ended = string(data), flags&doneEnded != 0
	if (d.Err != "") != (flags&doneErr != 0) {
		err = errDamaged
	}
	return d, err
}

// Call is a call of a function of the nakama module.
type Call struct {
	Name, Failure string
	Results       []byte
	used          bool
}

func (c *Call) append(out []byte) []byte {
	for _, text := range []string{c.Name, c.Failure} {
		out = binary.AppendUvarint(out, uint64(len(text)))
		out = append(out, text...)
	}
	return append(out, c.Results...)
}

func readCall(data []byte) (c Call, err error) {
	for _, into := range []*string{&c.Name, &c.Failure} {
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return c, errDamaged
		}
		*into, data = string(data[n:n+int(size)]), data[n+int(size):]
	}
	c.Results = data
	return c, nil
}

// sentHash is the hash of what a match sends in a step.
type sentHash struct {
	sum   uint64
	bytes []byte
}

func (h *sentHash) sent(to []match.Presence, message match.Broadcast) {
	b := append(h.bytes[:0], 'B')
	b = binary.AppendVarint(b, message.OpCode)
	b = appendText(b, string(message.Data))
	if message.Sender != nil {
		b = appendText(b, message.Sender.SessionID)
	}
	if message.Reliable {
		b = append(b, 'r')
	}
	h.add(b, to)
}

func (h *sentHash) kicked(who []match.Presence) { h.add(append(h.bytes[:0], 'K'), who) }

func (h *sentHash) add(b []byte, who []match.Presence) {
	for i := range who {
		b = appendText(b, who[i].SessionID)
	}
	h.bytes = b
	sum := fnv.New64a()
	_ = binary.Write(sum, binary.BigEndian, h.sum)
	_, _ = sum.Write(b)
	h.sum = sum.Sum64()
}

func (h *sentHash) take() uint64 {
	sum := h.sum
	h.sum = 0
	return sum
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

// The errors of a file that cannot be read.
var (
	errForeign = errors.New("this is no recorded match")
	errDamaged = errors.New("the recorded match is damaged")
)

// Step is an input of a match and what Lua was told meanwhile.
type Step struct {
	Input match.Input // of the first step none
	Done  Done
	times []time.Time
	calls []Call
}

// Reader reads a recorded match.
type Reader struct {
	Start Start
	// Cut says, once Next has returned io.EOF, that the recording breaks off: the program
	// ended meanwhile, or the match was too long.
	Cut bool

	in    *bufio.Reader
	now   time.Time
	state uint64
}

// NewReader reads the start. The error says so if it is no recorded match.
func NewReader(file io.Reader) (*Reader, error) {
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(file, head); err != nil || string(head) != magic {
		return nil, errForeign
	}
	stream, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	r := &Reader{in: bufio.NewReader(stream)}
	kind, data, err := r.entry()
	if err != nil || kind != entryStart {
		return nil, fmt.Errorf("%w: it has no start", errDamaged)
	}
	if err := json.Unmarshal(data, &r.Start); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	r.now = r.Start.Time
	return r, nil
}

func (r *Reader) entry() (kind byte, data []byte, err error) {
	size, err := binary.ReadUvarint(r.in)
	if err != nil {
		return 0, nil, err
	}
	if size == 0 || size > maxEntry {
		return 0, nil, errDamaged
	}
	var read []byte
	if read, err = io.ReadAll(io.LimitReader(r.in, int64(size))); err != nil {
		return 0, nil, err
	}
	if uint64(len(read)) != size {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return read[0], read[1:], nil
}

// Next reads the next step; io.EOF is the end. The first step is the match's start.
func (r *Reader) Next() (*Step, error) {
	step := &Step{}
	for count := 0; count < maxStep; count++ {
		kind, data, err := r.entry()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF), err == nil && kind == entryCut, errors.Is(err, io.EOF) && count > 0:
			r.Cut = true
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errDamaged, err)
		}
		done, err := r.add(step, kind, data)
		if err != nil {
			return nil, err
		}
		if done {
			return step, nil
		}
	}
	return nil, errDamaged
}

func (r *Reader) add(step *Step, kind byte, data []byte) (done bool, err error) {
	switch kind {
	case entryTick:
		step.Input = match.Input{Kind: match.KindTick}
	case entryInput:
		if err := json.Unmarshal(data, &step.Input); err != nil {
			return false, fmt.Errorf("%w: %w", errDamaged, err)
		}
	case entryNow:
		passed, n := binary.Varint(data)
		if n <= 0 {
			return false, errDamaged
		}
		r.now = r.now.Add(time.Duration(passed))
		step.times = append(step.times, r.now)
	case entryCall:
		call, err := readCall(data)
		if err != nil {
			return false, err
		}
		step.calls = append(step.calls, call)
	case entryDone:
		step.Done, err = readDone(data, r.state)
		r.state = step.Done.State
		return true, err
	default:
		return false, errDamaged
	}
	return false, nil
}
