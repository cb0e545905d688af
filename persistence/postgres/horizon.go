package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// horizonSQL finds the oldest transaction that has an id, in whichever database: it holds back the
// snapshots of all of them. Who may not see others' transactions sees only that there is one.
const horizonSQL = `WITH running AS (
	SELECT backend_xid AS xid, xact_start AS since, CASE WHEN usename = current_user AND application_name = current_setting('application_name')
			THEN 'hotseat' ELSE 'foreign' END AS kind,
		format('process %s, database %s, role %s, application %s, %s', pid, datname, usename, application_name, state) AS who
	FROM pg_stat_activity WHERE backend_xid IS NOT NULL
	UNION ALL
	SELECT transaction, prepared, 'prepared', format('prepared transaction %s, database %s, owner %s', gid, database, owner) FROM pg_prepared_xacts
), snapshot AS (SELECT pg_current_snapshot() AS now)
SELECT running.kind, running.who, extract(epoch FROM clock_timestamp() - running.since)::float8
	FROM snapshot LEFT JOIN LATERAL (SELECT * FROM running ORDER BY age(xid) DESC LIMIT 1) running
		ON running.xid = pg_snapshot_xmin(snapshot.now)::xid
	WHERE pg_snapshot_xmin(snapshot.now) < pg_snapshot_xmax(snapshot.now)`

// LogHorizon implements store.Store.
func (s *Store) LogHorizon(ctx context.Context) (store.Horizon, error) {
	var kind, who *string
	var seconds *float64
	err := s.read(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, horizonSQL).Scan(&kind, &who, &seconds)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return store.Horizon{}, nil
	case err != nil:
		return store.Horizon{}, fmt.Errorf("look for the log's horizon: %w", err)
	case kind == nil || seconds == nil:
		return store.Horizon{Kind: store.HorizonUnseen, Blocker: "a transaction that this role may not see; GRANT pg_monitor to it"}, nil
	}
	age := time.Duration(max(*seconds, 0) * float64(time.Second))
	return store.Horizon{Age: age, Kind: store.HorizonKind(*kind), Blocker: *who}, nil
}

// held is the server's time, and the time of the mark with store.HoldPrefix that is furthest behind,
// less what a commit may be late; zero when there is none.
func (s *Store) held(ctx context.Context) (now, held time.Time, err error) {
	now, err = s.serverTime(ctx)
	if err != nil {
		return now, held, err
	}
	err = s.query(ctx, `SELECT at FROM marks WHERE starts_with(name, $1)`, []any{store.HoldPrefix}, func(rows pgx.Rows) error {
		var at store.LogPosition
		if err := rows.Scan(&at); err != nil {
			return err
		}
		place, err := parseLogPlace(at)
		held = earlier(held, place.at.Add(-latest))
		return err
	})
	return now, held, err
}

func (s *Store) serverTime(ctx context.Context) (now time.Time, err error) {
	err = s.pool.QueryRow(ctx, `SELECT now()`).Scan(&now)
	return now, err
}
