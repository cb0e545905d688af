package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// Table is where goose notes what was done.
const Table = "schema_migrations"

// ErrTooNew is what Run wraps when the store needs a newer program.
var ErrTooNew = errors.New("the store needs a newer program")

// ErrPending is what Run wraps in mode check.
var ErrPending = errors.New("the store's schema is not up to date")

// Schema is one store's database and the migrations for it.
type Schema struct {
	Dialect goose.Dialect
	DB      *sql.DB
	Files   fs.FS // NNNNN_name.sql at its root
}

// Run does what mode says. It may be called at any time by any number of programs, but when
// migrations are pending only by the one that holds the store's lock.
func (s Schema) Run(ctx context.Context, mode store.Migrate) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return err
	}
	if status.TooNew() {
		return fmt.Errorf("schema %d asks for a program that knows schema %d, this one knows %d; install the newer version: %w",
			status.Version, status.MinBinary, status.Latest, ErrTooNew)
	}
	switch {
	case !status.Pending() || mode == store.MigrateOff:
		return nil
	case mode == store.MigrateCheck:
		return fmt.Errorf("schema %d, this program wants %d; run `hotseat migrate up`: %w", status.Version, status.Latest, ErrPending)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema %d to %d: %w", status.Version, status.Latest, err)
	}
	return nil
}

// Status reads the store's schema without changing anything.
func (s Schema) Status(ctx context.Context) (store.SchemaStatus, error) {
	p, err := s.provider()
	if err != nil {
		return store.SchemaStatus{}, err
	}
	var status store.SchemaStatus
	for _, source := range p.ListSources() {
		status.Latest = max(status.Latest, source.Version)
	}
	there, err := s.exists(ctx, Table)
	if err != nil || !there {
		return status, err
	}
	row := s.DB.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+Table+" WHERE is_applied")
	if err := row.Scan(&status.Version); err != nil {
		return status, fmt.Errorf("read schema version: %w", err)
	}
	if there, err = s.exists(ctx, "schema_info"); err != nil || !there {
		return status, err
	}
	if err := s.DB.QueryRowContext(ctx, "SELECT min_binary FROM schema_info").Scan(&status.MinBinary); err != nil {
		return status, fmt.Errorf("read min_binary: %w", err)
	}
	return status, nil
}

func (s Schema) provider() (*goose.Provider, error) {
	p, err := goose.NewProvider(s.Dialect, s.DB, s.Files,
		goose.WithTableName(Table), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

func (s Schema) exists(ctx context.Context, table string) (bool, error) {
	query := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
	if s.Dialect == goose.DialectPostgres {
		query = "SELECT count(to_regclass($1))"
	}
	var n int
	if err := s.DB.QueryRowContext(ctx, query, table).Scan(&n); err != nil {
		return false, fmt.Errorf("look for table %s: %w", table, err)
	}
	return n > 0, nil
}
