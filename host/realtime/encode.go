package realtime

import (
	"encoding/binary"

	"github.com/gorilla/websocket"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// format is how a socket's envelopes are written.
type format uint8

const (
	formatJSON format = iota
	formatProtobuf
	formats
)

func parseFormat(text string) (format, bool) {
	switch text {
	case "", "json":
		return formatJSON, true
	case "protobuf":
		return formatProtobuf, true
	}
	return 0, false
}

// messageType is the WebSocket message type of the format, which is also the op
// code of its frames.
func (f format) messageType() int {
	if f == formatProtobuf {
		return websocket.BinaryMessage
	}
	return websocket.TextMessage
}

// decode reads one envelope. Unknown fields, duplicate keys and anything after
// the message are errors in JSON. The envelope keeps nothing of data.
func (f format) decode(data []byte) (*rtapi.Envelope, error) {
	if f == formatProtobuf {
		in := &rtapi.Envelope{}
		return in, proto.Unmarshal(data, in)
	}
	if in, ok := decodeMatchDataSend(data); ok {
		return in, nil
	}
	return decodeGeneral(data)
}

func decodeGeneral(text []byte) (*rtapi.Envelope, error) {
	in := &rtapi.Envelope{}
	return in, protojson.Unmarshal(text, in)
}

// message is what can be written to a socket.
type message interface {
	// appendTo appends the encoded envelope. It fails on text that is not UTF-8.
	appendTo(out []byte, f format) ([]byte, error)
	// sizeHint is about how long it will be.
	sizeHint() int
}

// envelope is any message; matchData is the one with an encoding of its own.
type envelope struct{ *rtapi.Envelope }

func (e envelope) appendTo(out []byte, f format) ([]byte, error) {
	if f == formatProtobuf {
		return proto.MarshalOptions{}.MarshalAppend(out, e.Envelope)
	}
	return protojson.MarshalOptions{UseProtoNames: true, UseEnumNumbers: true}.MarshalAppend(out, e.Envelope)
}

func (envelope) sizeHint() int { return 256 }

// frameHeaderSize is the longest header of a frame that a server sends.
const frameHeaderSize = 10

const frameFinal = 0x80

// encodeFrame returns a message as one whole WebSocket frame, header included, so
// that all its recipients can share the bytes.
func encodeFrame(m message, f format) ([]byte, error) {
	out, err := m.appendTo(make([]byte, frameHeaderSize, frameHeaderSize+m.sizeHint()), f)
	if err != nil {
		return nil, err
	}
	size := len(out) - frameHeaderSize
	start := frameHeaderSize
	switch {
	case size <= 125:
		start -= 2
		out[start+1] = byte(size)
	case size <= 0xffff:
		start -= 4
		out[start+1] = 126
		binary.BigEndian.PutUint16(out[start+2:], uint16(size))
	default:
		start -= 10
		out[start+1] = 127
		binary.BigEndian.PutUint64(out[start+2:], uint64(size))
	}
	out[start] = frameFinal | byte(f.messageType())
	return out[start:], nil
}

// controlFrame returns a ping, pong or close frame; the payload has at most 125
// bytes.
func controlFrame(messageType int, payload []byte) []byte {
	out := make([]byte, 0, 2+len(payload))
	out = append(out, frameFinal|byte(messageType), byte(len(payload)))
	return append(out, payload...)
}

// broadcast is a message to several sockets, encoded once for each format that
// one of them has. It belongs to one goroutine.
type broadcast struct {
	message message
	frames  [formats][]byte
	err     error // why a frame is missing
}

func (b *broadcast) frame(f format) []byte {
	if b.frames[f] == nil && b.err == nil {
		b.frames[f], b.err = encodeFrame(b.message, f)
	}
	return b.frames[f]
}
