package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, after session.Key, limit int) ([]session.Employee, error) {
	var all []session.Employee
	const sql = `SELECT employee_id, version, epoch, state FROM employees WHERE key > $1 ORDER BY key LIMIT $2`
	err := s.query(ctx, sql, []any{string(after), limit}, func(rows pgx.Rows) error {
		var id string
		var version, epoch int64
		var state pgtype.DriverBytes
		if err := rows.Scan(&id, &version, &epoch, &state); err != nil {
			return err
		}
		e, err := store.DecodeRow(id, version, epoch, state)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("walk employees: %w", err)
	}
	return all, nil
}

// NewGeneration implements store.Store. A log from another server also has transaction ids that this
// one has not reached, and readers in order would wait for them.
func (s *Store) NewGeneration(ctx context.Context) error {
	err := s.withConn(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `TRUNCATE log, marks, client_keys`)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the log: %w", problem(ctx, err))
	}
	return nil
}

// Others counts the connections that other programs of ours have to this database.
func (s *Store) Others(ctx context.Context) (n int, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = $1`, settings["application_name"]).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("look for other nodes: %w", err)
	}
	return n, nil
}
