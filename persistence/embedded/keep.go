package embedded

import (
	"context"
	"fmt"
	"math"
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
	if err := s.purgeLog(ctx, now); err != nil {
		return fmt.Errorf("purge log: %w", err)
	}
	// The row's own copy is checked first and lives as long, so nothing is lost to a slow clock.
	if err := s.purge(ctx, `DELETE FROM client_keys WHERE (key, hash) IN (SELECT key, hash FROM client_keys WHERE at < ?2 LIMIT ?1)`,
		now.Add(-2*session.KeyLifetime)); err != nil {
		return fmt.Errorf("purge idempotency keys: %w", err)
	}
	if err := s.purgeTerminals(ctx, now); err != nil {
		return fmt.Errorf("purge terminals: %w", err)
	}
	if err := s.purgeDeadLetters(ctx); err != nil {
		return fmt.Errorf("purge dead letters: %w", err)
	}
	return nil
}

// purgeLog removes what is past its retention and no mark waits for, and whatever is past the longest.
func (s *Store) purgeLog(ctx context.Context, now session.Time) error {
	held, err := s.held(ctx)
	if err != nil {
		return problem(err)
	}
	const query = `DELETE FROM log WHERE seq IN (SELECT seq FROM log ORDER BY seq LIMIT ?1) AND at < ?2 AND seq <= ?3`
	if err := s.purge(ctx, query, now.Add(-s.o.Retention), held); err != nil {
		return err
	}
	return s.purge(ctx, query, now.Add(-s.o.RetentionMax), math.MaxInt64)
}

func (s *Store) purge(ctx context.Context, query string, before session.Time, more ...any) error {
	for {
		result, err := s.exec(ctx, query, append([]any{purgeRows, int64(before)}, more...)...)
		if err != nil {
			return problem(err)
		}
		if n, err := result.RowsAffected(); err != nil || n < purgeRows {
			return problem(err)
		}
	}
}
