package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/session"
)

// KeepTerminal implements store.Terminals.
func (s *Store) KeepTerminal(ctx context.Context, id session.TerminalID, key session.Key, until session.Time) error {
	const query = `INSERT INTO terminals (id, key, until) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET until = excluded.until`
	err := s.read(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, query, string(id), string(key), int64(until))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a terminal of %s: %w", key, err)
	}
	return nil
}

// Terminal implements store.Terminals.
func (s *Store) Terminal(ctx context.Context, id session.TerminalID) (key session.Key, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT key FROM terminals WHERE id = $1`, string(id)).Scan(&key)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read a terminal: %w", err)
	}
	return key, nil
}

func (s *Store) purgeTerminals(ctx context.Context) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `DELETE FROM terminals WHERE until < $1`, int64(now))
	return err
}
