package social

import (
	"context"

	"nkhost/host/db"
	"nkhost/host/providers"
)

type statements struct {
	userByName *db.Stmt                    // username → id
	userExists *db.Stmt                    // id → 1
	byProvider map[providers.Kind]*db.Stmt // id there → id

	edge    *db.Stmt // source_id, destination_id → state, metadata, in a transaction
	insert  *db.Stmt // source_id, destination_id, state, position, update_time, metadata
	set     *db.Stmt // source_id, destination_id, state, update_time, metadata
	remove  *db.Stmt // source_id, destination_id
	count   *db.Stmt // user id, what to add, time
	uncount *db.Stmt // user id: takes it out of the counts of others

	// For a user's id: what resetting its friends takes, in this order.
	uncountFriends, uncountOwn, removeFriends *db.Stmt

	setMetadata *db.Stmt // source_id, destination_id, metadata
	list        *db.Stmt // source_id, state or -1, the state, position and id to begin with, limit
	status      *db.Stmt // source_id, destination_id → as list
	friends     *db.Stmt // source_id → destination_id of friends
	others      *db.Stmt // source_id, user, the id to begin with, limit: friends who are not the user's
}

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const columns = `destination_id, state, position, update_time, metadata`
	sql := statements{byProvider: map[providers.Kind]*db.Stmt{}}
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.userByName, d.Reader, `SELECT id FROM users WHERE username = $1`},
		{&sql.userExists, d.Writer, `SELECT 1 FROM users WHERE id = $1`},
		{&sql.edge, d.Writer, `SELECT state, metadata FROM user_edge WHERE source_id = $1 AND destination_id = $2`},
		{&sql.insert, d.Writer, `
			INSERT INTO user_edge (source_id, destination_id, state, position, update_time, metadata)
			VALUES ($1, $2, $3, $4, $5, $6)`},
		{&sql.set, d.Writer, `
			UPDATE user_edge SET state = $3, update_time = $4, metadata = $5
			WHERE source_id = $1 AND destination_id = $2`},
		{&sql.remove, d.Writer, `DELETE FROM user_edge WHERE source_id = $1 AND destination_id = $2`},
		{&sql.count, d.Writer, `UPDATE users SET edge_count = edge_count + $2, update_time = $3 WHERE id = $1`},
		{&sql.uncount, d.Writer, `
			UPDATE users SET edge_count = edge_count - 1
			WHERE id IN (SELECT source_id FROM user_edge WHERE destination_id = $1)`},
		{&sql.uncountFriends, d.Writer, `
			UPDATE users SET edge_count = edge_count - 1
			WHERE id IN (SELECT source_id FROM user_edge WHERE destination_id = $1 AND state <> 3)`},
		{&sql.uncountOwn, d.Writer, `
			UPDATE users SET edge_count = edge_count - (SELECT COUNT(*) FROM user_edge WHERE source_id = $1 AND state <> 3)
			WHERE id = $1`},
		{&sql.removeFriends, d.Writer, `DELETE FROM user_edge WHERE (source_id = $1 OR destination_id = $1) AND state <> 3`},
		{&sql.setMetadata, d.Writer, `UPDATE user_edge SET metadata = $3 WHERE source_id = $1 AND destination_id = $2`},
		{&sql.list, d.Reader, `
			SELECT ` + columns + ` FROM user_edge
			WHERE source_id = $1 AND ($2 = -1 OR state = $2) AND (state, position, destination_id) >= ($3, $4, $5)
			ORDER BY state, position, destination_id LIMIT $6`},
		{&sql.status, d.Reader, `SELECT ` + columns + ` FROM user_edge WHERE source_id = $1 AND destination_id = $2`},
		{&sql.friends, d.Reader, `
			SELECT destination_id FROM user_edge WHERE source_id = $1 AND state = 0 AND destination_id >= $2
			ORDER BY destination_id`},
		{&sql.others, d.Reader, `
			SELECT e.destination_id FROM user_edge e
			WHERE e.source_id = $1 AND e.state = 0 AND e.destination_id <> $2 AND e.destination_id >= $3
				AND NOT EXISTS (SELECT 1 FROM user_edge own WHERE own.source_id = $2 AND own.destination_id = e.destination_id AND own.state = 0)
			ORDER BY e.destination_id LIMIT $4`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	for kind, column := range map[providers.Kind]string{providers.Facebook: "facebook_id", providers.Steam: "steam_id"} {
		stmt, err := d.Reader(ctx, `SELECT id FROM users WHERE `+column+` = $1`)
		if err != nil {
			return statements{}, err
		}
		sql.byProvider[kind] = stmt
	}
	return sql, nil
}
