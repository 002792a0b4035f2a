package nktest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"

	"nkhost/host"
)

// User is a user with a session, over which everything goes that the user does.
type User struct {
	ID, Username string

	host    *Host
	token   string
	session *host.Session // the newest
	calls   int

	mu     sync.Mutex
	frames []*rtapi.Envelope    // of all sessions
	data   map[string][]Message // those from each match and party, by its id
}

// User is the user of that name, who is signed up and connected when first asked for.
func (h *Host) User(username string) *User {
	h.t.Helper()
	if user := h.users[username]; user != nil {
		return user
	}
	caller, tokens, err := h.manual.SignUp(h.ctx, username)
	h.must(err, "sign up")
	user := &User{ID: caller.UserID, Username: username, host: h, token: tokens.Token}
	h.users[username] = user
	user.session, err = h.manual.Connect(caller, user.receive)
	h.must(err, "connect %s", username)
	return user
}

func (u *User) receive(out *rtapi.Envelope) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.frames = append(u.frames, out)
	if from, m := dataOf(out); from != "" {
		if u.data == nil {
			u.data = map[string][]Message{}
		}
		u.data[from] = append(u.data[from], m)
	}
}

// Frames are all messages that the user's sessions were sent, in order.
func (u *User) Frames() []*rtapi.Envelope { return slices.Clone(u.framesFrom(0)) }

// Messages are the messages of a kind that the user's sessions were sent, in order, such as
// "notifications", "stream_data" or "channel_message".
func (u *User) Messages(kind string) (messages []Value) {
	u.host.t.Helper()
	for i, frame := range u.framesFrom(0) {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(frame)
		u.host.must(err, "read message %d to %s", i+1, u.Username)
		whole := decoded(u.host.t, fmt.Sprintf("message %d to %s", i+1, u.Username), string(text))
		if whole.Has(kind) {
			messages = append(messages, whole.At(kind))
		}
	}
	return messages
}

// framesFrom are those after the first so many. The list is only ever appended to.
func (u *User) framesFrom(first int) []*rtapi.Envelope {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.frames[first:len(u.frames):len(u.frames)]
}

func (u *User) frameCount() int { return len(u.framesFrom(0)) }

// SessionID is the id of the user's newest session.
func (u *User) SessionID() string { return u.session.Caller.SessionID }

// Connected reports whether the user's newest session goes on.
func (u *User) Connected() bool { return u.session.Open() }

// Disconnect ends the user's session as a lost connection does.
func (u *User) Disconnect() {
	u.host.t.Helper()
	u.host.must(u.session.Close(), "disconnect %s", u.Username)
	u.host.check()
}

// Reconnect opens a new session; an old one that still goes on is ended first.
func (u *User) Reconnect() {
	u.host.t.Helper()
	if u.Connected() {
		u.Disconnect()
	}
	session, err := u.host.manual.Connect(u.session.Caller, u.receive)
	u.host.must(err, "reconnect %s", u.Username)
	u.session = session
}

// Request sends any realtime message and returns its answer, nil if there is none.
func (u *User) Request(in *rtapi.Envelope) *rtapi.Envelope {
	u.host.t.Helper()
	if !u.Connected() {
		u.host.t.Fatalf("%s is not connected", u.Username)
	}
	u.calls++
	in.Cid = strconv.Itoa(u.calls)
	before := u.frameCount()
	u.host.must(u.session.Send(in), "send a message of %s", u.Username)
	for _, out := range u.framesFrom(before) {
		if out.Cid == in.Cid {
			return out
		}
	}
	return nil
}
