package notification

import (
	"context"

	"nkhost/host/db"
)

type statements struct {
	insert *db.Stmt // id, user_id, subject, content, code, sender_id, create_time
	list   *db.Stmt // user_id, the create_time and id after which to begin, limit
	get    *db.Stmt // id, user_id or ""
	remove *db.Stmt // id, user_id or ""
	update *db.Stmt // id, and subject, content and sender_id, or NULL to leave them
	users  *db.Stmt // the id after which to begin, limit
}

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const columns = `id, user_id, subject, content, code, sender_id, create_time`
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.insert, d.Writer, `INSERT INTO notification (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)`},
		{&sql.list, d.Reader, `
			SELECT ` + columns + ` FROM notification
			WHERE user_id = $1 AND (create_time, id) > ($2, $3)
			ORDER BY create_time, id LIMIT $4`},
		{&sql.get, d.Reader, `SELECT ` + columns + ` FROM notification WHERE id = $1 AND ($2 = '' OR user_id = $2)`},
		{&sql.remove, d.Writer, `DELETE FROM notification WHERE id = $1 AND ($2 = '' OR user_id = $2)`},
		{&sql.update, d.Writer, `
			UPDATE notification SET
				subject = COALESCE($2, subject), content = COALESCE($3, content), sender_id = COALESCE($4, sender_id)
			WHERE id = $1`},
		{&sql.users, d.Reader, `SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}
