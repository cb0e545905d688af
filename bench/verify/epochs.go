package verify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hotseat-hub/hotseat/session"
)

// checkEpochs is S4's first half: no epoch is given twice, and a login that was asked for after an
// epoch was known gets a higher one.
func (c *checker) checkEpochs(b *book) {
	all := b.byEpoch()
	for i := 1; i < len(all); i++ {
		if all[i].epoch == all[i-1].epoch && all[i].shown() != nil && all[i-1].shown() != nil {
			c.violated(S4, b.employee, fmt.Sprintf("epoch %d was given to two sessions", all[i].epoch), all[i-1].shown(), all[i].shown())
		}
	}
	c.checkOrder(b)
	for i := range b.ops {
		c.checkBy(b, all, &b.ops[i])
	}
}

// shown is an operation that names the session and its epoch.
func (s *seat) shown() *operation {
	if s.found == nil {
		return nil
	}
	return s.found.op
}

// checkOrder walks the logins by their start beside all operations by their end.
func (c *checker) checkOrder(b *book) {
	known := make([]*operation, 0, len(b.ops))
	for i := range b.ops {
		if epochOf(&b.ops[i]) > 0 {
			known = append(known, &b.ops[i])
		}
	}
	slices.SortFunc(known, func(x, y *operation) int { return cmp.Compare(x.End, y.End) })
	var highest *operation
	next := 0
	for _, l := range b.logins { // by start, as ops are
		if l.first == nil {
			continue
		}
		for ; next < len(known) && known[next].End < l.start; next++ {
			if highest == nil || epochOf(known[next]) > epochOf(highest) {
				highest = known[next]
			}
		}
		c.report.count(S4, "epochs of logins", 1)
		if highest != nil && epochOf(highest) >= l.first.Epoch {
			c.violated(S4, b.employee, fmt.Sprintf("a login got epoch %d after epoch %d was known", l.first.Epoch, epochOf(highest)), highest, l.first)
		}
	}
}

// checkBy: what ended a session has a higher epoch than it, and under a policy of one seat is the
// next login.
func (c *checker) checkBy(b *book, all []*seat, o *operation) {
	if o.By == 0 || o.Session.IsZero() {
		return
	}
	ended := b.seats[o.Session]
	if ended == nil || ended.epoch == 0 {
		return
	}
	c.report.count(S4, "endings with their epoch", 1)
	if o.By <= ended.epoch {
		c.violated(S4, b.employee, fmt.Sprintf("session %s of epoch %d is said to have been ended by epoch %d", o.Session, ended.epoch, o.By), o)
	}
	if b.n > 1 || o.Reason != session.ReasonNewLogin.String() {
		return
	}
	i, _ := slices.BinarySearchFunc(all, ended.epoch+1, func(s *seat, e session.Epoch) int { return cmp.Compare(s.epoch, e) })
	if i < len(all) && all[i].epoch < o.By && all[i].shown() != nil {
		c.violated(S4, b.employee, fmt.Sprintf("session %s of epoch %d was ended by epoch %d, after epoch %d had logged in", o.Session, ended.epoch, o.By, all[i].epoch), all[i].shown(), o)
	}
}
