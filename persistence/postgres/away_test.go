package postgres

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// log is a database whose commits the test writes by hand.
type log struct {
	t *testing.T
	s *Store
}

func openLog(t *testing.T) log {
	s, err := Open(t.Context(), pgtest.URL(t), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return log{t, s}
}

// commit writes an ending, by a writer that has no row of its own.
func (l log) commit(writer string, seq int, ago time.Duration) {
	l.write(writer, seq, ago, session.AppendEvents(nil, []session.Event{{Type: session.Ended, Employee: "ada", Epoch: session.Epoch(seq), N: 1}}))
}

func (l log) write(writer string, seq int, ago time.Duration, events []byte) {
	_, err := l.s.pool.Exec(l.t.Context(), "INSERT INTO log VALUES ($1, $2, pg_current_xact_id(), now() - $3::interval, $4)", writer, seq, ago, events)
	require.NoError(l.t, err)
}

func (l log) execute(sql string) {
	_, err := l.s.pool.Exec(l.t.Context(), sql)
	require.NoError(l.t, err)
}

// heard are the epochs of the endings that the tail brings.
func (l log) heard(tail *tail) (epochs []int) {
	endings, err := tail.Next(l.t.Context())
	require.NoError(l.t, err)
	for i := range endings {
		epochs = append(epochs, int(endings[i].Epoch))
	}
	return epochs
}

// A node that was cut off for longer than writers are kept finds no trace of those that came and went
// meanwhile but their commits.
func TestATailThatWasAwayForHoursHearsOfWritersThatCameAndWent(t *testing.T) {
	l := openLog(t)
	l.commit("before", 1, 3*time.Hour)
	tail := l.s.Tail().(*tail)
	require.Empty(t, l.heard(tail))

	l.commit("meanwhile", 7, time.Hour)
	l.commit("meanwhile", 8, time.Hour)
	require.Empty(t, l.heard(tail), "a tail that polls knows every writer: it does not look for others")
	tail.polls = tail.polls.Add(-2 * time.Hour)
	require.Equal(t, []int{7, 8}, l.heard(tail))
	require.Empty(t, l.heard(tail), "and once only")
	require.Empty(t, tail.last, "a writer that is gone and read is forgotten")
}

// Commits are hundreds a second, and a poll has seconds: the search that walked along all of them would
// begin again with each poll, and never end.
func TestTheSearchForWritersWalksAlongNobodysCommits(t *testing.T) {
	l := openLog(t)
	const many = `INSERT INTO log SELECT $1, n, pg_current_xact_id(), now() + $2::interval, '' FROM generate_series($3::int, $3 + 20000) AS n`
	for _, commits := range []struct {
		writer string
		first  int
		in     time.Duration
	}{{"known", 1, 0}, {"known", 30000, time.Minute}, {"stopped", 1, 0}, {"new", 7, time.Minute}} {
		_, err := l.s.pool.Exec(t.Context(), many, commits.writer, commits.in, commits.first)
		require.NoError(t, err)
	}
	l.execute("ANALYZE log")

	rows, err := l.s.pool.Query(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF) "+recallSQL, time.Now().Add(30*time.Second), []string{"known"})
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	plan := strings.Join(lines, "\n")
	for _, walked := range regexp.MustCompile(`Rows Removed by Filter: (\d+)`).FindAllStringSubmatch(plan, -1) {
		n, err := strconv.Atoi(walked[1])
		require.NoError(t, err)
		require.Less(t, n, 100, plan)
	}
	tail := &tail{s: l.s, last: map[string]int64{"known": 3}, polls: time.Now().Add(30*time.Second + hangs)}
	require.NoError(t, tail.recall(t.Context()))
	require.Equal(t, map[string]int64{"known": 3, "new": 6}, tail.last)
}

// Were a poll that fails to begin again, a tail with more to catch up on than one poll has time for
// would never get there.
func TestATailKeepsWhatItReadBeforeAnError(t *testing.T) {
	l := openLog(t)
	tail := l.s.Tail().(*tail)
	require.Empty(t, l.heard(tail))
	l.execute(`INSERT INTO log_writers VALUES ('other', pg_backend_pid(), now())`)
	var want []int
	for seq := 1; seq <= tailRows; seq++ {
		l.commit("other", seq, 0)
		want = append(want, seq)
	}
	l.write("other", tailRows+1, 0, []byte{255})
	for range 2 {
		_, err := tail.Next(t.Context())
		require.Error(t, err)
		require.EqualValues(t, tailRows, tail.last["other"])
	}
	l.execute(`DELETE FROM log WHERE seq > 64`)
	require.Equal(t, want, l.heard(tail))
	require.Empty(t, l.heard(tail))
}
