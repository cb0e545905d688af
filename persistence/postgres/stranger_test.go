package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

// stranger is a session of somebody else.
type stranger struct {
	t    *testing.T
	conn *pgx.Conn
}

func connect(t *testing.T, url string) stranger {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // its server may be gone
	return stranger{t, conn}
}

func (s stranger) must(sql string, args ...any) {
	s.t.Helper()
	_, err := s.conn.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err, sql)
}

// text runs a query with one value.
func (s stranger) text(sql string, args ...any) (value string) {
	s.t.Helper()
	require.NoError(s.t, s.conn.QueryRow(s.t.Context(), fmt.Sprintf("SELECT coalesce((%s)::text, '')", sql), args...).Scan(&value), sql)
	return value
}

// waits reports whether a session of this database waits for a lock.
func (s stranger) waits() bool {
	return s.text(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) != "0"
}

var newcomers atomic.Int64

// newcomer is another employee each time, so that the table must grow.
func newcomer() *storetest.Seat {
	return storetest.NewSeat(fmt.Sprintf("newcomer-%d-%s", newcomers.Add(1), strings.Repeat("x", 100)))
}
