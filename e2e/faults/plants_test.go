package faults

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
)

// What judges the rows must be able to condemn: each program here is broken in one way, and the
// history of its clients shows it.
func TestABrokenProgramIsFound(t *testing.T) {
	plants := map[string]struct {
		fault  string
		breaks []verify.Promise // any of them
		nodes  int              // that do not know each other: each takes itself for every employee's owner
		// unheard: no socket and no event tells of an ending before the answer to the login does. A breach is
		// of S2 or S4 by who was the first to tell.
		unheard bool
	}{
		"the store does not compare versions":      {fault: "no-versions=1", breaks: []verify.Promise{verify.S4}, nodes: 2},
		"strict answers come from a cache":         {fault: "old-rows=1", breaks: []verify.Promise{verify.S2}, nodes: 1, unheard: true},
		"some commits are answered and not done":   {fault: "lost-commits=1", breaks: []verify.Promise{verify.S3}, nodes: 1},
		"some changes come without their events":   {fault: "lost-events=1", breaks: []verify.Promise{verify.S5}, nodes: 1},
		"the tail shows nothing to the other node": {fault: "blind-tail=1", breaks: []verify.Promise{verify.S2, verify.S4}, nodes: 2},
		"notices are sent late":                    {fault: "late-notices=150ms", breaks: []verify.Promise{verify.L1}, nodes: 1},
		"notices come by the tail alone":           {fault: "late-notices=never", breaks: []verify.Promise{verify.L1}, nodes: 1},
		"nothing tells a socket":                   {fault: "late-notices=never,blind-tail=1", breaks: []verify.Promise{verify.S4}, nodes: 1},
	}
	for name, p := range plants {
		t.Run(name, func(t *testing.T) {
			r := attack(t, "-", name, p.breaks...)
			s := newSite(t)
			var nodes []*node
			for range p.nodes {
				n := s.prepare(binaries.faulty)
				if !p.unheard {
					r.listen(n)
				}
				n.env = append(n.env, "HOTSEAT_TEST_FAULT="+p.fault)
				n.start()
				n.awaitReady()
				nodes = append(nodes, n)
			}
			c := newCrowd(t, r.notes, 8, 0, nodes...)
			r.crowd, c.noTabs = c, p.unheard
			var everybody sync.WaitGroup
			for _, who := range c.people {
				everybody.Go(func() {
					for i := range 12 {
						pair(c, who, i)
						if p.unheard {
							c.askStrictly(who, nodes[0].url)
						}
					}
				})
			}
			everybody.Wait()
			c.askViews()
			c.settle()
			c.awaitTold()
			c.leave()
			report := r.check()
			found := slices.IndexFunc(report.Violations, func(v verify.Violation) bool { return slices.Contains(p.breaks, v.Promise) })
			require.GreaterOrEqual(t, found, 0, "nobody noticed:\n%s", written(report))
			v := report.Violations[found]
			remember(fmt.Sprintf("planted: %-43s found as a breach of %s: %s", name, v.Promise, v.Says))
		})
	}
}

// askStrictly asks for all that the person holds, what the last pair of logins has ended above all.
func (c *crowd) askStrictly(p *person, url string) {
	for _, g := range slices.Clone(p.held) {
		c.check(p, g, url, history.Strict)
	}
}

// askViews uses every held token at every node once more, so long after the last login that no view's age
// excuses it any longer: on a fast machine all logins are over within one poll of a tail.
func (c *crowd) askViews() {
	time.Sleep(500 * time.Millisecond)
	for _, p := range c.people {
		for _, url := range c.at {
			for _, g := range p.held {
				c.check(p, g, url, history.Local)
			}
		}
	}
}
