package faults

import (
	"testing"
	"time"

	"github.com/hotseat-hub/hotseat/bench/verify"
)

// Row 1. The only node is killed while its employees work, and comes back.
func TestTheOnlyNodeIsKilledUnderLoadAndComesBack(t *testing.T) {
	r := attack(t, "1", "kill -9 of the only node, restart", verify.S1, verify.S2, verify.S3, verify.S4)
	s := newSite(t)
	n := s.add(binaries.current)
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
	r.judge()
}
