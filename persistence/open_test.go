package persistence_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/store"
)

func TestAnUnknownKindOfStoreIsRefusedWithoutRepeatingItsSecrets(t *testing.T) {
	for _, url := range []string{"mysql://me:canary-secret@host/db", "canary", "embedded:", ""} {
		s, err := persistence.Open(t.Context(), url, persistence.Options{})
		require.ErrorContains(t, err, "embedded:", url)
		require.NotContains(t, err.Error(), "canary-secret")
		require.Nil(t, s)
	}
}

func TestTheEmbeddedStoreIsOpenedByItsFolder(t *testing.T) {
	s, err := persistence.Open(t.Context(), "embedded:"+t.TempDir(), persistence.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

func TestThePrefixEndsWhereTheNextOneBegins(t *testing.T) {
	for prefix, end := range map[string]string{"": "", "till-": "till.", "a\x7f": "b", "\x7f": ""} {
		require.Equal(t, end, store.PrefixEnd(prefix), prefix)
	}
}
