package actors

import (
	"bytes"
	"errors"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// maxAttempts bounds how often a command is decided again after another owner's write got in
// between. Each attempt means that somebody else's succeeded.
const maxAttempts = 16

// Employee is the owner of one employee: the driver of session.Step. It is not safe for concurrent
// use: an actor, or the simulator, gives it one message at a time.
type Employee struct {
	env   Env
	key   session.Key
	state session.State
	// waiting is bounded by the shard, which refuses what is too much for one employee.
	waiting []*Request
	flight  *flight
	known   bool         // state holds a row that was read or written by this owner
	touched session.Time // last sign of life
	synced  session.Time // when the row was last read or written; zero after a sleep
	wake    session.Time // the earliest Tick asked for
}

// flight is the one operation under way; everything else waits. Its address is its generation: an
// outcome that comes back for another flight is dropped.
type flight struct {
	request *Request
	read    bool // the row was read for it
	unknown bool // nobody knows whether change was committed
	next    session.State
	change  session.Change
}

// What comes back through Env.Post.
type (
	loaded struct {
		of  *flight
		row session.Employee
		err error
	}
	committed struct {
		of    *flight
		err   error
		alone bool // nobody else waits for the goroutine that says so
	}
	found struct {
		of     *flight
		record *session.KeyRecord
		err    error
	}
	// Tick asks the employee to expire what is due.
	Tick struct{}
)

// NewEmployee makes the owner of key. It reads the row at the first command.
func NewEmployee(key session.Key, env Env) *Employee { return &Employee{key: key, env: env} }

// Receive takes the next message: a *Request, a Tick, or what this employee posted to itself.
func (e *Employee) Receive(message any) {
	switch m := message.(type) {
	case *Request:
		if signOfLife(m.Command) {
			e.touched = e.env.Now()
		}
		e.waiting = append(e.waiting, m)
	case Tick:
		e.tick()
	case loaded:
		if m.of == e.flight {
			e.loaded(m)
		}
	case committed:
		if m.of == e.flight {
			e.committed(m.err)
		}
	case found:
		if m.of == e.flight {
			e.found(m)
		}
	}
	e.proceed()
}

// State is the state in memory, for the simulator's checks.
func (e *Employee) State() session.State { return e.state }

// Abandon answers everything that waits; the owner is about to forget it all.
func (e *Employee) Abandon(err error) {
	if e.flight != nil {
		e.flight.request.answer(session.Reply{}, err)
	}
	for _, r := range e.waiting {
		r.answer(session.Reply{}, err)
	}
	e.flight, e.waiting = nil, nil
}

// proceed runs waiting commands until one needs the store.
func (e *Employee) proceed() {
	for e.flight == nil && len(e.waiting) > 0 {
		r := e.waiting[0]
		e.waiting[0] = nil
		if e.waiting = e.waiting[1:]; len(e.waiting) == 0 {
			e.waiting = nil
		}
		e.flight = &flight{request: r}
		e.decide()
	}
}

// decide runs the flight's command against memory. The flight stays set while a step may panic, so
// that Abandon refuses the command that did it.
func (e *Employee) decide() {
	f := e.flight
	if e.handles(f.request.Command) {
		e.finish(session.Reply{}, nil)
		return
	}
	if !e.known {
		e.load()
		return
	}
	next, change, err := session.Step(e.state, e.env.Now(), f.request.Command)
	switch {
	case errors.Is(err, session.ErrLookupKey):
		e.lookup(f.request.Command.(session.Login))
	case change.Save == nil && !f.read && !soft(f.request.Command) && (e.doubtful(f.request.Command, err) || !e.env.MemoryIsFresh(e.synced)):
		e.load()
	case err != nil:
		e.finish(session.Reply{}, err)
	case change.Save == nil:
		e.adopt(next)
		e.tell(&change)
		e.finish(change.Reply, nil)
		e.env.CloseSurplus(change.Closes)
	default:
		if err := next.Check(); err != nil {
			e.env.Broken(err)
			panic("invariant broken: " + err.Error())
		}
		e.commit(next, change)
	}
}

// doubtful reports whether an answer that writes nothing is read again before it is given. Another
// node may have run a command when this owner was silent, and memory not know: a refusal would be
// for good, and a token, given out again, be of a session that has ended. What memory says of an
// ending was committed and stays so.
func (e *Employee) doubtful(c session.Command, err error) bool {
	var ended *session.TerminatedError
	switch {
	case errors.As(err, &ended):
		return e.state.Ended(ended.Notice.Session) == nil
	case err != nil:
		return !errors.Is(err, session.ErrLate) && !errors.Is(err, session.ErrTicketSpent)
	}
	switch c.(type) {
	case session.Login, session.Refresh:
		return true
	}
	return false
}

// soft commands change only what this owner keeps in memory.
func soft(c session.Command) bool {
	switch c.(type) {
	case session.Detach, session.NodeLost, announcement, nodesLost:
		return true
	}
	return false
}

func (e *Employee) commit(next session.State, change session.Change) {
	f := e.flight
	f.next, f.change = next, change
	e.env.Commit(e.key, e.state.Version, &f.change, func(err error, alone bool) {
		e.env.Post(committed{of: f, err: err, alone: alone})
	})
}

// committed is the barrier: everything below it may be seen by others.
func (e *Employee) committed(err error) {
	f := e.flight
	switch {
	case err == nil:
		e.synced = e.env.Now()
		e.adopt(f.next)
		e.env.Ended(f.change.Endings())
		e.tell(&f.change)
		e.finish(f.change.Reply, nil)
		e.env.CloseSurplus(f.change.Closes)
	case errors.Is(err, session.ErrConflict), errors.Is(err, session.ErrOutcomeUnknown):
		// Somebody else wrote, or nobody knows whether this write was done: the row tells, and the
		// command, which is harmless twice, is decided again.
		if f.request.attempts++; f.request.attempts > maxAttempts {
			e.known = false
			e.finish(session.Reply{}, session.ErrOverloaded)
			return
		}
		f.unknown = errors.Is(err, session.ErrOutcomeUnknown)
		f.request.again(err, f.change.Save.Epoch)
		e.load()
	default:
		e.finish(session.Reply{}, err)
	}
}

// load reads the row; the flight's command, if any, is decided again on it.
func (e *Employee) load() {
	f := e.flight
	e.env.Load(e.key, func(row session.Employee, err error) {
		e.env.Post(loaded{of: f, row: row, err: err})
	})
}

func (e *Employee) loaded(m loaded) {
	if m.err != nil {
		e.known = false
		e.finish(session.Reply{}, m.err)
		return
	}
	if m.of.unknown && sameRow(&m.row, m.of.change.Save) {
		e.committed(nil) // it was done, and nothing since
		return
	}
	m.of.read, m.of.unknown = true, false
	first := !e.known && len(e.state.Handles) == 0
	next, change := session.Adopt(e.state, m.row, e.env.Now())
	e.known, e.synced = true, e.env.Now()
	if first {
		next = e.announce(next)
	}
	e.adopt(next)
	e.tell(&change)
	e.decide()
}

// sameRow reports whether the row that was read is the one that was written.
func sameRow(read, written *session.Employee) bool {
	return read.Version == written.Version && read.Epoch == written.Epoch &&
		bytes.Equal(read.AppendRow(nil), written.AppendRow(nil))
}

// announce takes the handles of this node's own sockets, for an owner that starts without any.
func (e *Employee) announce(s session.State) session.State {
	for i := range s.Active {
		for _, socket := range e.env.Sockets(s.Active[i].ID) {
			next, change, err := session.Step(s, e.env.Now(), session.Attach{Session: s.Active[i].ID, Socket: socket})
			if err == nil {
				s = next
				e.env.CloseSurplus(change.Closes)
			}
		}
	}
	return s
}

func (e *Employee) lookup(login session.Login) {
	f := e.flight
	since := e.env.Now().Add(-session.KeyLifetime)
	e.env.FindKey(e.key, login.Key.Hash, since, func(record *session.KeyRecord, err error) {
		e.env.Post(found{of: f, record: record, err: err})
	})
}

func (e *Employee) found(m found) {
	if m.err != nil {
		e.finish(session.Reply{}, m.err)
		return
	}
	login := m.of.request.Command.(session.Login)
	login.Looked, login.Found = true, m.record
	m.of.request.Command = login
	if m.record != nil {
		e.load() // the row in memory may be older than what was found, and not know its session
		return
	}
	e.decide()
}

// tick expires what is due and asks for the next tick.
func (e *Employee) tick() {
	e.wake = 0
	now := e.env.Now()
	if due := e.state.NextExpiry(); due != 0 && due <= now {
		e.waiting = append(e.waiting, &Request{Command: session.Expire{}})
		return
	}
	e.askWake()
}

// adopt makes next the state, and sees to it that its first expiry is not slept through.
func (e *Employee) adopt(next session.State) {
	e.state = next
	e.askWake()
}

func (e *Employee) askWake() {
	if due := e.state.NextExpiry(); due != 0 && (e.wake == 0 || due < e.wake) {
		e.wake = due
		e.env.Wake(due)
	}
}

// tell sends the notices and gives the reply their deliveries, one per ended session.
func (e *Employee) tell(change *session.Change) {
	for i := range change.Reply.Ended {
		id, sockets := change.Reply.Ended[i].ID, 0
		for n := range change.Notices {
			if change.Notices[n].Notice.Session == id {
				sockets++
			}
		}
		change.Reply.Deliveries = append(change.Reply.Deliveries, session.NewDelivery(sockets))
	}
	if len(change.Notices) == 0 {
		return
	}
	deliveries := make([]*session.Delivery, len(change.Notices))
	for n := range change.Notices {
		for i := range change.Reply.Ended {
			if change.Reply.Ended[i].ID == change.Notices[n].Notice.Session {
				deliveries[n] = change.Reply.Deliveries[i]
			}
		}
	}
	e.env.Tell(change.Notices, deliveries, e.asked())
}

// asked is when the command under way was asked for; zero when none is.
func (e *Employee) asked() time.Time {
	if e.flight == nil {
		return time.Time{}
	}
	return e.flight.request.At
}

// finish answers the flight's command and makes room for the next.
func (e *Employee) finish(reply session.Reply, err error) {
	r := e.flight.request
	e.flight = nil
	r.answer(reply, err)
}
