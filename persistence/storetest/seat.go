package storetest

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Seat is an employee as an owner holds it: it makes the writes of logins by the rules of package
// session. One goroutine at a time.
type Seat struct {
	ID     session.EmployeeID
	Owner  byte // tells the sessions of rival owners apart
	State  session.State
	next   session.State
	change session.Change
}

// NewSeat begins with an employee that was never stored.
func NewSeat(id string) *Seat { return &Seat{ID: session.EmployeeID(id)} }

// Key is the employee's.
func (s *Seat) Key() session.Key { return s.ID.Key() }

// Login makes the write of the next takeover at now. Done adopts it once it is committed.
func (s *Seat) Login(now session.Time) store.Write {
	login := session.Login{
		Employee: s.ID, Session: s.session(s.State.Version + 1), Terminal: session.TerminalID(fmt.Sprintf("till-%d", s.State.Version%7)),
		Device: "Chrome on Linux", IP: "192.0.2.7", Client: "storetest", Trusted: true, Lifetime: 12 * time.Hour, Token: 15 * time.Minute,
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		Default:   session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	}
	return s.Write(now, login)
}

// Write makes the write of any command.
func (s *Seat) Write(now session.Time, cmd session.Command) store.Write {
	var err error
	s.next, s.change, err = session.Step(s.State, now, cmd)
	if err != nil {
		panic(fmt.Sprintf("the rules refuse %T of %s: %v", cmd, s.ID, err))
	}
	change := s.change
	return store.Write{Key: s.Key(), Expected: s.State.Version, Change: &change}
}

// Done adopts the state of the last write.
func (s *Seat) Done() { s.State = s.next }

// session is the id of the session that the row's version began.
func (s *Seat) session(v session.Version) (id session.ID) {
	copy(id[:8], s.ID)
	binary.BigEndian.PutUint64(id[8:], uint64(v))
	id[8] = s.Owner
	return id
}
