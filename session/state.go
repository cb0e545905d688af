package session

import "fmt"

// Node names one run of one node: name and boot id. A node that comes back is another Node.
type Node string

// Socket refers to a connection at the node that accepted it.
type Socket struct {
	Node Node
	Conn uint64 // never reused within a Node
}

// Handle is an announced socket of a session. Handles are soft: they are lost with the owner and
// announced again.
type Handle struct {
	Socket  Socket
	Session ID
}

// detached says since when a session has had no socket.
type detached struct {
	session ID
	at      Time
}

// spent is a ticket that was used.
type spent struct {
	nonce [16]byte
	at    Time
}

// State is what the owner holds of an employee: the row as last committed or loaded, and the
// soft state around it. Step never changes a State that it was given.
type State struct {
	Employee
	// Since is when this owner took the employee over.
	Since    Time
	Handles  []Handle
	detached []detached
	tickets  []spent
}

// Adopt replaces the row by a freshly loaded one, keeps the soft state, and tells the sockets whose
// session somebody else has ended meanwhile.
func Adopt(old State, row Employee, now Time) (State, Change) {
	next := old
	next.Employee = row
	if next.Since == 0 {
		next.Since = now
	}
	var change Change
	next.Handles, change.Notices = next.split(now)
	for i := range change.Notices {
		notice := &change.Notices[i].Notice
		if s := old.Find(notice.Session); s != nil && notice.Terminal == "" {
			notice.Terminal = s.Terminal // the row has forgotten the ending, the old one knew where
		}
	}
	return next, change
}

// split separates the handles of sessions that are still active from those to be told.
func (s *State) split(now Time) (kept []Handle, told []Told) {
	for i, h := range s.Handles {
		if s.Find(h.Session) != nil {
			if told != nil {
				kept = append(kept, h)
			}
			continue
		}
		if told == nil {
			kept = append([]Handle(nil), s.Handles[:i]...)
		}
		told = append(told, Told{Socket: h.Socket, Notice: s.notice(h.Session, nil, now)})
	}
	if told == nil {
		return s.Handles, nil
	}
	return kept, told
}

// notice is what to tell a terminal about a session that may not act: from what the row remembers,
// else expired when s is still listed, else simply ended.
func (e *Employee) notice(id ID, s *Session, now Time) Notice {
	if ending := e.Ended(id); ending != nil {
		return Notice{
			Session: id, Terminal: ending.Terminal, Epoch: ending.Epoch, Reason: ending.Reason,
			By: ending.By, Message: ending.Message, At: ending.At,
		}
	}
	if s != nil {
		return Notice{Session: id, Terminal: s.Terminal, Epoch: e.Epoch, Reason: ReasonExpired, At: s.Deadline()}
	}
	return Notice{Session: id, Epoch: e.Epoch, Reason: ReasonEnded, At: now}
}

// Idle reports whether nothing is lost when the owner forgets this employee.
func (s *State) Idle(now Time) bool {
	for _, t := range s.tickets {
		if now.Sub(t.at) <= TicketWindow {
			return false
		}
	}
	return len(s.Handles) == 0
}

// NextExpiry is the earliest deadline of an active session, or zero.
func (s *State) NextExpiry() Time {
	var next Time
	for i := range s.Active {
		if d := s.Active[i].Deadline(); next == 0 || d < next {
			next = d
		}
	}
	return next
}

// Check states what holds after every Step; an error means a bug in the rules.
func (s *State) Check() error {
	if len(s.Active) > MaxSeats || len(s.Endings) > MaxEndings || len(s.Keys) > MaxKeys {
		return fmt.Errorf("row too large: %d active, %d endings, %d keys", len(s.Active), len(s.Endings), len(s.Keys))
	}
	if (s.Deleted || s.Locked || s.Version == 0) && len(s.Active) > 0 {
		return fmt.Errorf("%d sessions active though deleted=%t locked=%t version=%d", len(s.Active), s.Deleted, s.Locked, s.Version)
	}
	if s.Policy != nil && len(s.Active) > s.Policy.MaxSessions {
		return fmt.Errorf("%d sessions active, policy allows %d", len(s.Active), s.Policy.MaxSessions)
	}
	seen := make(map[ID]bool, len(s.Active))
	terminals := make(map[TerminalID]bool, len(s.Active))
	for i := range s.Active {
		a := &s.Active[i]
		switch {
		case a.ID.IsZero() || seen[a.ID]:
			return fmt.Errorf("session %s twice or without id", a.ID)
		case terminals[a.Terminal]:
			return fmt.Errorf("terminal %s holds two sessions", a.Terminal)
		case a.Epoch == 0 || a.Epoch > s.Epoch:
			return fmt.Errorf("session %s has epoch %d, employee %d", a.ID, a.Epoch, s.Epoch)
		case i > 0 && s.Active[i-1].Epoch >= a.Epoch:
			return fmt.Errorf("sessions out of order at %s", a.ID)
		case s.Ended(a.ID) != nil:
			return fmt.Errorf("session %s is active and ended", a.ID)
		}
		seen[a.ID], terminals[a.Terminal] = true, true
	}
	for i := range s.Endings {
		if s.Endings[i].Epoch > s.Epoch || i > 0 && s.Endings[i-1].Epoch > s.Endings[i].Epoch {
			return fmt.Errorf("endings out of order at %s", s.Endings[i].Session)
		}
	}
	return s.checkHandles(seen)
}

func (s *State) checkHandles(active map[ID]bool) error {
	sockets := make(map[Socket]bool, len(s.Handles))
	perSession := make(map[ID]int, len(active))
	for _, h := range s.Handles {
		if !active[h.Session] || sockets[h.Socket] {
			return fmt.Errorf("handle %v of session %s twice or of a session that is not active", h.Socket, h.Session)
		}
		sockets[h.Socket] = true
		if perSession[h.Session]++; perSession[h.Session] > MaxSockets {
			return fmt.Errorf("session %s has more than %d sockets", h.Session, MaxSockets)
		}
	}
	return nil
}
