package verify

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// L1, in a healthy cluster: 99.9 of 100 notices within toldWithin.
const (
	toldWithin = 50 * time.Millisecond
	resolution = 100 * time.Microsecond
	buckets    = 100_000 // up to 10 s; whatever is longer counts as that
)

// Settled is how long after a fault a cluster counts as healthy again: until every owner has heard of its
// employees' sockets anew, they are told within L1's other bound, a second.
const Settled = time.Second

// told are the notices of a healthy cluster, by their latencies.
type told struct {
	// asked counts from when the login was asked for. That is earlier than the commit, so no latency is
	// flattered.
	asked latencies
	// behind counts from the login's own answer on; none, when the notice came first.
	behind latencies
	// ahead are the notices that came longer before the answers than they may come behind them.
	ahead int64
}

type latencies struct {
	counts  [buckets]int64
	all     int64
	longest []late // of the employees who were looked at, longest first, at most shownLate
}

// late is one notice, and what it is measured by.
type late struct {
	took  time.Duration
	shown []*operation
}

// shownLate is how many late notices it takes to show that there is more than one.
const shownLate = 2

// measure takes the notices of logins in this history that were long enough away from any fault.
func (c *checker) measure(b *book) {
	if !c.o.Latency && c.o.Behind == 0 {
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
			if c.faults.touch(login.Start.Add(-Settled), o.Start) {
				continue
			}
			c.report.count(L1, "notices", 1)
			if c.faults.before(login.Start) {
				c.report.count(L1, AfterFaults, 1)
			}
			c.told.asked.add(o.Start.Sub(login.Start), at, login, o)
			behind := o.Start.Sub(login.End)
			c.told.behind.add(max(behind, 0), at, login, o)
			if -behind > c.o.Behind {
				c.told.ahead++
			}
		}
	}
}

// AfterFaults are the notices of logins after a fault that has ended, as L1 counts what it looks at.
const AfterFaults = "notices after faults"

func (l *latencies) add(took time.Duration, shown ...*operation) {
	l.counts[min(max(took/resolution, 0), buckets-1)]++
	l.all++
	l.longest = append(l.longest, late{took, shown})
	slices.SortStableFunc(l.longest, func(a, b late) int { return cmp.Compare(b.took, a.took) })
	l.longest = l.longest[:min(len(l.longest), shownLate)]
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

// beyond is how many took longer, by whole steps of the resolution.
func (l *latencies) beyond(bound time.Duration) (n int64) {
	for _, count := range l.counts[min(bound/resolution, buckets-1):] {
		n += count
	}
	return n
}

func (l *latencies) quantiles() *Told {
	return &Told{P50: l.quantile(0.5), P90: l.quantile(0.9), P99: l.quantile(0.99), P999: l.quantile(0.999), Worst: l.longest[0].took}
}

// finish judges L1 and orders the violations.
func (c *checker) finish() {
	c.report.LatencyAsked = c.o.Latency || c.o.Behind > 0
	if c.told.asked.all > 0 {
		c.report.Told, c.report.Behind = c.told.asked.quantiles(), c.told.behind.quantiles()
		if c.o.Latency {
			c.judgeAsked(&c.told.asked)
		}
		if c.o.Behind > 0 {
			c.judgeBehind(&c.told.behind, c.told.ahead)
		}
	}
	c.report.finish()
}

func (c *checker) judgeAsked(l *latencies) {
	if p := l.quantile(0.999); p > toldWithin {
		w := l.longest[0]
		c.violated(L1, w.shown[0].Employee, fmt.Sprintf("99.9 %% of the notices took up to %s, at most %s is promised; this one took longest", p, toldWithin), w.shown...)
	}
}

// judgeBehind allows one in ten, and one where there are fewer: a busy machine may let any process stand still.
// It lets answers stand as often as notices, for both are sent at once: as many more may be late as are early.
// Notices that are all sent late are found all the same, and so are those that come by the tail alone.
func (c *checker) judgeBehind(l *latencies, ahead int64) {
	n := l.beyond(c.o.Behind)
	if n <= max(l.all/10, 1)+ahead {
		return
	}
	var shown []*operation
	for _, one := range l.longest {
		shown = append(shown, one.shown...)
	}
	c.violated(L1, shown[0].Employee, fmt.Sprintf("%d of %d notices came more than %s behind their logins' own answers, and %d as long before them; at most one in ten more may; these came last", n, l.all, c.o.Behind, ahead), shown...)
}
