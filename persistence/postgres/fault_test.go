package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

// soon is how long a test waits for another process.
const soon = 20 * time.Second

func TestNothingAcknowledgedIsLostWhenPostgreSQLIsKilledUnderLoad(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{Fsync: true})
	s := open(t, server.URL(t), store.Options{})
	load := storetest.Start(s, 64)
	for range 3 {
		acked := load.Acked.Load()
		require.Eventually(t, func() bool { return load.Acked.Load() > acked+200 }, soon, time.Millisecond, "logins do not go on")
		server.Kill(t)
		server.Start(t)
	}
	acked := load.Acked.Load()
	require.Eventually(t, func() bool { return load.Acked.Load() > acked+100 }, soon, time.Millisecond)
	load.Stop()
	require.Positive(t, load.Lost.Load()+load.Away.Load(), "the kills were noticed")
	load.Check(t, s)
}

func TestAStoreThatIsAwayIsSaidToBeAndComesBackByItself(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	s := open(t, server.URL(t), store.Options{})
	subject := storetest.Subject{Store: s, T: t}
	seat := storetest.NewSeat("ada")
	subject.Login(seat)
	server.Stop(t)
	var took []time.Duration
	for range 20 {
		began := time.Now()
		err := s.Commit(t.Context(), 0, []store.Write{seat.Login(1)})[0]
		require.True(t, errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrOutcomeUnknown), err)
		_, err = s.Load(t.Context(), []session.Key{"ada"})
		require.ErrorIs(t, err, session.ErrUnavailable)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	require.Less(t, took[len(took)/2], 2*time.Second, "a refusal comes at once, unless this process stands still")
	server.Start(t)
	back := time.Now()
	require.Eventually(t, func() bool { return s.Commit(t.Context(), 0, []store.Write{seat.Login(1)})[0] == nil }, soon, 10*time.Millisecond)
	require.Less(t, time.Since(back), 5*time.Second, "a lane pauses for a second at most; this process may stand still for longer")
	seat.Done()
	require.Equal(t, seat.State.Version, subject.Row("ada").Version)
}

func TestACommitWhoseAnswerWasLostIsUnknownAndReadInTheRow(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	url := server.URL(t)
	p := startProxy(t, server.Addr())
	s, direct := open(t, p.through(url), store.Options{}), open(t, url, store.Options{})
	subject, tail := storetest.Subject{Store: s, T: t}, direct.Tail()
	seat := storetest.NewSeat("ada")
	subject.Login(seat)

	write := seat.Login(subject.Time())
	p.swallowAnswers()
	err := s.Commit(t.Context(), 0, []store.Write{write})[0]
	require.ErrorIs(t, err, session.ErrOutcomeUnknown)
	seat.Done()
	require.Equal(t, seat.State.Employee, (storetest.Subject{Store: direct, T: t}).Row("ada"), "it had been done")

	require.Equal(t, session.ErrConflict, s.Commit(t.Context(), 0, []store.Write{storetest.NewSeat("ada").Login(1)})[0])
	subject.Login(seat) // by a new connection, as a new writer
	endings := (storetest.Subject{Store: direct, T: t}).Next(tail)
	require.ElementsMatch(t, []string{"ada/2/1 hotseat.session.terminated.v1", "ada/3/1 hotseat.session.terminated.v1"}, storetest.Names(endings))
}

func TestAServerThatHangsMakesTheOutcomeUnknownAndItsLateCommitIsHeard(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	s := open(t, server.URL(t), store.Options{CommitTimeout: 300 * time.Millisecond})
	subject := storetest.Subject{Store: s, T: t}
	seat, tail := storetest.NewSeat("ada"), s.Tail()
	subject.Login(seat)
	require.Empty(t, subject.Next(tail))

	now := subject.Time()
	resume := server.Pause(t)
	began := time.Now()
	err := s.Commit(t.Context(), 0, []store.Write{seat.Login(now)})[0]
	resume()
	require.ErrorIs(t, err, session.ErrOutcomeUnknown)
	require.Less(t, time.Since(began), 5*time.Second, "the watchdog let go")
	seat.Done()
	// The server reads what it was sent before it finds the connection gone.
	require.Eventually(t, func() bool { return subject.Row("ada").Version == 2 }, soon, 10*time.Millisecond)
	require.Equal(t, []string{"ada/2/1 hotseat.session.terminated.v1"}, storetest.Names(subject.Next(tail)))
}

func TestADeadlockWithAStrangerIsTriedAgain(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	subject := storetest.Subject{Store: s, T: t}
	a, b := storetest.NewSeat("a"), storetest.NewSeat("b")
	subject.Login(a)
	subject.Login(b)
	stranger, watcher := connect(t, url), connect(t, url)
	stranger.must("SET deadlock_timeout = '30s'") // the other side is the one to be refused
	stranger.must("BEGIN")
	stranger.must("SELECT FROM employees WHERE key = 'b' FOR UPDATE")
	done := make(chan []error)
	go func() { done <- s.Commit(t.Context(), 0, []store.Write{a.Login(1), b.Login(1)}) }()
	require.Eventually(t, func() bool { return watcher.waits() }, soon, 10*time.Millisecond)
	stranger.must("SELECT FROM employees WHERE key = 'a' FOR UPDATE")
	stranger.must("COMMIT")
	require.Equal(t, []error{nil, nil}, <-done)
}

func TestARowThatAStrangerLocksIsUnavailableNotForEver(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	seat := storetest.NewSeat("a")
	(storetest.Subject{Store: s, T: t}).Login(seat)
	stranger := connect(t, url)
	stranger.must("BEGIN")
	stranger.must("SELECT FROM employees FOR UPDATE")
	require.ErrorIs(t, s.Commit(t.Context(), 0, []store.Write{seat.Login(1)})[0], session.ErrUnavailable)
	stranger.must("ROLLBACK")
	require.NoError(t, s.Commit(t.Context(), 0, []store.Write{seat.Login(1)})[0])
}

func TestCommitsAreSynchronousWhateverTheDatabaseSays(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	admin := connect(t, url)
	admin.must(`DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$`)
	admin.must(`CREATE TABLE seen (value text)`)
	admin.must(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$`)
	admin.must(`CREATE TRIGGER note BEFORE INSERT ON employees FOR EACH ROW EXECUTE FUNCTION note()`)
	(storetest.Subject{Store: s, T: t}).Login(storetest.NewSeat("ada"))
	require.Equal(t, "on", admin.text(`SELECT string_agg(value, ',') FROM seen`))
}

func TestAFullDiskIsSaidAndMendedByMakingRoom(t *testing.T) {
	disk := storetest.SmallDisk(t, 110<<20, 0o755)
	server := pgtest.NewServer(t, pgtest.Options{Fsync: true, Dir: disk, Settings: map[string]string{
		"max_wal_size": "32MB", "min_wal_size": "32MB", "autovacuum": "off",
	}})
	s := open(t, server.URL(t), store.Options{})
	load := storetest.Start(s, 32)
	require.Eventually(t, func() bool { return load.Acked.Load() > 100 }, soon, time.Millisecond)
	makeRoom := storetest.FillDisk(t, disk)
	var said error
	require.Eventually(t, func() bool {
		said = s.Commit(t.Context(), 1, []store.Write{newcomer().Login(1)})[0]
		return errors.Is(said, session.ErrUnavailable)
	}, soon, time.Millisecond)
	makeRoom()
	acked := load.Acked.Load()
	require.Eventually(t, func() bool { return load.Acked.Load() > acked+100 }, soon, time.Millisecond)
	load.Stop()
	load.Check(t, s)
	t.Logf("a full disk was answered with: %v", said)
}
