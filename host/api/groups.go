package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/group"
	"nkhost/host/session"
)

func (s *server) createGroup(ctx context.Context, caller *session.Caller, in *nakama.CreateGroupRequest) (*nakama.Group, error) {
	return s.Groups.Create(ctx, group.New{
		UserID: caller.UserID, CreatorID: caller.UserID,
		Name: in.GetName(), Description: in.GetDescription(), AvatarURL: in.GetAvatarUrl(), LangTag: in.GetLangTag(),
		Open: in.GetOpen(), MaxCount: int(in.GetMaxCount()),
	})
}

func (s *server) updateGroup(ctx context.Context, caller *session.Caller, in *nakama.UpdateGroupRequest) (*emptypb.Empty, error) {
	id, err := group.ParseID(in.GetGroupId())
	if err != nil {
		return nil, err
	}
	update := group.Update{
		Name: stringOf(in.GetName()), LangTag: stringOf(in.GetLangTag()),
		Description: stringOf(in.GetDescription()), AvatarURL: stringOf(in.GetAvatarUrl()), Open: boolOf(in.GetOpen()),
	}
	return empty(s.Groups.Update(ctx, id, caller.UserID, update))
}

func stringOf(given *wrapperspb.StringValue) *string {
	if given == nil {
		return nil
	}
	return &given.Value
}

func boolOf(given *wrapperspb.BoolValue) *bool {
	if given == nil {
		return nil
	}
	return &given.Value
}

func (s *server) deleteGroup(ctx context.Context, caller *session.Caller, in *nakama.DeleteGroupRequest) (*emptypb.Empty, error) {
	id, err := group.ParseID(in.GetGroupId())
	if err != nil {
		return nil, err
	}
	return empty(s.Groups.Delete(ctx, id, caller.UserID))
}

func (s *server) joinGroup(ctx context.Context, caller *session.Caller, in *nakama.JoinGroupRequest) (*emptypb.Empty, error) {
	id, err := group.ParseID(in.GetGroupId())
	if err != nil {
		return nil, err
	}
	return empty(s.Groups.Join(ctx, id, group.User{ID: caller.UserID, Username: caller.Username}))
}

func (s *server) leaveGroup(ctx context.Context, caller *session.Caller, in *nakama.LeaveGroupRequest) (*emptypb.Empty, error) {
	id, err := group.ParseID(in.GetGroupId())
	if err != nil {
		return nil, err
	}
	return empty(s.Groups.Leave(ctx, id, group.User{ID: caller.UserID, Username: caller.Username}))
}

func (s *server) addGroupUsers(ctx context.Context, caller *session.Caller, in *nakama.AddGroupUsersRequest) (*emptypb.Empty, error) {
	return withGroupUsers(ctx, caller, in, s.Groups.AddUsers)
}

func (s *server) banGroupUsers(ctx context.Context, caller *session.Caller, in *nakama.BanGroupUsersRequest) (*emptypb.Empty, error) {
	return withGroupUsers(ctx, caller, in, s.Groups.BanUsers)
}

func (s *server) kickGroupUsers(ctx context.Context, caller *session.Caller, in *nakama.KickGroupUsersRequest) (*emptypb.Empty, error) {
	return withGroupUsers(ctx, caller, in, s.Groups.KickUsers)
}

func (s *server) promoteGroupUsers(ctx context.Context, caller *session.Caller, in *nakama.PromoteGroupUsersRequest) (*emptypb.Empty, error) {
	return withGroupUsers(ctx, caller, in, s.Groups.PromoteUsers)
}

// demoteGroupUsers alone wants users to be named, as on Nakama.
func (s *server) demoteGroupUsers(ctx context.Context, caller *session.Caller, in *nakama.DemoteGroupUsersRequest) (*emptypb.Empty, error) {
	if _, err := group.ParseID(in.GetGroupId()); err == nil && len(in.GetUserIds()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "User IDs must be set.")
	}
	return withGroupUsers(ctx, caller, in, s.Groups.DemoteUsers)
}

// ofGroup is what all requests about users of a group have.
type ofGroup interface {
	GetGroupId() string
	GetUserIds() []string
}

func withGroupUsers(
	ctx context.Context, caller *session.Caller, in ofGroup, do func(ctx context.Context, caller, groupID string, userIDs []string) error,
) (*emptypb.Empty, error) {
	id, err := group.ParseID(in.GetGroupId())
	if err != nil {
		return nil, err
	}
	users, err := group.ParseUserIDs(in.GetUserIds())
	if err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return &emptypb.Empty{}, nil
	}
	return empty(do(ctx, caller.UserID, id, users))
}

func (s *server) listGroups(ctx context.Context, _ *session.Caller, in *nakama.ListGroupsRequest) (*nakama.GroupList, error) {
	limit, err := pageLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	filter := group.Filter{Name: in.GetName(), LangTag: in.GetLangTag(), Open: boolOf(in.GetOpen()), Members: -1}
	if in.GetMembers() != nil {
		filter.Members = int(in.GetMembers().GetValue())
	}
	return s.Groups.List(ctx, filter, limit, in.GetCursor())
}

func (s *server) listGroupUsers(ctx context.Context, _ *session.Caller, in *nakama.ListGroupUsersRequest) (*nakama.GroupUserList, error) {
	id, err := group.ParseID(in.GetGroupId())
	if err != nil {
		return nil, err
	}
	limit, state, err := memberPage(in)
	if err != nil {
		return nil, err
	}
	return s.Groups.ListUsers(ctx, id, limit, state, in.GetCursor())
}

func (s *server) listUserGroups(ctx context.Context, _ *session.Caller, in *nakama.ListUserGroupsRequest) (*nakama.UserGroupList, error) {
	id, err := ownerID(in.GetUserId())
	if err != nil || id == "" {
		return nil, errUserID()
	}
	limit, state, err := memberPage(in)
	if err != nil {
		return nil, err
	}
	return s.Groups.ListUserGroups(ctx, id, limit, state, in.GetCursor())
}

// memberPage reads how many memberships are wanted, and in which state.
func memberPage(in interface {
	GetLimit() *wrapperspb.Int32Value
	GetState() *wrapperspb.Int32Value
}) (limit int, state *int32, err error) {
	if limit, err = limitWithin(in.GetLimit(), 100, 100); err != nil {
		return 0, nil, err
	}
	state, err = stateWithin(in.GetState(), group.StateBanned)
	return limit, state, err
}
