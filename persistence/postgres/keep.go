package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

const (
	// keepEvery is how often house is kept, give or take a fifth, so that nodes take turns.
	keepEvery = 10 * time.Minute
	// goneFor is how long the tails go on asking for the commits of a connection that the server
	// no longer has.
	goneFor = time.Hour
)

// Run implements store.Store.
func (s *Store) Run(ctx context.Context) error {
	for {
		if err := s.Maintain(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("the store could not be tidied; it will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(keepEvery*4/5 + rand.N(keepEvery*2/5)):
		}
	}
}

// Maintain makes the next days' partitions, removes those past their retention, forgets writers that
// are gone and idempotency keys that are old. Any number of nodes may do so at once.
func (s *Store) Maintain(ctx context.Context) error {
	var errs []error
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"make partitions", func(ctx context.Context) error { return s.makePartitions(ctx, skip) }},
		{"drop partitions", s.dropPartitions},
		{"forget writers", s.forgetWriters},
		{"purge idempotency keys", s.purgeKeys},
		{"purge dead letters", s.purgeDeadLetters},
		{"purge terminals", s.purgeTerminals},
	} {
		if err := step.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, problem(ctx, err)))
		}
	}
	return errors.Join(errs...)
}

// forgetWriters notes whose connection the server no longer has, and removes them an hour later. It
// first puts back this process's own, should somebody have been mistaken about them.
func (s *Store) forgetWriters(ctx context.Context) error {
	for _, writer := range s.writers() {
		if _, err := s.pool.Exec(ctx, `UPDATE log_writers SET gone_at = NULL WHERE writer = $1 AND gone_at IS NOT NULL`, writer); err != nil {
			return err
		}
	}
	if _, err := s.pool.Exec(ctx, `UPDATE log_writers w SET gone_at = now() WHERE gone_at IS NULL AND writer <> ALL($1::text[])
		AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = w.pid AND a.backend_start = w.backend_start)`, s.writers()); err != nil {
		return err
	}
	_, err := s.pool.Exec(ctx, `DELETE FROM log_writers WHERE gone_at < now() - $1::interval`, goneFor)
	return err
}

// writers are the names of the connections that commit now.
func (s *Store) writers() []string {
	s.mu.Lock()
	lanes := make([]*lane, 0, len(s.lanes))
	for _, l := range s.lanes {
		lanes = append(lanes, l)
	}
	s.mu.Unlock()
	names := []string{}
	for _, l := range lanes {
		l.mu.Lock()
		if l.conn != nil {
			names = append(names, l.writer)
		}
		l.mu.Unlock()
	}
	return names
}

// purgeKeys keeps twice what anybody asks for, so that clocks need not agree.
func (s *Store) purgeKeys(ctx context.Context) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `DELETE FROM client_keys WHERE at < $1`, int64(now.Add(-2*session.KeyLifetime)))
	return err
}
