package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/chat"
	"nkhost/host/session"
)

func (s *server) listChannelMessages(ctx context.Context, caller *session.Caller, in *nakama.ListChannelMessagesRequest) (*nakama.ChannelMessageList, error) {
	if in.GetChannelId() == "" {
		return nil, errChannelID()
	}
	limit, err := pageLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	channel, err := chat.Parse(in.GetChannelId())
	if err != nil {
		return nil, errChannelID()
	}
	return s.Channels.List(ctx, chat.ListRequest{
		Caller: caller.UserID, Channel: channel, Limit: limit,
		Forward: in.Forward == nil || in.Forward.Value, Cursor: in.GetCursor(),
	})
}

func errChannelID() error { return status.Error(codes.InvalidArgument, "Invalid channel ID.") }
