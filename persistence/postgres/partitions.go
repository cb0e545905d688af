package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// daysBack covers a server whose clock is set back, daysAhead nodes that are stopped for a
	// while; a commit that finds no partition makes it.
	daysBack  = 1
	daysAhead = 7
	dayLayout = "20060102"
	prefix    = "log_"
)

// makePartitions makes the log's partitions around the server's today that are missing.
func (s *Store) makePartitions(ctx context.Context, p patience) error {
	missing, err := s.missingDays(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	return s.locked(ctx, p, func() error {
		missing, err := s.missingDays(ctx)
		if err != nil {
			return err
		}
		return s.withConn(ctx, func(conn *pgx.Conn) error {
			for _, day := range missing {
				if err := attach(ctx, conn, day); err != nil {
					return fmt.Errorf("make partition of %s: %w", day.Format(time.DateOnly), err)
				}
			}
			return nil
		})
	})
}

// attach makes a table and then attaches it: CREATE TABLE … PARTITION OF would lock the log against
// writers, and wait for a reader first. The check spares ATTACH a look at the rows.
func attach(ctx context.Context, conn *pgx.Conn, day time.Time) error {
	from, to := day.Format(time.RFC3339), day.AddDate(0, 0, 1).Format(time.RFC3339)
	table := prefix + day.Format(dayLayout)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %[1]s (LIKE log INCLUDING STORAGE, CHECK (at >= '%[2]s' AND at < '%[3]s'))`, table, from, to))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf(`ALTER TABLE log ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')`, table, from, to))
		return err
	})
}

// missingDays are the days around the server's today without an attached partition.
func (s *Store) missingDays(ctx context.Context) ([]time.Time, error) {
	attached, err := s.partitions(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.serverTime(ctx)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, p := range attached {
		there[p.day.Format(dayLayout)] = p.attached
	}
	var missing []time.Time
	today := now.UTC().Truncate(24 * time.Hour)
	for i := -daysBack; i <= daysAhead; i++ {
		if day := today.AddDate(0, 0, i); !there[day.Format(dayLayout)] {
			missing = append(missing, day)
		}
	}
	return missing, nil
}

// partition is a table of the log, still attached, or half or wholly detached.
type partition struct {
	table    string
	day      time.Time
	attached bool
	pending  bool // a DETACH CONCURRENTLY was interrupted
}

func (s *Store) partitions(ctx context.Context) ([]partition, error) {
	rows, err := s.pool.Query(ctx, `SELECT c.relname::text, i.inhrelid IS NOT NULL, coalesce(i.inhdetachpending, false)
		FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'log'::regclass
		WHERE c.relkind = 'r' AND c.relname ~ '^log_[0-9]{8}$' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'log'::regclass)`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p partition, err error) {
		if err := row.Scan(&p.table, &p.attached, &p.pending); err != nil {
			return p, err
		}
		p.day, err = time.Parse(dayLayout, strings.TrimPrefix(p.table, prefix))
		return p, err
	})
}

// dropPartitions removes the days that lie wholly before the retention, and that no mark waits for
// or that are past the longest retention. A plain DROP would block
// writers behind one reader; DETACH CONCURRENTLY waits for readers and blocks nobody.
func (s *Store) dropPartitions(ctx context.Context) error {
	list, err := s.partitions(ctx)
	if err != nil {
		return err
	}
	now, held, err := s.held(ctx)
	if err != nil {
		return err
	}
	keep := earlier(now.Add(-s.o.Retention), held)
	if most := now.Add(-s.o.RetentionMax); keep.Before(most) {
		keep = most
	}
	var old []partition
	for _, p := range list {
		if p.day.AddDate(0, 0, 1).Before(keep) {
			old = append(old, p)
		}
	}
	if len(old) == 0 {
		return nil
	}
	return s.locked(ctx, skip, func() error {
		return s.withConn(ctx, func(conn *pgx.Conn) error {
			var errs []error
			for _, p := range old {
				if err := p.drop(ctx, conn); err != nil {
					errs = append(errs, fmt.Errorf("drop partition %s: %w", p.table, err))
				}
			}
			return errors.Join(errs...)
		})
	})
}

// drop goes on where an earlier one was interrupted.
func (p partition) drop(ctx context.Context, conn *pgx.Conn) error {
	var steps []string
	switch {
	case p.pending:
		steps = append(steps, `ALTER TABLE log DETACH PARTITION `+p.table+` FINALIZE`)
	case p.attached:
		steps = append(steps, `ALTER TABLE log DETACH PARTITION `+p.table+` CONCURRENTLY`)
	}
	for _, sql := range append(steps, `DROP TABLE `+p.table) {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// withConn gives do a connection that may wait for locks.
func (s *Store) withConn(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, patient(s.config.ConnConfig))
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}
