package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Tx is a transaction that runs. It is for one goroutine. Its statements end when the
// transaction as a whole must, and not earlier.
type Tx struct {
	db     *DB
	tx     *sql.Tx
	ctx    context.Context // of the transaction as a whole
	failed error           // the first failure of a statement
}

// Tx runs fn in a transaction, which is committed when fn returns nil and undone
// when it returns an error or panics.
//
// fn must do all it does with the database through tx: in memory there is no second
// connection, and it would wait for itself. It may be run several times, each time
// from the start, when another transaction was in its way; so it must set what it
// leaves behind, not add to it. When a statement has failed the transaction is lost:
// fn may not go on with another, and Tx returns that failure if fn does not.
func (d *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	return d.repeat(ctx, func(ctx context.Context) (again, error) { return d.once(ctx, fn) })
}

// once is one try. Only a commit leaves open whether it was made.
func (d *DB) once(ctx context.Context, fn func(tx *Tx) error) (again, error) {
	began, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return always, d.explain("begin a transaction", err)
	}
	defer func() { _ = began.Rollback() }() // does nothing after a commit
	tx := &Tx{db: d, tx: began, ctx: ctx}
	err = fn(tx)
	if err == nil {
		err = tx.failed
	}
	if err == nil {
		return ifUndone, d.explain("commit", began.Commit())
	}
	if d.isPassing(tx.failed) && !d.isPassing(err) {
		err = fmt.Errorf("%w (%w)", tx.failed, err) // fn gave the failure a meaning it does not have
	}
	return always, err
}

// Exec runs a Writer's statement in the transaction.
func (t *Tx) Exec(_ context.Context, s *Stmt, args ...any) (int64, error) {
	if t.failed != nil {
		return 0, t.lost()
	}
	count, err := t.db.affected(t.tx.StmtContext(t.ctx, s.stmt).ExecContext(t.ctx, args...))
	t.failed = err
	return count, err
}

// Row makes ready to run a Writer's query in the transaction for its first row.
func (t *Tx) Row(_ context.Context, s *Stmt, args ...any) Row {
	return Row{scan: func(dest []any) error {
		if t.failed != nil {
			return t.lost()
		}
		err := t.db.explainRow(t.tx.StmtContext(t.ctx, s.stmt).QueryRowContext(t.ctx, args...).Scan(dest...))
		if !errors.Is(err, sql.ErrNoRows) {
			t.failed = err
		}
		return err
	}}
}

// Each runs a Writer's query in the transaction and calls scan for every row of its
// result. scan must not use the transaction.
func (t *Tx) Each(_ context.Context, s *Stmt, scan func(rows *sql.Rows) error, args ...any) (err error) {
	if t.failed != nil {
		return t.lost()
	}
	defer func() { t.failed = err }()
	rows, err := t.tx.StmtContext(t.ctx, s.stmt).QueryContext(t.ctx, args...)
	if err != nil {
		return t.db.explain("query", err)
	}
	defer func() { _ = rows.Close() }() // Err below says what went wrong
	for rows.Next() {
		if err := scan(rows); err != nil {
			return t.db.explain("read a row", err)
		}
	}
	return t.db.explain("query", rows.Err())
}

func (t *Tx) lost() error {
	return fmt.Errorf("the transaction is lost since a statement of it failed: %w", t.failed)
}

// patience is how long a write is tried again that others are in the way of. SQLite
// waits as long for a lock.
const patience = 5 * time.Second

// again says when a try may be followed by another.
type again int

const (
	never    again = iota
	ifUndone       // when it is known that nothing was made
	always         // also when the connection broke: it changes nothing, or nothing can have been made
)

// repeat runs try as often as it allows and the failures are of a kind that passes. Its
// context does not end when the caller's does but after the engine's limit. An ended
// context is refused.
func (d *DB) repeat(ctx context.Context, try func(ctx context.Context) (again, error)) error {
	return d.repeatUntilEnd(ctx, func() (again, error) {
		running, done := d.bound(ctx)
		defer done()
		again, err := try(running)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = errors.New(err.Error()) // the deadline was not the caller's
		}
		return again, err
	})
}

// repeatUntilEnd is repeat for what watches the caller's context itself.
func (d *DB) repeatUntilEnd(ctx context.Context, try func() (again, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 64*time.Millisecond) {
		again, err := try()
		passes := again >= ifUndone && d.isUndone(err) || again == always && d.isBroken(err)
		if !passes || time.Since(began) > patience {
			return err
		}
		// Those who met must not meet again.
		timer := time.NewTimer(rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// isPassing says that a failure is none of the caller's, and may not come again.
func (d *DB) isPassing(err error) bool { return d.isUndone(err) || d.isBroken(err) }

func (d *DB) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	if d.limit == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d.limit)
}
