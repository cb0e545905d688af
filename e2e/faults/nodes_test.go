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
	r := attack(t, "2", "kill -9 of one of three nodes", all...)
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
	r.busy(100)
	r.judge()
}

// Row 3. A node is stopped past its lease and goes on as if nothing had happened: it may serve nothing
// of what it knew.
func TestANodeIsPausedPastItsLease(t *testing.T) {
	r := attack(t, "3", "SIGSTOP past the lease, SIGCONT", all...)
	s := newSite(t)
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(100)
	r.begin()
	nodes[0].signal(syscall.SIGSTOP)
	time.Sleep(pick(2*leaseTTL, 30*time.Second))
	nodes[0].signal(syscall.SIGCONT)
	r.heals(heal, nodes...)
	r.whole(nodes...)
	r.over()
	require.True(t, nodes[0].running())
	r.leftOnce(nodes[0])
	r.busy(100)
	r.judge()
}

// leftOnce: a node that was marked dead has closed its sockets with 4001 and come back as another.
func (r *row) leftOnce(n *node) {
	r.t.Helper()
	require.Positive(r.t, strings.Count(n.said(everything), "marked dead"), "%s said:\n%s", n.name, n.said(3000))
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
			r := attack(t, c.number, "node cut off, "+name, all...)
			s := newSite(t)
			nodes := r.cluster(s, 3)
			r.people(30, 80*time.Millisecond, nodes...)
			r.busy(100)
			r.begin()
			c.cut(nodes[0], s)
			time.Sleep(pick(3*leaseTTL, time.Minute))
			r.heals(heal, nodes[1:]...)
			nodes[0].host.heal()
			r.heals(heal, nodes...)
			r.whole(nodes...)
			r.over()
			r.busy(100)
			r.judge()
		})
	}
}

// Row 6. A node is cut off from the database alone: the other nodes still hear it.
func TestANodeIsCutOffFromTheDatabaseOnly(t *testing.T) {
	r := attack(t, "6", "node cut off from PostgreSQL only", all...)
	s := newSite(t)
	nodes := r.cluster(s, 3)
	r.people(30, 80*time.Millisecond, nodes...)
	r.busy(100)
	r.begin()
	nodes[0].host.cutFrom(databaseIP)
	time.Sleep(pick(3*leaseTTL, time.Minute))
	nodes[0].host.heal()
	r.heals(heal, nodes...)
	r.whole(nodes...)
	r.over()
	r.busy(100)
	r.judge()
}
