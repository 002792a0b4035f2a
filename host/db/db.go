// Package db is the host's database: it opens it, migrates it, and runs
// statements and transactions. The database is a SQLite file in the data folder.
//
// Services keep their SQL to what SQLite and PostgreSQL both understand: numbered
// parameters ($1), ON CONFLICT, IS DISTINCT FROM; times are BIGINTs of Unix
// milliseconds that the service passes in; ids are text.
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

	_ "modernc.org/sqlite" // registers the "sqlite" driver
)

// InMemory is the data folder of a database that keeps nothing.
const InMemory = ":memory:"

// FileName is the name of the database file in the data folder.
const FileName = "nkhost.db"

// DB is an open database. Writes go one at a time through a single connection;
// reads have connections of their own and see the last committed state, so they
// never wait for a write. In memory there is one connection for both.
//
// It is safe for concurrent use.
type DB struct {
	name  string // how errors call it: the file's path, or ":memory:"
	write *sql.DB
	read  *sql.DB // equals write in memory
}

// Open opens the database in the folder dataDir, makes both if they are absent,
// and brings the schema up to date. With InMemory nothing is kept.
//
// An error says what is wrong with the folder or the file and what to do.
func Open(ctx context.Context, dataDir string) (*DB, error) {
	d, err := connect(dataDir)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func connect(dataDir string) (*DB, error) {
	if dataDir == InMemory {
		pool, err := openPool(InMemory, url.Values{}, 1)
		return &DB{name: InMemory, write: pool, read: pool}, err
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
	return &DB{name: file, write: write, read: read}, nil
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

// Close closes the database, after the statements that run have ended.
func (d *DB) Close() error {
	var err error
	if d.read != d.write {
		err = d.read.Close()
	}
	// Last, since the last connection to close folds the write-ahead log into the file.
	return d.explain("close", errors.Join(err, d.write.Close()))
}
