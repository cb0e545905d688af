package verify

import (
	"fmt"

	"github.com/hotseat-hub/hotseat/bench/history"
)

// checkSockets is S4's second half: no socket stays established, and unaware, for longer than L1
// allows once its session has ended. Time within faults does not count.
func (c *checker) checkSockets(b *book) {
	open := map[uint64]*operation{}
	for i := range b.ops {
		o := &b.ops[i]
		switch o.Kind {
		case history.Established:
			open[o.Conn] = o
		case history.Notice, history.Closed:
			if established := open[o.Conn]; established != nil {
				c.checkSocket(b, established, o.Start, o)
				delete(open, o.Conn)
			}
		}
	}
	for _, established := range open {
		c.checkSocket(b, established, c.last, nil)
	}
}

// checkSocket looks at one socket until it was told or closed, or, without such an end, until the
// history's.
func (c *checker) checkSocket(b *book, established *operation, until history.Instant, end *operation) {
	c.report.count(S4, "sockets", 1)
	s := b.seats[established.Session]
	if s == nil || s.over == nil {
		return
	}
	unaware := c.faults.healthy(max(established.Start, s.overFrom), until)
	c.report.LongestUnaware = max(c.report.LongestUnaware, unaware)
	if unaware <= c.o.Unaware {
		return
	}
	shown := []*operation{established, s.over}
	if end != nil {
		shown = append(shown, end)
	}
	c.violated(S4, b.employee, fmt.Sprintf("a socket of session %s stayed open and unaware for %s after it had ended (at most %s, faults excepted)", s.id, unaware, c.o.Unaware), shown...)
}
