package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

func TestOneNodeSweepsAndTheNextGoesOnWhereItStopped(t *testing.T) {
	url := pgtest.NewServer(t, pgtest.Options{}).URL(t)
	open := func(holder string) *startedLog {
		s, err := persistence.Open(t.Context(), url, persistence.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return &startedLog{store: s, holder: holder}
	}
	first, second := open("a"), open("b")
	logIn := func(n int) {
		(storetest.Subject{Store: first.store, T: t}).Login(storetest.NewSeat(fmt.Sprintf("employee-%d", n)))
	}
	later := session.TimeOf(time.Now().Add(time.Hour))
	next := func(l *startedLog) (who []session.EmployeeID) {
		events, err := l.next(t.Context(), later)
		require.NoError(t, err)
		for _, e := range events {
			who = append(who, e.Employee)
		}
		return who
	}

	logIn(1)
	require.Equal(t, []session.EmployeeID{"employee-1"}, next(first))
	require.Empty(t, next(second), "another one leads")
	require.Equal(t, []session.EmployeeID{"employee-1"}, next(first), "again, until it was swept")
	require.NoError(t, first.swept(t.Context()))
	require.Empty(t, next(first))

	logIn(2)
	require.Equal(t, []session.EmployeeID{"employee-2"}, next(first))
	require.NoError(t, first.store.Resign(t.Context(), sweepMark, first.term))
	require.Equal(t, []session.EmployeeID{"employee-2"}, next(second), "not what the first has swept, and what it has not")
	require.ErrorIs(t, first.swept(t.Context()), session.ErrConflict, "a leader that was passed over moves no mark")
	require.NoError(t, second.swept(t.Context()))
	require.Empty(t, next(second))
	require.Empty(t, next(first))
}
