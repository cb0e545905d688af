package session

import (
	"slices"
	"time"
)

// login is the rule the product exists for: it ends what the policy wants ended and starts one
// session, all in one epoch.
func (st *step) login(c *Login) error {
	if done, err := st.replay(c); done || err != nil {
		return err
	}
	if err := st.admit(c); err != nil {
		return err
	}
	st.expire()
	if err := st.vacate(c); err != nil {
		return err
	}
	st.start(c)
	return nil
}

// replay answers a login that was done before, by its session id or by the client's key, with a fresh
// access token. It never ends anything.
func (st *step) replay(c *Login) (done bool, err error) {
	if st.Find(c.Session) != nil {
		// The same command again, after an outcome that was unknown: the whole answer once more.
		s, err := st.live(c.Session, 0)
		if err != nil {
			return true, err
		}
		st.reissue(*s, c.Token, c.Idle)
		for i := range st.Endings {
			if e := &st.Endings[i]; e.Epoch == s.Epoch && e.Reason == ReasonNewLogin {
				st.change.Reply.Ended = append(st.change.Reply.Ended, Session{ID: e.Session, Terminal: e.Terminal})
			}
		}
		return true, nil
	}
	if e := st.Ended(c.Session); e != nil {
		return true, &TerminatedError{Notice: st.notice(c.Session, nil, st.now)}
	}
	if c.Maybe != 0 && len(st.Endings) == MaxEndings && st.Endings[0].Epoch > c.Maybe {
		return true, ErrLate // it may have been started and ended, and be forgotten since
	}
	if c.Key == nil {
		return false, nil
	}
	record, err := st.findKey(c)
	if record == nil || err != nil {
		return false, err
	}
	switch {
	case !c.Trusted && st.Exists() && c.Credential != st.Credential:
		return true, ErrCredentialChanged // a replay, too, needs the password of today
	case record.Body != c.Key.Body:
		return true, ErrKeyReused
	}
	s, err := st.live(record.Session, 0)
	if err != nil {
		return true, err
	}
	st.change.Reply.Replayed = true
	st.reissue(*s, c.Token, c.Idle)
	return true, nil
}

// findKey looks for the client's key: in the row, else in what the driver looked up because the row
// keeps only the last few and may have dropped one inside its lifetime.
func (st *step) findKey(c *Login) (*KeyRecord, error) {
	for i := range st.Keys {
		if k := &st.Keys[i]; k.Hash == c.Key.Hash && st.now.Sub(k.At) <= KeyLifetime {
			return k, nil
		}
	}
	if c.Looked {
		if c.Found == nil || st.now.Sub(c.Found.At) > KeyLifetime {
			return nil, nil
		}
		return c.Found, nil
	}
	if len(st.Keys) == MaxKeys && st.now.Sub(st.Keys[0].At) <= KeyLifetime {
		return nil, ErrLookupKey
	}
	return nil, nil
}

// admit checks that this employee may log in at all.
func (st *step) admit(c *Login) error {
	switch {
	case !st.Exists() && !c.Trusted:
		return ErrNotFound
	case st.Locked:
		return ErrLocked
	case st.Exists() && !c.Trusted && c.Credential != st.Credential:
		return ErrCredentialChanged
	}
	return nil
}

// vacate makes room for one: the terminal's own session goes first, then as many as the policy asks.
func (st *step) vacate(c *Login) error {
	policy := c.policy(st.Policy)
	force := policy.OnLimit == Takeover || c.Override && c.Trusted
	surplus := 1 - policy.MaxSessions
	for i := range st.Active {
		if st.Active[i].Terminal != c.Terminal {
			surplus++
		}
	}
	var leave []ID // of other terminals, oldest first, as many as are too many
	for i := range st.Active {
		s := &st.Active[i]
		if s.Terminal != c.Terminal && len(leave) < surplus && (force || !st.holds(s, c.Grace)) {
			leave = append(leave, s.ID)
		}
	}
	leaves := func(s *Session) bool { return s.Terminal == c.Terminal || slices.Contains(leave, s.ID) }
	if len(leave) < surplus {
		return &ActiveError{Active: st.staying(leaves)}
	}
	why := Ending{Reason: ReasonNewLogin, By: By{Terminal: c.Terminal, Device: c.Device}}
	st.endWhere(leaves, Terminated, why, c.actor())
	return nil
}

func (st *step) staying(leaves func(*Session) bool) []Session {
	return slices.DeleteFunc(slices.Clone(st.Active), func(s Session) bool { return leaves(&s) })
}

// holds reports whether a session keeps its seat under Deny: it has a socket, or had one (or logged
// in, or this owner began to listen) less than the grace ago.
func (st *step) holds(s *Session, grace time.Duration) bool {
	for _, h := range st.Handles {
		if h.Session == s.ID {
			return true
		}
	}
	last := max(s.CreatedAt, st.Since)
	for _, d := range st.detached {
		if d.session == s.ID {
			last = max(last, d.at)
		}
	}
	return st.now.Sub(last) < grace
}

// policy is the employee's own or the default, tightened by the request.
func (c *Login) policy(own *Policy) Policy {
	p := c.Default
	if own != nil {
		p = *own
	}
	p.OnLimit = max(p.OnLimit, c.IfActive)
	return p.normal()
}

// actor names the service key of a trusted login; the employee's own login has none.
func (c *Login) actor() string {
	if c.Trusted {
		return c.Client
	}
	return ""
}

func (st *step) start(c *Login) {
	st.begin(true)
	if !st.Exists() {
		st.ID, st.Deleted = c.Employee, false
		st.change.Profile = &ProfilePatch{}
	}
	s := Session{
		ID: c.Session, Terminal: c.Terminal, Device: c.Device, IP: c.IP, UserAgent: c.UserAgent,
		ExternalID: c.ExternalID, Client: c.Client, Epoch: st.Epoch, CreatedAt: st.now,
		ExpiresAt: st.now.Add(c.Lifetime), Refresh: 1,
	}
	s.touch(st.now, c.Token, c.Idle)
	st.Active = append(st.Active[:len(st.Active):len(st.Active)], s)
	if c.Key != nil {
		record := *c.Key
		record.Session, record.At = c.Session, st.now
		st.Keys = append(st.Keys[:len(st.Keys):len(st.Keys)], record)
		st.change.Key = &record
	}
	st.event(Event{Type: Started, Session: s, Actor: c.actor()})
	st.change.Reply.Session = &s
}

// touch notes a freshly issued access token. No token outlives its session: it expires at
// min(now+token, Deadline), which whoever issues it computes in the same way.
func (s *Session) touch(now Time, token, idle time.Duration) {
	s.IdleAt = 0
	if idle > 0 {
		s.IdleAt = now.Add(idle)
	}
	s.TokensUntil = max(s.TokensUntil, min(now.Add(token), s.Deadline()))
}
