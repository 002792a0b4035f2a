package chat

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is what a channel is, and the mode of its stream.
type Kind uint8

const (
	Room   Kind = 2
	Group  Kind = 3
	Direct Kind = 4
)

// Type is how clients and modules name a kind of channel.
type Type int32

const (
	TypeUnspecified Type = iota // as TypeRoom
	TypeRoom
	TypeDirect
	TypeGroup
)

// Channel is a place to talk. A direct channel has the lower of the two users' ids as
// its subject, so that it is the same for both.
type Channel struct {
	Kind       Kind
	Subject    uuid.UUID // the group, or a user of a direct channel
	Subcontext uuid.UUID // the other user
	Label      string    // a room's name
}

// maxRoom is how long a room's name may be, in bytes.
const maxRoom = 64

var errChannelID = status.Error(codes.InvalidArgument, "Invalid channel identifier")

// Parse reads a channel's id.
func Parse(id string) (Channel, error) {
	parts := strings.SplitN(id, ".", 4)
	if len(parts) != 4 {
		return Channel{}, errChannelID
	}
	subject, err := optID(parts[1])
	if err != nil {
		return Channel{}, err
	}
	subcontext, err := optID(parts[2])
	if err != nil {
		return Channel{}, err
	}
	channel := Channel{Subject: subject, Subcontext: subcontext, Label: parts[3]}
	switch parts[0] {
	case "2":
		channel.Kind = Room
		if parts[1] != "" || parts[2] != "" || !isRoom(channel.Label) {
			return Channel{}, errChannelID
		}
	case "3":
		channel.Kind = Group
		if parts[2] != "" || channel.Label != "" {
			return Channel{}, errChannelID
		}
	case "4":
		channel.Kind = Direct
		if channel.Label != "" {
			return Channel{}, errChannelID
		}
	default:
		return Channel{}, errChannelID
	}
	return channel, nil
}

// isRoom says whether an id may name the room. Unlike Join it takes control characters,
// as on Nakama.
func isRoom(name string) bool { return name != "" && len(name) <= maxRoom && utf8.ValidString(name) }

func optID(text string) (uuid.UUID, error) {
	if text == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, errChannelID
	}
	return id, nil
}

// ID is the channel's id, "2...room", "3.group.." or "4.user.user.".
func (c Channel) ID() string {
	return fmt.Sprintf("%d.%s.%s.%s", c.Kind, idText(c.Subject), idText(c.Subcontext), c.Label)
}

// idText is an id's text; the nil id has none.
func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// Names are what messages and events call a channel beside its id.
type Names struct{ Room, GroupID, UserIDOne, UserIDTwo string }

// Names returns those that go with the channel's kind; the others are "".
func (c Channel) Names() Names {
	switch c.Kind {
	case Room:
		return Names{Room: c.Label}
	case Group:
		return Names{GroupID: c.Subject.String()}
	case Direct:
		return Names{UserIDOne: c.Subject.String(), UserIDTwo: c.Subcontext.String()}
	}
	return Names{}
}

// Partner is whom a user talks to in a direct channel. ok is false in other channels,
// and for those who are not one of the two.
func (c Channel) Partner(userID string) (other string, ok bool) {
	if c.Kind != Direct {
		return "", false
	}
	switch userID {
	case c.Subject.String():
		return c.Subcontext.String(), true
	case c.Subcontext.String():
		return c.Subject.String(), true
	}
	return "", false
}

// Find is the channel of a type that a user may join: the room of that name, the channel
// with the user or of the group of that id. userID is "" for the server, which may join
// all but direct channels. The error's code is InvalidArgument where there is no such
// channel for the user.
func (s *Service) Find(ctx context.Context, userID, target string, kind Type) (Channel, error) {
	if target == "" {
		return Channel{}, status.Error(codes.InvalidArgument, "Invalid channel target")
	}
	switch kind {
	case TypeUnspecified, TypeRoom:
		return findRoom(target)
	case TypeDirect:
		return s.findDirect(ctx, userID, target)
	case TypeGroup:
		return s.findGroup(ctx, userID, target)
	}
	return Channel{}, status.Error(codes.InvalidArgument, "Invalid channel type")
}

func findRoom(name string) (Channel, error) {
	switch {
	case len(name) > maxRoom:
		return Channel{}, status.Error(codes.InvalidArgument, "Channel name is required and must be 1-64 chars: Invalid channel target")
	case strings.ContainsFunc(name, isControl):
		return Channel{}, status.Error(codes.InvalidArgument, "Channel name must not contain control chars: Invalid channel target")
	case !utf8.ValidString(name):
		return Channel{}, status.Error(codes.InvalidArgument, "Channel name must only contain valid UTF-8 bytes: Invalid channel target")
	}
	return Channel{Kind: Room, Label: name}, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// findDirect finds the channel with another user, who must exist and must not have
// blocked the one who asks.
func (s *Service) findDirect(ctx context.Context, userID, target string) (Channel, error) {
	other, err := uuid.Parse(target)
	if err != nil || other == uuid.Nil {
		return Channel{}, status.Error(codes.InvalidArgument, "Invalid user ID in direct message join: Invalid channel target")
	}
	self, err := uuid.Parse(userID)
	if err != nil {
		return Channel{}, status.Error(codes.InvalidArgument, "A direct channel is one of two users: Invalid channel target")
	}
	var one int
	exists, err := s.sql.user.Row(ctx, other.String()).Scan(&one)
	if err != nil {
		return Channel{}, err
	}
	blocked := false
	if exists {
		if blocked, err = s.Relations.Blocks(ctx, other.String(), self.String()); err != nil {
			return Channel{}, err
		}
	}
	if !exists || blocked {
		return Channel{}, status.Error(codes.InvalidArgument, "User ID not found: Invalid channel target")
	}
	if other.String() < self.String() {
		self, other = other, self
	}
	return Channel{Kind: Direct, Subject: self, Subcontext: other}, nil
}

func (s *Service) findGroup(ctx context.Context, userID, target string) (Channel, error) {
	group, err := uuid.Parse(target)
	if err != nil {
		return Channel{}, status.Error(codes.InvalidArgument, "Invalid group ID in group channel join: Invalid channel target")
	}
	if userID != "" {
		member, err := s.Relations.InGroup(ctx, group.String(), userID)
		if err != nil {
			return Channel{}, err
		}
		if !member {
			return Channel{}, status.Error(codes.InvalidArgument, "Group not found: Invalid channel target")
		}
	}
	return Channel{Kind: Group, Subject: group}, nil
}
