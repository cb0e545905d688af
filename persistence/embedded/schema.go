package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"

	"github.com/hotseat-hub/hotseat/persistence/migrate"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

// Exists reports whether Open would find a store in dir, or make one.
func Exists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Schema looks at the store in dir, which must be there, without opening it: it makes nothing, and
// asks neither for tables nor for a program that is new enough.
func Schema(ctx context.Context, dir string) (status store.SchemaStatus, err error) {
	path, err := filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return status, err
	}
	if _, err := os.Stat(path); err != nil {
		return status, fmt.Errorf("look at the store in %s: %w", dir, err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return status, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	// Without the journal's mode, which connect would write into a database that has none yet.
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(5000)&_pragma=query_only(1)"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return status, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if status, err = schemaOf(db).Status(ctx); err != nil {
		return status, fmt.Errorf("look at the store in %s: %w", dir, problem(err))
	}
	return status, nil
}

// Schema implements store.Store.
func (s *Store) Schema(ctx context.Context) (store.SchemaStatus, error) {
	status, err := schemaOf(s.write).Status(ctx)
	return status, problem(err)
}

func schemaOf(db *sql.DB) migrate.Schema {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return migrate.Schema{Dialect: goose.DialectSQLite3, DB: db, Files: sub}
}
