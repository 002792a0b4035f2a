package realtime

import (
	"encoding/base64"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/match"
)

// matchData is a match_data envelope. It is what a busy host sends most, and its own
// JSON takes a tenth of the general encoder's time; matchdata_test.go holds the two
// against each other.
type matchData struct {
	matchID  string
	sender   *match.Presence // nil: the match itself
	opCode   int64
	data     []byte
	reliable bool
}

var errNotUTF8 = errors.New("a match's message has a user name or match id that is not UTF-8")

func (m *matchData) appendTo(out []byte, f format) ([]byte, error) {
	if f == formatProtobuf {
		return envelope{m.wire()}.appendTo(out, f)
	}
	if !m.valid() {
		return nil, errNotUTF8
	}
	return m.appendJSON(out), nil
}

func (m *matchData) wire() *rtapi.Envelope {
	wire := &rtapi.MatchData{MatchId: m.matchID, OpCode: m.opCode, Data: m.data, Reliable: m.reliable}
	if p := m.sender; p != nil {
		wire.Presence = &rtapi.UserPresence{UserId: p.UserID, SessionId: p.SessionID, Username: p.Username}
	}
	return &rtapi.Envelope{Message: &rtapi.Envelope_MatchData{MatchData: wire}}
}

// sizeHint is enough for either format, unless text has to be escaped.
func (m *matchData) sizeHint() int {
	const names = 160 // of fields, with their quotes and a long number
	size := names + len(m.matchID) + base64.StdEncoding.EncodedLen(len(m.data))
	if m.sender != nil {
		size += len(m.sender.UserID) + len(m.sender.SessionID) + len(m.sender.Username)
	}
	return size
}

func (m *matchData) valid() bool {
	if !utf8.ValidString(m.matchID) {
		return false
	}
	p := m.sender
	return p == nil || utf8.ValidString(p.UserID) && utf8.ValidString(p.SessionID) && utf8.ValidString(p.Username)
}

func (m *matchData) appendJSON(out []byte) []byte {
	out = append(out, `{"match_data":{`...)
	open := len(out)
	if m.matchID != "" {
		out = appendMember(out, open, "match_id")
		out = appendJSONText(out, m.matchID)
	}
	if m.sender != nil {
		out = appendMember(out, open, "presence")
		out = appendPresenceJSON(out, m.sender)
	}
	if m.opCode != 0 {
		out = appendMember(out, open, "op_code")
		out = append(out, '"')
		out = strconv.AppendInt(out, m.opCode, 10)
		out = append(out, '"')
	}
	if len(m.data) > 0 {
		out = appendMember(out, open, "data")
		out = append(out, '"')
		out = base64.StdEncoding.AppendEncode(out, m.data)
		out = append(out, '"')
	}
	if m.reliable {
		out = appendMember(out, open, "reliable")
		out = append(out, "true"...)
	}
	return append(out, "}}"...)
}

func appendPresenceJSON(out []byte, p *match.Presence) []byte {
	out = append(out, '{')
	open := len(out)
	for _, field := range [...]struct{ name, value string }{
		{"user_id", p.UserID}, {"session_id", p.SessionID}, {"username", p.Username},
	} {
		if field.value != "" {
			out = appendMember(out, open, field.name)
			out = appendJSONText(out, field.value)
		}
	}
	return append(out, '}')
}

// appendMember begins a member of an object whose first member stands at open.
func appendMember(out []byte, open int, name string) []byte {
	if len(out) > open {
		out = append(out, ',')
	}
	out = append(out, '"')
	out = append(out, name...)
	return append(out, `":`...)
}

func appendJSONText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	start := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, text[start:i]...)
		if c >= ' ' {
			out = append(out, '\\', c)
		} else {
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
		start = i + 1
	}
	out = append(out, text[start:]...)
	return append(out, '"')
}
