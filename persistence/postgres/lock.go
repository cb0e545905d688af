package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hotseat-hub/hotseat/session"
)

// patience says what locked does when another node has the lock.
type patience bool

const (
	wait patience = true  // up to Options.MigrateTimeout
	skip patience = false // leave the work to that node
)

const makeLockSQL = `CREATE TABLE IF NOT EXISTS schema_lock (one boolean PRIMARY KEY DEFAULT true CHECK (one))`

// locked runs do while no other node changes the schema. The lock is a row, held by a transaction: it
// goes with the connection of a node that dies, and its holder can be seen in pg_locks.
func (s *Store) locked(ctx context.Context, p patience, do func() error) (err error) {
	conn, err := pgx.ConnectConfig(ctx, patient(s.config.ConnConfig))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := makeLock(ctx, conn); err != nil {
		return fmt.Errorf("make the schema's lock: %w", err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only releases the row
	got, err := s.take(ctx, tx, p)
	if !got || err != nil {
		return err
	}
	return do()
}

func (s *Store) take(ctx context.Context, tx pgx.Tx, p patience) (bool, error) {
	sql := `SELECT one FROM schema_lock FOR UPDATE`
	if p == skip {
		sql += ` SKIP LOCKED`
	}
	timeout := strconv.FormatInt(s.o.MigrateTimeout.Milliseconds(), 10)
	if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', $1, true)`, timeout); err != nil {
		return false, err
	}
	var one bool
	err := tx.QueryRow(ctx, sql).Scan(&one)
	var e *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case errors.As(err, &e) && e.Code == "55P03":
		return false, fmt.Errorf("another program has been changing the schema for %s; see pg_locks for who holds schema_lock: %w",
			s.o.MigrateTimeout, session.ErrUnavailable)
	}
	return err == nil, err
}

// makeLock may run in several nodes at once: of two that create the same table one gets an error
// from the catalogue's own indexes, and finds the table there.
func makeLock(ctx context.Context, conn *pgx.Conn) error {
	var err error
	for range 3 {
		var there bool
		if err = conn.QueryRow(ctx, `SELECT to_regclass('schema_lock') IS NOT NULL`).Scan(&there); err != nil {
			return err
		}
		if !there {
			if _, err = conn.Exec(ctx, makeLockSQL); err != nil {
				continue
			}
		}
		_, err = conn.Exec(ctx, `INSERT INTO schema_lock SELECT true WHERE NOT EXISTS (SELECT FROM schema_lock) ON CONFLICT DO NOTHING`)
		return err
	}
	return err
}
