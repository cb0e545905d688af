package faults

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/verify"
)

// What judges the rows must be able to condemn: each program here is broken in one way, and the
// history of its clients shows it.
func TestABrokenProgramIsFound(t *testing.T) {
	plants := map[string]struct {
		fault  string
		breaks []verify.Promise // any of them
		nodes  int              // that do not know each other: each takes itself for every employee's owner
	}{
		"the store does not compare versions":      {"no-versions=1", []verify.Promise{verify.S4}, 2},
		"strict answers come from a cache":         {"old-rows=1", []verify.Promise{verify.S2}, 1},
		"some commits are answered and not done":   {"lost-commits=1", []verify.Promise{verify.S3}, 1},
		"some changes come without their events":   {"lost-events=1", []verify.Promise{verify.S5}, 1},
		"the tail shows nothing to the other node": {"blind-tail=1", []verify.Promise{verify.S2, verify.S4}, 2},
	}
	for name, p := range plants {
		t.Run(name, func(t *testing.T) {
			r := attack(t, "-", name)
			s := newSite(t)
			var nodes []*node
			for range p.nodes {
				n := s.prepare(binaries.faulty)
				r.listen(n)
				n.env = append(n.env, "HOTSEAT_TEST_FAULT="+p.fault)
				n.start()
				n.awaitReady()
				nodes = append(nodes, n)
			}
			c := newCrowd(t, r.notes, 8, 0, nodes...)
			r.crowd = c
			var everybody sync.WaitGroup
			for _, who := range c.people {
				everybody.Go(func() {
					for i := range 12 {
						pair(c, who, i)
					}
				})
			}
			everybody.Wait()
			c.settle()
			time.Sleep(2 * time.Second) // what was not told until now is late
			c.leave()
			report := r.check()
			found := slices.IndexFunc(report.Violations, func(v verify.Violation) bool { return slices.Contains(p.breaks, v.Promise) })
			require.GreaterOrEqual(t, found, 0, "nobody noticed:\n%s", written(report))
			v := report.Violations[found]
			remember(fmt.Sprintf("planted: %-43s found as a breach of %s: %s", name, v.Promise, v.Says))
		})
	}
}
