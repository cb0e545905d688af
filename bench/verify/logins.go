package verify

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// checkLogins is S3: what was answered 200 is there, and a key does its login once.
func (c *checker) checkLogins(b *book) {
	for _, l := range b.logins {
		if l.first != nil {
			c.report.count(S3, "logins answered 200", 1)
		}
		if _, possibly := l.happened(); possibly && l.first == nil {
			c.report.count(S3, "logins left open", 1)
		}
		c.checkRepeats(b, l)
	}
	if !c.header.Complete && !c.header.Alone {
		return
	}
	e := b.enders()
	for _, s := range b.byEpoch() {
		if s.login != nil && s.over != nil && !e.explain(s) {
			c.violated(S3, b.employee, fmt.Sprintf("session %s was answered 200 and is gone, and nobody ended it", s.id), s.login.first, s.over)
		}
	}
	c.checkCount(b)
}

// checkRepeats holds the answers to one key against each other.
func (c *checker) checkRepeats(b *book, l *login) {
	for _, t := range l.tries {
		if t.Outcome != history.OK || t == l.first {
			continue
		}
		c.report.count(S3, "repeats of a key answered 200", 1)
		if t.Session != l.first.Session || t.Epoch != l.first.Epoch {
			c.violated(S3, b.employee, fmt.Sprintf("key %q was answered with two logins", t.Key), l.first, t)
		}
	}
}

// enders say when the first command began that can have ended a session.
type enders struct {
	byEpoch []*login                       // answered logins, by epoch
	newer   []history.Instant              // of byEpoch[i:], the earliest start
	anybody history.Instant                // a login or an ending of all sessions that may have been done
	one     map[session.ID]history.Instant // of this session alone
}

const never = history.Instant(math.MaxInt64)

func (b *book) enders() *enders {
	e := &enders{anybody: never, one: map[session.ID]history.Instant{}}
	for _, l := range b.logins {
		switch certainly, possibly := l.happened(); {
		case l.first != nil:
			e.byEpoch = append(e.byEpoch, l)
		case certainly || possibly:
			e.anybody = min(e.anybody, l.start)
		}
	}
	slices.SortFunc(e.byEpoch, func(x, y *login) int { return cmp.Compare(x.first.Epoch, y.first.Epoch) })
	e.newer = make([]history.Instant, len(e.byEpoch)+1)
	e.newer[len(e.byEpoch)] = never
	for i := len(e.byEpoch) - 1; i >= 0; i-- {
		e.newer[i] = min(e.newer[i+1], e.byEpoch[i].start)
	}
	for i := range b.ops {
		o := &b.ops[i] // by start: the first of each session counts
		switch {
		case o.Kind == history.End && o.Session.IsZero() && o.Outcome != history.Refused:
			e.anybody = min(e.anybody, o.Start)
		case (o.Kind == history.Logout || o.Kind == history.End) && o.Outcome != history.Refused,
			o.Kind == history.Refresh && o.Outcome == history.Refused:
			if _, known := e.one[o.Session]; !known {
				e.one[o.Session] = o.Start
			}
		}
	}
	return e
}

// explain reports whether anything in the history can have ended the session by the time that it was
// seen to have ended.
func (e *enders) explain(s *seat) bool {
	if byItself(s.over) {
		return true // no operation of its own
	}
	// A login of a lower epoch came before.
	i, _ := slices.BinarySearchFunc(e.byEpoch, s.epoch+1, func(l *login, epoch session.Epoch) int { return cmp.Compare(l.first.Epoch, epoch) })
	first := min(e.newer[i], e.anybody)
	if at, known := e.one[s.id]; known {
		first = min(first, at)
	}
	return first <= s.over.End
}

// checkCount: each change of an employee's sessions moves the epoch by one, so an epoch further from
// the first than the number of commands means that one was done twice.
func (c *checker) checkCount(b *book) {
	commands, highest := b.commands(), b.highest()
	before, known := c.epochBefore(b)
	if highest == nil || !known {
		return
	}
	c.report.count(S3, "employees whose epoch counts their commands", 1)
	if int(epochOf(highest)-min(before, epochOf(highest))) <= commands {
		return
	}
	shown := []*operation{highest}
	for _, l := range b.logins {
		shown = append(shown, l.tries...)
	}
	c.violated(S3, b.employee, fmt.Sprintf("the epoch is %d after at most %d commands: one was done twice", epochOf(highest)-before, commands), shown...)
}

// epochBefore is the epoch that the employee had before the first command of the history. In a history
// that begins in the middle the first answered login tells it, and only under a policy of one seat:
// else an older session may end by itself.
func (c *checker) epochBefore(b *book) (epoch session.Epoch, known bool) {
	if c.header.Complete {
		return 0, true
	}
	if b.n > 1 {
		return 0, false
	}
	for _, l := range b.logins {
		if l.first != nil && (!known || l.first.Epoch-1 < epoch) {
			epoch, known = l.first.Epoch-1, true
		}
	}
	return epoch, known
}

// commands is how many could have moved the epoch, each repeat counted once.
func (b *book) commands() (n int) {
	for _, l := range b.logins {
		if _, possibly := l.happened(); possibly {
			n++
		}
	}
	ended := map[session.ID]bool{} // each at most once, by expiry or a reused token
	for i := range b.ops {
		o := &b.ops[i]
		switch {
		case o.Kind == history.Logout || o.Kind == history.End:
			if o.Outcome != history.Refused {
				n++
			}
		case o.Reason == session.ReasonExpired.String() || o.Reason == session.ReasonTokenReuse.String():
			ended[o.Session] = true
		}
	}
	return n + len(ended)
}

// byItself reports whether the operation shows that its session ended without a command for it. Events
// have no reason; their type says it.
func byItself(o *operation) bool {
	return o.Reason == session.ReasonExpired.String() || o.Reason == session.ReasonTokenReuse.String() || o.Type == session.Expired.String()
}

// highest is the operation that shows the employee's highest epoch.
func (b *book) highest() (highest *operation) {
	for i := range b.ops {
		if o := &b.ops[i]; epochOf(o) > 0 && (highest == nil || epochOf(o) > epochOf(highest)) {
			highest = o
		}
	}
	return highest
}

// epochOf is an epoch that was certainly committed when the operation was answered, or zero.
func epochOf(o *operation) session.Epoch {
	epoch := max(o.By, o.Epoch)
	for _, a := range o.Active {
		epoch = max(epoch, a.Epoch)
	}
	return epoch
}
