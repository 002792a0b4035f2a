package nkshim

import (
	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/protobuf/encoding/protojson"

	"nkhost/lua"
	"nkhost/lua/glua"
)

// Stream names a stream, on which sessions can be present.
type Stream struct {
	Mode                uint8
	Subject, Subcontext uuid.UUID
	Label               string
}

// StreamMeta is what a presence says of itself.
type StreamMeta struct {
	Hidden, Persistence bool
	Status              string
}

// StreamPresence is a user on a stream, by one session.
type StreamPresence struct {
	UserID, SessionID, Username, Node string
	StreamMeta
}

// Streams are the streams, and the statuses that sessions follow. Sessions that are not
// open are passed over unless an error says so.
type Streams interface {
	UserJoin(stream Stream, userID, sessionID string, meta StreamMeta) (isNew bool, err error)
	UserUpdate(stream Stream, userID, sessionID string, meta StreamMeta) error
	UserLeave(stream Stream, userID, sessionID string) error
	Users(stream Stream, hidden, visible bool) []StreamPresence
	Count(stream Stream) int
	Close(stream Stream)
	// Send sends to all on the stream, or with sessions to these, wherever they are.
	Send(stream Stream, sessions []string, out *rtapi.Envelope)
	Follow(sessionID string, users []uuid.UUID) error
	Unfollow(sessionID string, users []uuid.UUID)
}

var streamFunctions = map[string]function{
	"status_follow":      statusFollow,
	"status_unfollow":    statusUnfollow,
	"stream_close":       streamClose,
	"stream_count":       streamCount,
	"stream_send":        streamSend,
	"stream_send_raw":    streamSendRaw,
	"stream_user_get":    streamUserGet,
	"stream_user_join":   streamUserJoin,
	"stream_user_kick":   streamUserKick,
	"stream_user_leave":  streamUserLeave,
	"stream_user_list":   streamUserList,
	"stream_user_update": streamUserUpdate,
}

// stream is a table that names a stream in argument n. Fields it does not know are passed
// over, and of a mode the lowest eight bits count, as on Nakama.
func (c call) stream(n int) Stream {
	s := record{call: c, list: list{n, "stream"}, place: "itself", table: c.table(n, "stream")}
	stream := Stream{Subject: s.streamID("subject"), Subcontext: s.streamID("subcontext")}
	if s.has("mode") {
		mode, ok := s.table.RawGetString("mode").(glua.LNumber)
		if !ok {
			s.want("mode", "a number")
		}
		stream.Mode = uint8(int64(mode))
	}
	if label := s.anyText("label"); label != nil {
		stream.Label = *label
	}
	return stream
}

func (r record) streamID(field string) uuid.UUID {
	if !r.has(field) {
		return uuid.Nil
	}
	return uuid.MustParse(r.id(field))
}

func (c call) streamMeta(n int) StreamMeta {
	return StreamMeta{
		Hidden: c.optBool(n, "hidden", false), Persistence: c.optBool(n+1, "persistence", true), Status: c.optText(n+2, "status", ""),
	}
}

// onStream are the arguments that name a presence: a user, a session and a stream.
func (c call) onStream() (stream Stream, userID, sessionID string) {
	userID, sessionID = c.id(1, "user id"), c.id(2, "session id")
	return c.stream(3), userID, sessionID
}

// raise raises an error of the streams, none of which is internal.
func (c call) raise(err error) {
	if err != nil {
		c.fail("%s", message(err))
	}
}

func streamUserJoin(r *Runtime, c call) int {
	stream, userID, sessionID := c.onStream()
	isNew, err := r.deps.Streams.UserJoin(stream, userID, sessionID, c.streamMeta(4))
	c.raise(err)
	return c.push(glua.LBool(isNew))
}

func streamUserUpdate(r *Runtime, c call) int {
	stream, userID, sessionID := c.onStream()
	c.raise(r.deps.Streams.UserUpdate(stream, userID, sessionID, c.streamMeta(4)))
	return 0
}

func streamUserLeave(r *Runtime, c call) int {
	stream, userID, sessionID := c.onStream()
	c.raise(r.deps.Streams.UserLeave(stream, userID, sessionID))
	return 0
}

func streamUserKick(r *Runtime, c call) int {
	presence := record{call: c, list: list{1, "presence"}, place: "itself", table: c.table(1, "presence")}
	userID, sessionID := presence.id("user_id"), presence.id("session_id")
	presence.optText("node")
	c.raise(r.deps.Streams.UserLeave(c.stream(2), userID, sessionID))
	return 0
}

func streamUserList(r *Runtime, c call) int {
	presences := r.deps.Streams.Users(c.stream(1), c.optBool(2, "include hidden", true), c.optBool(3, "include not hidden", true))
	list := newList(len(presences))
	for _, p := range presences {
		t := newTable(7)
		t.SetField("user_id", glua.LString(p.UserID))
		t.SetField("session_id", glua.LString(p.SessionID))
		t.SetField("node", glua.LString(p.Node))
		p.setMeta(t)
		list.Append(t)
	}
	return c.push(list)
}

func (p StreamPresence) setMeta(t *glua.LTable) {
	t.SetField("hidden", glua.LBool(p.Hidden))
	t.SetField("persistence", glua.LBool(p.Persistence))
	t.SetField("username", glua.LString(p.Username))
	t.SetField("status", glua.LString(p.Status))
}

func streamUserGet(r *Runtime, c call) int {
	stream, userID, sessionID := c.onStream()
	for _, p := range r.deps.Streams.Users(stream, true, true) {
		if p.UserID == userID && p.SessionID == sessionID {
			t := newTable(4)
			p.setMeta(t)
			return c.push(t)
		}
	}
	return c.push(glua.LNil)
}

func streamCount(r *Runtime, c call) int {
	return c.push(glua.LNumber(r.deps.Streams.Count(c.stream(1))))
}

// streamClose takes the subcontext for the subject, as Nakama does: a stream that has a
// subcontext cannot be closed.
func streamClose(r *Runtime, c call) int {
	stream := c.stream(1)
	if stream.Subcontext != uuid.Nil {
		stream.Subject, stream.Subcontext = stream.Subcontext, uuid.Nil
	}
	r.deps.Streams.Close(stream)
	return 0
}

func streamSend(r *Runtime, c call) int {
	stream, data, sessions := c.stream(1), c.text(2, "data"), c.sessions(3)
	named := &rtapi.Stream{Mode: int32(stream.Mode), Label: stream.Label}
	if stream.Subject != uuid.Nil {
		named.Subject = stream.Subject.String()
	}
	if stream.Subcontext != uuid.Nil {
		named.Subcontext = stream.Subcontext.String()
	}
	r.deps.Streams.Send(stream, sessions, &rtapi.Envelope{Message: &rtapi.Envelope_StreamData{StreamData: &rtapi.StreamData{
		Stream: named, Data: data, Reliable: c.optBool(4, "reliable", true),
	}}})
	return 0
}

func streamSendRaw(r *Runtime, c call) int {
	stream := c.stream(1)
	text, err := lua.EncodeJSONFor(c.L, c.table(2, "envelope"))
	out := &rtapi.Envelope{}
	if err == nil {
		err = protojson.Unmarshal([]byte(text), out)
	}
	if err != nil {
		c.fail("argument 2 (envelope): %v", err)
	}
	sessions := c.sessions(3)
	c.optBool(4, "reliable", true) // TCP is
	r.deps.Streams.Send(stream, sessions, out)
	return 0
}

// sessions are those of a list of presences in argument n, if there are any.
func (c call) sessions(n int) []string {
	table := c.optTable(n, "presences")
	if table == nil {
		return nil
	}
	var sessions []string
	c.recordsOf(table, list{n, "presences"}, func(r record) {
		r.optText("node")
		sessions = append(sessions, r.optID("session_id", uuid.Nil.String()))
	})
	return sessions
}

func statusFollow(r *Runtime, c call) int {
	sessionID, users := c.id(1, "session id"), parsedIDs(c.itemIDs(2, "user ids"))
	c.raise(r.deps.Streams.Follow(sessionID, users))
	return 0
}

func statusUnfollow(r *Runtime, c call) int {
	r.deps.Streams.Unfollow(c.id(1, "session id"), parsedIDs(c.itemIDs(2, "user ids")))
	return 0
}
