package realtime

import (
	"context"

	"github.com/heroiclabs/nakama-common/rtapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/chat"
)

// channelJoin puts the socket into a channel, with its answer before the event. The
// other user of a direct channel is invited, unless they are there.
func (s *Server) channelJoin(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	join := in.GetChannelJoin()
	channel, err := s.options.Channels.Find(c.ctx, c.self.UserID, join.GetTarget(), chat.Type(join.GetType()))
	if err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "channel join"))
	}
	meta := Meta{Hidden: join.GetHidden().GetValue(), Persistence: join.Persistence == nil || join.Persistence.Value}
	var out *rtapi.Envelope
	var others []*rtapi.UserPresence
	isNew, err := s.tracker.track(c, channelStream(channel), c.self.UserID, meta, func(there []*presence) bool {
		others = wireOf(there)
		out = &rtapi.Envelope{Cid: in.Cid, Message: &rtapi.Envelope_Channel{Channel: c.channelAnswer(channel, meta, others)}}
		c.send(out)
		return true
	})
	if err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "channel join"))
	}
	if partner, ok := channel.Partner(c.self.UserID); ok && isNew && !includes(others, partner) {
		if err := s.options.Channels.Greet(c.ctx, channel, c.self.UserID, c.self.Username); err != nil {
			s.log.Error("a user could not be invited to a direct channel", "user", partner, "error", err)
		}
	}
	return out, true
}

func (c *socket) channelAnswer(channel chat.Channel, meta Meta, others []*rtapi.UserPresence) *rtapi.Channel {
	names := channel.Names()
	return &rtapi.Channel{
		Id: channel.ID(), Presences: others,
		Self: &rtapi.UserPresence{
			UserId: c.self.UserID, SessionId: c.self.SessionID, Username: c.self.Username, Persistence: meta.Persistence,
		},
		RoomName: names.Room, GroupId: names.GroupID, UserIdOne: names.UserIDOne, UserIdTwo: names.UserIDTwo,
	}
}

func includes(presences []*rtapi.UserPresence, userID string) bool {
	for _, p := range presences {
		if p.UserId == userID {
			return true
		}
	}
	return false
}

func (s *Server) channelLeave(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	channel, err := chat.Parse(in.GetChannelLeave().GetChannelId())
	if err != nil {
		return c.refuse(in.Cid, codeOf(err), c.errorText(err, "channel leave"))
	}
	s.tracker.untrack(c, channelStream(channel), c.self.UserID)
	return c.answer(&rtapi.Envelope{Cid: in.Cid})
}

func (s *Server) channelMessageSend(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	send := in.GetChannelMessageSend()
	m := chat.Message{Content: send.GetContent()}
	err := c.speak(&m, send.GetChannelId(), "Must join channel before sending messages")
	return s.say(c, in.Cid, m, err, s.options.Channels.Send)
}

func (s *Server) channelMessageUpdate(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	update := in.GetChannelMessageUpdate()
	m := chat.Message{ID: update.GetMessageId(), Content: update.GetContent()}
	err := chat.CheckID(m.ID)
	if err == nil {
		err = c.speak(&m, update.GetChannelId(), "Must join channel before updating messages")
	}
	return s.say(c, in.Cid, m, err, s.options.Channels.Update)
}

func (s *Server) channelMessageRemove(c *socket, in *rtapi.Envelope) (*rtapi.Envelope, bool) {
	remove := in.GetChannelMessageRemove()
	m := chat.Message{ID: remove.GetMessageId(), Content: "{}"}
	err := chat.CheckID(m.ID)
	if err == nil {
		err = c.speak(&m, remove.GetChannelId(), "Must join channel before removing messages")
	}
	return s.say(c, in.Cid, m, err, s.options.Channels.Remove)
}

// speak fills in who says a message where, and whether it is kept. Only those who are in
// the channel may; what is wrong with the content is said first, as on Nakama.
func (c *socket) speak(m *chat.Message, channelID, mustJoin string) (err error) {
	if m.Channel, err = chat.Parse(channelID); err != nil {
		return err
	}
	if err := chat.CheckContent(m.Content); err != nil {
		return err
	}
	meta, ok := c.server.tracker.meta(c, channelStream(m.Channel))
	if !ok {
		return status.Error(codes.InvalidArgument, mustJoin)
	}
	m.SenderID, m.Username, m.Persistent = c.self.UserID, c.self.Username, meta.Persistence
	return nil
}

// say hands a message on, unless err says what is wrong with it, and answers it.
func (s *Server) say(
	c *socket, cid string, m chat.Message, err error,
	do func(context.Context, chat.Message) (*rtapi.ChannelMessageAck, error),
) (*rtapi.Envelope, bool) {
	var ack *rtapi.ChannelMessageAck
	if err == nil {
		ack, err = do(c.ctx, m)
	}
	if err != nil {
		return c.refuse(cid, codeOf(err), c.errorText(err, "channel message"))
	}
	return c.answer(&rtapi.Envelope{Cid: cid, Message: &rtapi.Envelope_ChannelMessageAck{ChannelMessageAck: ack}})
}
