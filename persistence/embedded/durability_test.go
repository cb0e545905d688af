package embedded

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/store"
)

// A killed process loses nothing even without these; a machine that loses power does.
func TestEveryCommitIsSynchronised(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), store.Options{})
	require.NoError(t, err)
	defer s.Close()
	var journal string
	var synchronous int
	require.NoError(t, s.write.QueryRow("PRAGMA journal_mode").Scan(&journal))
	require.NoError(t, s.write.QueryRow("PRAGMA synchronous").Scan(&synchronous))
	const full = 2
	require.Equal(t, "wal", journal)
	require.Equal(t, full, synchronous)
}
