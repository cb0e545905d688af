package faults

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
)

// All nodes are dead when the sessions' deadlines pass, so nobody has them in memory afterwards: it
// takes the sweeper, which three nodes want to be at once, to end them, and each but once.
func TestDeadlinesPassWhileEveryNodeIsDead(t *testing.T) {
	const lifetime = 10 * time.Second
	r := attack(t, "1", "deadlines pass while 3 of 3 nodes are dead", verify.S1, verify.S2, verify.S3, verify.S4, verify.S5)
	s := newSite(t)
	for range 3 {
		n := r.member(s, binaries.current, "--session-lifetime", lifetime.String(), "--access-token-lifetime", "2s")
		n.start()
	}
	r.whole(s.nodes...)
	r.crowd = newCrowd(t, r.notes, 60, 0, s.nodes...)
	r.crowd.noTabs = true
	r.crowd.logInAll("till-1")
	var all sync.WaitGroup
	for _, p := range r.crowd.people {
		all.Go(func() { r.crowd.check(p, p.held[0], r.crowd.node(), history.Strict) })
	}
	all.Wait()
	last := time.Now()
	r.begin()
	for _, n := range s.nodes {
		n.kill()
	}
	require.Zero(t, r.expiries(), "a deadline passed before the nodes were dead")
	time.Sleep(time.Until(last.Add(lifetime)))
	if !*long {
		// The one who swept was killed: its term has two minutes to go.
		_, err := connect(t, s.store).Exec(t.Context(), "UPDATE leaders SET until = '-infinity' WHERE name = 'sweep'")
		require.NoError(t, err)
	}
	for _, n := range s.nodes {
		n.start()
	}
	r.whole(s.nodes...)
	r.over()
	gone := len(r.crowd.people)
	require.Eventually(t, func() bool { return r.expiries() >= gone }, pick(patience, 5*time.Minute), 10*time.Millisecond,
		"%d of %d sessions have ended by themselves", r.expiries(), gone)
	report := r.judge()
	require.Equal(t, gone, r.expiries(), "each ends once")
	require.EqualValues(t, gone, report.Checked[verify.S5]["logins found in events"])
}

// expiries is how many expired events came, repeats with the same id dropped.
func (r *row) expiries() (n int) {
	r.expired.Range(func(any, any) bool { n++; return true })
	return n
}
