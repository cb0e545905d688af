package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

var _ store.Nodes = (*Store)(nil)

// forgetNodes is how long the row of a dead run stays, for people who look.
const forgetNodes = 24 * time.Hour

// beats is the pool of the lease alone: a renewal must not wait behind a crowd of reads, or a busy node
// would lose its lease.
func (s *Store) beats(ctx context.Context) (*pgxpool.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.lease == nil {
		config := s.config.Copy()
		config.MaxConns = 1
		pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
		if err != nil {
			return nil, err
		}
		s.lease = pool
	}
	return s.lease, nil
}

// onBeats runs do on the lease's own connection.
func (s *Store) onBeats(ctx context.Context, what string, do func(context.Context, *pgxpool.Pool) error) error {
	pool, err := s.beats(ctx)
	if err == nil {
		err = s.read(ctx, func(ctx context.Context) error { return do(ctx, pool) })
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, problem(ctx, err))
	}
	return nil
}

// Join implements store.Nodes.
func (s *Store) Join(ctx context.Context, n store.Node, replace bool) error {
	return s.onBeats(ctx, "join the cluster", func(ctx context.Context, pool *pgxpool.Pool) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM nodes WHERE dead_at < now() - $1::interval`, forgetNodes); err != nil {
				return err
			}
			if replace {
				if _, err := tx.Exec(ctx, `UPDATE nodes SET dead_at = now() WHERE name = $1 AND dead_at IS NULL`, n.Name); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `INSERT INTO nodes (boot, name, address, url, beat, draining, program, schema, envelope, since)
				VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, now()) ON CONFLICT (boot) DO NOTHING`,
				n.Boot, n.Name, n.Address, n.URL, n.Draining, n.Program, n.Schema, n.Envelope)
			return err
		})
	})
}

// renewSQL is one statement, so a run that was marked before it changes nothing, and what it reads is
// as of its beginning.
const renewSQL = `WITH me AS (UPDATE nodes SET beat = beat + 1, draining = $2 WHERE boot = $1 AND dead_at IS NULL RETURNING boot)
	SELECT boot, name, address, url, beat, draining, program, schema, envelope, EXISTS (SELECT FROM me)
	FROM nodes WHERE dead_at IS NULL ORDER BY boot`

// Renew implements store.Nodes.
func (s *Store) Renew(ctx context.Context, n store.Node) (members []store.Node, marked bool, err error) {
	err = s.onBeats(ctx, "renew the lease", func(ctx context.Context, pool *pgxpool.Pool) error {
		rows, err := pool.Query(ctx, renewSQL, n.Boot, n.Draining)
		if err != nil {
			return err
		}
		members, marked = nil, true
		return each(rows, func() error {
			var m store.Node
			var renewed bool
			err := rows.Scan(&m.Boot, &m.Name, &m.Address, &m.URL, &m.Beat, &m.Draining, &m.Program, &m.Schema, &m.Envelope, &renewed)
			members, marked = append(members, m), !renewed
			return err
		})
	})
	if err != nil {
		return nil, false, err
	}
	return members, marked, nil
}

// MarkDead implements store.Nodes. A renewal that came in between wins.
func (s *Store) MarkDead(ctx context.Context, boot string, beat int64) error {
	return s.onBeats(ctx, "mark a node dead", func(ctx context.Context, pool *pgxpool.Pool) error {
		_, err := pool.Exec(ctx, `UPDATE nodes SET dead_at = now() WHERE boot = $1 AND beat = $2 AND dead_at IS NULL`, boot, beat)
		return err
	})
}

// Leave implements store.Nodes.
func (s *Store) Leave(ctx context.Context, boot string) error {
	return s.onBeats(ctx, "leave the cluster", func(ctx context.Context, pool *pgxpool.Pool) error {
		_, err := pool.Exec(ctx, `UPDATE nodes SET dead_at = now() WHERE boot = $1 AND dead_at IS NULL`, boot)
		return err
	})
}
