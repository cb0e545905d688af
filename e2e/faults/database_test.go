package faults

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// all are the promises that hold whatever happens; allAndL1 is for rows that say by their marks when the
// cluster is healthy.
var (
	all      = []verify.Promise{verify.S1, verify.S2, verify.S3, verify.S4, verify.S5}
	allAndL1 = append(slices.Clone(all), verify.L1)
)

// Row 10. The database is killed, stopped at once, stopped in order and away for long: no process and
// no socket goes with it, and logins are back soon after it.
func TestTheDatabaseGoesAwayAndComesBack(t *testing.T) {
	ways := []struct {
		name  string
		leave func(*pgtest.Server, testing.TB)
		away  time.Duration
	}{
		{"PostgreSQL kill -9", (*pgtest.Server).Kill, 0},
		{"PostgreSQL immediate stop", (*pgtest.Server).Quit, 0},
		{"PostgreSQL restart", (*pgtest.Server).Stop, 0},
		{"PostgreSQL stopped for a minute", (*pgtest.Server).Stop, time.Minute},
	}
	for _, way := range ways[:pick(len(ways)-1, len(ways))] { // three nodes have the last one in the short form
		t.Run(way.name, func(t *testing.T) {
			r := attack(t, "10", way.name, allAndL1...)
			s := newSiteWith(t, pgtest.Options{})
			n := r.start(s, binaries.current)
			c := r.people(20, 50*time.Millisecond, n)
			r.busy(100)
			before := c.broken.Load()
			r.begin()
			way.leave(s.database, t)
			time.Sleep(way.away)
			s.database.Start(t)
			r.heals(5*time.Second, n)
			r.over()
			require.Equal(t, before, c.broken.Load(), "sockets that the outage cost")
			r.recovered(100)
			require.True(t, n.running())
			r.judge()
		})
	}
}

// Row 10. Somebody else's transaction stays open for long, in a database of the same server: it holds
// back the horizon below which a reader in order may read, and must not hold back the enforcement on
// any node: a tail that waited for it would go on polling, and S2 would find its view behind what it says.
func TestAForeignTransactionStaysOpen(t *testing.T) {
	r := attack(t, "10", "a foreign writing transaction open for a minute", verify.S1, verify.S2, verify.S3, verify.S4, verify.L1)
	s := newSiteWith(t, pgtest.Options{})
	nodes := r.cluster(s, 3)
	r.people(20, 50*time.Millisecond, nodes...)
	lags := r.holdBack(s, pick(5*time.Second, time.Minute))
	report := r.judge()
	lag := slices.Max(lags)
	t.Logf("the greatest lag of a tail was %.3f s", lag)
	require.Positive(t, lag)
	require.Less(t, lag, longestLag().Seconds(), "the lag of a tail while the transaction was open")
	require.Less(t, report.OldestView, longestLag(), "a view's age while the transaction was open")
}

// longestLag is what a tail may lag behind whatever other transactions do: less than a second, and as long as
// its node may stand still.
func longestLag() time.Duration { return time.Second + standstill() }

// holdBack keeps a writing transaction open in another database of the site's server while the crowd
// works, and until every view was asked of what ended meanwhile; it returns the greatest lag of each tail.
func (r *row) holdBack(s *site, while time.Duration) (lags []float64) {
	r.t.Helper()
	foreign := connect(r.t, s.database.URL(r.t))
	execute(r.t, foreign, "CREATE TABLE x (y int)", "BEGIN", "INSERT INTO x VALUES (1)")
	lags = make([]float64, len(s.nodes))
	for opened := time.Now(); time.Since(opened) < while; {
		r.busy(20)
		for i, n := range s.nodes {
			lags[i] = max(lags[i], n.metric("hotseat_tail_lag_seconds"))
		}
	}
	r.crowd.rest()
	r.crowd.askViews()
	var held bool
	require.NoError(r.t, connect(r.t, s.store).QueryRow(r.t.Context(), "SELECT pg_snapshot_xmin(pg_current_snapshot()) = $1::text::xid8", foreignXID(r.t, foreign)).Scan(&held))
	require.True(r.t, held, "the transaction holds the horizon back")
	execute(r.t, foreign, "COMMIT")
	return lags
}

// foreignXID is the id of the transaction that the connection is in.
func foreignXID(t *testing.T, conn *pgx.Conn) (id string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_current_xact_id()::text").Scan(&id))
	return id
}

// Row 12. The database has no connection left for the node, whose own were ended.
func TestNoConnectionIsLeft(t *testing.T) {
	r := attack(t, "12", "connections exhausted", allAndL1...)
	s := newSiteWith(t, pgtest.Options{Settings: map[string]string{"max_connections": "20", "superuser_reserved_connections": "3"}})
	n := r.start(s, binaries.current)
	c := r.people(20, 50*time.Millisecond, n)
	r.busy(100)
	before := c.broken.Load()
	r.begin()
	hoard := hoard(t, s)
	time.Sleep(pick(4*time.Second, 20*time.Second))
	hoard()
	r.heals(5*time.Second, n)
	r.over()
	require.Equal(t, before, c.broken.Load(), "sockets that it cost")
	r.recovered(100)
	r.judge()
}

// hoard ends everybody's connections and takes all that can be had, reserved ones included.
func hoard(t *testing.T, s *site) (release func()) {
	t.Helper()
	ctx := context.Background()
	var held []*pgx.Conn
	first := connect(t, s.store)
	held = append(held, first)
	for misses := 0; misses < 20; {
		_, err := first.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'hoard' AND backend_type = 'client backend'")
		require.NoError(t, err)
		conn, err := pgx.Connect(ctx, s.store+"&application_name=hoard")
		if err != nil {
			misses++
			continue
		}
		held = append(held, conn)
	}
	require.Greater(t, len(held), 5)
	return func() {
		for _, conn := range held {
			_ = conn.Close(ctx)
		}
	}
}

// Row 13. Crossed transactions of somebody else lock the same rows in another order, and serializable
// ones conflict.
func TestForeignTransactionsDeadlockWithLogins(t *testing.T) {
	r := attack(t, "13", "deadlocks with crossed transactions", all...)
	s := newSiteWith(t, pgtest.Options{Settings: map[string]string{"deadlock_timeout": "100ms"}})
	n := r.start(s, binaries.current)
	c := r.people(20, 5*time.Millisecond, n)
	r.busy(200)
	deadlocks := 0
	foreign := connect(t, s.store)
	for end := time.Now().Add(pick(5*time.Second, 30*time.Second)); time.Now().Before(end) || deadlocks == 0; {
		require.Less(t, time.Since(end), patience, "no deadlock came about")
		deadlocks += crossed(t, foreign, len(c.people))
	}
	t.Logf("%d deadlocks", deadlocks)
	r.busy(100)
	r.judge()
}

// crossed locks employees from the last to the first, a few at a time, while the node's batches go
// from the first to the last. It counts the deadlocks that the server has seen so far.
func crossed(t *testing.T, conn *pgx.Conn, people int) int {
	t.Helper()
	ctx := context.Background()
	before := deadlocks(t, conn)
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	for i := people - 1; i >= 0; i-- {
		if _, err := tx.Exec(ctx, "SELECT 1 FROM employees WHERE key = $1 FOR UPDATE", fmt.Sprintf("employee-%d", i)); err != nil {
			break // this side was the victim
		}
		time.Sleep(5 * time.Millisecond)
	}
	_ = tx.Rollback(ctx)
	return deadlocks(t, conn) - before
}

func deadlocks(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	ctx := context.Background()
	_, err := conn.Exec(ctx, "SELECT pg_stat_force_next_flush()")
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(ctx, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n))
	return n
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url+"&application_name=hoard")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err, s)
	}
}
