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
		err := t.s.read.QueryRowContext(ctx, `SELECT seq FROM log WHERE at < ? ORDER BY seq DESC LIMIT 1`, int64(t.since)).Scan(&t.last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("begin tail: %w", problem(err))
		}
		t.started = true
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
	last, err := parseSeq(after)
	if err != nil {
		return nil, after, err
	}
	var started []session.Event
	for len(started) < limit {
		more, next, n, err := s.readLog(ctx, started, last, isStarted, `AND at < ? ORDER BY seq LIMIT 1`, int64(before))
		if err != nil {
			return nil, after, fmt.Errorf("read started sessions: %w", problem(err))
		}
		started, last = more, next
		if n == 0 {
			break
		}
	}
	return started, formatSeq(last), nil
}

func isStarted(t session.EventType) bool { return t == session.Started }

// readLog appends the events that keep wants from the rows after last, and answers the last row's
// seq and the number of rows.
func (s *Store) readLog(ctx context.Context, events []session.Event, last int64, keep func(session.EventType) bool, more string, arg any) ([]session.Event, int64, int, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT seq, events FROM log WHERE seq > ? `+more, last, arg)
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
