package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// leadSQL changes the row only for who holds it or after it has run out. An advisory lock would be
// shorter, and would stay with a leader that was stopped.
const leadSQL = `INSERT INTO leaders AS l (name, holder, term, until) VALUES ($1, $2, 1, clock_timestamp() + $3)
	ON CONFLICT (name) DO UPDATE SET until = excluded.until, holder = excluded.holder,
		term = CASE WHEN l.holder = excluded.holder AND l.until >= clock_timestamp() THEN l.term ELSE l.term + 1 END
	WHERE l.holder = excluded.holder OR l.until < clock_timestamp()
	RETURNING term`

// Lead implements store.Leaders.
func (s *Store) Lead(ctx context.Context, name, holder string, ttl time.Duration) (term store.Term, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, leadSQL, name, holder, ttl).Scan(&term)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("lead %s: %w", name, err)
	}
	return term, nil
}

// Resign implements store.Leaders.
func (s *Store) Resign(ctx context.Context, name string, term store.Term) error {
	err := s.read(ctx, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, `UPDATE leaders SET until = '-infinity' WHERE name = $1 AND term = $2`, name, int64(term))
		return err
	})
	if err != nil {
		return fmt.Errorf("resign %s: %w", name, err)
	}
	return nil
}

// markAsSQL locks the leader's row, so that whoever follows waits until the mark is where it is, and
// reads it there.
const markAsSQL = `WITH lead AS (SELECT FROM leaders WHERE name = $1 AND term = $2 FOR SHARE)
	INSERT INTO marks (name, at) SELECT $3, $4 FROM lead ON CONFLICT (name) DO UPDATE SET at = excluded.at`

// SetMarkAs implements store.Leaders.
func (s *Store) SetMarkAs(ctx context.Context, leadership string, term store.Term, mark string, at store.LogPosition) error {
	err := s.read(ctx, func(ctx context.Context) error {
		tag, err := s.pool.Exec(ctx, markAsSQL, leadership, int64(term), mark, string(at))
		if err == nil && tag.RowsAffected() == 0 {
			return fmt.Errorf("term %d of %s is over: %w", term, leadership, session.ErrConflict)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set mark %s: %w", mark, err)
	}
	return nil
}
