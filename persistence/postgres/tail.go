package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	// tailRows bounds the commits that one query reads of one writer; a tail that is behind asks
	// again at once.
	tailRows = 64
	// overlap is how far before its making a tail begins.
	overlap = 5 * time.Second
	// latest is by how much a row may be older than the poll before the one that first sees it.
	// A commit of that age would have to hang in the server all that time.
	latest = 48 * time.Hour
)

// tail keeps one place per writer. No order between writers is needed, and nothing that another
// transaction does can hold it back: within a writer the next commit is sent only after the last one
// was answered, so seq is the order in which they become visible, and a lane that lost sight of a
// commit goes on as another writer while this one's place waits for the late row.
type tail struct {
	s     *Store
	made  time.Time
	last  map[string]int64
	polls time.Time // the server's time at the last poll that succeeded
}

// Tail implements store.Store.
func (s *Store) Tail() store.Tail { return &tail{s: s, made: time.Now()} }

// Next implements store.Tail.
func (t *tail) Next(ctx context.Context) (endings []session.Event, err error) {
	if t.last == nil {
		if err := t.begin(ctx); err != nil {
			return nil, fmt.Errorf("begin tail: %w", err)
		}
	}
	// A copy, so that after an error the next call reads again what this one will not return.
	last := make(map[string]int64, len(t.last))
	for writer, seq := range t.last {
		last[writer] = seq
	}
	for more := true; more; {
		if endings, more, err = t.poll(ctx, last, endings); err != nil {
			return nil, fmt.Errorf("read tail: %w", err)
		}
	}
	t.last = last
	return endings, nil
}

// begin places the tail before the first commit that is younger than overlap at its making.
func (t *tail) begin(ctx context.Context) error {
	last := map[string]int64{}
	const sql = `SELECT w.writer, l.seq FROM log_writers w CROSS JOIN LATERAL (
		SELECT seq FROM log WHERE writer = w.writer AND at < now() - $1::interval ORDER BY seq DESC LIMIT 1) l`
	err := t.s.query(ctx, sql, []any{time.Since(t.made) + overlap}, func(rows pgx.Rows) error {
		var writer string
		var seq int64
		err := rows.Scan(&writer, &seq)
		last[writer] = seq
		return err
	})
	if err == nil {
		err = t.s.read(ctx, func(ctx context.Context) error {
			return t.s.pool.QueryRow(ctx, `SELECT now() - $1::interval`, time.Since(t.made)+overlap).Scan(&t.polls)
		})
	}
	if err == nil {
		t.last = last
	}
	return err
}

// writersSQL comes first and rowsSQL second, each with a snapshot of its own: a writer whose row is
// gone had lost its connection before, so the second sees all that it ever committed, and it can be
// forgotten. A new writer's row is committed before its first commit.
const (
	writersSQL = `SELECT writer, now() FROM log_writers UNION ALL SELECT '', now()`
	rowsSQL    = `SELECT w.writer, l.seq, l.events
		FROM (SELECT writer, max(last) AS last FROM (
			SELECT writer, 0::bigint AS last FROM log_writers UNION ALL SELECT * FROM unnest($1::text[], $2::bigint[]) AS k (writer, last)
		) both_lists GROUP BY writer) w
		CROSS JOIN LATERAL (SELECT seq, events FROM log
			WHERE writer = w.writer AND seq > w.last AND at >= $3 ORDER BY seq LIMIT $4) l`
)

// poll appends the endings after last, moves last, and says whether some writer may have more.
func (t *tail) poll(ctx context.Context, last map[string]int64, endings []session.Event) (_ []session.Event, more bool, err error) {
	known, places := make([]string, 0, len(last)), make([]int64, 0, len(last))
	for writer, seq := range last {
		known, places = append(known, writer), append(places, seq)
	}
	alive, read := map[string]bool{}, map[string]int{}
	var now time.Time
	batch := &pgx.Batch{}
	batch.Queue(writersSQL).Query(func(rows pgx.Rows) error {
		return each(rows, func() error {
			var writer string
			err := rows.Scan(&writer, &now)
			alive[writer] = true
			return err
		})
	})
	batch.Queue(rowsSQL, known, places, t.polls.Add(-latest), tailRows).Query(func(rows pgx.Rows) error {
		return each(rows, func() error {
			var writer string
			var seq int64
			var row pgtype.DriverBytes
			if err := rows.Scan(&writer, &seq, &row); err != nil {
				return err
			}
			last[writer] = max(seq, last[writer])
			read[writer]++
			endings, err = store.DecodeLog(endings, row, session.EventType.Ends)
			return err
		})
	})
	err = t.s.read(ctx, func(ctx context.Context) error { return t.s.pool.SendBatch(ctx, batch).Close() })
	if err != nil {
		return nil, false, err
	}
	for writer, n := range read {
		more = more || n == tailRows
		alive[writer] = alive[writer] || n == tailRows
	}
	for _, writer := range known {
		if !alive[writer] {
			delete(last, writer)
		}
	}
	t.polls = now
	return endings, more, nil
}

func each(rows pgx.Rows, do func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := do(); err != nil {
			return err
		}
	}
	return rows.Err()
}
