package embedded

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Rows implements store.Store.
func (s *Store) Rows(ctx context.Context, after session.Key, limit int) ([]session.Employee, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT employee_id, version, epoch, state FROM employees WHERE key > ? ORDER BY key LIMIT ?`,
		string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("walk employees: %w", problem(err))
	}
	defer rows.Close()
	var all []session.Employee
	for rows.Next() {
		var id string
		var version, epoch int64
		var state sql.RawBytes
		if err := rows.Scan(&id, &version, &epoch, &state); err != nil {
			return nil, fmt.Errorf("walk employees: %w", problem(err))
		}
		e, err := store.DecodeRow(id, version, epoch, state)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, problem(rows.Err())
}

// NewGeneration implements store.Store. The numbers of the log go on: none comes back.
func (s *Store) NewGeneration(ctx context.Context) error {
	for _, table := range []string{"log", "marks", "client_keys"} {
		if _, err := s.exec(ctx, `DELETE FROM `+table); err != nil {
			return fmt.Errorf("forget %s: %w", table, problem(err))
		}
	}
	return nil
}
