package db

import (
	"context"
	"database/sql"
	"errors"
)

// Foreign SQL is not the host's own but a module's. It may be anything, take as long
// as it likes, and is in the database's own dialect. It ends when its context does.

// ExecForeign runs foreign SQL and returns how many rows it changed. Without args it
// may be several statements.
func (d *DB) ExecForeign(ctx context.Context, query string, args ...any) (count int64, err error) {
	err = d.foreign(ctx, d.write, ifUndone, func(conn *sql.Conn) error {
		count, err = d.affected(conn.ExecContext(ctx, query, args...))
		return err
	})
	return count, err
}

// QueryForeign runs a foreign query and returns the names of its result's columns,
// and a value for each in every row: nil, int64, float64, bool, string, []byte or
// time.Time.
func (d *DB) QueryForeign(ctx context.Context, query string, args ...any) (columns []string, rows [][]any, err error) {
	read := func(conn *sql.Conn) error {
		columns, rows, err = d.readAll(ctx, conn, query, args)
		return err
	}
	// Most queries only read, and those need not queue behind writes.
	if err = d.foreign(ctx, d.read, always, read); err != nil && d.isReadOnly(err) {
		err = d.foreign(ctx, d.write, ifUndone, read)
	}
	return columns, rows, err
}

// foreign runs work, which runs foreign SQL, on a connection of its own. A transaction
// that it began and did not end is undone: another caller gets the connection next.
func (d *DB) foreign(ctx context.Context, pool *sql.DB, allowed again, work func(conn *sql.Conn) error) error {
	return d.repeatUntilEnd(ctx, func() (again, error) {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return allowed, d.explain("get a connection", err)
		}
		defer func() { _ = conn.Close() }() // gives it back
		err = work(conn)
		if d.leftOpen(context.WithoutCancel(ctx), conn) && err == nil {
			err = errors.New("the SQL began a transaction and did not end it, so it was undone: begin and commit in one text")
		}
		return allowed, err
	})
}

func (d *DB) readAll(ctx context.Context, conn *sql.Conn, query string, args []any) (columns []string, all [][]any, err error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, nil, d.explain("query", err)
	}
	defer func() { _ = rows.Close() }() // Err below says what went wrong
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, d.explain("query", err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, d.explain("read a row", err)
		}
		all = append(all, row)
	}
	return columns, all, d.explain("query", rows.Err())
}
