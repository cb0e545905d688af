package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/hotseat-hub/hotseat/session"
)

// KeepTerminal implements store.Terminals.
func (s *Store) KeepTerminal(ctx context.Context, id session.TerminalID, key session.Key, until session.Time) error {
	const query = `INSERT INTO terminals (id, key, until) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until`
	if _, err := s.exec(ctx, query, string(id), string(key), int64(until)); err != nil {
		return fmt.Errorf("keep a terminal of %s: %w", key, problem(err))
	}
	return nil
}

// Terminal implements store.Terminals.
func (s *Store) Terminal(ctx context.Context, id session.TerminalID) (key session.Key, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT key FROM terminals WHERE id = ?`, string(id)).Scan(&key)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read a terminal: %w", problem(err))
	}
	return key, nil
}

func (s *Store) purgeTerminals(ctx context.Context, now session.Time) error {
	return s.purge(ctx, `DELETE FROM terminals WHERE id IN (SELECT id FROM terminals WHERE until < ?2 LIMIT ?1)`, now)
}
