package leaderboard

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nkhost/host/db"
)

type statements struct {
	boards   *db.Stmt // → boardColumns, by position
	insert   *db.Stmt // boardColumns
	remove   *db.Stmt // board
	unrank   *db.Stmt // board
	size     *db.Stmt // board, sizeExpiry → size
	grow     *db.Stmt // board, sizeExpiry; changes no row if it is full or counts a later period
	shrink   *db.Stmt // board, sizeExpiry
	attempts *db.Stmt // board, expiry, owner, how many more; changes no row if none would be left

	record *db.Stmt // board, expiry, owner → recordColumns
	old    *db.Stmt // the same, in a transaction
	some   *db.Stmt // board, expiry, someOwners owners → recordColumns
	save   *db.Stmt // board, recordColumns
	delete *db.Stmt // board, expiry, owner
	places *db.Stmt // board, expiry → owner, score, subscore, in order
	up     *db.Stmt // board, expiry, the place after which to begin, limit → recordColumns
	down   *db.Stmt // the same, downwards

	all    *db.Stmt // owner → board, recordColumns
	forget *db.Stmt // owner → board, expiry of what is deleted
}

// someOwners is how many owners' records are read at a time.
const someOwners = 32

const (
	boardColumns = `id, position, authoritative, sort_order, operator, reset_schedule, metadata, create_time, enable_ranks,
		duration, start_time, end_time, title, description, category, join_required, max_size, max_num_score`
	recordColumns = `owner_id, expiry_time, username, score, subscore, num_score, max_num_score, metadata, create_time, update_time`
)

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const (
		record = `SELECT ` + recordColumns + ` FROM leaderboard_record WHERE leaderboard_id = $1 AND expiry_time = $2 AND owner_id = $3`
		page   = `SELECT ` + recordColumns + ` FROM leaderboard_record
			WHERE leaderboard_id = $1 AND expiry_time = $2 AND (score, subscore, owner_id) `
	)
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.boards, d.Reader, `SELECT ` + boardColumns + ` FROM leaderboard ORDER BY position, id`},
		{&sql.insert, d.Writer, `
			INSERT INTO leaderboard (` + boardColumns + `, size, size_expiry)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, 0)`},
		{&sql.remove, d.Writer, `DELETE FROM leaderboard WHERE id = $1`},
		{&sql.unrank, d.Writer, `UPDATE leaderboard SET enable_ranks = 0 WHERE id = $1`},
		{&sql.size, d.Reader, `SELECT size FROM leaderboard WHERE id = $1 AND size_expiry = $2`},
		{&sql.grow, d.Writer, `
			UPDATE leaderboard SET size = CASE WHEN size_expiry = $2 THEN size + 1 ELSE 1 END, size_expiry = $2
			WHERE id = $1 AND (size_expiry < $2 OR size_expiry = $2 AND size < max_size)`},
		{&sql.shrink, d.Writer, `UPDATE leaderboard SET size = size - 1 WHERE id = $1 AND size_expiry = $2 AND size > 0`},
		{&sql.attempts, d.Writer, `
			UPDATE leaderboard_record SET max_num_score = max_num_score + $4
			WHERE leaderboard_id = $1 AND expiry_time = $2 AND owner_id = $3 AND max_num_score + $4 > 0`},
		{&sql.record, d.Reader, record},
		{&sql.old, d.Writer, record},
		{&sql.some, d.Reader, `SELECT ` + recordColumns + ` FROM leaderboard_record
			WHERE leaderboard_id = $1 AND expiry_time = $2 AND owner_id IN (` + placeholders(3, someOwners) + `)`},
		{&sql.save, d.Writer, `
			INSERT INTO leaderboard_record (leaderboard_id, ` + recordColumns + `)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (owner_id, leaderboard_id, expiry_time) DO UPDATE SET
				username = excluded.username, score = excluded.score, subscore = excluded.subscore, num_score = excluded.num_score,
				metadata = excluded.metadata, update_time = excluded.update_time`},
		{&sql.delete, d.Writer, `DELETE FROM leaderboard_record WHERE leaderboard_id = $1 AND expiry_time = $2 AND owner_id = $3`},
		{&sql.places, d.Reader, `
			SELECT owner_id, score, subscore FROM leaderboard_record WHERE leaderboard_id = $1 AND expiry_time = $2
			ORDER BY score, subscore, owner_id`},
		{&sql.up, d.Reader, page + `> ($3, $4, $5) ORDER BY score, subscore, owner_id LIMIT $6`},
		{&sql.down, d.Reader, page + `< ($3, $4, $5) ORDER BY score DESC, subscore DESC, owner_id DESC LIMIT $6`},
		{&sql.all, d.Reader, `
			SELECT leaderboard_id, ` + recordColumns + ` FROM leaderboard_record WHERE owner_id = $1
			ORDER BY leaderboard_id, expiry_time`},
		{&sql.forget, d.Writer, `DELETE FROM leaderboard_record WHERE owner_id = $1 RETURNING leaderboard_id, expiry_time`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}

// sizeExpiry is an expiry in Unix milliseconds as sizes have it, where that of a later
// period is greater.
func sizeExpiry(expiry int64) int64 {
	if expiry == 0 {
		return math.MaxInt64
	}
	return expiry
}

// placeholders are count parameters, from $first.
func placeholders(first, count int) string {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(list, ", ")
}

// row is a record as it is stored. Times are Unix milliseconds.
type row struct {
	owner                  string
	expiry                 int64
	username               sql.NullString
	score, subscore        int64
	numScore, maxNumScore  int64
	metadata               string
	createTime, updateTime int64
}

// scan reads recordColumns, after what is before them.
func (r *row) scan(scan func(dest ...any) error, before ...any) error {
	return scan(append(before, &r.owner, &r.expiry, &r.username, &r.score, &r.subscore, &r.numScore, &r.maxNumScore, &r.metadata,
		&r.createTime, &r.updateTime)...)
}

// read reads recordColumns of a query's first row, if there is one.
func (r *row) read(first db.Row) (there bool, err error) {
	err = r.scan(func(dest ...any) (err error) {
		there, err = first.Scan(dest...)
		return err
	})
	return there, err
}

func (r *row) values(boardID string) []any {
	return []any{boardID, r.owner, r.expiry, r.username, r.score, r.subscore, r.numScore, r.maxNumScore, r.metadata, r.createTime, r.updateTime}
}

// record is the row as clients see it, without a rank.
func (r *row) record(boardID string) *api.LeaderboardRecord {
	record := &api.LeaderboardRecord{
		LeaderboardId: boardID, OwnerId: r.owner, Score: r.score, Subscore: r.subscore,
		NumScore: int32(r.numScore), MaxNumScore: uint32(r.maxNumScore), Metadata: r.metadata,
		CreateTime: seconds(r.createTime / 1000), UpdateTime: seconds(r.updateTime / 1000),
	}
	if r.username.Valid {
		record.Username = wrapperspb.String(r.username.String)
	}
	if r.expiry != 0 {
		record.ExpiryTime = seconds(r.expiry / 1000)
	}
	return record
}

// rows reads records of a leaderboard.
func rows(ctx context.Context, stmt *db.Stmt, args ...any) (found []*row, err error) {
	err = stmt.Each(ctx, func(rows *sql.Rows) error {
		r := &row{}
		found = append(found, r)
		return r.scan(rows.Scan)
	}, args...)
	return found, err
}
