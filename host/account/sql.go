package account

import (
	"context"

	"nkhost/host/db"
)

type statements struct {
	updateInTx *db.Stmt // see updateQuery

	byID, byUsername, byDevice, byCustom, byEmail *db.Stmt // id, username, password hash or "", disable_time

	insertUser   *db.Stmt // id, username, custom_id, email, password, time; changes no row if one is taken
	insertDevice *db.Stmt // id, user_id; changes no row if it is taken
	account      *db.Stmt // a row a device, or one without
}

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const user = `SELECT u.id, u.username, COALESCE(u.password, ''), u.disable_time FROM users u `
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.updateInTx, d.Writer, updateQuery},
		{&sql.byID, d.Reader, user + `WHERE u.id = $1`},
		{&sql.byUsername, d.Reader, user + `WHERE u.username = $1`},
		{&sql.byDevice, d.Reader, user + `JOIN user_device d ON d.user_id = u.id WHERE d.id = $1`},
		{&sql.byCustom, d.Reader, user + `WHERE u.custom_id = $1`},
		{&sql.byEmail, d.Reader, user + `WHERE u.email = $1`},
		{&sql.insertUser, d.Writer, `
			INSERT INTO users (id, username, custom_id, email, password, create_time, update_time)
			VALUES ($1, $2, $3, $4, $5, $6, $6)
			ON CONFLICT DO NOTHING`},
		{&sql.insertDevice, d.Writer, `
			INSERT INTO user_device (id, user_id) VALUES ($1, $2)
			ON CONFLICT DO NOTHING`},
		{&sql.account, d.Reader, `
			SELECT u.id, u.username, u.display_name, u.avatar_url, u.lang_tag, u.location, u.timezone,
				u.metadata, u.wallet, u.email, u.custom_id,
				u.create_time, u.update_time, u.verify_time, u.disable_time, d.id
			FROM users u LEFT JOIN user_device d ON d.user_id = u.id
			WHERE u.id = $1
			ORDER BY d.id`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}
