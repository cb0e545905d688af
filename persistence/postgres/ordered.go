package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	// orderedRows bounds the commits that one query reads of one writer: each may hold hundreds of
	// events.
	orderedRows = 16
	// rediscover is the age of a place from which writers may have come and gone unseen; their rows
	// in log_writers stay twice as long.
	rediscover = goneFor / 2
	// lostCheck is the age of a place from which its successors may have been removed.
	lostCheck = 12 * time.Hour
)

// ReadLog implements store.Store. Below the snapshot's horizon no transaction is left that could still
// commit, so what is there in order of transaction ids is all there will ever be. That is every
// employee's order: a statement expects a version that its sender has seen committed, so its
// transaction id is given out later.
//
// There is no index on the transaction id, which would cost every login: within a writer seq has the
// same order, and the few writers are merged.
func (s *Store) ReadLog(ctx context.Context, after store.LogPosition, limit int) (store.LogPage, error) {
	place, err := parseLogPlace(after)
	if err != nil {
		return store.LogPage{}, err
	}
	r := &orderedRead{s: s, place: place, limit: limit}
	if err := r.begin(ctx, after == ""); err != nil {
		return store.LogPage{}, fmt.Errorf("read log: %w", err)
	}
	for r.more = true; r.more && len(r.page.Events) < limit; {
		if err := r.read(ctx); err != nil {
			return store.LogPage{}, fmt.Errorf("read log: %w", err)
		}
	}
	if after != "" && r.now.Sub(place.at) > lostCheck {
		if err := r.checkKept(ctx, place.at); err != nil {
			return store.LogPage{}, fmt.Errorf("read log: %w", err)
		}
	}
	r.page.More, r.page.Next = r.more, r.place.String()
	return r.page, nil
}

// LogEnd implements store.Store: every commit that can be seen is past, also above the horizon.
func (s *Store) LogEnd(ctx context.Context) (store.LogPosition, error) {
	r := &orderedRead{s: s, place: logPlace{last: map[string]int64{}}}
	if err := r.begin(ctx, false); err != nil {
		return "", fmt.Errorf("find the log's end: %w", err)
	}
	r.place.txid, r.place.at = math.MaxInt64, r.now
	if err := r.discover(ctx); err != nil {
		return "", fmt.Errorf("find the log's end: %w", err)
	}
	r.place.txid = r.horizon
	return r.place.String(), nil
}

// orderedRead is one reading under way.
type orderedRead struct {
	s     *Store
	place logPlace
	limit int

	now     time.Time // the server's
	horizon uint64
	page    store.LogPage
	more    bool
}

// begin compares the place's history with the server's, and finds the writers.
func (r *orderedRead) begin(ctx context.Context, fromStart bool) error {
	var system, timeline, horizon string
	err := r.s.read(ctx, func(ctx context.Context) error {
		return r.s.pool.QueryRow(ctx, `SELECT system_identifier::text, left(pg_walfile_name(pg_current_wal_lsn()), 8), now(),
			pg_snapshot_xmin(pg_current_snapshot())::text FROM pg_control_system()`).Scan(&system, &timeline, &r.now, &horizon)
	})
	if err != nil {
		return err
	}
	if r.horizon, err = strconv.ParseUint(horizon, 10, 64); err != nil {
		return fmt.Errorf("horizon %q: %w", horizon, err)
	}
	if r.place.system != "" && r.place.system != system {
		return fmt.Errorf("the position is of server %s, this is %s: %w", r.place.system, system, store.ErrPositionLost)
	}
	other := r.place.system != "" && r.place.timeline != timeline
	if other {
		// A promoted server may give out again the last transaction ids of the old one.
		r.place.txid = 0
	}
	r.place.system, r.place.timeline = system, timeline
	if fromStart || other || !r.place.at.IsZero() && r.now.Sub(r.place.at) > rediscover {
		return r.discover(ctx)
	}
	return nil
}

// discoverSQL hops from writer to writer in the index.
const discoverSQL = `WITH RECURSIVE w AS (
	(SELECT writer FROM log WHERE at >= $1 ORDER BY writer LIMIT 1)
	UNION ALL
	SELECT (SELECT l.writer FROM log l WHERE l.writer > w.writer AND l.at >= $1 ORDER BY l.writer LIMIT 1) FROM w WHERE w.writer IS NOT NULL
) SELECT w.writer, coalesce((SELECT seq FROM log l WHERE l.writer = w.writer AND l.at >= $1 AND l.txid < $2::text::xid8 ORDER BY seq DESC LIMIT 1), 0)
	FROM w WHERE w.writer IS NOT NULL`

// discover adds the writers whose commits are in the log and who may no longer be in log_writers.
func (r *orderedRead) discover(ctx context.Context) error {
	since := time.Unix(0, 0)
	if !r.place.at.IsZero() {
		since = r.place.at.Add(-latest).UTC().Truncate(24 * time.Hour)
	}
	return r.s.query(ctx, discoverSQL, []any{since, strconv.FormatUint(r.place.txid, 10)}, func(rows pgx.Rows) error {
		var writer string
		var seq int64
		err := rows.Scan(&writer, &seq)
		if _, known := r.place.last[writer]; !known && err == nil {
			r.place.last[writer] = seq
		}
		return err
	})
}

// checkKept compares the place with the oldest partition there is.
func (r *orderedRead) checkKept(ctx context.Context, at time.Time) error {
	kept, err := r.s.partitions(ctx)
	if err != nil {
		return problem(ctx, err)
	}
	oldest := r.now
	for _, p := range kept {
		if p.attached && !p.pending && p.day.Before(oldest) {
			oldest = p.day
		}
	}
	if at.Before(oldest) {
		return fmt.Errorf("the log begins at %s, the position is of %s: %w",
			oldest.Format(time.RFC3339), at.UTC().Format(time.RFC3339), store.ErrPositionLost)
	}
	return nil
}

// logRow is a commit; the events of those above the horizon are not fetched.
type logRow struct {
	writer string
	seq    int64
	txid   uint64
	at     time.Time
	events []byte
}

// nextSQL reads the next commits of every writer, in one snapshot with the horizon. The last column is
// how far the writer has come.
const nextSQL = `SELECT w.writer, l.seq, l.txid::text, l.at, CASE WHEN l.txid < h.xmin THEN l.events END, h.xmin::text, now(), m.newest
	FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin) h
	CROSS JOIN (SELECT writer, max(last) AS last FROM (
		SELECT writer, 0::bigint AS last FROM log_writers UNION ALL SELECT * FROM unnest($1::text[], $2::bigint[]) AS k (writer, last)
	) both_lists GROUP BY writer) w
	CROSS JOIN LATERAL (SELECT max(seq) AS newest FROM log WHERE writer = w.writer AND seq > w.last AND at >= $3) m
	LEFT JOIN LATERAL (SELECT seq, txid, at, events FROM log
		WHERE writer = w.writer AND seq > w.last AND at >= $3 ORDER BY seq LIMIT $4) l ON true`

// read appends the next commits in the order of transactions, as far as it is known.
func (r *orderedRead) read(ctx context.Context) error {
	gone, err := r.gone(ctx)
	if err != nil {
		return err
	}
	rows, newest, err := r.next(ctx)
	if err != nil {
		return err
	}
	// A writer of whom as many rows came as were asked for may have more: nothing above its last one
	// is known to be next.
	known := r.horizon
	count, oldest := map[string]int{}, time.Time{}
	for _, row := range rows {
		if row.txid >= r.horizon && (oldest.IsZero() || row.at.Before(oldest)) {
			oldest = row.at
		}
		if count[row.writer]++; count[row.writer] == orderedRows {
			known = min(known, row.txid+1)
		}
	}
	slices.SortFunc(rows, func(a, b logRow) int { return cmp.Compare(a.txid, b.txid) })
	done := r.horizon
	for _, row := range rows {
		if row.txid >= known || len(r.page.Events) >= r.limit {
			if row.txid < r.horizon {
				done = min(done, row.txid)
				oldest = earlier(oldest, row.at)
			}
			continue
		}
		if r.page.Events, err = store.DecodeLog(r.page.Events, row.events, func(session.EventType) bool { return true }); err != nil {
			return fmt.Errorf("transaction %d: %w", row.txid, err)
		}
		r.place.last[row.writer] = row.seq
	}
	r.more = done < r.horizon || known < r.horizon
	r.settle(min(done, known), oldest, gone, newest)
	return nil
}

// settle moves the place behind what was appended, and forgets the writers that are gone and have no more.
func (r *orderedRead) settle(txid uint64, oldest time.Time, gone []string, newest map[string]int64) {
	r.place.txid = max(r.place.txid, txid)
	r.place.at, r.page.Oldest, r.page.Waiting = r.now, 0, 0
	if !oldest.IsZero() {
		r.place.at = earlier(r.place.at, oldest)
		r.page.Oldest = session.TimeOf(oldest)
	}
	for writer, seq := range newest {
		r.page.Waiting += max(0, seq-r.place.last[writer])
	}
	for _, writer := range gone {
		if newest[writer] <= r.place.last[writer] {
			delete(r.place.last, writer)
		}
	}
}

// earlier takes zero for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// gone are the writers of the place that commit no more. Asked before next, as a tail does: of a writer
// that is gone next sees all there ever was, and one that begins meanwhile is not among them.
func (r *orderedRead) gone(ctx context.Context) ([]string, error) {
	places := maps.Clone(r.place.last)
	err := r.s.query(ctx, `SELECT writer FROM log_writers`, nil, func(rows pgx.Rows) error {
		var writer string
		err := rows.Scan(&writer)
		delete(places, writer)
		return err
	})
	return slices.Collect(maps.Keys(places)), err
}

// next fetches rows behind the place, and how far each writer has come.
func (r *orderedRead) next(ctx context.Context) (found []logRow, newest map[string]int64, err error) {
	writers := slices.Collect(maps.Keys(r.place.last))
	places := make([]int64, len(writers))
	for i, writer := range writers {
		places[i] = r.place.last[writer]
	}
	since := time.Unix(0, 0)
	if !r.place.at.IsZero() {
		since = r.place.at.Add(-latest)
	}
	newest = map[string]int64{}
	err = r.s.query(ctx, nextSQL, []any{writers, places, since, orderedRows}, func(rows pgx.Rows) error {
		var writer, horizon string
		var seq, most *int64
		var txid *string
		var at *time.Time
		var events pgtype.DriverBytes
		if err := rows.Scan(&writer, &seq, &txid, &at, &events, &horizon, &r.now, &most); err != nil {
			return err
		}
		if r.horizon, err = strconv.ParseUint(horizon, 10, 64); err != nil || seq == nil {
			return err
		}
		newest[writer] = *most
		row := logRow{writer: writer, seq: *seq, at: *at, events: slices.Clone([]byte(events))}
		row.txid, err = strconv.ParseUint(*txid, 10, 64)
		found = append(found, row)
		return err
	})
	return found, newest, err
}
