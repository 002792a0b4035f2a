package api

import (
	"context"
	"encoding/json"
	"strings"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/leaderboard"
	"nkhost/host/session"
)

func (s *server) listLeaderboardRecords(
	ctx context.Context, _ *session.Caller, in *nakama.ListLeaderboardRecordsRequest,
) (*nakama.LeaderboardRecordList, error) {
	if in.GetLeaderboardId() == "" {
		return nil, errLeaderboardID()
	}
	otherwise := int32(1)
	if len(in.GetOwnerIds()) > 0 && in.GetCursor() == "" {
		otherwise = 0 // their records only
	}
	request, err := recordList(in, otherwise, 1000)
	if err != nil {
		return nil, err
	}
	return s.Leaderboards.Records(ctx, in.GetLeaderboardId(), request)
}

// recordRequest is what all requests for lists of records have.
type recordRequest interface {
	GetOwnerIds() []string
	GetLimit() *wrapperspb.Int32Value
	GetCursor() string
	GetExpiry() *wrapperspb.Int64Value
}

func recordList(in recordRequest, otherwise, most int32) (leaderboard.ListRequest, error) {
	limit, err := limitWithin(in.GetLimit(), otherwise, most)
	if err != nil {
		return leaderboard.ListRequest{}, err
	}
	owners := make([]string, len(in.GetOwnerIds()))
	for i, text := range in.GetOwnerIds() {
		if owners[i], err = ownerID(text); err != nil || owners[i] == "" {
			return leaderboard.ListRequest{}, status.Error(codes.InvalidArgument, "One or more owner IDs are invalid.")
		}
	}
	return leaderboard.ListRequest{Limit: limit, Cursor: in.GetCursor(), Owners: owners, Expiry: in.GetExpiry().GetValue()}, nil
}

func (s *server) listLeaderboardRecordsAroundOwner(
	ctx context.Context, _ *session.Caller, in *nakama.ListLeaderboardRecordsAroundOwnerRequest,
) (*nakama.LeaderboardRecordList, error) {
	if in.GetLeaderboardId() == "" {
		return nil, errLeaderboardID()
	}
	owner, limit, err := aroundOwner(in, 1)
	if err != nil {
		return nil, err
	}
	return s.Leaderboards.Around(ctx, in.GetLeaderboardId(), owner, limit, in.GetCursor(), in.GetExpiry().GetValue())
}

// aroundOwner reads whose neighbours a request is about, and how many of them.
func aroundOwner(in interface {
	GetOwnerId() string
	GetLimit() *wrapperspb.UInt32Value
}, otherwise uint32) (owner string, limit int, err error) {
	size := otherwise
	if in.GetLimit() != nil {
		size = in.GetLimit().GetValue()
	}
	if size < 1 || size > 100 {
		return "", 0, status.Error(codes.InvalidArgument, "Invalid limit - limit must be between 1 and 100.")
	}
	if in.GetOwnerId() == "" {
		return "", 0, status.Error(codes.InvalidArgument, "Owner ID must be provided for a haystack query.")
	}
	if owner, err = ownerID(in.GetOwnerId()); err != nil {
		return "", 0, status.Error(codes.InvalidArgument, "Invalid owner ID provided.")
	}
	return owner, int(size), nil
}

func (s *server) writeLeaderboardRecord(
	ctx context.Context, caller *session.Caller, in *nakama.WriteLeaderboardRecordRequest,
) (*nakama.LeaderboardRecord, error) {
	if in.GetLeaderboardId() == "" {
		return nil, errLeaderboardID()
	}
	if in.GetRecord() == nil {
		return nil, errRecord()
	}
	write, err := score(caller, in.GetLeaderboardId(), in.GetRecord())
	if err != nil {
		return nil, err
	}
	return s.Leaderboards.Write(ctx, write)
}

// submitted is a score that a client submits.
type submitted interface {
	GetScore() int64
	GetSubscore() int64
	GetMetadata() string
	GetOperator() nakama.Operator
}

func score(caller *session.Caller, id string, in submitted) (leaderboard.Write, error) {
	metadata := strings.TrimSpace(in.GetMetadata())
	if in.GetMetadata() != "" && !(json.Valid([]byte(metadata)) && strings.HasPrefix(metadata, "{")) {
		return leaderboard.Write{}, status.Error(codes.InvalidArgument, "Metadata value must be JSON, if provided.")
	}
	return leaderboard.Write{
		Caller: caller.UserID, BoardID: id, OwnerID: caller.UserID, Username: caller.Username,
		Score: in.GetScore(), Subscore: in.GetSubscore(), Metadata: metadata, Operator: in.GetOperator(),
	}, nil
}

func (s *server) deleteLeaderboardRecord(ctx context.Context, caller *session.Caller, in *nakama.DeleteLeaderboardRecordRequest) (*emptypb.Empty, error) {
	if in.GetLeaderboardId() == "" {
		return nil, errLeaderboardID()
	}
	return empty(s.Leaderboards.DeleteRecord(ctx, caller.UserID, in.GetLeaderboardId(), caller.UserID))
}

func errLeaderboardID() error { return status.Error(codes.InvalidArgument, "Invalid leaderboard ID.") }

func errRecord() error {
	return status.Error(codes.InvalidArgument, "Invalid input, record score value is required.")
}
