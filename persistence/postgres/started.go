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

// startedRows is how many commits one query reads: each may hold hundreds of events.
const startedRows = 16

// Started implements store.Store. It reads by time: a commit that was late is visible long before a
// session's lifetime has passed.
func (s *Store) Started(ctx context.Context, after store.LogPosition, before session.Time, limit int) ([]session.Event, store.LogPosition, error) {
	place, err := parsePlace(after)
	if err != nil {
		return nil, after, err
	}
	const sql = `SELECT at, writer, seq, events FROM log
		WHERE at >= $1 AND (at, writer, seq) > ($1, $2, $3) AND at < $4 ORDER BY at, writer, seq LIMIT $5`
	var started []session.Event
	for len(started) < limit {
		n := 0
		err := s.query(ctx, sql, []any{place.at, place.writer, place.seq, before.Std(), startedRows}, func(rows pgx.Rows) (err error) {
			var row pgtype.DriverBytes
			if err := rows.Scan(&place.at, &place.writer, &place.seq, &row); err != nil {
				return err
			}
			n++
			started, err = store.DecodeLog(started, row, func(t session.EventType) bool { return t == session.Started })
			return err
		})
		if err != nil {
			return nil, after, fmt.Errorf("read started sessions: %w", err)
		}
		if n < startedRows {
			break
		}
	}
	return started, place.String(), nil
}

// place is a row of the log in the order of Started.
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
