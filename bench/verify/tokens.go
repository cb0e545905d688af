package verify

import (
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
)

// checkTokens is S2: no token was accepted after an answer had shown that its session had ended, or,
// by a node's view, after that plus the staleness which the answer itself stated.
func (c *checker) checkTokens(b *book) {
	for _, s := range b.seats {
		for _, a := range s.accepts {
			c.countAccept(a.op)
			if s.over == nil || a.earliest <= s.overFrom || s.over == a.op {
				continue
			}
			if a.op.Kind == history.Login && a.op != s.login.first {
				continue // judged as a repeat
			}
			c.lateAccept(b, s, a)
		}
	}
	for i := range b.ops {
		o := &b.ops[i]
		if terminated(o) && o.Kind != history.Login {
			c.report.count(S2, endedRefused, 1)
		}
		if o.Kind != history.Use || o.Level != history.Local || o.Outcome != history.OK {
			continue
		}
		if age := time.Duration(o.Staleness) * time.Millisecond; age > c.header.MaxStaleness() {
			c.violated(S2, b.employee, fmt.Sprintf("a token was accepted by a view %s old; past %s the answer must be 503", age, c.header.MaxStaleness()), o)
		}
	}
}

const endedRefused = "ended tokens refused"

func (c *checker) countAccept(o *operation) {
	switch {
	case o.Kind == history.Use && o.Level == history.Local:
		c.report.count(S2, "local answers", 1)
		c.report.OldestView = max(c.report.OldestView, time.Duration(o.Staleness)*time.Millisecond)
	case o.Kind == history.Use, o.Kind == history.Refresh, o.Kind == history.Logout:
		c.report.count(S2, "strict answers", 1)
	}
}

func (c *checker) lateAccept(b *book, s *seat, a accept) {
	late := a.earliest.Sub(s.overFrom)
	promise, by := S4, "an answer showed that it had ended"
	if s.over.Kind == history.Login || s.over.Kind == history.Logout {
		promise, by = S2, fmt.Sprintf("a %s that ended it was answered", s.over.Kind)
	}
	what := fmt.Sprintf("session %s was accepted %s after %s", s.id, late, by)
	if a.op.Level == history.Local {
		what += fmt.Sprintf(", beyond the %d ms of staleness that the answer states", a.op.Staleness)
	}
	shown := []*operation{s.over, a.op}
	if s.login != nil {
		shown = append(shown, s.login.first)
	}
	c.violated(promise, b.employee, what, shown...)
}
