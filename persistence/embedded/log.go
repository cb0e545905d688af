package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// tailRows bounds one read of the log; a tail that is behind reads again at once.
const tailRows = 256

// overlap is how far before its making a tail begins.
const overlap = 5 * time.Second

// tail needs one number: there is one writer, so a commit's seq becomes visible in order.
type tail struct {
	s       *Store
	since   session.Time
	started bool
	last    int64
}

// Tail implements store.Store.
func (s *Store) Tail() store.Tail {
	return &tail{s: s, since: session.TimeOf(time.Now().Add(-overlap))}
}

// Next implements store.Tail.
func (t *tail) Next(ctx context.Context) ([]session.Event, error) {
	if !t.started {
		last, err := t.s.lastBefore(ctx, t.since)
		if err != nil {
			return nil, fmt.Errorf("begin tail: %w", problem(err))
		}
		t.last, t.started = last, true
	}
	var endings []session.Event
	for last := t.last; ; {
		more, next, n, err := t.s.readLog(ctx, endings, last, session.EventType.Ends, `ORDER BY seq LIMIT ?`, tailRows)
		if err != nil {
			return nil, fmt.Errorf("read tail: %w", problem(err))
		}
		endings, last = more, next
		if n < tailRows {
			t.last = last
			return endings, nil
		}
	}
}

// Started implements store.Store.
func (s *Store) Started(ctx context.Context, after store.LogPosition, before session.Time, limit int) ([]session.Event, store.LogPosition, error) {
	started, at, err := s.walk(ctx, after, limit, isStarted, `AND at < ? ORDER BY seq LIMIT 1`, int64(before))
	if err != nil {
		return nil, after, fmt.Errorf("read started sessions: %w", err)
	}
	return started, at, nil
}

// Ended implements store.Store. It begins behind the last row from before since.
func (s *Store) Ended(ctx context.Context, since session.Time, after store.LogPosition, limit int) ([]session.Event, store.LogPosition, error) {
	if after == "" {
		last, err := s.lastBefore(ctx, since)
		if err != nil {
			return nil, after, fmt.Errorf("read ended sessions: %w", problem(err))
		}
		after = formatSeq(last)
	}
	ended, at, err := s.walk(ctx, after, limit, session.EventType.Ends, `ORDER BY seq LIMIT ?`, walkRows)
	if err != nil {
		return nil, after, fmt.Errorf("read ended sessions: %w", err)
	}
	return ended, at, nil
}

// lastBefore is the seq of the last row from before a time, or zero.
func (s *Store) lastBefore(ctx context.Context, at session.Time) (last int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT seq FROM log WHERE at < ? ORDER BY seq DESC LIMIT 1`, int64(at)).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return last, err
}

// walkRows is how many commits one query of Ended reads: each may hold hundreds of events.
const walkRows = 16

// walk reads the events that keep wants, row by row, behind after.
func (s *Store) walk(ctx context.Context, after store.LogPosition, limit int, keep func(session.EventType) bool, more string, arg int64) ([]session.Event, store.LogPosition, error) {
	last, err := parseSeq(after)
	if err != nil {
		return nil, after, err
	}
	var events []session.Event
	for len(events) < limit {
		found, next, n, err := s.readLog(ctx, events, last, keep, more, arg)
		if err != nil {
			return nil, after, problem(err)
		}
		events, last = found, next
		if n == 0 {
			break
		}
	}
	return events, formatSeq(last), nil
}

func isStarted(t session.EventType) bool { return t == session.Started }

// readLog appends the events that keep wants from the rows after last, and answers the last row's
// seq and the number of rows.
func (s *Store) readLog(ctx context.Context, events []session.Event, last int64, keep func(session.EventType) bool, more string, arg any) ([]session.Event, int64, int, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT seq, events FROM log WHERE seq > ? `+more, last, arg) // #nosec G202 -- only constants are joined
	if err != nil {
		return nil, 0, 0, err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var row sql.RawBytes
		if err := rows.Scan(&last, &row); err != nil {
			return nil, 0, 0, err
		}
		if events, err = store.DecodeLog(events, row, keep); err != nil {
			return nil, 0, 0, err
		}
	}
	return events, last, n, rows.Err()
}
