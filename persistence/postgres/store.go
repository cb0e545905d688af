package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/hotseat-hub/hotseat/persistence/migrate"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

//go:embed migrations/*.sql
var files embed.FS

// Store implements store.Store. Any goroutine may call it.
type Store struct {
	o      store.Options
	config *pgxpool.Config
	pool   *pgxpool.Pool // for everything but commits

	mu     sync.Mutex
	lanes  map[int]*lane
	lease  *pgxpool.Pool // of Nodes alone; nil until it is used
	closed bool
}

// Open connects to the server at url, brings the schema up to date as o.Migrate says, and makes the
// log's partitions of the next days.
func Open(ctx context.Context, url string, o store.Options) (*Store, error) {
	config, err := configure(url)
	if err != nil {
		return nil, err
	}
	s := &Store{o: o.WithDefaults(), config: config, lanes: map[int]*lane{}}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.open(ctx); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("open store at %s: %w", s.place(), problem(ctx, err))
	}
	return s, nil
}

// place names the database, without what may be secret in its URL.
func (s *Store) place() string {
	c := s.config.ConnConfig
	return fmt.Sprintf("%s:%d, database %s", c.Host, c.Port, c.Database)
}

func (s *Store) open(ctx context.Context) error {
	if err := s.checkServer(ctx); err != nil {
		return err
	}
	status, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	migrate := func() error { return s.withSchema(func(m migrate.Schema) error { return m.Run(ctx, s.o.Migrate) }) }
	if s.o.Migrate != store.MigrateAuto {
		return migrate()
	}
	if status.Pending() || status.TooNew() {
		if err := s.locked(ctx, wait, migrate); err != nil {
			return err
		}
	}
	return s.makePartitions(ctx, wait)
}

// minServer is PostgreSQL 14: DETACH CONCURRENTLY.
const minServer = 140000

func (s *Store) checkServer(ctx context.Context) error {
	var version int
	var name, fsync string
	err := s.pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('fsync')`).
		Scan(&version, &name, &fsync)
	if err != nil {
		return err
	}
	if version < minServer {
		return fmt.Errorf("PostgreSQL %s is too old, 14 or newer is needed", name)
	}
	if fsync == "off" {
		s.o.Log.Warn("this PostgreSQL runs with fsync off: a crash of its machine loses logins")
	}
	return nil
}

// Schema looks at the store at url without opening it: it makes nothing, and asks neither for tables nor
// for a program that is new enough.
func Schema(ctx context.Context, url string) (status store.SchemaStatus, err error) {
	config, err := configure(url)
	if err != nil {
		return status, err
	}
	s := &Store{config: config}
	if status, err = s.Schema(ctx); err != nil {
		return status, fmt.Errorf("look at the store at %s: %w", s.place(), err)
	}
	return status, nil
}

// Schema implements store.Store.
func (s *Store) Schema(ctx context.Context) (status store.SchemaStatus, err error) {
	err = s.withSchema(func(m migrate.Schema) error {
		status, err = m.Status(ctx)
		return err
	})
	return status, problem(ctx, err)
}

// withSchema gives goose a connection of its own, on which a migration may wait and work.
func (s *Store) withSchema(do func(migrate.Schema) error) error {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	db := stdlib.OpenDB(*patient(s.config.ConnConfig))
	return errors.Join(do(migrate.Schema{Dialect: goose.DialectPostgres, DB: db, Files: sub}), db.Close())
}

// Now implements store.Store.
func (s *Store) Now(ctx context.Context) (session.Time, error) {
	var ms int64
	err := s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint`).Scan(&ms)
	})
	if err != nil {
		return 0, fmt.Errorf("ask PostgreSQL for its time: %w", err)
	}
	return session.Time(ms), nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	lanes, lease := s.lanes, s.lease
	s.lanes = nil
	s.mu.Unlock()
	for _, l := range lanes {
		l.close()
	}
	if lease != nil {
		lease.Close()
	}
	s.pool.Close()
	return nil
}
