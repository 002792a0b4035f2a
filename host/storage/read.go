package storage

import (
	"context"
	"database/sql"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/cursor"
)

// Read returns those of the objects that exist and that the caller may read, each
// once, in the order of ids. Up to 128 are read at one moment.
func (s *Service) Read(ctx context.Context, caller string, ids []ID) ([]*api.StorageObject, error) {
	found := make(map[ID]*api.StorageObject, len(ids))
	for rest := ids; len(rest) > 0; {
		stmt, size, err := s.reads.forCount(ctx, len(rest))
		if err != nil {
			return nil, err
		}
		some := rest[:min(size, len(rest))]
		rest = rest[len(some):]
		args := make([]any, 0, 3*size)
		for i := range size {
			id := some[min(i, len(some)-1)] // places that are left over ask for the last again
			args = append(args, id.Collection, id.Key, id.UserID)
		}
		if err := stmt.Each(ctx, func(rows *sql.Rows) error {
			object, err := scanObject(rows)
			if err == nil && mayRead(caller, object.PermissionRead, object.UserId) {
				found[idOf(object)] = object
			}
			return err
		}, args...); err != nil {
			return nil, err
		}
	}
	objects := make([]*api.StorageObject, 0, len(found))
	for _, id := range ids {
		if object := found[id]; object != nil {
			objects = append(objects, object)
			delete(found, id)
		}
	}
	return objects, nil
}

// ListRequest asks for a page of a collection.
type ListRequest struct {
	Collection string
	UserID     string // whose objects; "" for everyone's, of which clients see the public ones
	Limit      int    // nothing is listed if it is not above 0
	Cursor     string // of the page before; "" for the first
}

// position is where a page ends.
type position struct {
	Read   int32  `json:"r"`
	Key    string `json:"k"`
	UserID string `json:"u"`
}

// List returns a page of the objects that the caller may read, in the order of read
// permission, key and owner, and the cursor of the page after it, "" if there is none.
// The error's code is InvalidArgument for a cursor that is none of List's.
func (s *Service) List(ctx context.Context, caller string, request ListRequest) (objects []*api.StorageObject, next string, err error) {
	// What may be shown begins where its least permission does: no key is empty. A
	// cursor cannot lead before it.
	first := position{Read: leastShown(caller, request.UserID)}
	after := first
	if request.Cursor != "" {
		if err := readCursor(request.Cursor, &after); err != nil {
			return nil, "", err
		}
		if after.Read < first.Read {
			after = first
		}
	}
	if request.Limit <= 0 {
		return nil, "", nil
	}
	add := func(rows *sql.Rows) error {
		object, err := scanObject(rows)
		objects = append(objects, object)
		return err
	}
	if request.UserID == "" {
		err = s.sql.listAll.Each(ctx, add, request.Collection, after.Read, after.Key, after.UserID, request.Limit+1)
	} else {
		err = s.sql.listUser.Each(ctx, add, request.Collection, request.UserID, after.Read, after.Key, request.Limit+1)
	}
	if err != nil {
		return nil, "", err
	}
	if len(objects) > request.Limit {
		objects = objects[:request.Limit]
		last := objects[request.Limit-1]
		next = cursor.Encode(position{Read: last.PermissionRead, Key: last.Key, UserID: last.UserId})
	}
	return objects, next, nil
}

// leastShown is the least read permission of an owner's objects that the caller is
// shown; the owner "" is everyone.
func leastShown(caller, owner string) int32 {
	switch caller {
	case Server:
		return ReadNobody
	case owner:
		return ReadOwner
	}
	return ReadEveryone
}

// readCursor reads a cursor into place. The error's code is InvalidArgument.
func readCursor(text string, place any) error {
	if cursor.Decode(text, place) != nil {
		return status.Error(codes.InvalidArgument, "Malformed cursor was used.")
	}
	return nil
}
