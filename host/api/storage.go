package api

import (
	"context"

	"github.com/google/uuid"
	nakama "github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/session"
	"nkhost/host/storage"
)

func (s *server) readStorageObjects(ctx context.Context, caller *session.Caller, in *nakama.ReadStorageObjectsRequest) (*nakama.StorageObjects, error) {
	ids := make([]storage.ID, len(in.GetObjectIds()))
	for i, object := range in.GetObjectIds() {
		owner, err := ownerID(object.GetUserId())
		if err != nil || owner == storage.System {
			return nil, errUserID()
		}
		if owner == "" {
			owner = storage.System
		}
		ids[i] = storage.ID{Collection: object.GetCollection(), Key: object.GetKey(), UserID: owner}
		if err := ids[i].Check(); err != nil {
			return nil, err
		}
	}
	objects, err := s.Storage.Read(ctx, caller.UserID, ids)
	if err != nil {
		return nil, err
	}
	return &nakama.StorageObjects{Objects: objects}, nil
}

func (s *server) writeStorageObjects(ctx context.Context, caller *session.Caller, in *nakama.WriteStorageObjectsRequest) (*nakama.StorageObjectAcks, error) {
	writes := make([]storage.Write, len(in.GetObjects()))
	for i, object := range in.GetObjects() {
		writes[i] = storage.Write{
			ID:              storage.ID{Collection: object.GetCollection(), Key: object.GetKey(), UserID: caller.UserID},
			Value:           object.GetValue(),
			Version:         object.GetVersion(),
			PermissionRead:  permission(object.GetPermissionRead(), storage.ReadOwner),
			PermissionWrite: permission(object.GetPermissionWrite(), storage.WriteOwner),
		}
	}
	acks, err := s.Storage.Write(ctx, caller.UserID, writes)
	if err != nil {
		return nil, err
	}
	return &nakama.StorageObjectAcks{Acks: acks}, nil
}

func permission(given *wrapperspb.Int32Value, otherwise int32) int32 {
	if given == nil {
		return otherwise
	}
	return given.GetValue()
}

func (s *server) deleteStorageObjects(ctx context.Context, caller *session.Caller, in *nakama.DeleteStorageObjectsRequest) (*emptypb.Empty, error) {
	deletes := make([]storage.Delete, len(in.GetObjectIds()))
	for i, object := range in.GetObjectIds() {
		deletes[i] = storage.Delete{
			ID:      storage.ID{Collection: object.GetCollection(), Key: object.GetKey(), UserID: caller.UserID},
			Version: object.GetVersion(),
		}
	}
	if err := s.Storage.Delete(ctx, caller.UserID, deletes); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func (s *server) listStorageObjects(ctx context.Context, caller *session.Caller, in *nakama.ListStorageObjectsRequest) (*nakama.StorageObjectList, error) {
	limit, err := pageLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	owner, err := ownerID(in.GetUserId())
	if err != nil {
		return nil, err
	}
	objects, cursor, err := s.Storage.List(ctx, caller.UserID, storage.ListRequest{
		Collection: in.GetCollection(), UserID: owner, Limit: limit, Cursor: in.GetCursor(),
	})
	if err != nil {
		return nil, err
	}
	return &nakama.StorageObjectList{Objects: objects, Cursor: cursor}, nil
}

// pageLimit is how many items a client asks for; Nakama's default is 1.
func pageLimit(given *wrapperspb.Int32Value) (int, error) {
	if given == nil {
		return 1, nil
	}
	if given.GetValue() < 1 || given.GetValue() > 100 {
		return 0, status.Error(codes.InvalidArgument, "Invalid limit - limit must be between 1 and 100.")
	}
	return int(given.GetValue()), nil
}

// ownerID is a user's id in the form in which it is stored, or "" for none.
func ownerID(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return "", errUserID()
	}
	return id.String(), nil
}

func errUserID() error {
	return status.Error(codes.InvalidArgument, "Invalid user ID - make sure user ID is a valid UUID.")
}
