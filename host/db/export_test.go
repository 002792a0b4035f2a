package db

import (
	"context"
	"io/fs"
	"time"
)

// What only this package's tests see.

type Migration = migration

var MigrationFiles fs.FS = migrationFiles

func NewMigration(number int, name, sql string) Migration {
	return migration{number: number, name: name, sql: sql}
}

func ReadMigrations(files fs.FS) ([]Migration, error) { return readMigrations(files) }

func (d *DB) MigrateBy(ctx context.Context, steps []Migration) error { return d.migrateBy(ctx, steps) }

var ParseAddress = parseAddress

// SetLimit changes how long a statement may take.
func (d *DB) SetLimit(limit time.Duration) { d.limit = limit }
