package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// AddDeadLetter implements store.Store.
func (s *Store) AddDeadLetter(ctx context.Context, l store.DeadLetter) error {
	const sql = `INSERT INTO dead_letters (receiver, event_id, at, why, event) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (receiver, event_id) DO UPDATE SET at = excluded.at, why = excluded.why, event = excluded.event`
	err := s.read(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, sql, l.Receiver, l.EventID, int64(l.At), l.Why, l.Event)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep dead letter %s of %s: %w", l.EventID, l.Receiver, err)
	}
	return nil
}

// DeadLetters implements store.Store.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, error) {
	var letters []store.DeadLetter
	const sql = `SELECT receiver, event_id, at, why, event FROM dead_letters ORDER BY at DESC, receiver, event_id LIMIT $1`
	err := s.query(ctx, sql, []any{limit}, func(rows pgx.Rows) error {
		var l store.DeadLetter
		err := rows.Scan(&l.Receiver, &l.EventID, &l.At, &l.Why, &l.Event)
		letters = append(letters, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return letters, nil
}

// purgeDeadLetters keeps the newest.
func (s *Store) purgeDeadLetters(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM dead_letters WHERE at < (SELECT at FROM dead_letters ORDER BY at DESC LIMIT 1 OFFSET $1)`, store.MaxDeadLetters-1)
	return err
}
