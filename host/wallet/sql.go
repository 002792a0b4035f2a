package wallet

import (
	"context"

	"nkhost/host/db"
)

type statements struct {
	lockWallet *db.Stmt // id, update_time; returns the wallet
	setWallet  *db.Stmt // id, wallet

	insertItem *db.Stmt // id, user_id, changeset, metadata, time
	lockItem   *db.Stmt // id, update_time; returns the item
	setItem    *db.Stmt // id, metadata
	listItems  *db.Stmt // user_id, the create_time and id before which to begin, limit
}

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	const columns = `id, user_id, changeset, metadata, create_time, update_time`
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.lockWallet, d.Writer, `UPDATE users SET update_time = $2 WHERE id = $1 RETURNING wallet`},
		{&sql.setWallet, d.Writer, `UPDATE users SET wallet = $2 WHERE id = $1`},
		{&sql.insertItem, d.Writer, `
			INSERT INTO wallet_ledger (` + columns + `) VALUES ($1, $2, $3, $4, $5, $5)`},
		{&sql.lockItem, d.Writer, `UPDATE wallet_ledger SET update_time = $2 WHERE id = $1 RETURNING ` + columns},
		{&sql.setItem, d.Writer, `UPDATE wallet_ledger SET metadata = $2 WHERE id = $1`},
		{&sql.listItems, d.Reader, `
			SELECT ` + columns + ` FROM wallet_ledger
			WHERE user_id = $1 AND (create_time, id) < ($2, $3)
			ORDER BY create_time DESC, id DESC LIMIT $4`},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}
