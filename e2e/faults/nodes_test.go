package faults

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// heal is L2: lease TTL + 2 s.
const heal = leaseTTL + 2*time.Second

// Row 2. One of three nodes is killed; the others take its employees over, and it comes back.
func TestOneOfThreeNodesIsKilled(t *testing.T) {
	r := attack(t, "2", "kill -9 of one of three nodes", allAndL1...)
	s := newSite(t)
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(100)
	r.begin()
	nodes[0].kill()
	r.heals(heal, nodes[1:]...)
	nodes[0].start()
	r.whole(nodes...)
	r.over()
	r.recovered(100)
	r.judge()
}

// Row 3. A node is stopped past its lease and goes on as if nothing had happened: it may serve nothing
// of what it knew.
func TestANodeIsPausedPastItsLease(t *testing.T) {
	r := attack(t, "3", "SIGSTOP past the lease, SIGCONT", allAndL1...)
	s := newSite(t)
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(100)
	was := r.sitAt(nodes[0])
	r.begin()
	nodes[0].signal(syscall.SIGSTOP)
	time.Sleep(pick(2*leaseTTL, 30*time.Second))
	r.marked(nodes[1:]...)
	nodes[0].signal(syscall.SIGCONT)
	r.heals(heal, nodes...)
	r.whole(nodes...)
	r.over()
	r.cameBackAnew(nodes[0], was)
	r.recovered(100)
	r.judge()
}

// marked waits until the nodes have marked one more as dead: the fault has taken effect.
func (r *row) marked(others ...*node) {
	r.t.Helper()
	for _, n := range others {
		require.Eventually(r.t, func() bool { return n.members() == len(others) }, patience, 20*time.Millisecond, "%s still sees %d members", n.name, n.members())
	}
}

// sitters are employees who sit at the node that is going to be marked dead.
const sitters = 5

// sitAt seats them, and returns the run that the node is in.
func (r *row) sitAt(n *node) (boot string) {
	r.t.Helper()
	r.guestBeat = pick(guestBeat, 15*time.Second) // they wait for a node that is paused
	r.seatGuests(sitters, nil, n)
	return n.boot()
}

// cameBackAnew: a node that was marked dead has closed its sockets with 4001, its process has come back
// under another boot id, and so have they.
func (r *row) cameBackAnew(n *node, was string) {
	r.t.Helper()
	require.True(r.t, n.running())
	require.Positive(r.t, strings.Count(n.said(everything), "marked dead"), "%s said:\n%s", n.name, n.said(3000))
	require.Equal(r.t, sitters, r.guests.closedWith(n.url, goingAway), "sockets that were closed with %d", goingAway)
	require.NotEqual(r.t, was, n.boot())
	for _, p := range r.guests.people {
		r.seated(p, 1)
	}
	require.Zero(r.t, r.guests.told(r.guests.people), "sessions of theirs that have ended")
}

// goingAway is the close code that sends a socket elsewhere.
const goingAway = 4001

// boot is the run that the node is in, as it says itself.
func (n *node) boot() string {
	n.t.Helper()
	for _, member := range n.shown() {
		if member.Node == n.name {
			return member.Boot
		}
	}
	require.FailNow(n.t, "no such member", "%s does not see itself", n.name)
	return ""
}

// Rows 4 and 5. A node is cut off from the database and the other nodes, both ways or one, while
// clients still reach it.
func TestANodeIsCutOff(t *testing.T) {
	cuts := map[string]struct {
		number string
		cut    func(*node, *site)
	}{
		"both ways": {"4", func(n *node, s *site) { n.host.cutFrom(n.others(s)...) }},
		"it hears nobody": {"5", func(n *node, s *site) {
			for _, a := range n.others(s) {
				n.host.drop("INPUT", a)
			}
		}},
		"nobody hears it": {"5", func(n *node, s *site) {
			for _, a := range n.others(s) {
				n.host.drop("OUTPUT", a)
			}
		}},
	}
	if !*long {
		delete(cuts, "nobody hears it") // as far as the others can tell it is cut off both ways
	}
	for name, c := range cuts {
		t.Run(name, func(t *testing.T) {
			r := attack(t, c.number, "node cut off, "+name, allAndL1...)
			s := newSite(t)
			nodes := r.cluster(s, 3)
			r.people(30, 80*time.Millisecond, nodes...)
			r.busy(100)
			was := r.sitAt(nodes[0])
			r.begin()
			c.cut(nodes[0], s)
			time.Sleep(pick(3*leaseTTL, time.Minute))
			r.marked(nodes[1:]...)
			r.heals(heal, nodes[1:]...)
			nodes[0].host.heal()
			r.heals(heal, nodes...)
			r.whole(nodes...)
			r.over()
			r.cameBackAnew(nodes[0], was)
			r.recovered(100)
			r.judge()
		})
	}
}

// Row 6. A node is cut off from the database alone: the other nodes still hear it.
func TestANodeIsCutOffFromTheDatabaseOnly(t *testing.T) {
	r := attack(t, "6", "node cut off from PostgreSQL only", allAndL1...)
	s := newSite(t)
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(100)
	was := r.sitAt(nodes[0])
	r.begin()
	nodes[0].host.cutFrom(databaseIP)
	time.Sleep(pick(3*leaseTTL, time.Minute))
	r.marked(nodes[1:]...)
	nodes[0].host.heal()
	r.heals(heal, nodes...)
	r.whole(nodes...)
	r.over()
	r.cameBackAnew(nodes[0], was)
	r.recovered(100)
	r.judge()
}
