package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
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

// migrated brings the schema up to date, and closes the database if it cannot.
func (d *DB) migrated(ctx context.Context) (*DB, error) {
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
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
	if err := d.inMigration(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migration (
			number BIGINT NOT NULL PRIMARY KEY,
			name   TEXT   NOT NULL
		)`)
		return err
	}); err != nil {
		return fmt.Errorf("make the table of migrations: %w", err)
	}
	for _, step := range steps {
		if err := d.inMigration(ctx, func(tx *sql.Tx) error { return step.run(ctx, tx) }); err != nil {
			return fmt.Errorf("migration %d (%s): %w", step.number, step.name, err)
		}
	}
	var done int
	row := d.write.QueryRowContext(ctx, lastMigration)
	if err := row.Scan(&done); err != nil {
		return d.explain("read which migrations were made", err)
	}
	if done > len(steps) {
		return fmt.Errorf("database %s was made by a later nkhost: it has migration %d, this one knows %d; use that nkhost or another database",
			d.name, done, len(steps))
	}
	return nil
}

// inMigration runs fn in a transaction that no other host's migration runs beside.
func (d *DB) inMigration(ctx context.Context, fn func(tx *sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, &d.migration)
	if err != nil {
		return d.explain("begin a transaction", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if _, err := tx.ExecContext(ctx, d.beforeMigration); err != nil {
		return d.explain("wait for other hosts", err)
	}
	if err := fn(tx); err != nil {
		return d.explain("run its SQL", err)
	}
	if _, err := tx.ExecContext(ctx, d.afterMigration); err != nil {
		return d.explain("give text its order", err)
	}
	return d.explain("commit", tx.Commit())
}

const lastMigration = "SELECT COALESCE(MAX(number), 0) FROM schema_migration"

// run does nothing when the step has been made.
func (m migration) run(ctx context.Context, tx *sql.Tx) error {
	var done int
	if err := tx.QueryRowContext(ctx, lastMigration).Scan(&done); err != nil || done >= m.number {
		return err
	}
	if _, err := tx.ExecContext(ctx, m.sql); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO schema_migration (number, name) VALUES ($1, $2)", m.number, m.name)
	return err
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
