package sim

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// store is one row per employee and a log, with compare-and-set on the version. It keeps bytes, as
// the real ones do, so that nobody shares memory with it.
type store struct {
	w    *world
	rows map[session.Key]row
	// before are the rows that were there before the last commit.
	before map[session.Key]row
	log    []session.Event // in the order of commits
	keys   map[idempotency]session.KeyRecord
	away   session.Time // until when it cannot be asked
}

type row struct {
	id      session.EmployeeID
	version session.Version
	epoch   session.Epoch
	state   []byte
}

type idempotency struct {
	key  session.Key
	hash [16]byte
}

func newStore(w *world) *store {
	s := &store{w: w, rows: map[session.Key]row{}, before: map[session.Key]row{}, keys: map[idempotency]session.KeyRecord{}}
	w.after(time.Second, s.weather)
	return s
}

// weather makes the store unreachable now and then.
func (s *store) weather() {
	if s.w.fault(10) {
		s.away = s.w.now.Add(time.Duration(s.w.dice.IntN(4000)) * time.Millisecond)
		s.w.tell("store away until %d", s.away-begin)
	}
	s.w.after(3*time.Second, s.weather)
}

// down reports whether this operation fails without a trace.
func (s *store) down() bool { return s.w.now < s.away && !s.w.calm || s.w.fault(3) }

// read is the row at this moment.
func (s *store) read(key session.Key) session.Employee {
	if r, ok := s.rows[key]; ok {
		return s.employee(key, r)
	}
	return session.Employee{}
}

func (s *store) employee(key session.Key, r row) session.Employee {
	e := session.Employee{ID: r.id, Version: r.version, Epoch: r.epoch}
	if err := e.DecodeRow(r.state); err != nil {
		s.w.violated("S3", "the row of %s cannot be read: %v", key, err)
	}
	return e
}

// Load reads the row at some moment after it was asked for.
func (s *store) Load(key session.Key, done func(session.Employee, error)) {
	s.w.after(s.w.soon(), func() {
		e, err := s.read(key), error(nil)
		if s.down() {
			e, err = session.Employee{}, session.ErrUnavailable
		}
		s.w.after(s.w.soon(), func() { done(e, err) })
	})
}

// FindKey looks for a client's key that the row has dropped.
func (s *store) FindKey(key session.Key, hash [16]byte, since session.Time, done func(*session.KeyRecord, error)) {
	s.w.after(s.w.soon(), func() {
		var found *session.KeyRecord
		err := error(nil)
		if record, ok := s.keys[idempotency{key, hash}]; ok && record.At >= since {
			found = &record
		}
		if s.down() {
			found, err = nil, session.ErrUnavailable
		}
		s.w.after(s.w.soon(), func() { done(found, err) })
	})
}

// write is a commit on its way: all that a real store would have been sent.
type write struct {
	key      session.Key
	expected session.Version
	next     row
	events   []byte
	record   *session.KeyRecord
}

// Commit takes effect at some moment, or does not, and its caller hears of it, or does not.
func (s *store) Commit(key session.Key, expected session.Version, c *session.Change, done func(error)) {
	save := s.w.written(c.Save)
	x := &write{
		key: key, expected: expected, events: session.AppendEvents(nil, s.w.logged(c.Events)), record: c.Key,
		next: row{id: save.ID, version: save.Version, epoch: save.Epoch, state: save.AppendRow(nil)},
	}
	if s.w.options.Bug == EventsBeforeCommit {
		s.append(x)
	}
	answer := func(err error) { s.w.after(s.w.soon(), func() { done(err) }) }
	s.w.after(s.w.soon(), func() {
		switch {
		case s.down():
			answer(session.ErrUnavailable)
		case s.w.fault(4): // the connection broke before the statement arrived
			answer(session.ErrOutcomeUnknown)
		case s.w.fault(5): // the reply was lost
			s.apply(x)
			answer(session.ErrOutcomeUnknown)
		case s.w.fault(5): // the server is slow to notice that nobody listens any more
			s.w.after(time.Duration(s.w.dice.IntN(4000))*time.Millisecond, func() { s.apply(x) })
			answer(session.ErrOutcomeUnknown)
		default:
			answer(s.apply(x))
		}
	})
}

func (s *store) apply(x *write) error {
	if s.rows[x.key].version != x.expected && s.w.options.Bug != NoVersionComparison {
		return session.ErrConflict
	}
	s.before[x.key], s.rows[x.key] = s.rows[x.key], x.next
	if x.record != nil && s.w.options.Bug != KeysForgotten {
		s.keys[idempotency{x.key, x.record.Hash}] = *x.record
	}
	if s.w.options.Bug != EventsBeforeCommit {
		s.append(x)
	}
	s.w.check.committed(x.key)
	return nil
}

func (s *store) append(x *write) {
	events, _, err := session.DecodeEvents(x.events)
	if err != nil {
		s.w.violated("S5", "the events of %s cannot be read: %v", x.key, err)
	}
	s.log = append(s.log, events...)
	s.w.check.logged(x.key, events)
}
