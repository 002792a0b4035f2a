package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresLimit is how long a statement may take before the server counts as lost.
const postgresLimit = 15 * time.Second

func postgresEngine() engine {
	return engine{
		limit:     postgresLimit,
		migration: sql.TxOptions{Isolation: sql.LevelReadCommitted},
		// Hosts that start at the same time migrate one after the other. The number
		// is this program's own.
		beforeMigration: "SELECT pg_advisory_xact_lock(7766750577)",
		afterMigration:  compareBytes,
		isConflict:      func(err error) bool { return postgresCode(err) == "23505" }, // unique_violation
		isUndone: func(err error) bool {
			code := postgresCode(err)
			return code == "40001" || code == "40P01" || isUnsent(err) // serialization_failure, deadlock_detected
		},
		isBroken:   isBroken,
		isReadOnly: func(err error) bool { return postgresCode(err) == "25006" }, // read_only_sql_transaction
		advice:     postgresAdvice,
		// The pool throws away a connection that comes back with an open transaction.
		leftOpen: func(_ context.Context, conn *sql.Conn) (open bool) {
			_ = conn.Raw(func(conn any) error {
				own, ok := conn.(*stdlib.Conn)
				open = ok && !own.Conn().IsClosed() && own.Conn().PgConn().TxStatus() != 'I'
				return nil
			})
			return open
		},
	}
}

// compareBytes gives the text columns that this transaction has made or changed the
// collation "C", which compares bytes, as SQLite does. The order of a database's own
// language would page through lists in another order, and may change with the system.
const compareBytes = `DO $$
DECLARE col RECORD;
BEGIN
	FOR col IN
		SELECT a.attrelid::regclass AS tab, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
			AND a.attcollation <> 0 AND a.attcollation <> '"C"'::regcollation
			AND a.xmin = pg_current_xact_id()::xid
	LOOP
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s COLLATE "C"', col.tab, col.name, col.type);
	END LOOP;
END $$`

// postgresCode is the SQLSTATE of an error, and "" when it is none of PostgreSQL's.
func postgresCode(err error) string {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return ""
	}
	return failure.Code
}

func postgresAdvice(err error) string {
	code := postgresCode(err)
	if advice := postgresAdvices[code]; advice != "" {
		return advice
	}
	var connecting *pgconn.ConnectError
	switch {
	case errors.As(err, &connecting) || isUnsent(err) || code == "57P03": // cannot_connect_now
		return "cannot be reached: check that PostgreSQL runs at database.address; the host goes on by itself when it answers"
	case isBroken(err):
		return "has broken the connection: check that PostgreSQL runs; the host goes on by itself when it answers, and what was being written may or may not be stored"
	case errors.Is(err, context.DeadlineExceeded):
		return "takes too long to answer: check the load of the server and the network to it; what was being written may or may not be stored"
	}
	return ""
}

// isUnsent says that a statement met a connection which had ended before.
func isUnsent(err error) bool {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn)
}

// isBroken says that a connection ended while it was used: the network failed, or the
// server was told to end it. A server that cannot be connected to is not meant.
func isBroken(err error) bool {
	var connecting *pgconn.ConnectError
	var network *net.OpError
	switch code := postgresCode(err); {
	case errors.As(err, &connecting):
		return false
	case code != "":
		return strings.HasPrefix(code, "08") || code == "57P01" || code == "57P02" // admin_shutdown, crash_shutdown
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) && !network.Timeout()
}

var postgresAdvices = map[string]string{
	"28P01": "refuses the password: check the user and password in database.address",
	"28000": "refuses the user: check the user in database.address, and the server's pg_hba.conf",
	"3D000": "is not there: make it with createdb",
	"42501": "does not allow this to the user of database.address: make that user the database's owner, or make the database with createdb --owner",
	"53300": "has no connection left: lower database.max_open_conns, or raise the server's max_connections",
	"53100": "cannot grow, the server's disk is full: make room; what is stored is unharmed",
	"40001": "is busy: others kept writing what this was about for 5 seconds",
	"40P01": "is busy: others kept writing what this was about for 5 seconds",
	"25006": "cannot be written: the server is a standby, or only reads were meant",
	"XX001": "is damaged: restore it from a backup",
	"XX002": "has a damaged index: see the server's REINDEX",
}
