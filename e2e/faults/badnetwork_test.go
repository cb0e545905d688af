package faults

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Rows 7 and 9. One node's cable loses three packets in ten, or carries a megabit a second, to its
// clients, the other nodes and the database alike.
func TestANodesCableIsBad(t *testing.T) {
	cables := map[string]struct {
		number string
		spoil  func(*host)
		spoilt func(*host) int // how many packets felt it
	}{
		"loses 30 %":       {"7", func(h *host) { h.lose("0.3") }, (*host).dropped},
		"carries 1 Mbit/s": {"9", func(h *host) { h.narrow("1mbit") }, (*host).slowed},
	}
	if !*long {
		delete(cables, "carries 1 Mbit/s")
	}
	for name, c := range cables {
		t.Run(name, func(t *testing.T) {
			r := attack(t, c.number, "one node's cable "+name, allAndL1...)
			s := newSite(t)
			nodes := r.cluster(s, 3)
			r.people(30, 80*time.Millisecond, nodes...)
			r.busy(50)
			r.begin()
			c.spoil(nodes[0].host)
			time.Sleep(pick(8*time.Second, time.Minute))
			require.Greater(t, c.spoilt(nodes[0].host), 100, "packets that felt it")
			nodes[0].host.heal()
			r.heals(heal, nodes...)
			r.whole(nodes...)
			r.over()
			require.True(t, nodes[0].running())
			r.recovered(100)
			r.judge()
		})
	}
}

// Row 8. Everything between the nodes, and between them and the database, takes 100 to 200 ms each way.
func TestTheLinesBetweenNodesAndDatabaseAreLong(t *testing.T) {
	r := attack(t, "8", "200 ms and jitter to the database and other nodes", allAndL1...)
	s := newSite(t)
	var delay atomic.Int64
	database := newSlowLine(t, shared.server.Addr(), &delay)
	s.store = strings.Replace(s.store, shared.server.Addr(), database.addr(), 1)
	s.between = func(address string) string { return newSlowLine(t, address, &delay).addr() }
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(50)
	r.begin()
	delay.Store(int64(200 * time.Millisecond))
	slow := r.crowd.answer.Load()
	time.Sleep(pick(8*time.Second, time.Minute))
	require.Greater(t, r.crowd.answer.Load(), slow+20, "slow lines make logins slow, and refuse none")
	delay.Store(0)
	r.heals(heal, nodes...)
	r.whole(nodes...)
	r.over()
	for _, n := range nodes {
		require.NotContains(t, n.said(everything), "marked dead", "a slow line is no dead node")
	}
	r.recovered(100)
	r.judge()
}
