package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// orderedRows is how many commits one query reads: each may hold hundreds of events.
const orderedRows = 64

// ReadLog implements store.Store: there is one writer, so seq is the order of commits.
func (s *Store) ReadLog(ctx context.Context, after store.LogPosition, limit int) (store.LogPage, error) {
	page, err := s.readOrdered(ctx, after, limit)
	if err != nil {
		return store.LogPage{}, fmt.Errorf("read log: %w", problem(err))
	}
	return page, nil
}

func (s *Store) readOrdered(ctx context.Context, after store.LogPosition, limit int) (page store.LogPage, err error) {
	last, err := parseSeq(after)
	if err != nil {
		return page, err
	}
	first := last
	for more := true; more && len(page.Events) < limit; {
		rows, n := min(orderedRows, limit-len(page.Events)), 0 // every row has an event
		page.Events, last, n, err = s.readLog(ctx, page.Events, last, everything, `ORDER BY seq LIMIT ?`, rows)
		if err != nil {
			return page, err
		}
		more = n == rows
	}
	// The ends are asked for after the rows, so that a purge between the two is seen.
	oldest, newest, err := s.logEnds(ctx)
	if err != nil {
		return page, err
	}
	if after != "" && oldest > first+1 {
		return page, fmt.Errorf("commits %d to %d were removed: %w", first+1, oldest-1, store.ErrPositionLost)
	}
	if after != "" && newest < first {
		return page, fmt.Errorf("commit %d is not there yet, the last one is %d: %w", first, newest, store.ErrPositionLost)
	}
	page.Next, page.Waiting = formatSeq(last), max(newest-last, 0)
	if page.More = page.Waiting > 0; !page.More {
		return page, nil
	}
	err = s.read.QueryRowContext(ctx, `SELECT at FROM log WHERE seq > ? ORDER BY seq LIMIT 1`, last).Scan(&page.Oldest)
	if errors.Is(err, sql.ErrNoRows) { // purged a moment ago; the next call will say so
		err = nil
	}
	return page, err
}

func everything(session.EventType) bool { return true }

// logEnds are the seq of the oldest commit that is kept, one above the last when none is, and that of
// the last one there ever was.
func (s *Store) logEnds(ctx context.Context) (oldest, newest int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce((SELECT min(seq) FROM log), n + 1), n
		FROM (SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0) AS n)`).Scan(&oldest, &newest)
	return oldest, newest, err
}

// LogEnd implements store.Store.
func (s *Store) LogEnd(ctx context.Context) (store.LogPosition, error) {
	_, newest, err := s.logEnds(ctx)
	if err != nil {
		return "", fmt.Errorf("find the log's end: %w", problem(err))
	}
	return formatSeq(newest), nil
}

// LogHorizon implements store.Store: commits take turns, nothing holds the order back.
func (s *Store) LogHorizon(context.Context) (store.Horizon, error) { return store.Horizon{}, nil }

// held is the seq up to which no mark with store.HoldPrefix needs the log any more.
func (s *Store) held(ctx context.Context) (int64, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT at FROM marks WHERE name >= ? AND name < ?`,
		store.HoldPrefix, store.PrefixEnd(store.HoldPrefix))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	_, free, err := s.logEnds(ctx)
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		var at store.LogPosition
		if err := rows.Scan(&at); err != nil {
			return 0, err
		}
		seq, err := parseSeq(at)
		if err != nil {
			return 0, err
		}
		free = min(free, seq)
	}
	return free, rows.Err()
}

func formatSeq(seq int64) store.LogPosition { return store.LogPosition(strconv.FormatInt(seq, 10)) }

func parseSeq(at store.LogPosition) (int64, error) {
	if at == "" {
		return 0, nil
	}
	seq, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("log position %q: %w", at, err)
	}
	return seq, nil
}
