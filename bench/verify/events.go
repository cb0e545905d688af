package verify

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// eventID is employee/epoch/n.
type eventID struct {
	epoch session.Epoch
	n     int
}

func parseEventID(id string) (parsed eventID, err error) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return parsed, fmt.Errorf("event id %q is not employee/epoch/n", id)
	}
	epoch, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return parsed, fmt.Errorf("event id %q: epoch: %w", id, err)
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 1 {
		return parsed, fmt.Errorf("event id %q: its number is not 1 or more", id)
	}
	return eventID{session.Epoch(epoch), n}, nil
}

// stream is what one consumer has read of one employee.
type stream struct {
	first, last     eventID
	firstOp, lastOp *operation
	seen            map[string]*operation
	started         map[session.Epoch]*operation
}

// checkEvents is S5: per consumer, with repeats dropped, the events are the sequence of epochs
// without a gap, and they tell of every login that was answered.
func (c *checker) checkEvents(b *book) {
	streams := map[string]*stream{}
	for i := range b.ops {
		o := &b.ops[i]
		if o.Kind != history.Event {
			continue
		}
		c.report.count(S5, "events", 1)
		s := streams[o.Source]
		if s == nil {
			s = &stream{seen: map[string]*operation{}, started: map[session.Epoch]*operation{}}
			streams[o.Source] = s
		}
		c.consume(b, s, o)
	}
	for _, s := range streams {
		c.checkTold(b, s)
	}
}

func (c *checker) consume(b *book, s *stream, o *operation) {
	if before := s.seen[o.ID]; before != nil {
		c.report.count(S5, "repeats", 1)
		if before.Session != o.Session || before.Type != o.Type {
			c.violated(S5, b.employee, fmt.Sprintf("event %s came twice and says two things", o.ID), before, o)
		}
		return
	}
	s.seen[o.ID] = o
	id, err := parseEventID(o.ID)
	if err != nil {
		c.violated(S5, b.employee, err.Error(), o)
		return
	}
	if strings.HasSuffix(o.Type, ".started.v1") {
		s.started[id.epoch] = o
	}
	c.checkNext(b, s, id, o)
	if s.lastOp == nil {
		s.first, s.firstOp = id, o
	}
	s.last, s.lastOp = id, o
}

// checkNext: after n of an epoch comes n+1 of it, or 1 of the next.
func (c *checker) checkNext(b *book, s *stream, id eventID, o *operation) {
	if s.lastOp == nil {
		if c.header.Complete && (id != eventID{1, 1}) {
			c.violated(S5, b.employee, fmt.Sprintf("the first event is %s: those before it are missing", o.ID), o)
		}
		return
	}
	follows := id == eventID{s.last.epoch, s.last.n + 1} || id == eventID{s.last.epoch + 1, 1}
	if follows {
		return
	}
	what := "a gap"
	if id.epoch < s.last.epoch || id.epoch == s.last.epoch && id.n < s.last.n {
		what = "the order is broken"
	}
	c.violated(S5, b.employee, fmt.Sprintf("after event %s came %s: %s", s.lastOp.ID, o.ID, what), s.lastOp, o)
}

// checkTold holds the events against the logins that lie between the first and the last of them.
func (c *checker) checkTold(b *book, s *stream) {
	if s.lastOp == nil {
		return
	}
	for _, l := range b.logins {
		if l.first == nil {
			continue
		}
		started, epoch := s.started[l.first.Epoch], l.first.Epoch
		missing := started == nil && (epoch > s.first.epoch || epoch == s.first.epoch && s.first.n == 1) && epoch < s.last.epoch
		switch {
		case missing:
			c.violated(S5, b.employee, fmt.Sprintf("no event tells of the login of epoch %d", epoch), l.first, s.firstOp, s.lastOp)
		case started != nil && started.Session != l.first.Session:
			c.violated(S5, b.employee, fmt.Sprintf("event %s tells of another session than the login's answer", started.ID), l.first, started)
		case started != nil:
			c.report.count(S5, "logins found in events", 1)
		}
	}
}
