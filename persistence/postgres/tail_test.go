package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

func TestATailIsNotHeldBackByForeignTransactionsAndMissesNoLateCommit(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{Boot: "node"})
	subject := storetest.Subject{Store: s, T: t}

	// A writing transaction in another database holds every horizon of transactions back.
	foreign := connect(t, pgtest.URL(t))
	foreign.must("CREATE TABLE x (y int)")
	foreign.must("BEGIN")
	foreign.must("INSERT INTO x VALUES (1)")

	// Another node's commit hangs: it has its transaction and its row of the log, invisible.
	late := connect(t, url)
	late.must(`INSERT INTO log_writers VALUES ('other/0/1', pg_backend_pid(), now())`)
	late.must("BEGIN")
	row := session.AppendEvents(nil, []session.Event{{Type: session.Ended, Employee: "late", Epoch: 7, N: 1}})
	late.must(`INSERT INTO log VALUES ('other/0/1', 1, pg_current_xact_id(), now(), $1)`, row)

	tail := s.Tail()
	require.Empty(t, subject.Next(tail))
	seat := storetest.NewSeat("ada")
	subject.Login(seat)
	for range 3 {
		subject.Login(seat)
		require.Len(t, subject.Next(tail), 1, "heard at once")
	}
	late.must("COMMIT")
	require.Equal(t, []string{"late/7/1 hotseat.session.ended.v1"}, storetest.Names(subject.Next(tail)))
	require.Empty(t, subject.Next(tail), "and once only")
	foreign.must("COMMIT")
}

// The server goes on with a statement whose client has gone. Were the lane to go on under the same
// name, the late row would have a seq that the tail has passed.
func TestALaneThatLostSightOfACommitGoesOnAsAnotherWriter(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{CommitTimeout: 200 * time.Millisecond})
	subject, tail := storetest.Subject{Store: s, T: t}, s.Tail()
	late, ada := storetest.NewSeat("late"), storetest.NewSeat("ada")
	subject.Login(late)
	subject.Login(ada)
	require.Empty(t, subject.Next(tail))

	stranger := connect(t, url)
	stranger.must("BEGIN")
	stranger.must("SELECT FROM employees WHERE key = 'late' FOR UPDATE")
	write := late.Login(subject.Time())
	require.ErrorIs(t, s.Commit(t.Context(), 0, []store.Write{write})[0], session.ErrOutcomeUnknown)
	subject.Login(ada)
	subject.Login(ada)
	require.Len(t, subject.Next(tail), 2, "the lane's new commits are heard")
	stranger.must("COMMIT")
	var heard []session.Event
	require.Eventually(t, func() bool { heard = subject.Next(tail); return len(heard) > 0 }, soon, 5*time.Millisecond, "and the late one too")
	require.Equal(t, []string{"late/2/1 hotseat.session.terminated.v1"}, storetest.Names(heard))
}

func TestATailBeginsSecondsBeforeItWasMade(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	subject, seat, admin := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada"), connect(t, url)
	for range 4 {
		subject.Login(seat)
	}
	admin.must(`UPDATE log SET at = at - interval '10 seconds' WHERE seq <= 3`)
	tail := s.Tail()
	require.Equal(t, []string{"ada/4/1 hotseat.session.terminated.v1"}, storetest.Names(subject.Next(tail)))
}

func TestATailForgetsAWriterOnlyAfterReadingAllOfIt(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url, store.Options{})
	subject, seat, admin := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada"), connect(t, url)
	tail := s.Tail()
	subject.Login(seat)
	require.Empty(t, subject.Next(tail))
	subject.Login(seat)
	admin.must(`DELETE FROM log_writers`) // as an hour after its connection went
	require.Len(t, subject.Next(tail), 1)
	require.Empty(t, subject.Next(tail))
}

func TestATailThatWasInterruptedGoesOnWhereItStopped(t *testing.T) {
	server := pgtest.NewServer(t, pgtest.Options{})
	s := open(t, server.URL(t), store.Options{})
	subject, seat, tail := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada"), s.Tail()
	subject.Login(seat)
	subject.Login(seat)
	server.Stop(t)
	for range 3 {
		_, err := tail.Next(t.Context())
		require.ErrorIs(t, err, session.ErrUnavailable)
	}
	server.Start(t)
	require.Len(t, subject.Next(tail), 1)
}
