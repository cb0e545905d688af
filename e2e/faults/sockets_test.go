package faults

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// Row 10. The database is away under three nodes and a thousand sockets: no process ends, no node
// leaves, no socket closes, and each node gives logins soon after it is back.
func TestTheDatabaseIsAwayUnderThreeNodesAndAThousandSockets(t *testing.T) {
	r := attack(t, "10", "PostgreSQL stopped under 3 nodes, 1000 sockets", allAndL1...)
	s := newSiteWith(t, pgtest.Options{})
	nodes := r.cluster(s, 3)
	c := r.people(20, 80*time.Millisecond, nodes...)
	r.seatGuests(1000, nil, nodes...)
	r.busy(50)
	before := c.broken.Load()
	r.begin()
	s.database.Stop(t)
	time.Sleep(pick(12*time.Second, time.Minute))
	s.database.Start(t)
	r.heals(heal, nodes...)
	r.whole(nodes...)
	r.over()
	require.Equal(t, before, c.broken.Load(), "sockets that it cost")
	r.undisturbed()
	for _, n := range nodes {
		require.True(t, n.running())
		require.NotContains(t, n.said(everything), "marked dead")
	}
	r.recovered(100)
	r.judge()
}

// Row 23. All sockets break at once and all come back in the same moment; whoever lost the seat while
// away is told then.
func TestAllSocketsComeBackAtOnce(t *testing.T) {
	r := attack(t, "23", "all sockets reconnect at once", allAndL1...)
	s := newSite(t)
	nodes := r.cluster(s, 2)
	r.people(10, 80*time.Millisecond, nodes...)
	g := r.seatGuests(pick(300, 1000), nil, nodes...)
	losers := len(g.people) / 5
	for i := range pick(1, 4) {
		back := g.weather.breakAll()
		sitting := g.people[i*losers:] // the others have lost their seat to somebody who is not in the storm
		lost := sitting[:losers]
		for _, p := range sitting {
			require.Eventually(t, func() bool { return p.seated.Load() == 0 }, patience, time.Millisecond)
		}
		for i, p := range lost {
			r.crowd.logsIn(p, &attempt{terminal: "till-new", key: fmt.Sprint("new-", time.Now().UnixNano(), i)}, nodes[i%2])
		}
		told := g.told(lost)
		from := time.Now()
		back()
		for _, p := range g.people {
			r.seated(p, 1)
		}
		require.Eventually(t, func() bool { return g.told(lost) >= told+len(lost) }, patience, time.Millisecond, "tabs told on their next contact")
		r.healed = time.Since(from)
		require.Less(t, r.healed, 10*time.Second, "until everybody sat again, and the others knew")
	}
	r.busy(50)
	r.judge()
}

// told is how often these were told that a session has ended.
func (c *crowd) told(people []*person) (n int) {
	for _, p := range people {
		n += int(p.told.Load())
	}
	return n
}

// Row 25. The network of some clients is gone without a word. Logins of the same employees elsewhere
// do not wait for them, and they are told when they are back.
func TestPeersAreHalfOpen(t *testing.T) {
	r := attack(t, "25", "100 peers half open", allAndL1...)
	s := newSite(t)
	nodes := r.cluster(s, 2)
	r.people(20, 80*time.Millisecond, nodes...)
	g := r.seatGuests(100, tabsFrom(awayIP), nodes...)
	before := r.crowd.broken.Load()
	r.begin()
	for _, n := range nodes {
		n.host.cutFrom(awayIP)
	}
	calm := g.tabClient
	g.tabClient = nil // the newer tabs are somewhere else
	longest, usual := r.logInBeside(g, "till-2", nodes...)
	g.tabClient = calm
	require.Less(t, longest-usual, waits, "a login whose older tab hears nothing, beyond one whose tab is well")
	time.Sleep(pick(2*time.Second, time.Minute))
	require.Zero(t, g.told(g.people), "they heard it through a cut cable")
	for _, n := range nodes {
		n.host.heal()
	}
	require.Eventually(t, func() bool { return g.told(g.people) >= len(g.people) }, patience, 10*time.Millisecond, "told when they are back")
	r.over()
	require.Equal(t, before, r.crowd.broken.Load(), "sockets of others that it cost")
	r.recovered(50)
	r.judge()
}

// Row 26. Peers stop reading. What they were not told costs others nothing, and the node gets rid of
// them.
func TestPeersStopReading(t *testing.T) {
	r := attack(t, "26", "50 peers stop reading", allAndL1...)
	s := newSite(t)
	n := r.start(s, binaries.current)
	r.people(20, 50*time.Millisecond, n)
	g := newCrowd(t, r.notes, 50, 0, n)
	r.guests = g
	g.tabBeat, g.noTabs = guestBeat, true
	var deaf []net.Conn
	for i, p := range g.people {
		p.id += "-deaf"
		g.logsIn(p, &attempt{terminal: fmt.Sprintf("deaf-%d", i), key: "deaf"}, n)
		deaf = append(deaf, r.deafSocket(n, p.held[0]))
	}
	g.noTabs = false
	before := r.crowd.broken.Load()
	// As many messages as it takes until what waits for one of them is more than a socket may owe.
	for tries := 0; call(n.url, "POST", "/v1/admin/terminals/deaf-0/test-termination", adminKey, nil).status == http.StatusOK; tries++ {
		require.Less(t, tries, 50_000, "what a peer does not read is kept without a bound")
	}
	longest, usual := r.logInBeside(g, "till-new", n)
	require.Less(t, longest-usual, waits, "a login whose older tab does not read, beyond one whose tab is well")
	for i, conn := range deaf {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		_, err := readAll(conn)
		require.NotErrorIs(t, err, errTimeout, "%d is still connected", i)
	}
	require.Equal(t, before, r.crowd.broken.Load(), "sockets of others that it cost")
	r.busy(50)
	r.judge()
}
