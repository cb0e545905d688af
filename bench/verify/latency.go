package verify

import (
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// L1: 99.9 of 100 notices within toldWithin.
const (
	toldWithin = 50 * time.Millisecond
	resolution = 100 * time.Microsecond
	buckets    = 100_000 // up to 10 s; whatever is longer counts as that
)

// latencies counts notices by how long after their login was asked for they arrived. That is earlier
// than the commit, so no latency is flattered.
type latencies struct {
	counts [buckets]int64
	all    int64
	worst  worst
}

type worst struct {
	took     time.Duration
	employee session.Key
	shown    []*operation
}

// measure takes the notices of logins in this history that no fault overlapped.
func (c *checker) measure(b *book) {
	if !c.o.Latency {
		return
	}
	byEpoch := map[session.Epoch]*operation{}
	for _, l := range b.logins {
		if l.first != nil && len(l.tries) == 1 {
			byEpoch[l.first.Epoch] = l.first
		}
	}
	established := map[uint64]*operation{}
	for i := range b.ops {
		o := &b.ops[i]
		switch o.Kind {
		case history.Established:
			established[o.Conn] = o
		case history.Notice:
			login, at := byEpoch[o.By], established[o.Conn]
			if login == nil || at == nil || at.Start > login.Start {
				continue // somebody else's login, or the socket came later
			}
			if took := o.Start.Sub(login.Start); c.faults.healthy(login.Start, o.Start) == took {
				c.latency.add(took, at, login, o)
			}
		}
	}
}

func (l *latencies) add(took time.Duration, shown ...*operation) {
	l.counts[min(max(took/resolution, 0), buckets-1)]++
	l.all++
	if took > l.worst.took {
		l.worst = worst{took, shown[0].Employee, shown}
	}
}

// quantile is the least latency that q of all do not exceed, rounded up to the resolution.
func (l *latencies) quantile(q float64) time.Duration {
	need := int64(q * float64(l.all))
	for i, n := range &l.counts {
		if need -= n; need < 0 {
			return time.Duration(i+1) * resolution
		}
	}
	return buckets * resolution
}

// finish judges L1 and orders the violations.
func (c *checker) finish() {
	c.report.LatencyAsked = c.o.Latency
	if c.o.Latency && c.latency.all > 0 {
		c.report.count(L1, "notices", c.latency.all)
		c.report.Told = &Told{P50: c.latency.quantile(0.5), P99: c.latency.quantile(0.99), P999: c.latency.quantile(0.999), Worst: c.latency.worst.took}
		if w := c.latency.worst; c.report.Told.P999 > toldWithin {
			c.violated(L1, w.employee, fmt.Sprintf("99.9 %% of the notices took up to %s, at most %s is promised; this one took longest", c.report.Told.P999, toldWithin), w.shown...)
		}
	}
	c.report.finish()
}
