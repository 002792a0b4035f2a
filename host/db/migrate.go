package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema: the file migrations/NUMBER_name.sql. A file
// that was released is never changed; a later one changes what it made.
type migration struct {
	number int
	name   string
	sql    string
}

// migrate runs the migrations that the database has not seen, each in a
// transaction of its own. A database that has seen more than there are is refused.
func (d *DB) migrate(ctx context.Context) error {
	steps, err := readMigrations(migrationFiles)
	if err != nil {
		return err
	}
	return d.migrateBy(ctx, steps)
}

func (d *DB) migrateBy(ctx context.Context, steps []migration) error {
	if _, err := d.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
		number INTEGER NOT NULL PRIMARY KEY,
		name   TEXT    NOT NULL
	)`); err != nil {
		return fmt.Errorf("make the table of migrations: %w", err)
	}
	var done int
	row := d.write.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) FROM schema_migration")
	if err := row.Scan(&done); err != nil {
		return d.explain("read which migrations were made", err)
	}
	if done > len(steps) {
		return fmt.Errorf("database %s was made by a later nkhost: it has migration %d, this one knows %d; use that nkhost or another data_dir",
			d.name, done, len(steps))
	}
	for _, step := range steps[done:] {
		if err := d.migrateStep(ctx, step); err != nil {
			return fmt.Errorf("migration %d (%s): %w", step.number, step.name, err)
		}
	}
	return nil
}

func (d *DB) migrateStep(ctx context.Context, step migration) error {
	return d.Tx(ctx, func(tx *Tx) error {
		if _, err := tx.tx.ExecContext(ctx, step.sql); err != nil {
			return d.explain("run its SQL", err)
		}
		_, err := tx.tx.ExecContext(ctx, "INSERT INTO schema_migration (number, name) VALUES ($1, $2)", step.number, step.name)
		return d.explain("note that it was made", err)
	})
}

// readMigrations reads the files of the folder migrations, whose numbers must be
// 1, 2, 3, ….
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	steps := make([]migration, 0, len(names))
	for i, file := range names {
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", file, err)
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 || name == "" {
			return nil, fmt.Errorf("migration %s: want its name to begin with %04d_", file, i+1)
		}
		steps = append(steps, migration{number: i + 1, name: name, sql: string(text)})
	}
	return steps, nil
}
