package api

import (
	"context"

	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/match"
	"nkhost/host/session"
)

func (s *server) listMatches(ctx context.Context, _ *session.Caller, in *nakama.ListMatchesRequest) (*nakama.MatchList, error) {
	query, err := matchQuery(in)
	if err != nil {
		return nil, err
	}
	found, err := s.Matches.List(query)
	if err != nil {
		s.Log.ErrorContext(ctx, "cannot list matches", "error", err)
		return nil, status.Error(codes.Internal, "Error listing matches.")
	}
	list := &nakama.MatchList{Matches: make([]*nakama.Match, 0, len(found))}
	for _, m := range found {
		listed := &nakama.Match{
			MatchId: m.ID, Authoritative: m.Authoritative,
			Size: int32(m.Size), TickRate: int32(m.TickRate), HandlerName: m.Handler,
		}
		if m.Authoritative {
			listed.Label = wrapperspb.String(m.Label)
		}
		list.Matches = append(list.Matches, listed)
	}
	return list, nil
}

// matchQuery checks a request by Nakama's rules (api_match.go).
func matchQuery(in *nakama.ListMatchesRequest) (match.ListQuery, error) {
	query := match.ListQuery{
		Limit: 10, Authoritative: flag(in.GetAuthoritative()), Label: text(in.GetLabel()), Query: text(in.GetQuery()),
		MinSize: number(in.GetMinSize()), MaxSize: number(in.GetMaxSize()),
	}
	if in.GetLimit() != nil {
		query.Limit = int(in.GetLimit().GetValue())
	}
	relayed := query.Authoritative != nil && !*query.Authoritative
	problem := ""
	switch {
	case query.Limit < 1 || query.Limit > 100:
		problem = "Invalid limit - limit must be between 1 and 100."
	case relayed && query.Label != nil:
		problem = "Label filtering is not supported for non-authoritative matches."
	case relayed && query.Query != nil:
		problem = "Query filtering is not supported for non-authoritative matches."
	case query.MinSize != nil && *query.MinSize < 0:
		problem = "Minimum size must be 0 or above."
	case query.MaxSize != nil && *query.MaxSize < 0:
		problem = "Maximum size must be 0 or above."
	case query.MinSize != nil && query.MaxSize != nil && *query.MinSize > *query.MaxSize:
		problem = "Maximum size must be greater than or equal to minimum size when both are specified."
	}
	if problem != "" {
		return match.ListQuery{}, status.Error(codes.InvalidArgument, problem)
	}
	return query, nil
}

func flag(value *wrapperspb.BoolValue) *bool {
	if value == nil {
		return nil
	}
	return &value.Value
}

func number(value *wrapperspb.Int32Value) *int {
	if value == nil {
		return nil
	}
	n := int(value.GetValue())
	return &n
}
