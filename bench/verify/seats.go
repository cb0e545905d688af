package verify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hotseat-hub/hotseat/bench/history"
)

// checkSeats is S1: at no instant more sessions were certainly active than the policy allows, and no
// list of the store shows more.
func (c *checker) checkSeats(b *book) {
	for i := range b.ops {
		o := &b.ops[i]
		if o.Kind != history.Sessions || o.Outcome != history.OK {
			continue
		}
		c.report.count(S1, "lists of active sessions", 1)
		if len(o.Active) > b.n {
			c.violated(S1, b.employee, fmt.Sprintf("the store lists %d active sessions, at most %d are allowed", len(o.Active), b.n), o)
		}
	}
	// A session was active from its earliest to its latest certain instant.
	var spans []*seat
	for _, s := range b.seats {
		if s.found != nil {
			c.report.count(S1, "sessions", 1)
			if s.found.latest <= s.seen.earliest {
				spans = append(spans, s)
			}
		}
	}
	slices.SortFunc(spans, func(x, y *seat) int { return cmp.Compare(x.found.latest, y.found.latest) })
	var at []*seat // active when the next span begins; at most n of them unless S1 is broken
	for _, s := range spans {
		at = slices.DeleteFunc(at, func(old *seat) bool { return old.seen.earliest < s.found.latest })
		at = append(at, s)
		if len(at) <= b.n {
			continue
		}
		var shown []*operation
		for _, one := range at {
			shown = append(shown, one.found.op, one.seen.op)
		}
		c.violated(S1, b.employee, fmt.Sprintf("%d sessions were active at %s, at most %d are allowed", len(at), clock(s.found.latest), b.n), shown...)
		at = at[1:]
	}
}
