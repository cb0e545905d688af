package pgtest_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// A thread that ends takes along the processes that it has forked for anybody and that shall not outlive
// their parent.
func TestStoppingAServerEndsNoThread(t *testing.T) {
	s := pgtest.NewServer(t, pgtest.Options{})
	before := threads(t)
	s.Stop(t)
	require.Subset(t, threads(t), before)
}

func threads(t *testing.T) (ids []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids
}
