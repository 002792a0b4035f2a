package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"nkhost/host/notification"
	"nkhost/host/session"
)

func (s *server) listNotifications(ctx context.Context, caller *session.Caller, in *nakama.ListNotificationsRequest) (*nakama.NotificationList, error) {
	limit, err := pageLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	page, err := s.Notifications.List(ctx, caller.UserID, limit, in.GetCacheableCursor())
	if status.Code(err) == codes.InvalidArgument {
		// So does Nakama, whatever is wrong.
		return nil, status.Error(codes.Internal, status.Convert(err).Message())
	}
	if err != nil {
		return nil, err
	}
	return &nakama.NotificationList{Notifications: page.Notifications, CacheableCursor: page.Cursor}, nil
}

func (s *server) deleteNotifications(ctx context.Context, caller *session.Caller, in *nakama.DeleteNotificationsRequest) (*emptypb.Empty, error) {
	deletions := make([]notification.Deletion, len(in.GetIds()))
	for i, id := range in.GetIds() {
		deletions[i] = notification.Deletion{ID: id, UserID: caller.UserID}
	}
	if err := s.Notifications.Delete(ctx, deletions); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
