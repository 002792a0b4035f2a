package storage

import (
	"context"
	"database/sql"
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nkhost/host/db"
)

const columns = `collection, key, user_id, value, version, read, write, create_time, update_time`

type statements struct {
	// Pages of a collection after a position.
	listAll  *db.Stmt // collection, read, key, user_id, limit
	listUser *db.Stmt // collection, user_id, read, key, limit
	scan     *db.Stmt // collection, key, user_id, limit; in the order of the primary key
	ofUser   *db.Stmt // user_id

	// Each returns version, create_time and update_time, or no row if the write is
	// refused. All take collection, key, user_id, value, version, read, write, time.
	create  *db.Stmt
	put     *db.Stmt // and the least write permission of what it replaces
	replace *db.Stmt // and that permission, and the version it replaces
	remove  *db.Stmt // collection, key, user_id, the least write permission, version or ""
}

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const insert = `
		INSERT INTO storage (` + columns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
		ON CONFLICT (collection, key, user_id) DO `
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.listAll, d.Reader, `
			SELECT ` + columns + ` FROM storage
			WHERE collection = $1 AND (read, key, user_id) > ($2, $3, $4)
			ORDER BY read, key, user_id LIMIT $5`},
		{&sql.listUser, d.Reader, `
			SELECT ` + columns + ` FROM storage
			WHERE collection = $1 AND user_id = $2 AND (read, key) > ($3, $4)
			ORDER BY read, key LIMIT $5`},
		{&sql.scan, d.Reader, `
			SELECT ` + columns + ` FROM storage
			WHERE collection = $1 AND (key, user_id) > ($2, $3)
			ORDER BY key, user_id LIMIT $4`},
		{&sql.ofUser, d.Reader, `
			SELECT ` + columns + ` FROM storage WHERE user_id = $1 ORDER BY collection, key`},
		{&sql.create, d.Writer, insert + `NOTHING RETURNING create_time, update_time`},
		// As on Nakama, what is as it should be keeps its time.
		{&sql.put, d.Writer, insert + `UPDATE SET
				value = excluded.value, version = excluded.version, read = excluded.read, write = excluded.write,
				update_time = CASE
					WHEN storage.version = excluded.version AND storage.read = excluded.read AND storage.write = excluded.write
					THEN storage.update_time ELSE excluded.update_time END
			WHERE storage.write >= $9
			RETURNING create_time, update_time`},
		{&sql.replace, d.Writer, `
			UPDATE storage SET value = $4, version = $5, read = $6, write = $7, update_time = $8
			WHERE collection = $1 AND key = $2 AND user_id = $3 AND write >= $9 AND version = $10
			RETURNING create_time, update_time`},
		{&sql.remove, d.Writer, `
			DELETE FROM storage
			WHERE collection = $1 AND key = $2 AND user_id = $3 AND write >= $4 AND ($5 = '' OR version = $5)`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}

// readers are the statements that read some objects by their ids, all at one moment.
// They are made when they are first needed, for 1, 2, 4, 8, … objects.
type readers struct {
	db   *db.DB
	mu   sync.Mutex
	made [8]*db.Stmt
}

// forCount returns the smallest statement for n objects, or the largest there is, for
// 128: SQLite finds each parameter by its name among all.
func (r *readers) forCount(ctx context.Context, n int) (stmt *db.Stmt, size int, err error) {
	class := min(bits.Len(uint(n-1)), len(r.made)-1)
	size = 1 << class
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made[class] == nil {
		if r.made[class], err = r.db.Reader(ctx, readQuery(size)); err != nil {
			return nil, 0, err
		}
	}
	return r.made[class], size, nil
}

// readQuery reads n objects by collection, key and user_id.
func readQuery(n int) string {
	const one = "SELECT " + columns + " FROM storage WHERE "
	if n == 1 {
		return one + "collection = $1 AND key = $2 AND user_id = $3"
	}
	var query strings.Builder
	query.WriteString(one + "(collection, key, user_id) IN (VALUES ")
	for i := range n {
		if i > 0 {
			query.WriteByte(',')
		}
		query.WriteString("($" + strconv.Itoa(3*i+1) + ",$" + strconv.Itoa(3*i+2) + ",$" + strconv.Itoa(3*i+3) + ")")
	}
	query.WriteByte(')')
	return query.String()
}

func scanObject(rows *sql.Rows) (*api.StorageObject, error) {
	object := &api.StorageObject{}
	var create, update int64
	if err := rows.Scan(&object.Collection, &object.Key, &object.UserId, &object.Value, &object.Version,
		&object.PermissionRead, &object.PermissionWrite, &create, &update); err != nil {
		return nil, err
	}
	// Nakama's objects have whole seconds, unlike its acknowledgements of a write.
	object.CreateTime = &timestamppb.Timestamp{Seconds: create / 1000}
	object.UpdateTime = &timestamppb.Timestamp{Seconds: update / 1000}
	return object, nil
}
