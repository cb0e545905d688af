package session

import (
	"errors"
	"time"
)

// logout ends the session that asks. One that a logout has ended is done: a command whose first
// answer was lost on its way between nodes comes twice.
func (st *step) logout(c *Logout) error {
	s, err := st.live(c.Session, 0)
	var over *TerminatedError
	if errors.As(err, &over) && over.Notice.Reason == ReasonLogout {
		return nil
	}
	if err != nil {
		return err
	}
	ended := *s
	st.expire()
	st.endOne(c.Session, Ending{Reason: ReasonLogout}, "")
	st.change.Reply.Session = &ended
	return nil
}

// refresh rotates: the newest token makes a successor, the one before it gets that same successor
// again, any older one was stolen or kept, and ends the session.
func (st *step) refresh(c *Refresh) error {
	live, err := st.live(c.Session, 0)
	if err != nil {
		return err
	}
	s := *live
	switch {
	case c.Generation > s.Refresh || c.Generation == 0:
		return ErrBadToken
	case c.Generation+1 < s.Refresh && c.Passed:
		return ErrPassed
	case c.Generation+1 < s.Refresh:
		st.expire()
		st.endOne(s.ID, Ending{Reason: ReasonTokenReuse}, "")
		st.change.Reply.Session = nil
		return nil
	case c.Generation == s.Refresh:
		s.Refresh++
	}
	// A repeat of the previous token makes no new generation but a new access token.
	st.reissue(s, c.Token, c.Idle)
	return nil
}

// reissue answers with a session for which a new access token is made. The row must know that
// token's expiry before it is given out.
func (st *step) reissue(s Session, token, idle time.Duration) {
	s.touch(st.now, token, idle)
	if s != *st.Find(s.ID) {
		st.begin(false)
		st.replace(s)
	}
	st.change.Reply.Session = st.Find(s.ID)
}

// end is an operator's, a service's or the employee's wish about one or all sessions.
func (st *step) end(c *End) error {
	if !st.Exists() {
		return ErrNotFound
	}
	why := Ending{Reason: c.Reason, By: By{Name: c.Actor}, Message: c.Message}
	if c.Session.IsZero() {
		st.expire()
		st.endWhere(func(s *Session) bool { return s.ID != c.Except }, Ended, why, c.Actor)
		return nil
	}
	if _, err := st.live(c.Session, 0); err != nil {
		return err
	}
	st.expire()
	st.endOne(c.Session, why, c.Actor)
	return nil
}

func (st *step) endOne(id ID, why Ending, actor string) {
	st.endWhere(func(s *Session) bool { return s.ID == id }, Ended, why, actor)
}

// create makes the employee, or makes a deleted one again where its counters stopped.
func (st *step) create(c *Create) error {
	if st.Exists() {
		return ErrAlreadyExists
	}
	st.begin(false)
	st.ID, st.Deleted, st.Policy = c.Employee, false, c.Policy.own()
	st.Locked = false
	profile := c.Profile
	st.patch(&profile)
	if c.Locked {
		st.lock(c.Actor)
	}
	return nil
}

// update applies an operator's PATCH and ends the sessions that it makes impossible.
func (st *step) update(c *Update) error {
	if !st.Exists() {
		return ErrNotFound
	}
	if c.Checked != 0 && c.Checked != st.Credential {
		return ErrCredentialChanged
	}
	st.begin(false)
	st.expire()
	if c.Profile != nil {
		st.patch(c.Profile)
		if c.Profile.PasswordHash != nil && !c.KeepSessions {
			st.endAll(Ending{Reason: ReasonAdmin, By: By{Name: c.Actor}}, c.Actor)
		}
	}
	if c.Locked != nil && *c.Locked && !st.Locked {
		st.lock(c.Actor)
	}
	if c.Locked != nil && !*c.Locked && st.Locked {
		st.begin(true)
		st.Locked = false
		st.event(Event{Type: EmployeeUnlocked, Actor: c.Actor})
	}
	if c.SetPolicy {
		st.setPolicy(c)
	}
	return nil
}

// patch passes the profile on, and keeps in the row what logins need of it.
func (st *step) patch(p *ProfilePatch) {
	st.change.Profile = p
	if p.PasswordHash != nil {
		st.Credential++
	}
	if p.FirstName != nil {
		st.FirstName = *p.FirstName
	}
	if p.LastName != nil {
		st.LastName = *p.LastName
	}
}

func (st *step) lock(actor string) {
	st.begin(true)
	st.Locked = true
	st.event(Event{Type: EmployeeLocked, Reason: ReasonLocked, Actor: actor})
	st.endAll(Ending{Reason: ReasonLocked}, actor)
}

// setPolicy ends the oldest sessions that the new policy has no seat for.
func (st *step) setPolicy(c *Update) {
	st.Policy = c.Policy.own()
	policy := c.Default.normal()
	if st.Policy != nil {
		policy = *st.Policy
	}
	surplus := len(st.Active) - policy.MaxSessions
	if surplus <= 0 {
		return
	}
	last := st.Active[surplus-1].Epoch // Active is ordered by it
	st.endWhere(func(s *Session) bool { return s.Epoch <= last }, Ended,
		Ending{Reason: ReasonAdmin, By: By{Name: c.Actor}}, c.Actor)
}

func (st *step) delete(c *Delete) error {
	if !st.Exists() {
		return ErrNotFound
	}
	st.begin(false)
	st.expire()
	st.endAll(Ending{Reason: ReasonAdmin, By: By{Name: c.Actor}}, c.Actor)
	st.Deleted, st.Locked, st.Policy = true, false, nil
	st.FirstName, st.LastName = "", ""
	st.Credential++
	st.change.DeleteProfile = true
	return nil
}

func (st *step) endAll(why Ending, actor string) {
	st.endWhere(func(*Session) bool { return true }, Ended, why, actor)
}
