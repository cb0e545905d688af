package embedded

import (
	"context"
	"fmt"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// AddDeadLetter implements store.Store.
func (s *Store) AddDeadLetter(ctx context.Context, l store.DeadLetter) error {
	_, err := s.exec(ctx, `INSERT OR REPLACE INTO dead_letters (receiver, event_id, at, why, event) VALUES (?, ?, ?, ?, ?)`,
		l.Receiver, l.EventID, int64(l.At), l.Why, l.Event)
	if err != nil {
		return fmt.Errorf("keep dead letter %s of %s: %w", l.EventID, l.Receiver, problem(err))
	}
	return nil
}

// DeadLetters implements store.Store.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT receiver, event_id, at, why, event FROM dead_letters
		ORDER BY at DESC, receiver, event_id LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", problem(err))
	}
	defer rows.Close()
	var letters []store.DeadLetter
	for rows.Next() {
		var l store.DeadLetter
		if err := rows.Scan(&l.Receiver, &l.EventID, &l.At, &l.Why, &l.Event); err != nil {
			return nil, fmt.Errorf("list dead letters: %w", problem(err))
		}
		letters = append(letters, l)
	}
	return letters, problem(rows.Err())
}

// purgeDeadLetters keeps the newest.
func (s *Store) purgeDeadLetters(ctx context.Context) error {
	_, err := s.exec(ctx, `DELETE FROM dead_letters WHERE at < (SELECT at FROM dead_letters ORDER BY at DESC LIMIT 1 OFFSET ?)`, store.MaxDeadLetters-1)
	return problem(err)
}
