package nktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heroiclabs/nakama-common/rtapi"
)

// Received are messages that a match or a party has sent to a user, the oldest first.
type Received struct {
	t    T
	user string
	list []Message
}

// Message is data that a match or a party has sent to a user.
type Message struct {
	OpCode   int64
	Data     []byte
	Sender   string // the name of the user who is said to be the sender, or ""
	Reliable bool

	t     T
	whole string // what it is, for failures
}

// Received is all that the match has sent to a user, on any session.
func (m *Match) Received(user *User) Received { return user.received(m.ID) }

// received are the messages from a match or a party.
func (u *User) received(from string) Received {
	u.mu.Lock()
	list := slices.Clone(u.data[from])
	u.mu.Unlock()
	for i := range list {
		list[i].t, list[i].whole = u.host.t, fmt.Sprintf("message %d to %s (op code %d)", i+1, u.Username, list[i].OpCode)
	}
	return Received{t: u.host.t, user: u.Username, list: list}
}

// dataOf is a frame as a message, with the id of the match or the party that it is from;
// "" for other frames.
func dataOf(frame *rtapi.Envelope) (from string, m Message) {
	if data := frame.GetMatchData(); data != nil {
		return data.MatchId, Message{OpCode: data.OpCode, Data: data.Data, Sender: data.GetPresence().GetUsername(), Reliable: data.Reliable}
	}
	if data := frame.GetPartyData(); data != nil {
		return data.PartyId, Message{OpCode: data.OpCode, Data: data.Data, Sender: data.GetPresence().GetUsername(), Reliable: true}
	}
	return "", m
}

// All are the messages with one of the op codes, or without any op code all messages.
func (r Received) All(opCodes ...int64) []Message {
	if len(opCodes) == 0 {
		return r.list
	}
	return slices.DeleteFunc(slices.Clone(r.list), func(m Message) bool { return !slices.Contains(opCodes, m.OpCode) })
}

// Count is how many messages All has.
func (r Received) Count(opCodes ...int64) int { return len(r.All(opCodes...)) }

// Last is the newest message of All; that there is none ends the test.
func (r Received) Last(opCodes ...int64) Message {
	r.t.Helper()
	all := r.All(opCodes...)
	if len(all) == 0 {
		r.t.Fatalf("%s has received no message %s; those received are:\n%s", r.user, withOpCodes(opCodes), r)
		return Message{t: r.t}
	}
	return all[len(all)-1]
}

// JSON is the part at a path of the newest message's data.
func (r Received) JSON(path string) Value {
	r.t.Helper()
	return r.Last().JSON(path)
}

func withOpCodes(opCodes []int64) string {
	if len(opCodes) == 0 {
		return "at all"
	}
	return "with op code " + strings.Trim(fmt.Sprint(opCodes), "[]")
}

// String lists the messages.
func (r Received) String() string {
	if len(r.list) == 0 {
		return "  none"
	}
	var text strings.Builder
	for _, m := range r.list {
		fmt.Fprintf(&text, "  %s: %s\n", m.whole, m.Data)
	}
	return text.String()
}

// Text is the data as text.
func (m Message) Text() string { return string(m.Data) }

// JSON is the part of the data at a path, or with "" the whole.
func (m Message) JSON(path string) Value {
	m.t.Helper()
	return decoded(m.t, m.whole, string(m.Data)).At(path)
}
