package session

// Step applies one command at the store's time now. It returns the next state and what to do; with
// an error the state is as it was and nothing is to be done. The next state holds only once
// Change.Save, if any, has been committed.
func Step(s State, now Time, cmd Command) (State, Change, error) {
	if at := cmd.Expires(); at != 0 && now > at {
		return s, Change{}, ErrLate
	}
	st := step{State: s, was: s, now: now}
	err := st.apply(cmd)
	if err != nil {
		return s, Change{}, err
	}
	st.finish()
	return st.State, st.change, nil
}

// step is one command at work: the state as it becomes, the change as it grows.
type step struct {
	State
	was     State
	now     Time
	change  Change
	write   bool // the row changes
	advance bool // the epoch moves: the set of sessions, or the lock, changes
}

func (st *step) apply(cmd Command) error {
	switch c := cmd.(type) {
	case Login:
		return st.login(&c)
	case Attach:
		return st.attach(&c)
	case Check:
		return st.check(&c)
	case Detach:
		st.detach(func(h Handle) bool { return h.Socket == c.Socket })
		return nil
	case NodeLost:
		st.detach(func(h Handle) bool { return h.Socket.Node == c.Node })
		return nil
	case Logout:
		return st.logout(&c)
	case Refresh:
		return st.refresh(&c)
	case Expire:
		st.expire()
		return nil
	case End:
		return st.end(&c)
	case Create:
		return st.create(&c)
	case Update:
		return st.update(&c)
	case Delete:
		return st.delete(&c)
	case Fence:
		return st.fence(&c)
	}
	return ErrUnknownCommand
}

// finish turns what apply noted into the row, and tells the sockets of the sessions that ended.
func (st *step) finish() {
	if st.write {
		st.Version = st.was.Version + 1
		st.forget()
		row := st.Employee
		st.change.Save = &row
		st.change.Reply.Row = &row
	}
	st.change.Reply.Employee, st.change.Reply.Epoch = st.ID, st.Epoch
	st.change.Reply.FirstName, st.change.Reply.LastName = st.FirstName, st.LastName
	st.Handles, st.change.Notices = st.split(st.now)
	st.dropDetached()
}

// begin marks the row as written. The first change of the set of sessions, or of the lock, in this
// command moves the epoch; further ones share it, however many sessions they end.
func (st *step) begin(advance bool) {
	st.write = true
	if advance && !st.advance {
		st.advance = true
		st.Epoch++
	}
}

// event appends to the log of this epoch.
func (st *step) event(e Event) {
	e.Employee, e.Epoch, e.N, e.At = st.ID, st.Epoch, len(st.change.Events)+1, st.now
	st.change.Events = append(st.change.Events, e)
}

// endWhere ends the active sessions that match, in order of their age. It asks match twice, and
// makes the lists afresh once, only if there is something to end.
func (st *step) endWhere(match func(*Session) bool, typ EventType, why Ending, actor string) {
	n := 0
	for i := range st.Active {
		if match(&st.Active[i]) {
			n++
		}
	}
	if n == 0 {
		return
	}
	kept := make([]Session, 0, len(st.Active)-n+1) // a login appends one
	st.Endings = append(make([]Ending, 0, len(st.Endings)+n), st.Endings...)
	for i := range st.Active {
		s := &st.Active[i]
		if !match(s) {
			kept = append(kept, *s)
			continue
		}
		st.begin(true)
		st.remember(s, why)
		st.event(Event{Type: typ, Session: *s, Reason: why.Reason, By: why.By, Message: why.Message, Actor: actor})
		st.change.Reply.Ended = append(st.change.Reply.Ended, *s)
	}
	st.Active = kept
}

func (st *step) remember(s *Session, why Ending) {
	why.Session, why.Terminal, why.Epoch, why.At = s.ID, s.Terminal, st.Epoch, st.now
	why.Until = max(s.TokensUntil, st.now)
	st.Endings = append(st.Endings, why) // endWhere made room
}

// expire ends what is past its deadline. Commands that write run it first, so that a session which
// nobody expired yet never counts against a seat.
func (st *step) expire() {
	st.endWhere(func(s *Session) bool { return st.now >= s.Deadline() }, Expired, Ending{Reason: ReasonExpired}, "")
	st.change.Reply.Ended = nil // the command did not end them, time did
}

// forget drops what no token can ask for any more. It runs only when the row is written anyway.
func (st *step) forget() {
	drop := max(0, len(st.Endings)-MaxEndings)
	for drop < len(st.Endings) && st.Endings[drop].Until < st.now {
		drop++
	}
	st.Endings = st.Endings[drop:] // endWhere makes a new list, so this keeps little alive
	drop = max(0, len(st.Keys)-MaxKeys)
	for drop < len(st.Keys) && st.now.Sub(st.Keys[drop].At) > KeyLifetime {
		drop++
	}
	st.Keys = st.Keys[drop:]
}

// live returns the session if it may act now, else why not.
func (st *step) live(id ID, epoch Epoch) (*Session, error) {
	return st.Valid(id, epoch, st.now)
}

// replace puts a changed session into a fresh list of active ones.
func (st *step) replace(s Session) {
	st.Active = append([]Session(nil), st.Active...)
	*st.Find(s.ID) = s
}
