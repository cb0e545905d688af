package sim

import (
	"errors"
	"slices"

	"github.com/hotseat-hub/hotseat/session"
)

// checker holds the history against the promises. It keeps its own account of the log and believes
// nothing that an owner or a row says.
type checker struct {
	w         *world
	employees map[session.Key]*account
	ended     map[session.ID]int // its ending's place in the log, plus one
	waiting   map[*terminal]bool
	open      map[*exchange]bool // commands that owners owe an answer to
}

// exchange is one command that an owner was given.
type exchange struct {
	owner    *owner
	command  session.Command
	answered bool
}

// account is an employee as the log tells it.
type account struct {
	version session.Version
	epoch   session.Epoch
	active  []session.ID
	started map[session.ID]bool
	byKey   map[[16]byte]session.ID // the session that a client's key was first answered with
}

func newChecker(w *world) *checker {
	return &checker{w: w, employees: map[session.Key]*account{}, ended: map[session.ID]int{}, waiting: map[*terminal]bool{}, open: map[*exchange]bool{}}
}

func (c *checker) account(key session.Key) *account {
	a := c.employees[key]
	if a == nil {
		a = &account{started: map[session.ID]bool{}, byKey: map[[16]byte]session.ID{}}
		c.employees[key] = a
	}
	return a
}

// logged replays events as they enter the log: S5 (consecutive, no gap, nothing twice), and S3 and
// S4: a session starts once and never comes back.
func (c *checker) logged(key session.Key, events []session.Event) {
	a := c.account(key)
	for i, e := range events {
		if e.N != i+1 || e.Epoch != a.epoch+1 {
			c.w.violated("S5", "%s: event %d/%d follows epoch %d", key, e.Epoch, e.N, a.epoch)
		}
		switch {
		case e.Type.Ends():
			at := slices.Index(a.active, e.Session.ID)
			if at < 0 {
				c.w.violated("S5", "%s: %s ended and was not active", key, short(e.Session.ID))
				return
			}
			a.active = slices.Delete(a.active, at, at+1)
			c.ended[e.Session.ID] = len(c.w.store.log)
		case e.Type == session.Started:
			if a.started[e.Session.ID] {
				c.w.violated("S3", "%s: %s was started twice", key, short(e.Session.ID))
			}
			a.started[e.Session.ID] = true
			a.active = append(a.active, e.Session.ID)
		}
	}
	if len(events) > 0 {
		a.epoch++
	}
}

// committed compares a row with the account of the log: S1 and S4.
func (c *checker) committed(key session.Key) {
	a, row := c.account(key), c.w.store.read(key)
	c.w.tell("row %s version %d epoch %d active %d", key, row.Version, row.Epoch, len(row.Active))
	most := c.w.policy.MaxSessions
	if row.Policy != nil {
		most = row.Policy.MaxSessions
	}
	var active []session.ID
	for i := range row.Active {
		active = append(active, row.Active[i].ID)
	}
	state := session.State{Employee: row}
	switch err := state.Check(); {
	case err != nil:
		c.w.violated("S1", "%s: %v", key, err)
	case len(active) > most:
		c.w.violated("S1", "%s: %d sessions active, the policy has %d seats", key, len(active), most)
	case row.Version <= a.version || row.Epoch < a.epoch:
		c.w.violated("S4", "%s: version %d epoch %d after %d and %d", key, row.Version, row.Epoch, a.version, a.epoch)
	case row.Epoch != a.epoch:
		c.w.violated("S5", "%s: the row is at epoch %d, the log at %d", key, row.Epoch, a.epoch)
	case !slices.Equal(active, a.active):
		c.w.violated("S5", "%s: active in the row %v, by the log %v", key, active, a.active)
	}
	a.version = row.Version
}

func (c *checker) active(key session.Key, id session.ID) bool {
	return slices.Contains(c.account(key).active, id)
}

// mayBeTold: a notice, and the view, speak of what has been committed.
func (c *checker) mayBeTold(key session.Key, id session.ID) {
	if s := c.find(key, id); s != nil && c.w.now < s.Deadline() {
		c.w.violated("S3", "%s is told to have ended and is active in the store", short(id))
	}
}

func (c *checker) refusedForGood(key session.Key, id session.ID) {
	if s := c.find(key, id); s != nil && c.w.now < s.Deadline() {
		c.w.violated("S3", "the token of %s is called bad and its session is active in the store", short(id))
	}
}

func (c *checker) find(key session.Key, id session.ID) *session.Session {
	row := c.w.store.read(key)
	return row.Find(id)
}

// answered holds every answer of an owner against the log, which had asked events when it was asked.
func (c *checker) answered(key session.Key, command session.Command, asked int, r session.Reply, err error) {
	var ended *session.TerminatedError
	if errors.As(err, &ended) {
		c.mayBeTold(key, ended.Notice.Session)
		return
	}
	if err != nil {
		return
	}
	switch command := command.(type) {
	case session.Login:
		c.loggedIn(key, &command, asked, r.Session.ID)
	case session.Refresh:
		if r.Session != nil {
			c.used(key, command.Session, asked, nil)
		}
	case session.Logout:
		if c.active(key, command.Session) {
			c.w.violated("S3", "the logout of %s was answered and it is active", short(command.Session))
		}
	}
}

// loggedIn: S3. What was answered is in the log, and a key is answered with one session. An older
// one may have ended meanwhile, but not before it was asked for.
func (c *checker) loggedIn(key session.Key, command *session.Login, asked int, id session.ID) {
	a := c.account(key)
	if !a.started[id] {
		c.w.violated("S3", "the login %s was answered and is not in the log", short(id))
	}
	c.used(key, id, asked, nil)
	if command.Key == nil {
		return
	}
	if first, known := a.byKey[command.Key.Hash]; known && first != id {
		c.w.violated("S3", "a key made %s and then %s", short(first), short(id))
	}
	a.byKey[command.Key.Hash] = id
}

// used: S2. A token is refused when its session had ended before the asking began.
func (c *checker) used(key session.Key, id session.ID, asked int, err error) {
	if at := c.ended[id]; err == nil && at > 0 && at <= asked {
		c.w.violated("S2", "%s of %s was accepted, and had ended before it was asked for", short(id), key)
	}
}

// local: S2 at level local. What the view does not know ended within the staleness that it states.
func (c *checker) local(n *node, t token) {
	ended, staleness, covered := n.local(t)
	at := c.ended[t.session]
	if ended || !covered || at == 0 {
		return
	}
	if over := c.w.now.Sub(c.w.store.log[at-1].At); over > staleness && at <= n.seen {
		c.w.violated("S2", "%s is accepted by the view of %s, stale by %v, and ended %v ago", short(t.session), n.name, staleness, over)
	}
}

// sockets: S4 and L1. After a poll of the tail no socket is established for a session that had
// ended before it.
func (c *checker) sockets() {
	for _, n := range c.w.nodes {
		for _, s := range n.sockets {
			if at := c.ended[s.session]; s.phase == established && at > 0 && at <= n.seen && !n.down {
				c.w.violated("S4", "%s holds %s established, whose ending its tail has read", n.name, short(s.session))
			}
		}
	}
}

// gave and done: an owner that lives answers every command once.
func (c *checker) gave(o *owner, command session.Command) *exchange {
	x := &exchange{owner: o, command: command}
	c.open[x] = true
	return x
}

func (c *checker) done(x *exchange) {
	if x.answered {
		c.w.violated("L2", "%T was answered twice", x.command)
	}
	x.answered = true
	delete(c.open, x)
}

func (c *checker) awaits(t *terminal) { c.waiting[t] = true }

func (c *checker) came(t *terminal) { delete(c.waiting, t) }

// settled: L1 and L2, when no faults happened for a while. Logins are answered, every terminal with a
// socket knows the truth, and every terminal with a living session has a socket.
func (c *checker) settled() {
	for t := range c.waiting {
		c.w.violated("L2", "the login of %s was not answered though all faults have ended", t.name)
	}
	for x := range c.open {
		if !x.owner.dead {
			c.w.violated("L2", "%s never answered %T", x.owner.node.name, x.command)
		}
	}
	for _, t := range c.w.terminals {
		if t.token == nil {
			continue
		}
		alive := c.active(t.key, t.token.session)
		switch {
		case !alive && t.socket != nil:
			c.w.violated("L1", "%s believes in %s, which has ended", t.name, short(t.token.session))
		case alive && (t.socket == nil || t.socket.phase != established):
			c.w.violated("L2", "%s cannot connect to its session %s", t.name, short(t.token.session))
		}
	}
}
