package api

import (
	"context"
	"time"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/party"
	"nkhost/host/session"
)

func (s *server) listParties(ctx context.Context, _ *session.Caller, in *nakama.ListPartiesRequest) (*nakama.PartyList, error) {
	query := party.ListQuery{
		Limit: 10, Open: flag(in.GetOpen()), Query: in.GetQuery().GetValue(), Cursor: in.GetCursor().GetValue(),
	}
	if in.GetLimit() != nil {
		query.Limit = int(in.GetLimit().GetValue())
	}
	if query.Limit < 1 || query.Limit > 100 {
		return nil, status.Error(codes.InvalidArgument, "Invalid limit - limit must be between 1 and 100.")
	}
	found, cursor, err := s.Parties.List(query)
	if err != nil {
		s.Log.ErrorContext(ctx, "cannot list parties", "error", err)
		return nil, status.Error(codes.Internal, "Error listing parties.")
	}
	return &nakama.PartyList{Parties: found, Cursor: cursor}, nil
}

func (s *server) getMatchmakerStats(context.Context, *session.Caller, *emptypb.Empty) (*nakama.MatchmakerStats, error) {
	found := s.Matchmaker.Stats()
	stats := &nakama.MatchmakerStats{TicketCount: int32(found.Tickets), OldestTicketCreateTime: timestamp(found.Oldest)}
	for _, c := range found.Completions {
		stats.Completions = append(stats.Completions, &nakama.MatchmakerCompletionStats{
			CreateTime: timestamppb.New(c.Created), CompleteTime: timestamppb.New(c.Completed),
		})
	}
	return stats, nil
}

// timestamp is nil for no time.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
