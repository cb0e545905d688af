package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// token is what a terminal holds of its session. It counts as issued when it was asked for: whatever
// ended the session later is in the log after that.
type token struct {
	session session.ID
	epoch   session.Epoch
	refresh uint32
	issued  session.Time
}

func tokenOf(r *session.Reply, asked session.Time) *token {
	return &token{session: r.Session.ID, epoch: r.Session.Epoch, refresh: r.Session.Refresh, issued: asked}
}

// terminal is a till that logs in, connects, uses its token, and tries again.
type terminal struct {
	w      *world
	key    session.Key
	name   session.TerminalID
	token  *token
	socket *socket
	at     *node
	busy   int // the number of the exchange under way; an answer to an older one comes too late
	keys   int
}

func newTerminal(w *world, key session.Key, n int) *terminal {
	t := &terminal{w: w, key: key, name: session.TerminalID(fmt.Sprintf("%s-%d", key, n))}
	w.after(time.Duration(w.dice.IntN(500))*time.Millisecond, t.act)
	return t
}

func (t *terminal) act() {
	t.w.after(time.Duration(100+t.w.dice.IntN(900))*time.Millisecond, t.act)
	if t.at == nil || t.at.down || t.w.fault(5) {
		t.at = t.w.nodes[t.w.dice.IntN(len(t.w.nodes))]
	}
	if t.at.down {
		return
	}
	switch {
	case t.token == nil && !t.w.calm && t.w.chance(60):
		t.login(t.command(), 4)
	case t.token == nil:
	case t.socket == nil:
		t.connect()
	case t.w.calm:
	case t.w.chance(8):
		t.login(t.command(), 4)
	case t.w.chance(10):
		t.refresh(t.token.refresh, 2)
	case t.w.chance(6):
		t.logout()
	case t.w.chance(8):
		t.at.drop(t.socket.conn)
	case t.w.chance(20):
		t.strict()
	default:
		t.w.check.local(t.at, *t.token)
	}
}

// command is a new login, half of the time with a client's key.
func (t *terminal) command() session.Login {
	c := session.Login{
		Deadline: session.Deadline{At: t.w.now.Add(10 * time.Second)}, Employee: session.EmployeeID(t.key),
		Session: t.w.fresh(), Terminal: t.name, Device: string(t.name), Client: "pos", Trusted: true,
		Lifetime: 40 * time.Second, Token: 20 * time.Second, Default: t.w.policy, Grace: 2 * time.Second,
	}
	if t.w.options.Bug == PolicyIgnored {
		c.Default.MaxSessions = 5
	}
	if t.w.chance(50) {
		t.keys++
		c.Key = &session.KeyRecord{}
		copy(c.Key.Hash[:], fmt.Sprint(t.name, t.keys))
	}
	return c
}

// login sends a login until it is answered, or gives up: then nobody knows.
func (t *terminal) login(c session.Login, tries int) {
	if tries == 0 || t.at.down {
		return
	}
	t.busy++
	exchange, asked := t.busy, t.w.now
	t.w.tell("%s logs in as %s at %s", t.name, short(c.Session), t.at.name)
	t.at.ask(t.key, c, func(r session.Reply, err error) {
		t.w.tell("%s hears of %s: %v", t.name, short(c.Session), err)
		if exchange != t.busy {
			return
		}
		t.busy++
		switch {
		case err == nil:
			t.adopt(tokenOf(&r, asked))
			t.stray(c)
		case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrOverloaded):
			t.login(t.again(c), tries-1)
		}
	})
	t.w.after(1500*time.Millisecond, func() {
		if exchange == t.busy {
			t.login(t.again(c), tries-1)
		}
	})
}

// stray is a copy of a login that was long on its way.
func (t *terminal) stray(c session.Login) {
	if t.w.fault(30) {
		t.w.after(time.Duration(t.w.dice.IntN(4000))*time.Millisecond, func() {
			if !t.at.down {
				t.at.ask(t.key, t.again(c), func(session.Reply, error) {})
			}
		})
	}
}

// again is the same login once more: the node sends the same command, or the client the same key.
func (t *terminal) again(c session.Login) session.Login {
	if c.Key != nil && t.w.chance(50) {
		c.Session, c.At = t.w.fresh(), t.w.now.Add(10*time.Second)
	}
	return c
}

// adopt takes a new token; the old one's socket belongs to the old session.
func (t *terminal) adopt(next *token) {
	if t.token != nil && t.token.session == next.session {
		t.token = next
		return
	}
	if s := t.socket; s != nil {
		t.socket = nil
		t.at.drop(s.conn)
	}
	t.token = next
}

func (t *terminal) connect() { t.socket = t.at.connect(t) }

// lost: the socket is gone, the session may go on.
func (t *terminal) lost(s *socket) {
	if t.socket == s {
		t.socket = nil
	}
}

// told: the session has ended; the terminal wipes its token.
func (t *terminal) told(s *socket) {
	t.lost(s)
	if t.token != nil && t.token.session == s.session {
		t.token = nil
	}
}

func (t *terminal) refresh(generation uint32, tries int) {
	t.busy++
	exchange, asked, of := t.busy, t.w.now, t.token.session
	c := session.Refresh{
		Deadline: session.Deadline{At: t.w.now.Add(time.Second)}, Session: of, Generation: generation, Token: 20 * time.Second,
	}
	t.at.ask(t.key, c, func(r session.Reply, err error) {
		if exchange != t.busy || t.token == nil || t.token.session != of {
			return
		}
		t.busy++
		if err == nil && r.Session != nil {
			t.token = tokenOf(&r, asked)
		}
	})
	t.w.after(1500*time.Millisecond, func() {
		if exchange == t.busy && t.token != nil && t.token.session == of && tries > 1 && !t.at.down {
			t.refresh(generation, tries-1)
		}
	})
}

func (t *terminal) logout() {
	c := session.Logout{Deadline: session.Deadline{At: t.w.now.Add(10 * time.Second)}, Session: t.token.session}
	t.at.ask(t.key, c, func(session.Reply, error) {})
}

// strict uses the token on a route that asks the store.
func (t *terminal) strict() {
	used, asked := *t.token, len(t.w.store.log)
	t.w.store.Load(t.key, func(row session.Employee, err error) {
		if before, ok := t.w.store.before[t.key]; ok && before.version > 0 && t.w.options.Bug == OldRows {
			row = t.w.store.employee(t.key, before)
		}
		if err == nil {
			_, err = row.Valid(used.session, used.epoch, t.w.now)
			t.w.check.used(t.key, used.session, asked, err)
		}
	})
}

// last is the login that must succeed now that all faults have ended.
func (t *terminal) last() {
	t.at = t.w.nodes[t.w.dice.IntN(len(t.w.nodes))]
	c := t.command()
	c.Override = true
	asked := t.w.now
	t.w.check.awaits(t)
	t.at.ask(t.key, c, func(r session.Reply, err error) {
		t.w.tell("%s hears of the last login: %v", t.name, err)
		if err == nil {
			t.adopt(tokenOf(&r, asked))
			t.w.check.came(t)
		}
	})
}
