package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Postgres says which database of a PostgreSQL server to use, and how.
type Postgres struct {
	// Address is user:password@host:port/name, optionally after postgres://, with
	// parameters such as ?sslmode=require. Without a user it is root, without a
	// name nakama, as on Nakama.
	Address string
	// MaxOpenConns and MaxIdleConns bound the connections; half of them are for
	// reads. 0 sets no bound, and keeps no idle connection.
	MaxOpenConns, MaxIdleConns int
	ConnMaxLifetime            time.Duration // 0 keeps connections for good
}

// connectLimit is how long opening may take to reach the server, as on Nakama.
const connectLimit = 15 * time.Second

// OpenPostgres opens a database of a PostgreSQL server, makes it if it is absent,
// and brings the schema up to date.
//
// An error says what is wrong and what to do; it does not tell the password.
func OpenPostgres(ctx context.Context, options Postgres) (*DB, error) {
	config, err := parseAddress(options.Address)
	if err != nil {
		return nil, err
	}
	d := connectPostgres(config, options)
	if err := d.reach(ctx, config); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d, err = d.migrated(ctx)
	if postgresCode(err) == "42P07" { // duplicate_table
		return nil, fmt.Errorf("the database in database.address has tables of another program, perhaps of Nakama: give the host one of its own, under another name: %w", err)
	}
	return d, err
}

// parseAddress leaves the causes of its errors out, since they may show the password.
func parseAddress(address string) (*pgx.ConnConfig, error) {
	wrong := errors.New("database.address is not understood: it must have the form user:password@host:port/name, with characters such as @ or / in the password written as %40 or %2F")
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		address = "postgres://" + address
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, wrong
	}
	if parsed.User.Username() == "" {
		parsed.User = url.User("root")
	}
	if parsed.Path == "" {
		parsed.Path = "/nakama"
	}
	config, err := pgx.ParseConfig(parsed.String())
	if err != nil {
		return nil, wrong
	}
	config.RuntimeParams["application_name"] = cmp.Or(config.RuntimeParams["application_name"], "nkhost")
	return config, nil
}

func connectPostgres(config *pgx.ConnConfig, options Postgres) *DB {
	pool := func(parameter, value string, half func(int) int) *sql.DB {
		own := config.Copy()
		own.RuntimeParams[parameter] = value
		pool := stdlib.OpenDB(*own)
		pool.SetMaxOpenConns(half(options.MaxOpenConns))
		pool.SetMaxIdleConns(half(options.MaxIdleConns))
		pool.SetConnMaxLifetime(options.ConnMaxLifetime)
		return pool
	}
	return &DB{
		engine: postgresEngine(),
		name:   fmt.Sprintf("%s@%s:%d/%s", config.User, config.Host, config.Port, config.Database),
		write:  pool("default_transaction_isolation", "serializable", func(n int) int { return (n + 1) / 2 }),
		read:   pool("default_transaction_read_only", "on", func(n int) int { return max(n/2, min(n, 1)) }), // at least one, unless n is 0
	}
}

// reach makes sure that the server answers and has the database.
func (d *DB) reach(ctx context.Context, config *pgx.ConnConfig) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	err := d.write.PingContext(ctx)
	if postgresCode(err) == "3D000" { // invalid_catalog_name
		if err := d.create(ctx, config); err != nil {
			return err
		}
		err = d.write.PingContext(ctx)
	}
	if err != nil {
		return d.explain("connect", err)
	}
	var encoding string
	if err := d.read.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return d.explain("connect", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("database %s has the encoding %s: it must be UTF8; make one with createdb --template=template0 --encoding=UTF8", d.name, encoding)
	}
	return nil
}

// create makes the database, from within the one that every server has.
func (d *DB) create(ctx context.Context, config *pgx.ConnConfig) error {
	const doing = "make it, since the server has none of this name"
	from := config.Copy()
	from.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, from)
	if err != nil {
		return d.explain(doing, err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is left to be done on it
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{config.Database}.Sanitize()+" TEMPLATE template0 ENCODING 'UTF8'")
	if code := postgresCode(err); code == "42P04" || code == "23505" { // another host was faster
		return nil
	}
	return d.explain(doing, err)
}
