package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// leader holds for every store; who follows whom is the affair of those that several nodes open.
func (s *suite) leader() {
	lead := func(holder string) store.Term {
		return persist(s.Subject, func() (store.Term, error) { return s.Lead(s.T.Context(), "sweep", holder, time.Minute) })
	}
	term := lead("a")
	require.Positive(s.T, term)
	require.Equal(s.T, term, lead("a"), "keeping it is no new term")
	persist(s.Subject, func() (bool, error) { return true, s.SetMarkAs(s.T.Context(), "sweep", term, "swept", "17:3") })
	require.EqualValues(s.T, "17:3", persist(s.Subject, func() (store.LogPosition, error) { return s.Mark(s.T.Context(), "swept") }))
	persist(s.Subject, func() (bool, error) { return true, s.Resign(s.T.Context(), "sweep", term) })
}

// Leaders is for stores that several nodes open: who leads, and what one whose term is over may do.
func Leaders(s Subject, first, second store.Store) {
	ctx := s.T.Context()
	lead := func(of store.Store, holder string, ttl time.Duration) store.Term {
		term, err := of.Lead(ctx, "sweep", holder, ttl)
		require.NoError(s.T, err)
		return term
	}
	old := lead(first, "a", time.Minute)
	require.Zero(s.T, lead(second, "b", time.Minute), "one leads")
	require.NoError(s.T, first.SetMarkAs(ctx, "sweep", old, "swept", "1"))
	require.NoError(s.T, first.Resign(ctx, "sweep", old))
	next := lead(second, "b", time.Minute)
	require.Greater(s.T, next, old, "at once, in a new term")
	require.NoError(s.T, second.SetMarkAs(ctx, "sweep", next, "swept", "2"))

	err := first.SetMarkAs(ctx, "sweep", old, "swept", "1")
	require.ErrorIs(s.T, err, session.ErrConflict, "a leader that was stopped wakes up")
	require.NoError(s.T, first.Resign(ctx, "sweep", old))
	require.Zero(s.T, lead(first, "a", time.Minute))
	at, err := first.Mark(ctx, "swept")
	require.NoError(s.T, err)
	require.EqualValues(s.T, "2", at)

	require.Equal(s.T, next, lead(second, "b", time.Millisecond))
	require.Eventually(s.T, func() bool { return lead(first, "a", time.Minute) > next }, 10*time.Second, time.Millisecond, "it ran out")
	require.ErrorIs(s.T, second.SetMarkAs(ctx, "sweep", next, "swept", "3"), session.ErrConflict)
}
