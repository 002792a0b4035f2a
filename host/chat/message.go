package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/db"
)

// System is the sender of messages that no user sends.
const System = "00000000-0000-0000-0000-000000000000"

// Code is what a message tells. Those of a group's channel are sent by the server.
type Code int32

const (
	CodeChat Code = iota
	CodeUpdate
	CodeRemove
	CodeGroupJoin
	CodeGroupAdd
	CodeGroupLeave
	CodeGroupKick
	CodeGroupPromote
	CodeGroupBan
	CodeGroupDemote
)

// Message is what somebody says, or how somebody changes what they have said.
type Message struct {
	Channel    Channel
	ID         string // of what was said; Send makes one
	Code       Code   // Send's only
	SenderID   string // a user's id, or System
	Username   string
	Content    string // a JSON object; Remove has none
	Persistent bool   // whether it is kept, and an earlier message must be there to be changed
}

// maxUsername is how long a name may be that is kept, in characters.
const maxUsername = 128

// CheckContent wants a JSON object.
func CheckContent(content string) error {
	text := []byte(content)
	if !json.Valid(text) || !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) || !utf8.Valid(text) {
		return status.Error(codes.InvalidArgument, "Message content must be a valid JSON object")
	}
	return nil
}

func (m *Message) check() error {
	if !utf8.ValidString(m.Username) || m.Persistent && utf8.RuneCountInString(m.Username) > maxUsername {
		return status.Errorf(codes.InvalidArgument, "A message's username must be UTF-8 of at most %d characters", maxUsername)
	}
	return CheckContent(m.Content)
}

// checkChange also brings the id into the form in which it is kept.
func (m *Message) checkChange() (err error) {
	if m.ID, err = parseID(m.ID); err != nil {
		return err
	}
	return m.check()
}

// CheckID wants the id of a message.
func CheckID(id string) error {
	_, err := parseID(id)
	return err
}

func parseID(id string) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", status.Error(codes.InvalidArgument, "Invalid message identifier")
	}
	return parsed.String(), nil
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Send says something: it is kept if it is to be, and then delivered, before Send
// returns, so that a sender who is present hears it before the answer.
func (s *Service) Send(ctx context.Context, m Message) (*rtapi.ChannelMessageAck, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	m.ID = s.NewID()
	now := s.now()
	if m.Persistent {
		if _, err := s.sql.insert.Exec(ctx, m.row(now)...); err != nil {
			return nil, err
		}
	}
	return s.deliver(m, now, now), nil
}

// SaveTx keeps what is said in a transaction; deliver is to be called when that is
// committed.
func (s *Service) SaveTx(ctx context.Context, tx *db.Tx, m Message) (deliver func(), err error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	m.ID = s.NewID()
	now := s.now()
	if _, err := tx.Exec(ctx, s.sql.insert, m.row(now)...); err != nil {
		return nil, err
	}
	return func() { s.deliver(m, now, now) }, nil
}

// row is what the statement insert takes.
func (m *Message) row(now time.Time) []any {
	c := m.Channel
	return []any{
		m.ID, m.Code, m.SenderID, m.Username,
		c.Kind, c.Subject.String(), c.Subcontext.String(), c.Label, m.Content, now.UnixMilli(),
	}
}

// Update changes what was said. Only its sender can, of what was kept; of what was not,
// those present are told whatever it is. The error's code is NotFound.
func (s *Service) Update(ctx context.Context, m Message) (*rtapi.ChannelMessageAck, error) {
	if err := m.checkChange(); err != nil {
		return nil, err
	}
	now := s.now()
	created := now
	if m.Persistent {
		var ms int64
		found, err := s.sql.update.Row(ctx, m.ID, m.SenderID, m.Username, m.Content, now.UnixMilli()).Scan(&ms)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, status.Error(codes.NotFound, "Could not find message to update in channel history")
		}
		created = time.UnixMilli(ms)
	}
	m.Code = CodeUpdate
	return s.deliver(m, created, now), nil
}

// Remove takes back what was said, by the rules of Update.
func (s *Service) Remove(ctx context.Context, m Message) (*rtapi.ChannelMessageAck, error) {
	m.Content = "{}"
	if err := m.checkChange(); err != nil {
		return nil, err
	}
	created := s.now()
	updated := created
	if m.Persistent {
		var createMs, updateMs int64
		found, err := s.sql.remove.Row(ctx, m.ID, m.SenderID).Scan(&createMs, &updateMs)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, status.Error(codes.NotFound, "Could not find message to remove in channel history")
		}
		created, updated = time.UnixMilli(createMs), time.UnixMilli(updateMs)
	}
	m.Code = CodeRemove
	return s.deliver(m, created, updated), nil
}

// deliver sends a message to those present and returns its answer.
func (s *Service) deliver(m Message, created, updated time.Time) *rtapi.ChannelMessageAck {
	message := m.wire(created, updated)
	s.Deliver(m.Channel, message)
	return &rtapi.ChannelMessageAck{
		ChannelId: message.ChannelId, MessageId: message.MessageId, Code: message.Code, Username: message.Username,
		CreateTime: message.CreateTime, UpdateTime: message.UpdateTime, Persistent: message.Persistent,
		RoomName: message.RoomName, GroupId: message.GroupId, UserIdOne: message.UserIdOne, UserIdTwo: message.UserIdTwo,
	}
}

// wire is the message as clients see it.
func (m *Message) wire(created, updated time.Time) *api.ChannelMessage {
	names := m.Channel.Names()
	return &api.ChannelMessage{
		ChannelId: m.Channel.ID(), MessageId: m.ID, Code: wrapperspb.Int32(int32(m.Code)),
		SenderId: m.SenderID, Username: m.Username, Content: m.Content,
		CreateTime: timestamppb.New(created), UpdateTime: timestamppb.New(updated), Persistent: wrapperspb.Bool(m.Persistent),
		RoomName: names.Room, GroupId: names.GroupID, UserIdOne: names.UserIDOne, UserIdTwo: names.UserIDTwo,
	}
}
