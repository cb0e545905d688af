package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	// away is how long a tail may go without a poll before it looks for writers that came and went
	// meanwhile: less than they are kept for.
	away = goneFor / 2
	// hangs is for how long a commit that the last poll did not see may have been under way then.
	hangs = time.Minute
)

// tail keeps one place per writer. No order between writers is needed, and nothing that another
// transaction does can hold it back: within a writer the next commit is sent only after the last one
// was answered, so seq is the order in which they become visible, and a lane that lost sight of a
// commit goes on as another writer while this one's place waits for the late row.
type tail struct {
	s     *Store
	made  time.Time
	last  map[string]int64
	polls time.Time       // the server's time at the last poll that succeeded
	held  []session.Event // read up to last, and not returned yet because of an error
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
	// What was read stays read: a tail that has hours to catch up on gets on with every call, whatever
	// the time that it is given.
	for more := true; more; {
		if more, err = t.poll(ctx); err != nil {
			return nil, fmt.Errorf("read tail: %w", err)
		}
	}
	endings, t.held = t.held, nil
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

// recallSQL places each writer of the log that is not known before its first commit after a time. It
// steps from writer to writer along the index: there are few of them and many commits. For the same
// reason it walks along none that it need not: who is known may have written for weeks, and of who
// stopped before that time only the newest commit is looked at. The first commit of who began after it
// is the first in the index.
const recallSQL = `WITH RECURSIVE w AS (
		SELECT min(writer) AS writer FROM log
		UNION ALL SELECT (SELECT min(writer) FROM log WHERE writer > w.writer) FROM w WHERE writer IS NOT NULL)
	SELECT w.writer, l.seq - 1 FROM w
		CROSS JOIN LATERAL (SELECT at FROM log WHERE writer = w.writer ORDER BY seq DESC LIMIT 1) newest
		CROSS JOIN LATERAL (SELECT seq FROM log
			WHERE writer = w.writer AND newest.at >= $1 AND at >= $1 ORDER BY seq LIMIT 1) l
	WHERE w.writer <> ALL($2::text[])`

// poll appends the endings after last to held, moves last, and says whether there may be more.
func (t *tail) poll(ctx context.Context) (more bool, err error) {
	known, places := make([]string, 0, len(t.last)), make([]int64, 0, len(t.last))
	for writer, seq := range t.last {
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
		return each(rows, func() (err error) {
			var writer string
			var seq int64
			var row pgtype.DriverBytes
			if err := rows.Scan(&writer, &seq, &row); err != nil {
				return err
			}
			if t.held, err = store.DecodeLog(t.held, row, session.EventType.Ends); err != nil {
				return err
			}
			t.last[writer] = seq
			read[writer]++
			return nil
		})
	})
	err = t.s.read(ctx, func(ctx context.Context) error { return t.s.pool.SendBatch(ctx, batch).Close() })
	if err != nil {
		return false, err
	}
	if now.Sub(t.polls) > away {
		if err := t.recall(ctx); err != nil {
			return false, err
		}
		t.polls = now
		return true, nil
	}
	for writer, n := range read {
		more = more || n == tailRows
		alive[writer] = alive[writer] || n == tailRows
	}
	for _, writer := range known {
		if !alive[writer] {
			delete(t.last, writer)
		}
	}
	t.polls = now
	return more, nil
}

// recall finds the writers that came and went since the last poll: their rows of log_writers may be
// gone, so nothing but the log itself names them.
func (t *tail) recall(ctx context.Context) error {
	known := slices.AppendSeq([]string{}, maps.Keys(t.last)) // not nil: of a null array nothing is known
	return t.s.query(ctx, recallSQL, []any{t.polls.Add(-hangs), known}, func(rows pgx.Rows) error {
		var writer string
		var seq int64
		err := rows.Scan(&writer, &seq)
		t.last[writer] = seq
		return err
	})
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
