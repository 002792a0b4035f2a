package realtime

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/rtapi"
)

// decodeMatchDataSend reads the JSON of a match_data_send envelope as clients write it.
// It is what a busy host receives most, and takes a small part of the general decoder's
// time. Whatever is unusual, be it right or wrong, it leaves to the general decoder: then
// ok is false. The envelope keeps nothing of text.
func decodeMatchDataSend(text []byte) (in *rtapi.Envelope, ok bool) {
	const cidField, sendField = 1, 15
	r := plainJSON{rest: text}
	var cid []byte
	var send matchDataSend
	var seen fieldSet
	ok = r.object(func(name []byte) (ok bool) {
		switch string(name) {
		case "match_data_send", "matchDataSend":
			return seen.add(sendField) && send.read(&r)
		case "cid":
			cid, ok = r.text()
			return ok && seen.add(cidField)
		}
		return false
	})
	if !ok || !seen.has(sendField) || !r.atEnd() {
		return nil, false
	}
	return send.envelope(cid), true
}

// matchDataSend is what has been read of a message. Its texts are parts of the input.
type matchDataSend struct {
	matchID   []byte
	opCode    int64
	data      []byte
	presences []*rtapi.UserPresence
	reliable  bool
}

func (m *matchDataSend) read(r *plainJSON) bool {
	var seen fieldSet
	return r.object(func(name []byte) (ok bool) {
		var field int
		switch string(name) {
		case "match_id", "matchId":
			field = 1
			m.matchID, ok = r.text()
		case "op_code", "opCode":
			field = 2
			m.opCode, ok = r.integer()
		case "data":
			field = 3
			m.data, ok = r.base64()
		case "presences":
			field = 4
			m.presences, ok = r.presences()
		case "reliable":
			field = 5
			m.reliable, ok = r.boolean()
		}
		return ok && seen.add(field)
	})
}

// envelope is the message as one piece of memory beside its id and data.
func (m *matchDataSend) envelope(cid []byte) *rtapi.Envelope {
	whole := &struct {
		envelope rtapi.Envelope
		message  rtapi.Envelope_MatchDataSend
		send     rtapi.MatchDataSend
	}{}
	send := &whole.send
	send.MatchId, send.OpCode, send.Data = string(m.matchID), m.opCode, m.data
	send.Presences, send.Reliable = m.presences, m.reliable
	whole.message.MatchDataSend = send
	whole.envelope.Cid, whole.envelope.Message = string(cid), &whole.message
	return &whole.envelope
}

// fieldSet has a bit for each field that an object has had, by the field's number.
type fieldSet uint32

// add reports whether the field is new.
func (s *fieldSet) add(field int) bool {
	isNew := !s.has(field)
	*s |= 1 << field
	return isNew
}

func (s fieldSet) has(field int) bool { return s&(1<<field) != 0 }

// plainJSON reads JSON of which it knows what comes next: ASCII text without escapes,
// whole numbers of up to 18 digits, padded base64 of the usual alphabet. Its methods
// report false on all else, and then it must not be used further.
type plainJSON struct{ rest []byte }

// object reads an object, and each member's value by the given function.
func (r *plainJSON) object(value func(name []byte) bool) bool {
	if !r.take('{') {
		return false
	}
	if r.take('}') {
		return true
	}
	for {
		name, ok := r.text()
		if !ok || !r.take(':') || !value(name) {
			return false
		}
		if !r.take(',') {
			return r.take('}')
		}
	}
}

func (r *plainJSON) presences() (list []*rtapi.UserPresence, ok bool) {
	if !r.take('[') {
		return nil, false
	}
	if r.take(']') {
		return nil, true
	}
	for {
		p := &rtapi.UserPresence{}
		if !r.presence(p) {
			return nil, false
		}
		list = append(list, p)
		if !r.take(',') {
			return list, r.take(']')
		}
	}
}

func (r *plainJSON) presence(p *rtapi.UserPresence) bool {
	var seen fieldSet
	return r.object(func(name []byte) bool {
		var field int
		var to *string
		switch string(name) {
		case "user_id", "userId":
			field, to = 1, &p.UserId
		case "session_id", "sessionId":
			field, to = 2, &p.SessionId
		case "username":
			field, to = 3, &p.Username
		default:
			return false
		}
		text, ok := r.text()
		*to = string(text)
		return ok && seen.add(field)
	})
}

// take skips white space and takes the given byte, if it comes next.
func (r *plainJSON) take(c byte) bool {
	r.skipSpace()
	if len(r.rest) == 0 || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *plainJSON) atEnd() bool {
	r.skipSpace()
	return len(r.rest) == 0
}

func (r *plainJSON) skipSpace() {
	for len(r.rest) > 0 {
		switch r.rest[0] {
		case ' ', '\t', '\r', '\n':
			r.rest = r.rest[1:]
		default:
			return
		}
	}
}

// text is a part of the input.
func (r *plainJSON) text() ([]byte, bool) {
	text, ok := r.quoted()
	for _, c := range text {
		if c < ' ' || c == '\\' || c >= utf8.RuneSelf {
			return nil, false
		}
	}
	return text, ok
}

// quoted is what stands between two quotation marks. It may be no JSON text.
func (r *plainJSON) quoted() ([]byte, bool) {
	if !r.take('"') {
		return nil, false
	}
	end := bytes.IndexByte(r.rest, '"')
	if end < 0 {
		return nil, false
	}
	text := r.rest[:end]
	r.rest = r.rest[end+1:]
	return text, true
}

// base64 decodes a text; nil if it is empty. The decoder would pass over line breaks,
// which no JSON text has.
func (r *plainJSON) base64() ([]byte, bool) {
	text, ok := r.quoted()
	if !ok || len(text) == 0 {
		return nil, ok
	}
	if len(text)%4 != 0 || bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		return nil, false
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(data, text)
	return data[:n], err == nil
}

// integer reads a number, with or without quotation marks. What follows one without
// them is not looked at: an object's next token must be another.
func (r *plainJSON) integer() (int64, bool) {
	r.skipSpace()
	if len(r.rest) == 0 || r.rest[0] != '"' {
		n, size := integerPrefix(r.rest)
		r.rest = r.rest[size:]
		return n, size > 0
	}
	text, ok := r.quoted()
	n, size := integerPrefix(text)
	return n, ok && size > 0 && size == len(text)
}

// integerPrefix reads the number that text begins with; size is 0 if there is none.
func integerPrefix(text []byte) (n int64, size int) {
	const maxDigits = 18 // an int64 holds them all
	digits := bytes.TrimPrefix(text, []byte("-"))
	negative := len(digits) < len(text)
	count := 0
	for count < len(digits) && '0' <= digits[count] && digits[count] <= '9' {
		if count == maxDigits {
			return 0, 0
		}
		n = n*10 + int64(digits[count]-'0')
		count++
	}
	if count == 0 || digits[0] == '0' && (count > 1 || negative) {
		return 0, 0
	}
	if negative {
		return -n, count + 1
	}
	return n, count
}

func (r *plainJSON) boolean() (value, ok bool) {
	r.skipSpace()
	if rest, ok := bytes.CutPrefix(r.rest, []byte("true")); ok {
		r.rest = rest
		return true, true
	}
	rest, ok := bytes.CutPrefix(r.rest, []byte("false"))
	r.rest = rest
	return false, ok
}
