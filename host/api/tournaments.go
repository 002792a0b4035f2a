package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"nkhost/host/leaderboard"
	"nkhost/host/session"
)

// maxCategory is the greatest category of tournaments.
const maxCategory = 127

func (s *server) listTournaments(ctx context.Context, _ *session.Caller, in *nakama.ListTournamentsRequest) (*nakama.TournamentList, error) {
	filter := leaderboard.TournamentFilter{CategoryStart: int(in.GetCategoryStart().GetValue()), CategoryEnd: maxCategory, StartTime: -1, EndTime: -1}
	if in.GetCategoryEnd() != nil {
		filter.CategoryEnd = int(in.GetCategoryEnd().GetValue())
	}
	if in.GetStartTime() != nil {
		filter.StartTime = int64(in.GetStartTime().GetValue())
	}
	if in.GetEndTime() != nil {
		filter.EndTime = int64(in.GetEndTime().GetValue())
	}
	limit := uint32(100)
	if in.GetLimit() != nil {
		limit = uint32(in.GetLimit().GetValue())
	}
	switch {
	case filter.CategoryEnd > maxCategory:
		return nil, status.Error(codes.InvalidArgument, "Tournament category end must be >=0 and <128.")
	case in.GetCategoryEnd() != nil && filter.CategoryEnd < filter.CategoryStart:
		return nil, status.Error(codes.InvalidArgument, "Tournament category end must be greater than category start.")
	case in.GetEndTime() != nil && filter.EndTime != 0 && filter.EndTime < filter.StartTime:
		return nil, status.Error(codes.InvalidArgument, "Tournament end time must be greater than start time.")
	case limit < 1 || limit > 100:
		return nil, status.Error(codes.InvalidArgument, "Limit must be between 1 and 100.")
	}
	return s.Leaderboards.ListTournaments(ctx, filter, int(limit), in.GetCursor())
}

func (s *server) listTournamentRecords(
	ctx context.Context, _ *session.Caller, in *nakama.ListTournamentRecordsRequest,
) (*nakama.TournamentRecordList, error) {
	if in.GetTournamentId() == "" {
		return nil, status.Error(codes.InvalidArgument, "Tournament ID must be provided")
	}
	otherwise := int32(10)
	if len(in.GetOwnerIds()) > 0 && in.GetCursor() != "" {
		otherwise = 0
	}
	request, err := recordList(in, otherwise, 100)
	if err != nil {
		return nil, err
	}
	return s.Leaderboards.TournamentRecords(ctx, in.GetTournamentId(), request)
}

func (s *server) listTournamentRecordsAroundOwner(
	ctx context.Context, _ *session.Caller, in *nakama.ListTournamentRecordsAroundOwnerRequest,
) (*nakama.TournamentRecordList, error) {
	if in.GetTournamentId() == "" {
		return nil, errTournamentID()
	}
	owner, limit, err := aroundOwner(in, 100)
	if err != nil {
		return nil, err
	}
	return s.Leaderboards.TournamentAround(ctx, in.GetTournamentId(), owner, limit, in.GetCursor(), in.GetExpiry().GetValue())
}

func (s *server) joinTournament(ctx context.Context, caller *session.Caller, in *nakama.JoinTournamentRequest) (*emptypb.Empty, error) {
	return empty(s.Leaderboards.Join(ctx, in.GetTournamentId(), caller.UserID, caller.Username))
}

func (s *server) writeTournamentRecord(
	ctx context.Context, caller *session.Caller, in *nakama.WriteTournamentRecordRequest,
) (*nakama.LeaderboardRecord, error) {
	if in.GetTournamentId() == "" {
		return nil, status.Error(codes.InvalidArgument, "Tournament ID must be provided.")
	}
	if in.GetRecord() == nil {
		return nil, errRecord()
	}
	write, err := score(caller, in.GetTournamentId(), in.GetRecord())
	if err != nil {
		return nil, err
	}
	return s.Leaderboards.WriteTournament(ctx, write)
}

// deleteTournamentRecord tells every refusal as an internal error, as Nakama does.
func (s *server) deleteTournamentRecord(ctx context.Context, caller *session.Caller, in *nakama.DeleteTournamentRecordRequest) (*emptypb.Empty, error) {
	if in.GetTournamentId() == "" {
		return nil, errTournamentID()
	}
	err := s.Leaderboards.DeleteTournamentRecord(ctx, caller.UserID, in.GetTournamentId(), caller.UserID)
	if code := status.Code(err); code == codes.NotFound || code == codes.PermissionDenied {
		err = status.Error(codes.Internal, "Error deleting score from tournament.")
	}
	return empty(err)
}

func errTournamentID() error { return status.Error(codes.InvalidArgument, "Invalid tournament ID.") }
