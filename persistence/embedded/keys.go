package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Setting implements store.Store.
func (s *Store) Setting(ctx context.Context, name string, proposed []byte) ([]byte, error) {
	if proposed != nil {
		if _, err := s.exec(ctx, `INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, proposed); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, problem(err))
		}
	}
	var value []byte
	err := s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = ?`, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read setting %s: %w", name, problem(err))
	}
	return value, nil
}

// SetSetting implements store.Store.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	const query = `INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	if _, err := s.exec(ctx, query, name, value); err != nil {
		return fmt.Errorf("set %s: %w", name, problem(err))
	}
	return nil
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (at store.LogPosition, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT at FROM marks WHERE name = ?`, name).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read mark %s: %w", name, problem(err))
	}
	return at, nil
}

// SetMark implements store.Store.
func (s *Store) SetMark(ctx context.Context, name string, at store.LogPosition) error {
	const query = `INSERT INTO marks (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at`
	if _, err := s.exec(ctx, query, name, string(at)); err != nil {
		return fmt.Errorf("set mark %s: %w", name, problem(err))
	}
	return nil
}

// MoveMark implements store.Store.
func (s *Store) MoveMark(ctx context.Context, name string, from, to store.LogPosition) error {
	const query = `INSERT INTO marks (name, at) SELECT ?1, ?3 WHERE ?2 = '' OR EXISTS (SELECT 1 FROM marks WHERE name = ?1)
		ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE marks.at IN (?2, excluded.at)`
	result, err := s.exec(ctx, query, name, string(from), string(to))
	if err != nil {
		return fmt.Errorf("move mark %s: %w", name, problem(err))
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("move mark %s: somebody else has: %w", name, session.ErrConflict)
	}
	return nil
}

// SigningKeys implements store.Store.
func (s *Store) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT kid, alg, private, kek_id, published_at, signs_from, retired_at
		FROM signing_keys ORDER BY published_at, kid`)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", problem(err))
	}
	defer rows.Close()
	var keys []store.SigningKey
	for rows.Next() {
		var k store.SigningKey
		if err := rows.Scan(&k.KID, &k.Alg, &k.Private, &k.KEKID, &k.PublishedAt, &k.SignsFrom, &k.RetiredAt); err != nil {
			return nil, fmt.Errorf("read signing keys: %w", problem(err))
		}
		keys = append(keys, k)
	}
	return keys, problem(rows.Err())
}

// AddSigningKey implements store.Store.
func (s *Store) AddSigningKey(ctx context.Context, k store.SigningKey) error {
	_, err := s.exec(ctx, `INSERT OR REPLACE INTO signing_keys (kid, alg, private, kek_id, published_at, signs_from, retired_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, k.KID, k.Alg, k.Private, k.KEKID, int64(k.PublishedAt), int64(k.SignsFrom), int64(k.RetiredAt))
	if err != nil {
		return fmt.Errorf("store signing key %s: %w", k.KID, problem(err))
	}
	return nil
}

// exec runs one statement in the commits' turn.
func (s *Store) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	return s.write.ExecContext(ctx, query, args...)
}
