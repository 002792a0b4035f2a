package realtime

import (
	"github.com/heroiclabs/nakama-common/api"
	"github.com/heroiclabs/nakama-common/rtapi"

	"nkhost/host/chat"
)

// channelStream is the stream of those present in a channel.
func channelStream(c chat.Channel) Stream {
	return Stream{Mode: StreamMode(c.Kind), Subject: c.Subject, Subcontext: c.Subcontext, Label: c.Label}
}

// channel is the channel whose stream this is, if it is one's.
func (s Stream) channel() (c chat.Channel, ok bool) {
	switch s.Mode {
	case StreamChannel, StreamGroup, StreamDirectMessage:
		return chat.Channel{Kind: chat.Kind(s.Mode), Subject: s.Subject, Subcontext: s.Subcontext, Label: s.Label}, true
	}
	return chat.Channel{}, false
}

// ChannelSend sends a message to those present in a channel.
func (s *Server) ChannelSend(channel chat.Channel, message *api.ChannelMessage) {
	s.tracker.send(channelStream(channel), &broadcast{message: envelope{&rtapi.Envelope{
		Message: &rtapi.Envelope_ChannelMessage{ChannelMessage: message},
	}}}, nil)
}

// channelEvent is the event of those who came into a channel or went.
func channelEvent(channel chat.Channel, joins, leaves []*rtapi.UserPresence) *rtapi.Envelope {
	names := channel.Names()
	return &rtapi.Envelope{Message: &rtapi.Envelope_ChannelPresenceEvent{
		ChannelPresenceEvent: &rtapi.ChannelPresenceEvent{
			ChannelId: channel.ID(), Joins: joins, Leaves: leaves,
			RoomName: names.Room, GroupId: names.GroupID, UserIdOne: names.UserIDOne, UserIdTwo: names.UserIDTwo,
		},
	}}
}
