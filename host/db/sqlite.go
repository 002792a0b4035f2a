package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite" // registers the "sqlite" driver
	sqlite3 "modernc.org/sqlite/lib"
)

// InMemory is the data folder of a database that keeps nothing.
const InMemory = ":memory:"

// FileName is the name of the database file in the data folder.
const FileName = "nkhost.db"

// Open opens the SQLite database in the folder dataDir, makes both if they are
// absent, and brings the schema up to date. With InMemory nothing is kept.
//
// An error says what is wrong with the folder or the file and what to do.
func Open(ctx context.Context, dataDir string) (*DB, error) {
	d, err := connect(dataDir)
	if err != nil {
		return nil, err
	}
	return d.migrated(ctx)
}

func connect(dataDir string) (*DB, error) {
	if dataDir == InMemory {
		pool, err := openPool(InMemory, url.Values{}, 1)
		return &DB{engine: sqliteEngine(), name: InMemory, write: pool, read: pool}, err
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder %s (data_dir): %w", dataDir, err)
	}
	file := filepath.Join(dataDir, FileName)
	write, err := openPool(file, url.Values{
		// A commit survives the death of the process; after a power cut the last
		// ones may be missing, never half there.
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)"},
		"_txlock": {"immediate"},
	}, 1)
	if err != nil {
		return nil, err
	}
	read, err := openPool(file, url.Values{"_pragma": {"query_only(1)"}}, max(2, runtime.GOMAXPROCS(0)))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &DB{engine: sqliteEngine(), name: file, write: write, read: read}, nil
}

func openPool(file string, params url.Values, connections int) (*sql.DB, error) {
	params["_pragma"] = append([]string{"busy_timeout(5000)", "foreign_keys(1)"}, params["_pragma"]...)
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: params.Encode()}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", file, err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// sqliteEngine has no limit for statements: one takes microseconds, less than it
// takes to watch a context.
func sqliteEngine() engine {
	is := func(codes ...int) func(error) bool {
		return func(err error) bool {
			code := sqliteCode(err)
			for _, wanted := range codes {
				if code == wanted || code&0xff == wanted { // the low byte is the kind of error
					return true
				}
			}
			return false
		}
	}
	return engine{
		isConflict: is(sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY),
		isUndone:   func(error) bool { return false }, // writers queue for their connection
		isBroken:   func(error) bool { return false },
		isReadOnly: is(sqlite3.SQLITE_READONLY),
		advice:     func(err error) string { return sqliteAdvices[sqliteCode(err)&0xff] },
		leftOpen: func(ctx context.Context, conn *sql.Conn) bool {
			_, err := conn.ExecContext(ctx, "ROLLBACK")
			return err == nil
		},
	}
}

// sqliteCode is SQLite's code of an error, and 0 when it is none of SQLite's.
func sqliteCode(err error) int {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Code()
}

var sqliteAdvices = map[int]string{
	sqlite3.SQLITE_BUSY:     "is locked by another program for more than 5 seconds: end it, or give each host a data_dir of its own",
	sqlite3.SQLITE_LOCKED:   "is locked by another statement of this host",
	sqlite3.SQLITE_CORRUPT:  "is damaged: stop the host and restore the file from a backup, or save what can be read with sqlite3 .recover",
	sqlite3.SQLITE_NOTADB:   "is not a database, or is damaged at its start: move the file away or restore it from a backup",
	sqlite3.SQLITE_READONLY: "cannot be written: check the permissions of the file and its folder",
	sqlite3.SQLITE_PERM:     "cannot be used: check the permissions of the file and its folder",
	sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that data_dir is a folder and that the host may read and write in it",
	sqlite3.SQLITE_FULL:     "cannot grow, the disk is full: make room; what is stored is unharmed",
	sqlite3.SQLITE_IOERR:    "cannot be read or written: check the disk that data_dir is on",
}
