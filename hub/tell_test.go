package hub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failing is an engine that survives a conversation's panic, as shards do.
type failing struct{ engine }

func (failing) post(_ uint64, t turn) (there bool) {
	defer func() { there = recover() != nil }()
	t(new(conversation), 0, new(output))
	return false
}

// Whoever brings the endings of other nodes tells all sockets of a session, and waits for them.
func TestASocketWhoseTurnPanicsKeepsNobodyWaiting(t *testing.T) {
	h := &Hub{engine: failing{}}
	counted := make(chan int, 1)
	go func() {
		counted <- h.count([]uint64{1, 2}, func(*conversation, time.Duration, *output) bool { panic("broken") })
	}()
	select {
	case n := <-counted:
		require.Zero(t, n)
	case <-time.After(5 * time.Second):
		t.Fatal("still waiting")
	}
}
