package storage

import (
	"context"
	"slices"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/cursor"
	"nkhost/host/query"
)

// IndexRequest asks an index for a page of what a query finds.
type IndexRequest struct {
	Index  string
	Query  string
	Limit  int      // at least 1
	Order  []string // fields, with - before it for descending; by score if empty
	Cursor string   // of the page before, with the same query, limit and order
}

// indexCursor says where a page begins, and of what.
type indexCursor struct {
	Query  string   `json:"q"`
	Limit  int      `json:"l"`
	Order  []string `json:"o"`
	Offset int      `json:"n"`
}

// ListIndex returns a page of the objects that a query finds, and the cursor of the
// page after it, "" if there is none. What the caller may not read is left out of the
// page, so that it may be short.
//
// The error's code is NotFound for an unknown index, and InvalidArgument for a query
// or a cursor that does not hold.
func (s *Service) ListIndex(ctx context.Context, caller string, request IndexRequest) (objects []*api.StorageObject, next string, err error) {
	index := s.indexes.all()[request.Index]
	if index == nil {
		return nil, "", status.Errorf(codes.NotFound, "there is no storage index %q", request.Index)
	}
	page := indexCursor{Query: request.Query, Limit: request.Limit, Order: request.Order}
	if request.Cursor != "" {
		var given indexCursor
		if err := readCursor(request.Cursor, &given); err != nil {
			return nil, "", err
		}
		if given.Query != page.Query || given.Limit != page.Limit || !slices.Equal(given.Order, page.Order) || given.Offset < 0 {
			return nil, "", status.Error(codes.InvalidArgument, "the cursor is of another query, limit or order")
		}
		page.Offset = given.Offset
	}
	parsed, err := query.Parse(request.Query)
	if err != nil {
		return nil, "", status.Error(codes.InvalidArgument, err.Error())
	}
	hits := index.found(parsed)
	sortHits(hits, index.parseOrder(request.Order))
	hits = hits[min(page.Offset, len(hits)):]
	if len(hits) > request.Limit {
		hits = hits[:request.Limit]
		page.Offset += request.Limit
		next = cursor.Encode(page)
	}
	objects, err = s.objectsOf(ctx, caller, index, hits)
	return objects, next, err
}

// objectsOf are the objects that were found, as the caller may see them.
func (s *Service) objectsOf(ctx context.Context, caller string, index *index, hits []hit) ([]*api.StorageObject, error) {
	if !index.IndexOnly {
		ids := make([]ID, len(hits))
		for i, hit := range hits {
			ids[i] = idOf(hit.object)
		}
		return s.Read(ctx, caller, ids)
	}
	objects := make([]*api.StorageObject, 0, len(hits))
	for _, hit := range hits {
		o := hit.object
		if !mayRead(caller, o.PermissionRead, o.UserId) {
			continue
		}
		objects = append(objects, &api.StorageObject{
			Collection: o.Collection, Key: o.Key, UserId: o.UserId, Value: o.Value, Version: o.Version,
			PermissionRead: o.PermissionRead, PermissionWrite: o.PermissionWrite,
			CreateTime: &timestamppb.Timestamp{Seconds: o.CreateTime.GetSeconds()},
			UpdateTime: &timestamppb.Timestamp{Seconds: o.UpdateTime.GetSeconds()},
		})
	}
	return objects, nil
}
