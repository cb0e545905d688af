package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// keepEvery is how often old rows are removed.
const keepEvery = 10 * time.Minute

// purgeRows bounds one deletion, so that no commit waits long for it.
const purgeRows = 500

// Run implements store.Store.
func (s *Store) Run(ctx context.Context) error {
	for {
		if err := s.Maintain(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("the store could not be tidied; it will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(keepEvery):
		}
	}
}

// Maintain removes what is past its retention, once.
func (s *Store) Maintain(ctx context.Context) error {
	now := session.TimeOf(time.Now())
	if err := s.purge(ctx, `DELETE FROM log WHERE seq IN (SELECT seq FROM log ORDER BY seq LIMIT ?) AND at < ?`, now.Add(-s.o.Retention)); err != nil {
		return fmt.Errorf("purge log: %w", err)
	}
	// The row's own copy is checked first and lives as long, so nothing is lost to a slow clock.
	if err := s.purge(ctx, `DELETE FROM client_keys WHERE (key, hash) IN (SELECT key, hash FROM client_keys WHERE at < ?2 LIMIT ?1)`,
		now.Add(-2*session.KeyLifetime)); err != nil {
		return fmt.Errorf("purge idempotency keys: %w", err)
	}
	return nil
}

func (s *Store) purge(ctx context.Context, query string, before session.Time) error {
	for {
		result, err := s.exec(ctx, query, purgeRows, int64(before))
		if err != nil {
			return problem(err)
		}
		if n, err := result.RowsAffected(); err != nil || n < purgeRows {
			return problem(err)
		}
	}
}
