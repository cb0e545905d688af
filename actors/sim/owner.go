package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// owner is one production driver with its mailbox, and its Env. Several nodes may own the same
// employee at once; none of them knows.
type owner struct {
	w        *world
	node     *node
	key      session.Key
	employee *actors.Employee
	inbox    []any
	dead     bool
	conflict bool // the last commit met another owner's
}

func newOwner(n *node, key session.Key) *owner {
	o := &owner{w: n.w, node: n, key: key}
	o.employee = actors.NewEmployee(key, o)
	return o
}

// Post implements actors.Env: one message at a time, in the order of their arrival.
func (o *owner) Post(message any) {
	if o.dead {
		return
	}
	o.inbox = append(o.inbox, message)
	o.w.after(time.Duration(o.w.dice.IntN(3))*time.Millisecond, func() {
		if o.dead {
			return
		}
		first := o.inbox[0]
		o.inbox = o.inbox[1:]
		o.employee.Receive(first)
		o.leave()
		o.nap()
	})
}

// idleAfter is how long an owner remembers who gives no sign of life: as in production, for longer than
// a ticket is good and a seat is held without a socket.
const idleAfter = 40 * time.Second

// leave forgets the employee when the driver says that nothing is lost by it.
func (o *owner) leave() {
	if o.employee.Resting(idleAfter) {
		o.w.tell("%s forgets %s", o.node.name, o.key)
		o.employee = actors.NewEmployee(o.key, o)
	}
}

// nap packs what the driver knows, whenever nothing is under way, and goes on with another one.
func (o *owner) nap() {
	rest, quiet := o.employee.Doze(0)
	if !o.w.options.Naps || !quiet {
		return
	}
	number := func(n session.Node) uint64 { o.w.boots = append(o.w.boots, n); return uint64(len(o.w.boots) - 1) }
	var again actors.Rest
	if err := again.Parse(rest.Append(nil, number), func(n uint64) session.Node { return o.w.boots[n] }); err != nil {
		o.w.violated("packing", "%v", err)
		return
	}
	o.employee = actors.NewEmployee(o.key, o)
	o.employee.Resume(again)
}

// restart is what the guardian does after a panic: the state in memory is lost, the mailbox is not.
func (o *owner) restart() {
	o.w.tell("%s restarts its owner of %s", o.node.name, o.key)
	o.employee.Abandon(errors.New("restarted"))
	o.employee = actors.NewEmployee(o.key, o)
}

// Now implements actors.Env.
func (o *owner) Now() session.Time { return o.w.now }

// Load implements actors.Env.
func (o *owner) Load(key session.Key, done func(session.Employee, error)) {
	if o.conflict && o.w.options.Bug == NoReloadAfterConflict {
		o.conflict = false
		remembered := o.employee.State().Employee
		o.w.after(0, func() { done(remembered, nil) })
		return
	}
	o.w.store.Load(key, done)
}

// FindKey implements actors.Env.
func (o *owner) FindKey(key session.Key, hash [16]byte, since session.Time, done func(*session.KeyRecord, error)) {
	o.w.store.FindKey(key, hash, since, done)
}

// Commit implements actors.Env.
func (o *owner) Commit(key session.Key, expected session.Version, c *session.Change, done func(error, bool)) {
	if o.w.options.Bug == NoticesBeforeCommit {
		o.Ended(c.Endings())
		o.Tell(c.Notices, make([]*session.Delivery, len(c.Notices)), time.Time{})
	}
	o.w.store.Commit(key, expected, c, func(err error) {
		o.conflict = errors.Is(err, session.ErrConflict)
		o.w.tell("%s commit %s version %d: %v", o.node.name, key, expected+1, err)
		done(err, false)
	})
}

// Ended implements actors.Env.
func (o *owner) Ended(events []session.Event) {
	if o.dead {
		return
	}
	for i := range events {
		o.w.check.mayBeTold(o.key, events[i].Session.ID)
		o.node.view[events[i].Session.ID] = events[i].Notice()
	}
}

// Tell implements actors.Env.
func (o *owner) Tell(told []session.Told, deliveries []*session.Delivery, _ time.Time) {
	for i := range told {
		o.w.check.mayBeTold(o.key, told[i].Notice.Session)
		o.node.reach(told[i].Socket, func(n *node) {
			n.notice(told[i].Socket.Conn, told[i].Notice)
		})
		if deliveries[i] != nil {
			deliveries[i].Report(session.Sent, 0)
		}
	}
}

// CloseSurplus implements actors.Env.
func (o *owner) CloseSurplus(closes []session.Close) {
	for _, c := range closes {
		o.node.reach(c.Socket, func(n *node) { n.drop(c.Socket.Conn) })
	}
}

// Sockets implements actors.Env.
func (o *owner) Sockets(id session.ID) (list []session.Socket) {
	for _, s := range o.node.sockets {
		if s.indexed && s.session == id {
			list = append(list, session.Socket{Node: o.node.boot, Conn: s.conn})
		}
	}
	slices.SortFunc(list, func(a, b session.Socket) int { return int(a.Conn) - int(b.Conn) })
	return list
}

// Wake implements actors.Env.
func (o *owner) Wake(at session.Time) {
	o.w.after(max(0, at.Sub(o.w.now)), func() { o.Post(actors.Tick{}) })
}

// Broken implements actors.Env.
func (o *owner) Broken(err error) { o.w.violated("rules", "%v", err) }

// MemoryIsFresh implements actors.Env: an owner that is in its right place for so long that no
// other can believe to be owner still, and has been in step with the row since.
func (o *owner) MemoryIsFresh(synced session.Time) bool {
	fresh := max(o.w.placed[o.key], o.node.since).Add(4 * time.Second)
	return o.w.place[o.key] == o.node.number && synced > fresh
}
