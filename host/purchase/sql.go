package purchase

import (
	"context"

	"nkhost/host/db"
)

type statements struct {
	userExists *db.Stmt // id → 1

	insert *db.Stmt // see insertArgs; changes no row if the purchase is known
	update *db.Stmt // transaction_id, refund_time or 0, update_time → create_time, refund_time
	get    *db.Stmt // transaction_id → purchaseColumns
	list   pages

	insertSubscription *db.Stmt // see insertSubscriptionArgs; changes no row if it is known
	updateSubscription *db.Stmt // original_transaction_id, product_id, expire_time, raw_response, refund_time or 0, update_time → subscriptionColumns
	ofProduct          *db.Stmt // user_id, product_id → subscriptionColumns of the one that holds longest
	listSubscriptions  pages
}

// pages are the statements that list: of all users from a purchase_time, a user_id and an
// id, or of the one user with that id; backwards they go to later purchases. The last
// parameter is the limit.
type pages struct{ next, previous, nextOfUser, previousOfUser *db.Stmt }

const (
	purchaseColumns = `transaction_id, user_id, store, product_id, environment, raw_response,
		purchase_time, refund_time, create_time, update_time`
	subscriptionColumns = `original_transaction_id, user_id, store, product_id, environment, raw_response, raw_notification,
		purchase_time, expire_time, refund_time, create_time, update_time`
)

func prepare(ctx context.Context, d *db.DB) (statements, error) {
	var sql statements
	for _, s := range []struct {
		stmt  **db.Stmt
		make  func(context.Context, string) (*db.Stmt, error)
		query string
	}{
		{&sql.userExists, d.Writer, `SELECT 1 FROM users WHERE id = $1`},
		{&sql.insert, d.Writer, `
			INSERT INTO purchase (` + purchaseColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
			ON CONFLICT DO NOTHING`},
		{&sql.update, d.Writer, `
			UPDATE purchase SET refund_time = ` + knownRefund + `, update_time = $3
			WHERE transaction_id = $1 RETURNING create_time, refund_time`},
		{&sql.get, d.Reader, `SELECT ` + purchaseColumns + ` FROM purchase WHERE transaction_id = $1`},
		{&sql.list.next, d.Reader, listQuery("purchase", purchaseColumns, "transaction_id", false, false)},
		{&sql.list.previous, d.Reader, listQuery("purchase", purchaseColumns, "transaction_id", true, false)},
		{&sql.list.nextOfUser, d.Reader, listQuery("purchase", purchaseColumns, "transaction_id", false, true)},
		{&sql.list.previousOfUser, d.Reader, listQuery("purchase", purchaseColumns, "transaction_id", true, true)},

		{&sql.insertSubscription, d.Writer, `
			INSERT INTO subscription (` + subscriptionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
			ON CONFLICT DO NOTHING`},
		{&sql.updateSubscription, d.Writer, `
			UPDATE subscription SET refund_time = ` + knownRefund + `, update_time = $3, product_id = $4, expire_time = $5, raw_response = $6
			WHERE original_transaction_id = $1 RETURNING ` + subscriptionColumns},
		{&sql.ofProduct, d.Reader, `
			SELECT ` + subscriptionColumns + ` FROM subscription WHERE user_id = $1 AND product_id = $2
			ORDER BY expire_time DESC, original_transaction_id LIMIT 1`},
		{&sql.listSubscriptions.next, d.Reader, listQuery("subscription", subscriptionColumns, "original_transaction_id", false, false)},
		{&sql.listSubscriptions.previous, d.Reader, listQuery("subscription", subscriptionColumns, "original_transaction_id", true, false)},
		{&sql.listSubscriptions.nextOfUser, d.Reader, listQuery("subscription", subscriptionColumns, "original_transaction_id", false, true)},
		{&sql.listSubscriptions.previousOfUser, d.Reader, listQuery("subscription", subscriptionColumns, "original_transaction_id", true, true)},
	} {
		stmt, err := s.make(ctx, s.query)
		if err != nil {
			return statements{}, err
		}
		*s.stmt = stmt
	}
	return sql, nil
}

// knownRefund is the second parameter, or where that is 0 what is known already.
const knownRefund = `CASE WHEN CAST($2 AS BIGINT) = 0 THEN refund_time ELSE CAST($2 AS BIGINT) END`

// listQuery is one of pages.
func listQuery(table, columns, id string, backwards, ofUser bool) string {
	comparison, direction := "<", " DESC"
	if backwards {
		comparison, direction = ">", ""
	}
	where := `(purchase_time, user_id, ` + id + `) ` + comparison + ` ($1, $2, $3)`
	if ofUser {
		where = `user_id = $2 AND (purchase_time, ` + id + `) ` + comparison + ` ($1, $3)`
	}
	return `SELECT ` + columns + ` FROM ` + table + ` WHERE ` + where +
		` ORDER BY purchase_time` + direction + `, user_id` + direction + `, ` + id + direction + ` LIMIT $4`
}
