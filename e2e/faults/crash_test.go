package faults

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/verify"
	"github.com/hotseat-hub/hotseat/session"
)

// Row 1. The only node is killed while its employees work, and comes back.
func TestTheOnlyNodeIsKilledUnderLoadAndComesBack(t *testing.T) {
	r := attack(t, "1", "kill -9 of the only node, restart", allAndL1...)
	s := newSite(t)
	n := r.start(s, binaries.current)
	r.people(30, 30*time.Millisecond, n)
	for range 3 {
		r.busy(200)
		r.begin()
		n.kill()
		n.start()
		n.awaitReady()
		r.over()
		r.heals(5*time.Second, n)
	}
	r.recovered(100)
	r.judge()
}

// Row 16. A node dies between the commit and the notice: the login that nobody heard of counts, and
// the older tab is told when it comes back.
func TestANodeDiesBetweenCommitAndNotice(t *testing.T) {
	r := attack(t, "16", "crash between commit and notice", verify.S1, verify.S3, verify.S4, verify.S5)
	s := newSite(t)
	n := s.prepare(binaries.faulty)
	r.listen(n)
	n.env = append(n.env, "HOTSEAT_TEST_FAULT=crash-before-notice=till-crash")
	n.start()
	n.awaitReady()
	c := r.people(20, 30*time.Millisecond, n)
	for i := range 3 {
		r.busy(50)
		p := &person{id: session.Key(fmt.Sprintf("victim-%d", i))}
		c.people = append(c.people, p)
		first, second := &attempt{terminal: "till-1", key: "first"}, &attempt{terminal: "till-crash", key: "second"}
		c.logsIn(p, first, n)
		r.seated(p, 1)
		r.begin()
		require.False(t, c.try(p, second, n.url), "the node lives")
		<-n.gone
		n.start()
		n.awaitReady()
		r.over()
		c.logsIn(p, second, n)
		require.EqualValues(t, 2, p.held[1].Session.Epoch, "committed before the crash, and once")
	}
	r.judge()
}
