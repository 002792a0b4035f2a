package nkshim

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// fakeDatabase answers every query with its rows, and keeps what it was asked.
type fakeDatabase struct {
	asked   string
	columns []string
	rows    [][]any
	err     error
}

func (f *fakeDatabase) ExecForeign(_ context.Context, query string, args ...any) (int64, error) {
	f.asked = fmt.Sprintf("%s %#v", query, args)
	return 3, f.err
}

func (f *fakeDatabase) QueryForeign(_ context.Context, query string, args ...any) ([]string, [][]any, error) {
	f.asked = fmt.Sprintf("%s %#v", query, args)
	return f.columns, f.rows, f.err
}

func TestSQL(t *testing.T) {
	t.Parallel()
	rows := &fakeDatabase{
		columns: []string{"a", "b"},
		rows: [][]any{
			{int64(1), "x"},
			{nil, []byte("bytes")},
			{1.5, time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)},
			{true, nil},
		},
	}
	for _, test := range []struct {
		name, lua   string
		database    *fakeDatabase
		asked, want string
	}{
		{"a count", `return tostring(nk.sql_exec("Q", {1, "x", 1.5, true}))`, &fakeDatabase{}, `Q []interface {}{1, "x", 1.5, true}`, "3"},
		{"a gap", `return tostring(nk.sql_exec("Q", {1, nil, 3}))`, &fakeDatabase{}, `Q []interface {}{1, interface {}(nil), 3}`, "3"},
		{"no list", `return tostring(nk.sql_exec("Q", {a = 1}))`, &fakeDatabase{}, `Q []interface {}(nil)`, "3"},
		{"no parameters", `return tostring(nk.sql_exec("Q"))`, &fakeDatabase{}, `Q []interface {}(nil)`, "3"},
		{"rows", `return nk.json_encode(nk.sql_query("Q", {}))`, rows, `Q []interface {}(nil)`, `[{"a":1,"b":"x"},{"b":"bytes"},{"a":1.5,"b":1709208000},{"a":true}]`},
		{"no rows", `return tostring(#nk.sql_query("Q", nil))`, &fakeDatabase{columns: []string{"a"}}, `Q []interface {}(nil)`, "0"},
		{"an error", `return select(2, pcall(nk.sql_query, "Q"))`, &fakeDatabase{err: errors.New("no luck")}, `Q []interface {}(nil)`, "nakama.sql_query: no luck"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := evaluate(t, test.lua, func(d *Deps) { d.Database = test.database })
			if err != nil {
				t.Fatal(err)
			}
			wantText(t, got, test.want)
			if test.database.asked != test.asked {
				t.Errorf("asked %s, want %s", test.database.asked, test.asked)
			}
		})
	}
}
