package nkshim

import (
	"context"

	"github.com/google/uuid"
	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/chat"
	"nkhost/lua/glua"
)

// Channels are where users talk. See chat.Service.
type Channels interface {
	Find(ctx context.Context, userID, target string, kind chat.Type) (chat.Channel, error)
	Send(ctx context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error)
	Update(ctx context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error)
	Remove(ctx context.Context, m chat.Message) (*rtapi.ChannelMessageAck, error)
	List(ctx context.Context, request chat.ListRequest) (*api.ChannelMessageList, error)
}

var channelFunctions = map[string]function{
	"channel_id_build":       channelIDBuild,
	"channel_message_remove": channelMessageRemove,
	"channel_message_send":   channelMessageSend,
	"channel_message_update": channelMessageUpdate,
	"channel_messages_list":  channelMessagesList,
}

// channelIDBuild takes "" for the server as the sender.
func channelIDBuild(r *Runtime, c call) int {
	sender := c.text(1, "sender id")
	if sender != "" {
		sender = c.id(1, "sender id")
	}
	target, kind := c.text(2, "target"), c.number(3, "channel type")
	if kind < float64(chat.TypeRoom) || kind >= float64(chat.TypeGroup)+1 {
		c.refuse(3, "channel type", "1 for a room, 2 for a direct channel or 3 for a group's")
	}
	var channel chat.Channel
	r.await(c, func() (err error) {
		channel, err = r.deps.Channels.Find(c.context(), sender, target, chat.Type(kind))
		return err
	})
	return c.push(glua.LString(channel.ID()))
}

// channel is a channel's id in argument 1.
func (c call) channel() chat.Channel {
	channel, err := chat.Parse(c.text(1, "channel id"))
	if err != nil {
		c.refuse(1, "channel id", "a channel's id")
	}
	return channel
}

// optContent is the JSON of a table in argument n, or "{}" if it is nil or missing.
func (c call) optContent(n int) string {
	table := c.optTable(n, "content")
	if table == nil {
		return "{}"
	}
	text := c.objectText(table, "content")
	if text == "null" {
		c.refuse(n, "content", "a table with named fields")
	}
	return text
}

// sender reads who says a message, and whether it is kept: the arguments from n on.
func (c call) sender(m *chat.Message, n int) {
	m.SenderID = c.optID(n, "sender id")
	if m.SenderID == "" {
		m.SenderID = chat.System
	}
	m.Username, m.Persistent = c.optText(n+1, "sender username", ""), c.optBool(n+2, "persist", false)
}

func (c call) messageID() string {
	id := c.text(2, "message id")
	if uuid.Validate(id) != nil {
		c.refuse(2, "message id", "a UUID")
	}
	return id
}

func channelMessageSend(r *Runtime, c call) int {
	m := chat.Message{Channel: c.channel(), Content: c.optContent(2)}
	c.sender(&m, 3)
	return r.say(c, m, r.deps.Channels.Send)
}

func channelMessageUpdate(r *Runtime, c call) int {
	m := chat.Message{Channel: c.channel(), ID: c.messageID(), Content: c.optContent(3)}
	c.sender(&m, 4)
	return r.say(c, m, r.deps.Channels.Update)
}

func channelMessageRemove(r *Runtime, c call) int {
	m := chat.Message{Channel: c.channel(), ID: c.messageID()}
	c.sender(&m, 3)
	return r.say(c, m, r.deps.Channels.Remove)
}

// say hands a message on and returns its answer, without the channel's names, as on
// Nakama.
func (r *Runtime) say(c call, m chat.Message, do func(context.Context, chat.Message) (*rtapi.ChannelMessageAck, error)) int {
	var ack *rtapi.ChannelMessageAck
	r.await(c, func() (err error) {
		ack, err = do(c.context(), m)
		return err
	})
	t := newTable(7)
	t.SetField("channelId", glua.LString(ack.ChannelId))
	t.SetField("messageId", glua.LString(ack.MessageId))
	t.SetField("code", glua.LNumber(ack.Code.GetValue()))
	t.SetField("username", glua.LString(ack.Username))
	t.SetField("createTime", glua.LNumber(ack.CreateTime.GetSeconds()))
	t.SetField("updateTime", glua.LNumber(ack.UpdateTime.GetSeconds()))
	t.SetField("persistent", glua.LBool(ack.Persistent.GetValue()))
	return c.push(t)
}

// channelMessagesList has the content as JSON text, as on Nakama.
func channelMessagesList(r *Runtime, c call) int {
	request := chat.ListRequest{
		Channel: c.channel(), Limit: c.optInt(2, "limit", 100), Forward: c.optBool(3, "forward", true), Cursor: c.optText(4, "cursor", ""),
	}
	if request.Limit < 1 || request.Limit > 100 {
		c.refuse(2, "limit", "a number from 1 to 100")
	}
	var list *api.ChannelMessageList
	r.await(c, func() (err error) {
		list, err = r.deps.Channels.List(c.context(), request)
		return err
	})
	messages := newList(len(list.Messages))
	for _, m := range list.Messages {
		messages.Append(channelMessageTable(m))
	}
	c.push(messages)
	c.push(textOrNil(list.NextCursor))
	c.push(textOrNil(list.PrevCursor))
	return 3
}

func channelMessageTable(m *api.ChannelMessage) *glua.LTable {
	t := newTable(13)
	for _, field := range []struct{ name, text string }{
		{"channelId", m.ChannelId}, {"messageId", m.MessageId}, {"senderId", m.SenderId}, {"username", m.Username}, {"content", m.Content},
		{"roomName", m.RoomName}, {"groupId", m.GroupId}, {"userIdOne", m.UserIdOne}, {"userIdTwo", m.UserIdTwo},
	} {
		t.SetField(field.name, glua.LString(field.text))
	}
	t.SetField("code", glua.LNumber(m.Code.GetValue()))
	t.SetField("createTime", glua.LNumber(m.CreateTime.GetSeconds()))
	t.SetField("updateTime", glua.LNumber(m.UpdateTime.GetSeconds()))
	t.SetField("persistent", glua.LBool(m.Persistent.GetValue()))
	return t
}
