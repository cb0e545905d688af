package faults

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// What rows ask besides the history must be able to say no as well.

// A node that gives no login for long after the store is back, and one that ends with it.
func TestANodeThatAnOutageBreaksIsFound(t *testing.T) {
	r := attack(t, "-", "an outage breaks the node")
	s := newSiteWith(t, pgtest.Options{})
	plant := func(fault string) *node {
		n := s.prepare(binaries.faulty)
		n.env = append(n.env, "HOTSEAT_TEST_FAULT="+fault)
		n.start()
		n.awaitReady()
		return n
	}
	slow, mortal := plant("slow-heal=1"), plant("end-at-outage=1")
	c := r.people(24, 80*time.Millisecond, slow, mortal) // so many that some sit at each
	r.busy(20)
	s.database.Kill(t)
	<-mortal.gone
	c.starve(t)
	s.database.Start(t)
	require.True(t, r.healsLate(heal, slow), "nobody noticed that logins came back late, after %s", r.healed)
	require.Positive(t, c.broken.Load(), "nobody noticed that sockets broke")
	require.Positive(t, c.closedWith(mortal.url, 0), "nobody noticed whose")
	c.leave()
	remember(fmt.Sprintf("planted: %-43s found: logins after %s", "a node that heals slowly", r.healed.Round(time.Millisecond)))
	remember(fmt.Sprintf("planted: %-43s found: %d sockets broke", "a node that ends when the store is away", c.closedWith(mortal.url, 0)))
}

// Two tails that wait for the oldest transaction of the server: one goes on without what is behind it, so
// that its node calls ended tokens fresh, and one stands still, so that its lag grows.
func TestATailThatWaitsForTheOldestTransactionIsFound(t *testing.T) {
	r := attack(t, "-", "tails wait for the oldest transaction")
	s := newSiteWith(t, pgtest.Options{})
	for _, how := range []string{"goes-on", "waits"} {
		n := r.member(s, binaries.faulty)
		n.env = append(n.env, "HOTSEAT_TEST_FAULT=held-tail="+how)
		n.start()
	}
	r.whole(s.nodes...)
	r.people(20, 50*time.Millisecond, s.nodes...)
	lags := r.holdBack(s, 6*time.Second)
	r.crowd.leave()
	report := r.check()
	blind := slices.IndexFunc(report.Violations, func(v verify.Violation) bool {
		last := v.History[len(v.History)-1].Operation
		return v.Promise == verify.S2 && last.Level == history.Local && last.Node == s.nodes[0].url
	})
	require.GreaterOrEqual(t, blind, 0, "nobody noticed that a view was behind what it said:\n%s", written(report))
	require.Less(t, lags[0], longestLag().Seconds(), "this one goes on")
	require.Greater(t, lags[1], longestLag().Seconds(), "nobody noticed that a tail stood still")
	remember(fmt.Sprintf("planted: %-43s found as a breach of S2: %s", "a tail below the oldest transaction", report.Violations[blind].Says))
	remember(fmt.Sprintf("planted: %-43s found: a lag of %.1f s", "a tail that waits for that one to end", lags[1]))
}

// A node whose logins wait for the older tab to answer.
func TestALoginThatWaitsForItsOlderTabIsFound(t *testing.T) {
	r := attack(t, "-", "a login waits for its older tab")
	n := newSite(t).prepare(binaries.faulty)
	n.env = append(n.env, "HOTSEAT_TEST_FAULT=await-acks=1")
	n.start()
	n.awaitReady()
	g := r.seatGuests(10, tabsFrom(awayIP), n)
	n.host.cutFrom(awayIP)
	g.tabClient = nil
	longest, usual := r.logInBeside(g, "till-2", n)
	require.Greater(t, longest-usual, waits, "nobody noticed")
	g.leave()
	remember(fmt.Sprintf("planted: %-43s found: %s instead of %s", "a login that waits for its older tab", longest.Round(time.Millisecond), usual.Round(time.Millisecond)))
}

// Nodes that are killed where row 30 stops them in order.
func TestARestartThatDoesNotDrainIsFound(t *testing.T) {
	r := attack(t, "-", "a restart that does not drain")
	s := newSite(t)
	nodes := []*node{r.member(s, binaries.current, "--trusted-proxies", clientIP), r.member(s, binaries.current, "--trusted-proxies", clientIP)}
	for _, n := range nodes {
		n.start()
	}
	r.whole(nodes...)
	p := newHAProxy(t, nodes...)
	c := newCrowd(t, r.notes, 20, 10*time.Millisecond, &node{name: "HAProxy", url: p.url})
	c.eachHas = 1
	r.crowd = c.begin()
	r.busy(50)
	for kills := 0; len(c.notDone()) == 0; kills++ {
		require.Less(t, kills, 5, "nobody noticed")
		n := nodes[kills%2]
		n.kill()
		p.sees(n, "DOWN")
		n.start()
		r.whole(nodes...)
		p.sees(n, "UP")
	}
	c.leave()
	remember(fmt.Sprintf("planted: %-43s found: %d logins refused", "nodes that are killed instead of drained", len(c.notDone())))
}
