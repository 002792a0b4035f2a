package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"nkhost/host/export"
)

// Export is a JSON list of all objects of a user, or nil if there is none.
func (s *Service) Export(ctx context.Context, userID string) (json.RawMessage, error) {
	var list export.List
	err := s.sql.ofUser.Each(ctx, func(rows *sql.Rows) error {
		object, err := scanObject(rows)
		if err != nil {
			return err
		}
		return list.Add(object)
	}, userID)
	if err != nil {
		return nil, err
	}
	return list.JSON()
}

// Import writes the objects of an export as those of a user. The error's code is
// InvalidArgument for one out of form.
func (s *Service) Import(ctx context.Context, userID string, exported json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(exported, &list); err != nil {
		return status.Errorf(codes.InvalidArgument, "The export's objects are not a list: %v", err)
	}
	writes := make([]Write, len(list))
	for i, text := range list {
		object := &api.StorageObject{}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, object); err != nil {
			return status.Errorf(codes.InvalidArgument, "Object %d of the export is out of form: %v", i+1, err)
		}
		if !json.Valid([]byte(object.Value)) {
			return status.Errorf(codes.InvalidArgument, "The value of object %d of the export is not JSON.", i+1)
		}
		writes[i] = Write{
			ID: ID{object.Collection, object.Key, userID}, Value: object.Value,
			PermissionRead: object.PermissionRead, PermissionWrite: object.PermissionWrite,
		}
	}
	if _, err := s.Write(ctx, Server, writes); err != nil {
		return fmt.Errorf("import objects: %w", err)
	}
	return nil
}
