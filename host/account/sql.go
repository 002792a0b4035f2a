package account

import (
	"context"
	"fmt"
	"strings"

	"nkhost/host/db"
	"nkhost/host/providers"
)

type statements struct {
	updateInTx *db.Stmt // see updateQuery

	byID, byUsername, byDevice, byCustom, byEmail *db.Stmt // id, username, password hash or "", disable_time

	insertUser   *db.Stmt // id, username, custom_id, email, password, time; changes no row if one is taken
	insertDevice *db.Stmt // id, user_id; changes no row if it is taken
	account      *db.Stmt // a row a device, or one without

	userByID, userByUsername, userByFacebook lookup
	usersAfter                               *db.Stmt // id, count

	deviceOwner  *db.Stmt // id → user_id, within a transaction
	deleteDevice *db.Stmt // id, user_id, unless it is the user's last identity
	touch        *db.Stmt // id, time
	setDisabled  *db.Stmt // id, time
	deleteUser   *db.Stmt
	insertTomb   *db.Stmt // user_id, time
	importUser   *db.Stmt // see importArgs
	importIn     *db.Stmt // id, metadata, wallet

	byProvider map[providers.Kind]*db.Stmt // as byID
	adopt      *db.Stmt                    // id, display_name, avatar_url, email, each only where there is none
}

// lookup finds users by a column: those with one key, or with any of lookupSize.
type lookup struct{ one, many *db.Stmt }

// lookupSize is the longest page of most lists of users.
const lookupSize = 100

func prepareLookup(ctx context.Context, d *db.DB, column string) (lookup, error) {
	const profile = `SELECT ` + userColumns + ` FROM users u WHERE u.`
	one, err := d.Reader(ctx, profile+column+` = $1`)
	if err != nil {
		return lookup{}, err
	}
	places := make([]string, lookupSize)
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	many, err := d.Reader(ctx, profile+column+` IN (`+strings.Join(places, ", ")+`)`)
	return lookup{one, many}, err
}

// userColumns are those that others may know of a user; see userFields.
const userColumns = `u.id, u.username, COALESCE(u.display_name, ''), COALESCE(u.avatar_url, ''), u.lang_tag,
	COALESCE(u.location, ''), COALESCE(u.timezone, ''), u.metadata,
	COALESCE(u.apple_id, ''), COALESCE(u.facebook_id, ''), COALESCE(u.facebook_instant_game_id, ''),
	COALESCE(u.gamecenter_id, ''), COALESCE(u.google_id, ''), COALESCE(u.steam_id, ''),
	u.edge_count, u.create_time, u.update_time`

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
			SELECT ` + userColumns + `, u.wallet, COALESCE(u.email, ''), COALESCE(u.custom_id, ''),
				u.verify_time, u.disable_time, COALESCE(d.id, '')
			FROM users u LEFT JOIN user_device d ON d.user_id = u.id
			WHERE u.id = $1
			ORDER BY d.id`},
		{&sql.usersAfter, d.Reader, `SELECT ` + userColumns + ` FROM users u WHERE u.id > $1 ORDER BY u.id LIMIT $2`},
		{&sql.deviceOwner, d.Writer, `SELECT user_id FROM user_device WHERE id = $1`},
		{&sql.deleteDevice, d.Writer, `
			DELETE FROM user_device WHERE id = $1 AND user_id = $2
				AND (EXISTS (SELECT 1 FROM user_device WHERE user_id = $2 AND id <> $1)
					OR EXISTS (SELECT 1 FROM users WHERE id = $2 AND (` + anyIdentity("") + `)))`},
		{&sql.touch, d.Writer, `UPDATE users SET update_time = $2 WHERE id = $1`},
		{&sql.setDisabled, d.Writer, `UPDATE users SET disable_time = $2 WHERE id = $1`},
		{&sql.deleteUser, d.Writer, `DELETE FROM users WHERE id = $1`},
		{&sql.insertTomb, d.Writer, `
			INSERT INTO user_tombstone (user_id, create_time) VALUES ($1, $2)
			ON CONFLICT DO NOTHING`},
		{&sql.importUser, d.Writer, `
			INSERT INTO users (id, username, display_name, avatar_url, lang_tag, location, timezone, metadata, wallet, email,
				custom_id, apple_id, facebook_id, facebook_instant_game_id, gamecenter_id, google_id, steam_id,
				create_time, update_time, verify_time, disable_time)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`},
		{&sql.adopt, d.Writer, `
			UPDATE users SET
				display_name = COALESCE(NULLIF(display_name, ''), $2),
				avatar_url = COALESCE(NULLIF(avatar_url, ''), $3),
				email = CASE WHEN email IS NULL AND NOT EXISTS (SELECT 1 FROM users other WHERE other.email = $4) THEN $4 ELSE email END
			WHERE id = $1`},
		{&sql.importIn, d.Writer, `UPDATE users SET metadata = $2, wallet = $3 WHERE id = $1`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	for column, by := range map[string]*lookup{
		"id": &sql.userByID, "username": &sql.userByUsername, "facebook_id": &sql.userByFacebook,
	} {
		var err error
		if *by, err = prepareLookup(ctx, d, column); err != nil {
			return statements{}, err
		}
	}
	sql.byProvider = map[providers.Kind]*db.Stmt{}
	for _, kind := range providers.Kinds() {
		stmt, err := d.Reader(ctx, user+`WHERE u.`+column(kind)+` = $1`)
		if err != nil {
			return statements{}, err
		}
		sql.byProvider[kind] = stmt
	}
	return sql, nil
}
