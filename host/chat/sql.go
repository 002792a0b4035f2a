package chat

import (
	"context"

	"nkhost/host/db"
)

type statements struct {
	insert *db.Stmt // id, code, sender_id, username, the channel, content, create_time
	update *db.Stmt // id, sender_id, username, content, update_time; returns create_time
	remove *db.Stmt // id, sender_id; returns create_time, update_time
	oldest *db.Stmt // the channel, the create_time and id after which to begin, limit
	newest *db.Stmt // the channel, the create_time and id before which to begin, limit
	ofUser *db.Stmt // sender_id
	user   *db.Stmt // id
}

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const (
		channel = `stream_mode, stream_subject, stream_descriptor, stream_label`
		columns = `id, code, sender_id, username, ` + channel + `, content, create_time, update_time`
		ofOne   = ` FROM message WHERE stream_mode = $1 AND stream_subject = $2 AND stream_descriptor = $3 AND stream_label = $4`
	)
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.insert, d.Writer, `INSERT INTO message (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`},
		{&sql.update, d.Writer, `
			UPDATE message SET username = $3, content = $4, update_time = $5
			WHERE id = $1 AND sender_id = $2 RETURNING create_time`},
		{&sql.remove, d.Writer, `DELETE FROM message WHERE id = $1 AND sender_id = $2 RETURNING create_time, update_time`},
		{&sql.oldest, d.Reader, `SELECT ` + columns + ofOne + ` AND (create_time, id) > ($5, $6) ORDER BY create_time, id LIMIT $7`},
		{&sql.newest, d.Reader, `SELECT ` + columns + ofOne + ` AND (create_time, id) < ($5, $6) ORDER BY create_time DESC, id DESC LIMIT $7`},
		{&sql.ofUser, d.Reader, `SELECT ` + columns + ` FROM message WHERE sender_id = $1 ORDER BY create_time, id`},
		{&sql.user, d.Reader, `SELECT 1 FROM users WHERE id = $1`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}
