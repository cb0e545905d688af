package faults

import (
	"testing"
	"time"
)

// Row 0. Nothing is broken, and nothing else runs on the machine: of a thousand older terminals 999 are told
// within L1's 50 ms, from asking for the login on.
func TestAHealthyClusterTellsInTime(t *testing.T) {
	r := begin(t, "0", "none, on a machine with time to spare", allAndL1...)
	r.idle = true
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("this row wants the machine for itself: whatever else runs on it is in its latencies")
		}
	})
	nodes := r.cluster(newSite(t), 3)
	r.people(20, 400*time.Millisecond, nodes...)
	for range 10 {
		r.busy(200)
	}
	r.judge()
}
