package db

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrConflict is the cause of an error that a write ended with because a value
// that must be unique is taken.
var ErrConflict = errors.New("a value that must be unique is taken")

// explain wraps an error of the database with what was being done and, where a
// person can help, what to do. It returns nil for nil.
func (d *DB) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "\n") {
		err = oneLine{err}
	}
	if d.isConflict(err) {
		return fmt.Errorf("database %s: %s: %w: %w", d.name, doing, ErrConflict, err)
	}
	if advice := d.advice(err); advice != "" {
		return fmt.Errorf("database %s %s (%s: %w)", d.name, advice, doing, err)
	}
	return fmt.Errorf("database %s: %s: %w", d.name, doing, err)
}

// explainRow leaves sql.ErrNoRows, which is no failure, as it is.
func (d *DB) explainRow(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return d.explain("query", err)
}

// oneLine is an error whose lines, such as pgx's of each attempt to connect, are put on
// one, each once.
type oneLine struct{ cause error }

func (e oneLine) Unwrap() error { return e.cause }

func (e oneLine) Error() string {
	var parts []string
	for line := range strings.Lines(e.cause.Error()) {
		if part := strings.TrimSpace(line); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}
