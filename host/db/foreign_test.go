package db_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"nkhost/host/db"
)

func TestForeignSQL(t *testing.T) {
	eachKind(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for _, test := range []struct {
			query string
			args  []any
			rows  [][]any
		}{
			{"INSERT INTO note (text) VALUES ('a'), ('b') RETURNING text", nil, [][]any{{"a"}, {"b"}}},
			{"SELECT text, CAST($1 AS BIGINT) AS n, NULL AS none FROM note ORDER BY text", []any{7}, [][]any{{"a", int64(7), nil}, {"b", int64(7), nil}}},
			{"SELECT text FROM note WHERE text = $1", []any{"absent"}, nil},
			{"SELECT 0.5E0 * CAST($1 AS DOUBLE PRECISION) AS half", []any{3.0}, [][]any{{1.5}}},
		} {
			columns, rows, err := d.QueryForeign(ctx, test.query, test.args...)
			if err != nil || !reflect.DeepEqual(rows, test.rows) {
				t.Errorf("%s: columns %q, rows %#v, %v", test.query, columns, rows, err)
			}
		}
		if n, err := d.ExecForeign(ctx, "UPDATE note SET text = text || $1", "!"); err != nil || n != 2 {
			t.Errorf("update: %d, %v", n, err)
		}
		if _, err := d.ExecForeign(ctx, "INSERT INTO note (text) VALUES ($1)", "a!"); !errors.Is(err, db.ErrConflict) {
			t.Errorf("a duplicate: %v", err)
		}
		for name, query := range map[string]string{"nonsense": "SELEC", "absent": "SELECT 1 FROM nowhere", "no argument": "SELECT CAST($1 AS TEXT)"} {
			if _, _, err := d.QueryForeign(ctx, query); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, _, err := d.QueryForeign(ended, "SELECT 1"); !errors.Is(err, context.Canceled) {
			t.Errorf("for an ended context: %v", err)
		}
	})
}

// SQL that begins a transaction and forgets it must not take the host's writes with it.
func TestAForgottenTransaction(t *testing.T) {
	eachKind(t, func(t *testing.T, d *db.DB) {
		if _, err := d.ExecForeign(t.Context(), "BEGIN; INSERT INTO note (text) VALUES ('a'); COMMIT"); err != nil {
			t.Errorf("a whole transaction: %v", err)
		}
		for _, text := range []string{"BEGIN", "BEGIN; INSERT INTO note (text) VALUES ('b')", "BEGIN; INSERT INTO note (text) VALUES ('a'); COMMIT"} {
			if _, err := d.ExecForeign(t.Context(), text); err == nil {
				t.Errorf("%s: no error", text)
			} else if !strings.Contains(err.Error(), "transaction") && !errors.Is(err, db.ErrConflict) {
				t.Errorf("%s: %v", text, err)
			}
		}
		exec(t, d, "INSERT INTO note (text) VALUES ('c')")
		if got := notes(t, d); got != "a c" {
			t.Errorf("notes %q", got)
		}
	})
}
