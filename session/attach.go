package session

// attach takes a socket's handle, or says that its session has ended. Truth is the state at this
// moment, not whether a push was sent before.
func (st *step) attach(c *Attach) error {
	s, err := st.live(c.Session, c.Epoch)
	if err != nil {
		return err
	}
	st.change.Reply.Session = s
	for _, h := range st.Handles {
		if h.Socket == c.Socket {
			return nil
		}
	}
	if err := st.spend(c.Ticket); err != nil {
		return err
	}
	st.Handles = append(st.Handles[:len(st.Handles):len(st.Handles)], Handle{Socket: c.Socket, Session: c.Session})
	st.closeSurplus(c.Session)
	return nil
}

// spend redeems a ticket once. An owner that was not there when the ticket was issued cannot know
// whether it was used, and refuses it.
func (st *step) spend(t *Ticket) error {
	if t == nil {
		return nil
	}
	if t.IssuedAt < st.Since || st.now.Sub(t.IssuedAt) > TicketWindow {
		return ErrTicketSpent
	}
	var kept []spent
	for _, old := range st.tickets {
		if old.nonce == t.Nonce {
			return ErrTicketSpent
		}
		if st.now.Sub(old.at) <= TicketWindow {
			kept = append(kept, old)
		}
	}
	if len(kept) >= MaxTickets {
		return ErrTicketSpent
	}
	// Another node's clock may be a little ahead: remembered for as long as it could be redeemed.
	st.tickets = append(kept, spent{nonce: t.Nonce, at: max(st.now, t.IssuedAt)})
	return nil
}

// closeSurplus closes the oldest socket of a session that has too many.
func (st *step) closeSurplus(id ID) {
	oldest, n := -1, 0
	for i, h := range st.Handles {
		if h.Session != id {
			continue
		}
		if n++; oldest < 0 {
			oldest = i
		}
	}
	if n <= MaxSockets {
		return
	}
	st.change.Closes = append(st.change.Closes, Close{Socket: st.Handles[oldest].Socket})
	st.Handles = append(append([]Handle(nil), st.Handles[:oldest]...), st.Handles[oldest+1:]...)
}

// check also makes the owner remember the employee long enough for a ticket issued now.
func (st *step) check(c *Check) error {
	s, err := st.live(c.Session, c.Epoch)
	st.change.Reply.Session = s
	return err
}

func (st *step) detach(gone func(Handle) bool) {
	var kept []Handle
	for _, h := range st.Handles {
		if !gone(h) {
			kept = append(kept, h)
		}
	}
	if len(kept) == len(st.Handles) {
		return
	}
	before := st.Handles
	st.Handles = kept
	st.detached = append([]detached(nil), st.detached...)
	for _, h := range before {
		if gone(h) && st.Find(h.Session) != nil {
			st.noteDetached(h.Session)
		}
	}
}

func (st *step) noteDetached(id ID) {
	for i := range st.detached {
		if st.detached[i].session == id {
			st.detached[i].at = st.now
			return
		}
	}
	st.detached = append(st.detached, detached{session: id, at: st.now})
}

// dropDetached forgets sessions that are gone.
func (st *step) dropDetached() {
	for i := range st.detached {
		if st.Find(st.detached[i].session) == nil {
			var kept []detached
			for _, d := range st.detached {
				if st.Find(d.session) != nil {
					kept = append(kept, d)
				}
			}
			st.detached = kept
			return
		}
	}
}
