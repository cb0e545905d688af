package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/postgres"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
)

func TestOneNodeLeadsAndAnotherFollowsInANewTerm(t *testing.T) {
	url := pgtest.URL(t)
	storetest.Leaders(storetest.Subject{T: t}, open(t, url, store.Options{}), open(t, url, store.Options{}))
}

func TestALeaseIsRenewedUntilItsRunIsMarkedDead(t *testing.T) {
	url := pgtest.URL(t)
	one, two := open(t, url, store.Options{}), open(t, url, store.Options{})
	a := store.Node{Boot: "a@1", Name: "a", Address: "127.0.0.1:1", URL: "http://a", Program: "v1", Schema: 2, Envelope: 1}
	b := store.Node{Boot: "b@1", Name: "b", Address: "127.0.0.1:2"}
	require.NoError(t, one.Join(t.Context(), a, true))
	require.NoError(t, two.Join(t.Context(), b, true))

	seen := renew(t, one, a)
	require.Len(t, seen, 2)
	require.EqualValues(t, 1, seen[0].Beat, "as it was just before")
	seen[0].Beat = 0
	require.Equal(t, a, seen[0])
	b.Draining = true
	renew(t, two, b)
	seen = renew(t, one, a)
	require.EqualValues(t, 2, seen[0].Beat)
	require.EqualValues(t, 2, seen[1].Beat)
	require.True(t, seen[1].Draining)

	require.NoError(t, one.MarkDead(t.Context(), b.Boot, 1))
	require.Len(t, renew(t, one, a), 2, "the beat has moved since: not marked")
	require.NoError(t, one.MarkDead(t.Context(), b.Boot, 2))
	members, marked, err := two.Renew(t.Context(), b)
	require.NoError(t, err)
	require.True(t, marked)
	require.Len(t, members, 1)
	require.NoError(t, two.Join(t.Context(), b, false), "the same run may ask again after a lost answer")
	_, marked, err = two.Renew(t.Context(), b)
	require.NoError(t, err)
	require.True(t, marked, "a run that was marked never comes back")
}

func TestARestartedNodeReplacesItsOlderRun(t *testing.T) {
	s := open(t, pgtest.URL(t), store.Options{})
	old, fresh, other := store.Node{Boot: "a@1", Name: "a"}, store.Node{Boot: "a@2", Name: "a"}, store.Node{Boot: "b@1", Name: "b"}
	for _, n := range []store.Node{old, other, fresh} {
		require.NoError(t, s.Join(t.Context(), n, true))
	}
	seen := renew(t, s, fresh)
	require.Len(t, seen, 2)
	require.Equal(t, []string{"a@2", "b@1"}, []string{seen[0].Boot, seen[1].Boot})
	require.NoError(t, s.Leave(t.Context(), other.Boot))
	require.Len(t, renew(t, s, fresh), 1)
}

func TestALeaseIsNotRenewedWithoutItsRow(t *testing.T) {
	s := open(t, pgtest.URL(t), store.Options{})
	members, marked, err := s.Renew(t.Context(), store.Node{Boot: "a@1"})
	require.NoError(t, err)
	require.Empty(t, members)
	require.True(t, marked)
}

func renew(t *testing.T, s *postgres.Store, n store.Node) []store.Node {
	t.Helper()
	members, marked, err := s.Renew(t.Context(), n)
	require.NoError(t, err)
	require.False(t, marked)
	return members
}
