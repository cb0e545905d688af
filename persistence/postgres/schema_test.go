package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/migrate"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/postgres"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	url := pgtest.URL(t)
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		all.Go(func() {
			s, err := postgres.Open(t.Context(), url, store.Options{})
			if errs[i] = err; err == nil {
				errs[i] = s.Close()
			}
		})
	}
	all.Wait()
	require.Equal(t, make([]error, len(errs)), errs)
	require.Equal(t, "5", connect(t, url).text(`SELECT count(*) FROM schema_migrations`), "goose's own row and four migrations")
	open(t, url, store.Options{Migrate: store.MigrateCheck})
}

func TestAnEmptyDatabaseIsRefusedByAProgramThatMayOnlyCheck(t *testing.T) {
	url := pgtest.URL(t)
	_, err := postgres.Open(t.Context(), url, store.Options{Migrate: store.MigrateCheck})
	require.ErrorIs(t, err, migrate.ErrPending)
	require.ErrorContains(t, err, "hotseat migrate up")
	require.Equal(t, "", connect(t, url).text(`SELECT to_regclass('schema_migrations')`), "and nothing was made")
}

func TestAProgramOlderThanMinBinaryIsRefusedInEveryMode(t *testing.T) {
	url := pgtest.URL(t)
	open(t, url, store.Options{})
	connect(t, url).must(`UPDATE schema_info SET min_binary = 1000`)
	for _, mode := range []store.Migrate{store.MigrateAuto, store.MigrateCheck, store.MigrateOff} {
		_, err := postgres.Open(t.Context(), url, store.Options{Migrate: mode})
		require.ErrorIs(t, err, migrate.ErrTooNew, mode)
		require.ErrorContains(t, err, "install the newer version")
	}
	status, err := postgres.Schema(t.Context(), url)
	require.NoError(t, err, "it may be looked at")
	require.EqualValues(t, 1000, status.MinBinary)
	require.True(t, status.TooNew())
}

func TestAMigrationElsewhereIsWaitedForOnlySoLong(t *testing.T) {
	url := pgtest.URL(t)
	other := connect(t, url)
	other.must(`CREATE TABLE schema_lock (one boolean PRIMARY KEY DEFAULT true CHECK (one)); INSERT INTO schema_lock VALUES (true)`)
	other.must("BEGIN")
	other.must("SELECT FROM schema_lock FOR UPDATE")
	_, err := postgres.Open(t.Context(), url, store.Options{MigrateTimeout: 100 * time.Millisecond})
	require.ErrorIs(t, err, session.ErrUnavailable)
	require.ErrorContains(t, err, "changing the schema")
	other.must("ROLLBACK")
	open(t, url, store.Options{MigrateTimeout: 10 * time.Second})
}

func TestAServerThatCannotBeReachedIsNamedWithoutItsPassword(t *testing.T) {
	_, err := postgres.Open(t.Context(), "postgres://me:canary-secret@127.0.0.1:1/db", store.Options{})
	require.ErrorIs(t, err, session.ErrUnavailable)
	require.ErrorContains(t, err, "127.0.0.1:1")
	require.NotContains(t, err.Error(), "canary-secret")
	_, err = postgres.Open(t.Context(), "postgres://me:canary-secret@127.0.0.1:x/db", store.Options{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary-secret")
}

func TestPartitionsAreMadeAheadAndDroppedPastTheRetention(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{Retention: 48 * time.Hour})
	admin := connect(t, url)
	const attached = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'log'::regclass`
	require.Equal(t, "9", admin.text(attached), "yesterday, today and a week")
	for _, day := range []string{"2020-01-01", "2020-01-02"} {
		table := "log_" + day[:4] + day[5:7] + day[8:]
		admin.must(`CREATE TABLE ` + table + ` PARTITION OF log FOR VALUES FROM ('` + day + `Z') TO ('` + day + `T24:00Z')`)
		admin.must(`INSERT INTO log VALUES ('old', 1, '1', '` + day + `T12:00Z', '')`)
	}
	admin.must(`ALTER TABLE log DETACH PARTITION log_20200102`) // as if its DROP had been interrupted
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, "9", admin.text(attached))
	require.Equal(t, "0", admin.text(`SELECT count(*) FROM pg_class WHERE relname LIKE 'log_2020%'`))
}

func TestHouseKeepingBlocksNoWriterBehindAReader(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{Retention: 48 * time.Hour})
	admin, reader := connect(t, url), connect(t, url)
	admin.must(`CREATE TABLE log_20200101 PARTITION OF log FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')`)
	reader.must("BEGIN ISOLATION LEVEL REPEATABLE READ")
	reader.must("SELECT FROM log")
	done := make(chan error)
	go func() { done <- s.Maintain(t.Context()) }()
	require.Eventually(t, func() bool { return admin.waits() }, soon, 5*time.Millisecond, "it waits for the reader")
	subject := storetest.Subject{Store: s, T: t}
	seat := storetest.NewSeat("ada")
	tail := s.Tail()
	for range 3 {
		subject.Login(seat)
	}
	require.Len(t, subject.Next(tail), 2)
	reader.must("COMMIT")
	require.NoError(t, <-done)
	require.Equal(t, "", admin.text(`SELECT to_regclass('log_20200101')`))
}

func TestACommitThatFindsNoPartitionMakesIt(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	admin := connect(t, url)
	admin.must(`DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'log'::regclass
		LOOP EXECUTE 'DROP TABLE ' || p; END LOOP; END $$`)
	(storetest.Subject{Store: s, T: t}).Login(storetest.NewSeat("ada"))
	require.Equal(t, "1", admin.text(`SELECT count(*) FROM log`))
}

func TestWritersWhoseConnectionIsGoneAreForgottenAnHourLater(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{Boot: "alive"})
	subject, seat, admin := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada"), connect(t, url)
	subject.Login(seat)
	admin.must(`INSERT INTO log_writers SELECT 'dead', pid, backend_start - interval '1 day' FROM pg_stat_activity WHERE pid = pg_backend_pid()`)
	const list = `SELECT string_agg(writer || coalesce(' gone', ''), ',' ORDER BY writer) FROM log_writers WHERE gone_at IS NOT NULL`
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, "dead gone", admin.text(list))
	admin.must(`UPDATE log_writers SET gone_at = now() - interval '61 minutes'`) // the living one by mistake
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, "alive/0/1", admin.text(`SELECT string_agg(writer, ',') FROM log_writers WHERE gone_at IS NULL`))
	require.Equal(t, "1", admin.text(`SELECT count(*) FROM log_writers`))
}

func TestTerminalsArePurgedWhenTheirTimeIsOver(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	now := session.TimeOf(time.Now())
	require.NoError(t, s.KeepTerminal(t.Context(), "till-1", "ada", now.Add(-time.Minute)))
	require.NoError(t, s.KeepTerminal(t.Context(), "till-2", "ada", now.Add(time.Minute)))
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, "till-2", connect(t, url).text(`SELECT string_agg(id, ',') FROM terminals`))
}

func TestOldIdempotencyKeysArePurged(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	subject, seat := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada")
	for n, at := range []session.Time{1, subject.Time()} {
		w := seat.Login(subject.Time())
		w.Change.Key = &session.KeyRecord{Hash: [16]byte{byte(n)}, At: at}
		subject.Must(w)
		seat.Done()
	}
	require.NoError(t, s.Maintain(t.Context()))
	require.Equal(t, "1", connect(t, url).text(`SELECT count(*) FROM client_keys`))
}
