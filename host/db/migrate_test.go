package db_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"nkhost/host/db"
	"nkhost/host/db/dbtest"
)

func TestMigrations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		d := place.Open(t)
		exec(t, d, "DROP TABLE schema_migration")
		one := db.NewMigration(1, "one", "CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('one')")
		two := db.NewMigration(2, "two", "INSERT INTO note VALUES ('two')")
		broken := db.NewMigration(3, "broken", "INSERT INTO note VALUES ('three'); INSERT INTO nowhere VALUES (1)")

		for _, test := range []struct {
			steps []db.Migration
			fails string
			notes string
		}{
			{[]db.Migration{one}, "", "one"},
			{[]db.Migration{one}, "", "one"},
			{[]db.Migration{one, two}, "", "one two"},
			{[]db.Migration{one, two, broken}, "migration 3 (broken)", "one two"},
			{[]db.Migration{one, two}, "", "one two"},
			{[]db.Migration{one}, "made by a later nkhost", "one two"},
		} {
			err := d.MigrateBy(t.Context(), test.steps)
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%d steps: %v, want %q", len(test.steps), err, test.fails)
			}
			if got := notes(t, d); got != test.notes {
				t.Errorf("%d steps: notes %q, want %q", len(test.steps), got, test.notes)
			}
		}
	})
}

// Hosts that start at once on one new database make its schema once.
func TestManyHostsMigrate(t *testing.T) {
	dbtest.EachKept(t, func(t *testing.T, place dbtest.Place) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				d, err := place.Try(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

// Text has one order everywhere, whatever language a PostgreSQL database speaks.
func TestOrderOfText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, place dbtest.Place) {
		d := place.Open(t)
		exec(t, d, "DROP TABLE schema_migration")
		if err := d.MigrateBy(t.Context(), []db.Migration{
			db.NewMigration(1, "one", "CREATE TABLE note (text VARCHAR(20) NOT NULL PRIMARY KEY)"),
			db.NewMigration(2, "two", "ALTER TABLE note ADD COLUMN author TEXT"),
		}); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"b", "a-b", "B", "ab", "é", "_", "a"} {
			exec(t, d, "INSERT INTO note (text, author) VALUES ($1, $2)", text, text)
		}
		const want = "B _ a a-b ab b é"
		if got := notes(t, d); got != want {
			t.Errorf("order %q, want %q", got, want)
		}
		if n := exec(t, d, "DELETE FROM note WHERE author < 'a'"); n != 2 {
			t.Errorf("%d are less than a, want 2", n)
		}
	})
}

// What is moved from one database to another is moved table by table, and wants the
// same columns in the same order.
func TestTheSchemaIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	columns := func(place dbtest.Place, query string) string {
		_, rows, err := place.Open(t).QueryForeign(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(rows)
	}
	sqlite := columns(dbtest.Memory(t), `SELECT s.name, c.name, 1 - c."notnull" FROM sqlite_schema s, pragma_table_info(s.name) c
		WHERE s.type = 'table' ORDER BY s.name, c.cid`)
	postgresql := columns(dbtest.PostgreSQL(t), `SELECT table_name, column_name, CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END
		FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name COLLATE "C", ordinal_position`)
	if sqlite != postgresql || !strings.Contains(sqlite, "users") {
		t.Errorf("SQLite has %s\nPostgreSQL %s", sqlite, postgresql)
	}
}

func TestReadMigrations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files []string
		ok    bool
	}{
		"in order":  {[]string{"0001_a.sql", "0002_b.sql"}, true},
		"a gap":     {[]string{"0001_a.sql", "0003_b.sql"}, false},
		"twice":     {[]string{"0001_a.sql", "0001_b.sql"}, false},
		"no number": {[]string{"a.sql"}, false},
		"no name":   {[]string{"0001.sql"}, false},
	} {
		files := fstest.MapFS{}
		for _, file := range test.files {
			files["migrations/"+file] = &fstest.MapFile{}
		}
		if steps, err := db.ReadMigrations(files); (err == nil) != test.ok {
			t.Errorf("%s: %v, %v", name, steps, err)
		}
	}
	if steps, err := db.ReadMigrations(db.MigrationFiles); err != nil || len(steps) == 0 {
		t.Errorf("the embedded migrations: %v, %v", steps, err)
	}
}
