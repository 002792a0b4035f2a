package db

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrConflict is the cause of an error that a write ended with because a value
// that must be unique is taken.
var ErrConflict = errors.New("a value that must be unique is taken")

// explain wraps an error of the database with what was being done and, where a
// person can help, what to do. It returns nil for nil.
func (d *DB) explain(doing string, err error) error {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		if err == nil {
			return nil
		}
		return fmt.Errorf("database %s: %s: %w", d.name, doing, err)
	}
	switch failure.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("database %s: %s: %w: %w", d.name, doing, ErrConflict, err)
	}
	if advice, ok := advices[failure.Code()&0xff]; ok { // the low byte is the kind of error
		return fmt.Errorf("database %s %s (%s: %w)", d.name, advice, doing, err)
	}
	return fmt.Errorf("database %s: %s: %w", d.name, doing, err)
}

var advices = map[int]string{
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
