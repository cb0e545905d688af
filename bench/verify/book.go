package verify

import (
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// book is what follows from the operations of one employee, whatever the unknown ones did.
type book struct {
	employee session.Key
	ops      []operation // by start
	n        int         // the policy
	logins   []*login
	byKey    map[string]*login
	seats    map[session.ID]*seat
}

// login is one login with all its repeats under one idempotency key.
type login struct {
	tries []*operation
	first *operation // the first try that was answered 200, or nil
	gone  bool       // a repeat was answered that the session it made has ended
	start history.Instant
}

// happened says that the login was certainly, or possibly, done.
func (l *login) happened() (certainly, possibly bool) {
	if l.first != nil || l.gone {
		return true, true
	}
	for _, t := range l.tries {
		if t.Outcome == history.Unknown {
			return false, true
		}
	}
	return false, false
}

// seat is one session. It was active from some instant on without a break, and never again after
// its end: so two operations that found it active enclose a time in which it was.
type seat struct {
	id    session.ID
	epoch session.Epoch
	login *login // that was answered 200; nil when it is not in the history

	accepts []accept
	found   *accept // the one that shows earliest that it was active: the least latest
	seen    *accept // the one that shows last that it was active: the greatest earliest

	over     *operation      // shows earliest that it had ended; nil when nothing does
	overFrom history.Instant // it had ended by then
}

// accept is an answer that only an active session gets: the session was active at some instant
// between earliest and latest.
type accept struct {
	op               *operation
	earliest, latest history.Instant
}

func newBook(ops []operation, n int) *book {
	b := &book{employee: ops[0].Employee, ops: ops, n: n, byKey: map[string]*login{}, seats: map[session.ID]*seat{}}
	for i := range ops {
		if ops[i].Kind == history.Login {
			b.tried(&ops[i])
		}
	}
	for i := range ops {
		if o := &ops[i]; !o.Session.IsZero() && o.Epoch > 0 {
			b.seat(o.Session, o.Epoch)
		}
		b.accepted(&ops[i])
	}
	b.endings()
	return b
}

func (b *book) tried(o *operation) {
	l := b.byKey[o.Key]
	if l == nil || o.Key == "" {
		l = &login{start: o.Start}
		b.logins = append(b.logins, l)
		if o.Key != "" {
			b.byKey[o.Key] = l
		}
	}
	l.tries = append(l.tries, o)
	switch {
	case o.Outcome == history.OK && (l.first == nil || o.End < l.first.End):
		l.first = o
		if s := b.seat(o.Session, o.Epoch); s.login == nil {
			s.login = l
		}
	case terminated(o):
		l.gone = true
	}
}

func (b *book) seat(id session.ID, epoch session.Epoch) *seat {
	s := b.seats[id]
	if s == nil {
		s = &seat{id: id, epoch: epoch}
		b.seats[id] = s
	}
	if s.epoch == 0 {
		s.epoch = epoch
	}
	return s
}

// accepted notes who was active according to the answer.
func (b *book) accepted(o *operation) {
	if o.Outcome != history.OK {
		return
	}
	earliest := o.Start
	switch o.Kind {
	case history.Use:
		if o.Level == history.Local {
			// The answer states whole milliseconds; the view is less than one older than that.
			earliest = earliest.Add(-time.Duration(o.Staleness+1) * time.Millisecond)
		}
	case history.Login:
		// A repeat may be answered from the row as it was when the session was made: only the first
		// answer counts, and the login may have been done since its first try.
		earliest = b.loginOf(o).start
	case history.Refresh, history.Logout:
	case history.Sessions:
		for _, active := range o.Active {
			b.accept(b.seat(active.Session, active.Epoch), accept{o, o.Start, o.End})
		}
		return
	default:
		return
	}
	b.accept(b.seat(o.Session, o.Epoch), accept{o, earliest, o.End})
}

func (b *book) loginOf(o *operation) *login {
	if o.Key != "" {
		return b.byKey[o.Key]
	}
	return &login{start: o.Start}
}

func (b *book) accept(s *seat, a accept) {
	s.accepts = append(s.accepts, a)
	if s.found == nil || a.latest < s.found.latest {
		s.found = &a
	}
	if s.seen == nil || a.earliest > s.seen.earliest {
		s.seen = &a
	}
}

// endings notes for each session the first operation that shows that it had ended.
func (b *book) endings() {
	for i := range b.ops {
		o := &b.ops[i]
		switch {
		case o.Outcome == history.OK && (o.Kind == history.Login || o.Kind == history.End):
			for _, id := range o.Ended {
				b.over(b.seat(id, 0), o, o.End)
			}
		case o.Kind == history.Logout && o.Outcome == history.OK, terminated(o) && o.Kind != history.Login:
			b.over(b.seat(o.Session, o.Epoch), o, o.End)
		case o.Kind == history.Notice, o.Kind == history.Closed && o.Close >= 4510 && o.Close <= 4515,
			o.Kind == history.Event && ends(o.Type):
			b.over(b.seat(o.Session, o.Epoch), o, o.Start)
		}
	}
	b.endedByList()
	if b.n == 1 {
		b.endedByNewer()
	}
}

func (b *book) over(s *seat, o *operation, at history.Instant) {
	if s.over == nil || at < s.overFrom {
		s.over, s.overFrom = o, at
	}
}

// terminated reports that a rightly signed token or key was refused because its session has ended.
func terminated(o *operation) bool {
	return o.Outcome == history.Refused && (o.Code == "session_terminated" || o.Reason != "")
}

func ends(eventType string) bool {
	return strings.HasSuffix(eventType, ".terminated.v1") || strings.HasSuffix(eventType, ".ended.v1") || strings.HasSuffix(eventType, ".expired.v1")
}
