package embedded_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

// A sink that is away keeps the log up to the longest retention, and is told when it goes.
func TestTheLogWaitsForAMarkUpToTheLongestRetention(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subject, seat := storetest.Subject{Store: s, T: t}, storetest.NewSeat("ada")
	for range 6 {
		subject.Login(seat)
	}
	first := subject.ReadPage("", 1).Next
	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"slow", "4"))
	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"fast", "6"))
	require.NoError(t, s.SetMark(t.Context(), "sweep", "whatever another reader writes"))
	require.NoError(t, s.Close())
	stranger(t, dir, `UPDATE log SET at = at - 60000; UPDATE log SET at = at - 3600000 WHERE seq <= 2`)

	s, err := embedded.Open(t.Context(), dir, store.Options{Retention: 30 * time.Second, RetentionMax: 30 * time.Minute})
	require.NoError(t, err)
	defer s.Close()
	subject.Store = s
	require.NoError(t, s.Maintain(t.Context()))
	events, _ := subject.ReadOn("4", 10)
	require.Len(t, events, 4, "commits 5 and 6 are kept")
	_, err = s.ReadLog(t.Context(), first, 10)
	require.ErrorIs(t, err, store.ErrPositionLost, "commits 1 to 4 are gone")

	require.NoError(t, s.SetMark(t.Context(), store.HoldPrefix+"slow", "6"))
	require.NoError(t, s.Maintain(t.Context()))
	_, err = s.ReadLog(t.Context(), "4", 10)
	require.ErrorIs(t, err, store.ErrPositionLost)
	events, _ = subject.ReadOn("6", 10)
	require.Empty(t, events)
	_, err = s.ReadLog(t.Context(), "7", 10)
	require.ErrorIs(t, err, store.ErrPositionLost, "of another history")
	subject.Login(seat)
	events, _ = subject.ReadOn("", 10)
	require.Len(t, events, 2, "the beginning is that of what is kept")
}
