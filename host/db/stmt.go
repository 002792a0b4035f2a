package db

import (
	"context"
	"database/sql"
	"errors"
)

// Stmt is a prepared statement. It lives as long as its DB; when a connection was
// lost, it is prepared anew on the next.
//
// Its methods do not end early when their context does, so that a caller who goes
// away does not leave open what became of a write. A context that has ended already
// is refused.
type Stmt struct {
	db    *DB
	stmt  *sql.Stmt
	again again // when it may be run once more
}

// Reader prepares a statement that only reads, outside of transactions.
func (d *DB) Reader(ctx context.Context, query string) (*Stmt, error) {
	return d.prepare(ctx, d.read, query, always)
}

// Writer prepares a statement that writes, or reads within a transaction.
func (d *DB) Writer(ctx context.Context, query string) (*Stmt, error) {
	return d.prepare(ctx, d.write, query, ifUndone)
}

func (d *DB) prepare(ctx context.Context, pool *sql.DB, query string, allowed again) (*Stmt, error) {
	stmt, err := pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, d.explain("prepare "+query, err)
	}
	return &Stmt{db: d, stmt: stmt, again: allowed}, nil
}

// Exec runs a statement and returns how many rows it changed.
func (s *Stmt) Exec(ctx context.Context, args ...any) (count int64, err error) {
	err = s.db.repeat(ctx, func(ctx context.Context) (again, error) {
		count, err = s.db.affected(s.stmt.ExecContext(ctx, args...))
		return s.again, err
	})
	return count, err
}

// Row is the first row of a query's result. The query runs when it is scanned.
type Row struct {
	scan func(dest []any) error
}

// Row makes ready to run a query for its first row.
func (s *Stmt) Row(ctx context.Context, args ...any) Row {
	return Row{scan: func(dest []any) error {
		return s.db.repeat(ctx, func(ctx context.Context) (again, error) {
			return s.again, s.db.explainRow(s.stmt.QueryRowContext(ctx, args...).Scan(dest...))
		})
	}}
}

// Scan copies the row's columns to what dest points at, as sql.Row does. found is
// false when there is no row.
func (r Row) Scan(dest ...any) (found bool, err error) {
	switch err := r.scan(dest); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// Each runs a query and calls scan for every row of its result.
func (s *Stmt) Each(ctx context.Context, scan func(rows *sql.Rows) error, args ...any) error {
	allowed := s.again
	return s.db.repeat(ctx, func(ctx context.Context) (again, error) {
		rows, err := s.stmt.QueryContext(ctx, args...)
		if err != nil {
			return allowed, s.db.explain("query", err)
		}
		defer func() { _ = rows.Close() }() // Err below says what went wrong
		for rows.Next() {
			allowed = never // what scan was given cannot be taken back
			if err := scan(rows); err != nil {
				return allowed, s.db.explain("read a row", err)
			}
		}
		return allowed, s.db.explain("query", rows.Err())
	})
}

// Exec runs SQL that was put together for this one call and returns how many rows
// it changed.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (count int64, err error) {
	err = d.repeat(ctx, func(ctx context.Context) (again, error) {
		count, err = d.affected(d.write.ExecContext(ctx, query, args...))
		return ifUndone, err
	})
	return count, err
}

func (d *DB) affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, d.explain("write", err)
	}
	count, err := result.RowsAffected()
	return count, d.explain("write", err)
}
