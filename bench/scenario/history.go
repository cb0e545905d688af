package scenario

import (
	"errors"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// sight records one operation with the client's times; without a history it does nothing.
type sight struct {
	history *history.Recorder
	start   history.Instant
}

func (r *run) sees() sight {
	if r.History == nil {
		return sight{}
	}
	return sight{r.History, r.History.Now()}
}

// outcome is what the client knows: an answer of 4xx is a refusal, no answer and 5xx leave it open.
func outcome(err error) (history.Outcome, int, string) {
	var refused *caller.Refused
	switch {
	case err == nil:
		return history.OK, 200, ""
	case errors.As(err, &refused) && refused.Status < 500:
		return history.Refused, refused.Status, refused.Code
	case errors.As(err, &refused):
		return history.Unknown, refused.Status, refused.Code
	}
	return history.Unknown, 0, ""
}

func (s sight) operation(kind history.Kind, m *member, c *caller.Caller, err error) history.Operation {
	o := history.Operation{Kind: kind, Start: s.start, End: s.history.Now(), Employee: session.EmployeeID(m.name).Key(), Node: c.Target.URL}
	o.Outcome, o.Status, o.Code = outcome(err)
	return o
}

func (s sight) login(m *member, l caller.Login, seat caller.Seat, reply caller.Reply, c *caller.Caller, err error) {
	if s.history == nil {
		return
	}
	var never *caller.Unreachable
	if errors.As(err, &never) && !never.Sent {
		return // the request was not sent: nothing was asked
	}
	o := s.operation(history.Login, m, c, err)
	o.Key, o.Terminal = l.Key, l.Terminal
	if err == nil {
		o.Session, o.Epoch, o.Ended = seat.Session, session.Epoch(seat.Epoch), caller.Ended(reply.Body)
	}
	s.history.Record(o)
}

func (s sight) use(kind history.Kind, level history.Level, m *member, seat *caller.Seat, reply caller.Reply, c *caller.Caller, err error) {
	if s.history == nil {
		return
	}
	o := s.operation(kind, m, c, err)
	o.Session, o.Epoch = seat.Session, session.Epoch(seat.Epoch)
	if kind == history.Use {
		o.Level, o.Staleness = level, reply.Staleness.Milliseconds()
	}
	s.history.Record(o)
}

// received records what a socket heard. The member is locked.
func (r *run) received(kind history.Kind, m *member, tag uint64, fill func(*history.Operation)) {
	seat, known := m.recorded[tag]
	if !known {
		return
	}
	now := r.History.Now()
	o := history.Operation{
		Kind: kind, Start: now, End: now, Employee: session.EmployeeID(m.name).Key(),
		Session: seat.Session, Conn: tag + 1, // no socket is 0
	}
	fill(&o)
	r.History.Record(o)
}

func (r *run) sawEstablished(m *member, tag uint64) {
	r.received(history.Established, m, tag, func(o *history.Operation) { o.Epoch = session.Epoch(m.recorded[tag].Epoch) })
}

func (r *run) sawNotice(m *member, tag uint64, n crowd.Notice) {
	r.received(history.Notice, m, tag, func(o *history.Operation) { o.Reason, o.By = n.Reason, session.Epoch(n.Epoch) })
}

func (r *run) sawClosed(m *member, tag uint64, code int) {
	r.received(history.Closed, m, tag, func(o *history.Operation) { o.Close = code })
}
