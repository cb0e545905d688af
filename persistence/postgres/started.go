package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// walkRows is how many commits one query reads: each may hold hundreds of events.
const walkRows = 16

// Started implements store.Store. It reads by time: a commit that was late is visible long before a
// session's lifetime has passed.
func (s *Store) Started(ctx context.Context, after store.LogPosition, before session.Time, limit int) ([]session.Event, store.LogPosition, error) {
	started, at, err := s.walk(ctx, after, 0, before, limit, func(t session.EventType) bool { return t == session.Started })
	if err != nil {
		return nil, after, fmt.Errorf("read started sessions: %w", err)
	}
	return started, at, nil
}

// Ended implements store.Store.
func (s *Store) Ended(ctx context.Context, since session.Time, after store.LogPosition, limit int) ([]session.Event, store.LogPosition, error) {
	ended, at, err := s.walk(ctx, after, since, forever, limit, session.EventType.Ends)
	if err != nil {
		return nil, after, fmt.Errorf("read ended sessions: %w", err)
	}
	return ended, at, nil
}

// forever is later than any row.
var forever = session.TimeOf(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))

// walk reads the events that keep wants by the time of their row: from since, or behind after, until
// before.
func (s *Store) walk(ctx context.Context, after store.LogPosition, since, before session.Time, limit int, keep func(session.EventType) bool) ([]session.Event, store.LogPosition, error) {
	place, err := parsePlace(after)
	if err != nil {
		return nil, after, err
	}
	if after == "" && since != 0 {
		place.at = since.Std()
	}
	const sql = `SELECT at, writer, seq, events FROM log
		WHERE at >= $1 AND (at, writer, seq) > ($1, $2, $3) AND at < $4 ORDER BY at, writer, seq LIMIT $5`
	var events []session.Event
	for len(events) < limit {
		n := 0
		err := s.query(ctx, sql, []any{place.at, place.writer, place.seq, before.Std(), walkRows}, func(rows pgx.Rows) (err error) {
			var row pgtype.DriverBytes
			if err := rows.Scan(&place.at, &place.writer, &place.seq, &row); err != nil {
				return err
			}
			n++
			events, err = store.DecodeLog(events, row, keep)
			return err
		})
		if err != nil {
			return nil, after, err
		}
		if n < walkRows {
			break
		}
	}
	return events, place.String(), nil
}

// place is a row of the log in the order of walk.
type place struct {
	at     time.Time
	writer string
	seq    int64
}

func (p place) String() store.LogPosition {
	return store.LogPosition(fmt.Sprintf("%d %d %s", p.at.UnixMicro(), p.seq, p.writer))
}

func parsePlace(position store.LogPosition) (place, error) {
	if position == "" {
		return place{at: time.Unix(0, 0)}, nil
	}
	fields := strings.SplitN(string(position), " ", 3)
	if len(fields) != 3 {
		return place{}, fmt.Errorf("log position %q: want three fields", position)
	}
	at, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return place{}, fmt.Errorf("log position %q: %w", position, err)
	}
	seq, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return place{}, fmt.Errorf("log position %q: %w", position, err)
	}
	return place{at: time.UnixMicro(at), writer: fields[2], seq: seq}, nil
}
