package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// A proxy sends the polls of one receiver to any node, and one of them dies: every ending is told, and what
// was acknowledged at one node is not told again by another.
func TestAStreamIsPolledAtAnyNode(t *testing.T) {
	store, config := pgtest.URL(t), newReceivers(t).config(t)
	nodes := []*server{startNode(t, store, "a", "--config", config), startNode(t, store, "b", "--config", config)}
	awaitMembers(t, nodes, 2)
	var told, wanted []any
	var acks []string
	poll := func(s *server) {
		for id, set := range s.pollStream(acks...) {
			told, acks = append(told, nodes[0].revokedSession(set, "soc")), append(acks, id)
		}
	}
	older := nodes[0].mustLogin("ada", "till-0")
	for n := range 6 {
		newer := nodes[n%2].mustLogin("ada", fmt.Sprintf("till-%d", n+1))
		wanted, older = append(wanted, older.Session.SessionID), newer
		require.Eventually(t, func() bool { poll(nodes[n%2]); return len(told) >= len(wanted) }, patience, 10*time.Millisecond)
		require.Empty(t, nodes[(n+1)%2].pollStream(acks...), "acknowledged where they were not shown")
		acks = nil
	}
	require.Equal(t, wanted, told)

	nodes[1].mustLogin("ada", "till-7")
	wanted = append(wanted, older.Session.SessionID)
	require.Eventually(t, func() bool { return len(nodes[1].pollStream()) == 1 }, patience, 10*time.Millisecond, "shown, and not acknowledged")
	nodes[1].Kill(func() {})
	require.Eventually(t, func() bool { poll(nodes[0]); return len(told) >= len(wanted) }, patience, 10*time.Millisecond)
	require.Equal(t, wanted, told)
}
