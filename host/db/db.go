// Package db is the host's database: it opens it, migrates it, and runs
// statements and transactions. The database is a SQLite file in the data folder,
// or a database of a PostgreSQL server.
//
// Services write one body of SQL, and this package sees to it that both databases
// take it to mean the same. What it cannot level out is for the services to keep to:
//
//   - parameters are numbered ($1), and each has one type, which PostgreSQL must be
//     able to tell from its surroundings (else CAST($1 AS TEXT));
//   - whole numbers are BIGINTs, which INTEGERs of PostgreSQL are too small for;
//     times are BIGINTs of Unix milliseconds that the service passes in; ids are text;
//   - text is compared byte by byte, and LIKE is not used: SQLite's ignores case;
//   - a sort over a column that may be NULL says where those go (NULLS LAST);
//   - ON CONFLICT, RETURNING, IS DISTINCT FROM and row values are understood by both.
package db

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// DB is an open database.
//
// In SQLite, writes go one at a time through a single connection; reads have
// connections of their own and see the last committed state, so they never wait
// for a write. In memory there is one connection for both. In PostgreSQL, writes
// are serializable transactions that run side by side: one that meets another is
// undone and repeated, so that they have the effect of running one at a time.
//
// It is safe for concurrent use.
type DB struct {
	engine
	name  string // see Name
	write *sql.DB
	read  *sql.DB // equals write in memory
}

// engine is all in which the databases differ.
type engine struct {
	// limit is how long a statement may take; 0 does not watch it.
	limit time.Duration
	// migration is how a migration's transaction is isolated: it must see what
	// another host has made of the schema while it waited.
	migration sql.TxOptions
	// beforeMigration and afterMigration are SQL that each migration's transaction
	// begins and ends with.
	beforeMigration, afterMigration string

	isConflict func(err error) bool // a value that must be unique is taken
	// isUndone says that nothing was made of it, since it was in another transaction's
	// way or did not reach the server, and that it may be tried again.
	isUndone   func(err error) bool
	isBroken   func(err error) bool // the connection ended while it was used
	isReadOnly func(err error) bool // a write where only reads are allowed
	advice     func(err error) string
	// leftOpen ends a transaction that foreign SQL began on a connection and did not
	// end, and says whether there was one.
	leftOpen func(ctx context.Context, conn *sql.Conn) bool
}

// Name is how the database is called: the path of its file, InMemory, or
// user@host:port/name. It holds no password.
func (d *DB) Name() string { return d.name }

// Close closes the database, after the statements that run have ended.
func (d *DB) Close() error {
	var err error
	if d.read != d.write {
		err = d.read.Close()
	}
	// Last, since SQLite's last connection to close folds the write-ahead log into
	// the file.
	return d.explain("close", errors.Join(err, d.write.Close()))
}
