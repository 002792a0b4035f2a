package group

import (
	"context"

	"nkhost/host/db"
)

type statements struct {
	insert   *db.Stmt // as columns, after folded_name
	get      *db.Stmt // id → columns
	getInTx  *db.Stmt
	update   *db.Stmt // see Update.args
	remove   *db.Stmt // id
	count    *db.Stmt // id, what to add, time
	username *db.Stmt // user id → username
	after    *db.Stmt // id, limit → columns of the groups with greater ids

	state      *db.Stmt // group, user → state, in a transaction
	member     *db.Stmt // the same, outside
	insertEdge *db.Stmt // group, user, state, position, update_time; changes no row if there is one
	setState   *db.Stmt // group, user, state, update_time
	replace    *db.Stmt // group, user, state, position, update_time
	removeEdge *db.Stmt // group, user
	others     *db.Stmt // group, user → how many other superadmins, and other members at all
	admins     *db.Stmt // group → user_id of superadmins and admins
	of         *db.Stmt // user → group_id, in a transaction

	users      *db.Stmt // group, state or -1, the state, position and id to begin with, limit
	userGroups *db.Stmt // user, the same

	named *db.Stmt // pattern of a folded name, the name after which to begin, limit
	lists map[filters]*db.Stmt
}

const columns = `g.id, g.creator_id, g.name, g.description, g.avatar_url, g.lang_tag, g.metadata, g.state, g.edge_count, g.max_count,
	g.create_time, g.update_time`

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const get = `SELECT ` + columns + ` FROM groups g WHERE g.id = $1`
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.insert, d.Writer, `
			INSERT INTO groups (id, creator_id, name, folded_name, description, avatar_url, lang_tag, metadata, state, edge_count, max_count,
				create_time, update_time)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $11)
			ON CONFLICT DO NOTHING`},
		{&sql.get, d.Reader, get},
		{&sql.getInTx, d.Writer, get},
		{&sql.update, d.Writer, `
			UPDATE groups SET update_time = $2,
				name = COALESCE($3, name), creator_id = COALESCE($4, creator_id), lang_tag = COALESCE($5, lang_tag),
				description = COALESCE($6, description), avatar_url = COALESCE($7, avatar_url), metadata = COALESCE($8, metadata),
				folded_name = COALESCE($9, folded_name), state = COALESCE($10, state), max_count = COALESCE($11, max_count)
			WHERE id = $1`},
		{&sql.remove, d.Writer, `DELETE FROM groups WHERE id = $1`},
		{&sql.count, d.Writer, `UPDATE groups SET edge_count = edge_count + $2, update_time = $3 WHERE id = $1`},
		{&sql.username, d.Writer, `SELECT username FROM users WHERE id = $1`},
		{&sql.after, d.Reader, `SELECT ` + columns + ` FROM groups g WHERE g.id > $1 ORDER BY g.id LIMIT $2`},
		{&sql.state, d.Writer, `SELECT state FROM group_edge WHERE group_id = $1 AND user_id = $2`},
		{&sql.member, d.Reader, `SELECT state FROM group_edge WHERE group_id = $1 AND user_id = $2`},
		{&sql.insertEdge, d.Writer, `
			INSERT INTO group_edge (group_id, user_id, state, position, update_time) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`},
		{&sql.setState, d.Writer, `UPDATE group_edge SET state = $3, update_time = $4 WHERE group_id = $1 AND user_id = $2`},
		{&sql.replace, d.Writer, `
			UPDATE group_edge SET state = $3, position = $4, update_time = $5 WHERE group_id = $1 AND user_id = $2`},
		{&sql.removeEdge, d.Writer, `DELETE FROM group_edge WHERE group_id = $1 AND user_id = $2`},
		{&sql.others, d.Writer, `
			SELECT COALESCE(SUM(CASE WHEN state = 0 THEN 1 ELSE 0 END), 0), COUNT(*) FROM group_edge
			WHERE group_id = $1 AND user_id <> $2 AND state <= 2`},
		{&sql.admins, d.Writer, `SELECT user_id FROM group_edge WHERE group_id = $1 AND state <= 1`},
		{&sql.of, d.Writer, `SELECT group_id FROM group_edge WHERE user_id = $1`},
		{&sql.users, d.Reader, `
			SELECT user_id, state, position FROM group_edge
			WHERE group_id = $1 AND ($2 = -1 AND state <= 3 OR state = $2) AND (state, position, user_id) >= ($3, $4, $5)
			ORDER BY state, position, user_id LIMIT $6`},
		{&sql.named, d.Reader, `
			SELECT ` + columns + ` FROM groups g
			WHERE g.folded_name LIKE $1 ESCAPE '\' AND g.name > $2
			ORDER BY g.name LIMIT $3`},
		{&sql.userGroups, d.Reader, `
			SELECT ` + columns + `, e.state, e.position FROM group_edge e JOIN groups g ON g.id = e.group_id
			WHERE e.user_id = $1 AND e.state <= 3 AND ($2 = -1 OR e.state = $2) AND (e.state, e.position, e.group_id) >= ($3, $4, $5)
			ORDER BY e.state, e.position, e.group_id LIMIT $6`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	sql.lists = map[filters]*db.Stmt{}
	for _, f := range allFilters() {
		stmt, err := d.Reader(ctx, f.query())
		if err != nil {
			return statements{}, err
		}
		sql.lists[f] = stmt
	}
	return sql, nil
}
