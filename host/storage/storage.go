// Package storage keeps the storage objects: JSON objects of users and of the system,
// by collection, key and owner, each with a version and with permissions for clients.
// Its rules, error codes and texts are Nakama's (core_storage.go, api_storage.go).
//
// It also keeps the storage indexes, which are in memory: see index.go.
package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/db"
)

const (
	// System owns the objects of no user.
	System = "00000000-0000-0000-0000-000000000000"
	// Server is the caller whom no permission holds up.
	Server = ""
)

// The permissions of an object, which bind clients only.
const (
	ReadNobody   int32 = 0
	ReadOwner    int32 = 1
	ReadEveryone int32 = 2

	WriteNobody int32 = 0
	WriteOwner  int32 = 1
)

// ID is what an object is known by.
type ID struct {
	Collection, Key string
	UserID          string // a UUID in lower case
}

// Write says what an object shall be.
type Write struct {
	ID
	Value string // JSON; an object, if it comes from a client
	// Version is which version to replace, "*" for none, or "" for whatever is there.
	Version                         string
	PermissionRead, PermissionWrite int32
}

// Delete says which object to delete, and if Version is set which version of it.
type Delete struct {
	ID
	Version string
}

// Options are the settings of a Service.
type Options struct {
	Now func() time.Time
	// Report is told of an object that an index could not take in. The write stays.
	Report func(ctx context.Context, index string, id ID, err error)
}

// Service keeps storage objects in a database. A caller is the id of the user for
// whom a client asks, or Server. An error it returns has a gRPC code and a text for
// clients, or none when the database failed.
//
// It is safe for concurrent use.
type Service struct {
	db      *db.DB
	sql     statements
	reads   readers
	now     func() time.Time
	report  func(context.Context, string, ID, error)
	indexes indexes
}

// NewService returns the storage objects in database.
func NewService(ctx context.Context, database *db.DB, options Options) (*Service, error) {
	sql, err := prepare(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("prepare the statements of storage: %w", err)
	}
	return &Service{
		db: database, sql: sql, reads: readers{db: database}, now: options.Now, report: options.Report,
	}, nil
}

func idOf(object *api.StorageObject) ID {
	return ID{Collection: object.Collection, Key: object.Key, UserID: object.UserId}
}

// mayRead tells whether a caller may read an object with this permission and owner.
func mayRead(caller string, permission int32, owner string) bool {
	return caller == Server || permission >= ReadEveryone || permission == ReadOwner && owner == caller
}
