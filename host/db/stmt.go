package db

import (
	"context"
	"database/sql"
	"errors"
)

// Stmt is a prepared statement. It lives as long as its DB.
//
// Its methods do not end early when their context does: a statement here takes
// microseconds, less than it takes to watch a context. A context that has ended
// already is refused.
type Stmt struct {
	db   *DB
	stmt *sql.Stmt
}

// Reader prepares a statement that only reads, outside of transactions.
func (d *DB) Reader(ctx context.Context, query string) (*Stmt, error) {
	return d.prepare(ctx, d.read, query)
}

// Writer prepares a statement that writes, or reads within a transaction.
func (d *DB) Writer(ctx context.Context, query string) (*Stmt, error) {
	return d.prepare(ctx, d.write, query)
}

func (d *DB) prepare(ctx context.Context, pool *sql.DB, query string) (*Stmt, error) {
	stmt, err := pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, d.explain("prepare "+query, err)
	}
	return &Stmt{db: d, stmt: stmt}, nil
}

// Exec runs a statement and returns how many rows it changed.
func (s *Stmt) Exec(ctx context.Context, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return s.db.affected(s.stmt.ExecContext(context.WithoutCancel(ctx), args...))
}

// Row is the first row of a query's result.
type Row struct {
	db  *DB
	row *sql.Row
	err error
}

// Row runs a query for its first row.
func (s *Stmt) Row(ctx context.Context, args ...any) Row {
	if err := ctx.Err(); err != nil {
		return Row{err: err}
	}
	return Row{db: s.db, row: s.stmt.QueryRowContext(context.WithoutCancel(ctx), args...)}
}

// Scan copies the row's columns to what dest points at, as sql.Row does. found is
// false when there is no row.
func (r Row) Scan(dest ...any) (found bool, err error) {
	if r.err != nil {
		return false, r.err
	}
	switch err := r.row.Scan(dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, r.db.explain("query", err)
	}
	return true, nil
}

// Each runs a query and calls scan for every row of its result.
func (s *Stmt) Each(ctx context.Context, scan func(rows *sql.Rows) error, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows, err := s.stmt.QueryContext(context.WithoutCancel(ctx), args...)
	if err != nil {
		return s.db.explain("query", err)
	}
	defer func() { _ = rows.Close() }() // Err below says what went wrong
	for rows.Next() {
		if err := scan(rows); err != nil {
			return s.db.explain("read a row", err)
		}
	}
	return s.db.explain("query", rows.Err())
}

// Exec runs SQL that was put together for this one call and returns how many rows
// it changed.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return d.affected(d.write.ExecContext(context.WithoutCancel(ctx), query, args...))
}

func (d *DB) affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, d.explain("write", err)
	}
	count, err := result.RowsAffected()
	return count, d.explain("write", err)
}

// Tx is a transaction that runs.
type Tx struct {
	db *DB
	tx *sql.Tx
}

// Tx runs fn in a transaction, which is committed when fn returns nil and undone
// when it returns an error or panics. fn must do all it does with the database
// through tx: in memory there is no second connection, and it would wait for
// itself.
func (d *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := d.write.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return d.explain("begin a transaction", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := fn(&Tx{db: d, tx: tx}); err != nil {
		return err
	}
	return d.explain("commit", tx.Commit())
}

// Exec runs a Writer's statement in the transaction.
func (t *Tx) Exec(ctx context.Context, s *Stmt, args ...any) (int64, error) {
	return t.db.affected(t.tx.StmtContext(ctx, s.stmt).ExecContext(context.WithoutCancel(ctx), args...))
}

// Row runs a Writer's query in the transaction for its first row.
func (t *Tx) Row(ctx context.Context, s *Stmt, args ...any) Row {
	return Row{db: t.db, row: t.tx.StmtContext(ctx, s.stmt).QueryRowContext(context.WithoutCancel(ctx), args...)}
}
