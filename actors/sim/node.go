package sim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

// node is one process: its owners, its sockets, its view of ended sessions and its tail.
type node struct {
	w       *world
	number  int
	name    string
	boots   int
	boot    session.Node
	down    bool
	since   session.Time
	owners  map[session.Key]*owner
	sockets map[uint64]*socket
	conns   uint64
	view    map[session.ID]session.Notice
	covers  session.Time
	read    int          // the tail's place in the log
	seen    int          // the log's end as of the last poll that is done
	polled  session.Time // start of that poll
	latest  session.Time // the newest event read, for TailByTime
}

// phase is how far a socket has come.
type phase int

const (
	attaching phase = iota
	established
	told
)

// socket is a connection of a terminal.
type socket struct {
	conn     uint64
	session  session.ID
	epoch    session.Epoch
	phase    phase
	indexed  bool
	terminal *terminal
}

func newNode(w *world, number int) *node {
	n := &node{w: w, number: number, name: fmt.Sprint("n", number), down: true}
	n.start()
	w.after(time.Duration(number)*70*time.Millisecond, n.tail)
	w.after(2*time.Second, n.fate)
	w.after(time.Duration(number)*300*time.Millisecond, n.announce)
	return n
}

// start boots the process. Its tail has its place in the log before the first socket comes.
func (n *node) start() {
	n.boots++
	n.boot = session.Node(fmt.Sprintf("%s.%d", n.name, n.boots))
	n.down, n.since, n.covers, n.polled = false, n.w.now, n.w.now, n.w.now
	n.read, n.seen = len(n.w.store.log), len(n.w.store.log)
	n.owners, n.sockets, n.view = map[session.Key]*owner{}, map[uint64]*socket{}, map[session.ID]session.Notice{}
	n.w.tell("%s starts as %s", n.name, n.boot)
}

// crash loses everything that is in memory. What it sent to the store may still take effect.
func (n *node) crash() {
	n.w.tell("%s crashes", n.name)
	n.down = true
	for _, o := range n.owners {
		o.dead = true
	}
	for _, s := range n.sockets {
		s.terminal.lost(s)
	}
	boot := n.boot
	for _, other := range n.w.nodes {
		if other != n {
			n.w.after(n.w.soon(), func() { other.nodeLost(boot) })
		}
	}
}

func (n *node) nodeLost(boot session.Node) {
	for _, key := range slices.Sorted(maps.Keys(n.owners)) {
		n.owners[key].Post(&actors.Request{Command: session.NodeLost{Node: boot}})
	}
}

// fate crashes nodes, restarts owners and moves employees.
func (n *node) fate() {
	switch {
	case n.down:
		n.start()
	case n.w.fault(2):
		n.crash()
	case n.w.fault(6):
		for _, key := range slices.Sorted(maps.Keys(n.owners)) {
			n.owners[key].restart()
		}
	case n.w.fault(6):
		n.w.move(n.w.keys[n.w.dice.IntN(len(n.w.keys))])
	}
	n.w.after(time.Second, n.fate)
}

// owner is this node's owner of an employee, who comes to life when asked.
func (n *node) owner(key session.Key) *owner {
	o := n.owners[key]
	if o == nil {
		o = newOwner(n, key)
		n.owners[key] = o
	}
	return o
}

// ask sends a command to the employee's owner, or to one who is not any more, or to both. The answer
// may be lost.
func (n *node) ask(key session.Key, command session.Command, done func(session.Reply, error)) {
	asked := len(n.w.store.log)
	deliver := func(to *node) {
		n.w.after(n.w.soon(), func() {
			if to.down {
				return
			}
			owner := to.owner(key)
			exchange := n.w.check.gave(owner, command)
			request := &actors.Request{Command: command, Done: func(r session.Reply, err error) {
				n.w.check.done(exchange)
				n.w.check.answered(key, command, asked, r, err)
				if !n.w.fault(4) {
					n.w.after(n.w.soon(), func() { done(r, err) })
				}
			}}
			if !owner.mishandled(request) {
				owner.Post(request)
			}
		})
	}
	owner := n.w.nodes[n.w.place[key]]
	switch {
	case n.w.fault(4): // lost on the way
	case n.w.fault(8): // the owner was silent for too long: this node does it itself
		deliver(n)
	case n.w.fault(4): // an old view of the members
		deliver(n.w.nodes[n.w.dice.IntN(len(n.w.nodes))])
	case n.w.fault(5): // sent twice
		deliver(owner)
		deliver(owner)
	default:
		deliver(owner)
	}
}

// announce brings this node's sockets to where their owner is said to be, as the real one does when
// owners have moved: late, twice, never, or to who is not the owner any more.
func (n *node) announce() {
	n.w.after(time.Second, n.announce)
	if n.down {
		return
	}
	for _, conn := range slices.Sorted(maps.Keys(n.sockets)) {
		s := n.sockets[conn]
		if s.phase != established {
			continue
		}
		handle := session.Handle{Socket: session.Socket{Node: n.boot, Conn: conn}, Session: s.session}
		key, to, times := s.terminal.key, n.w.nodes[n.w.place[s.terminal.key]], 1
		switch {
		case n.w.fault(10):
			times = 0
		case n.w.fault(10):
			times = 2
		case n.w.fault(5):
			to = n.w.nodes[n.w.dice.IntN(len(n.w.nodes))]
		}
		for range times {
			n.w.after(n.w.soon(), func() {
				if !to.down {
					to.owner(key).Post(&actors.Request{Command: actors.Announcement(handle)})
				}
			})
		}
	}
}

// reach does something at the node of a socket, now or a little later, twice or never.
func (n *node) reach(s session.Socket, do func(*node)) {
	for _, to := range n.w.nodes {
		if to.boot != s.Node {
			continue
		}
		arrive := func() {
			if to.boot == s.Node && !to.down {
				do(to)
			}
		}
		switch {
		case n.w.fault(10):
		case n.w.fault(10):
			n.w.after(n.w.soon(), arrive)
			n.w.after(n.w.soon(), arrive)
		default:
			n.w.after(n.w.soon(), arrive)
		}
	}
}

// connect takes a terminal's socket in the order of the design: the index, then the view, then the
// owner, then the view again. A session from before this node's view is asked for in the store once:
// no tail will ever bring its ending, and an owner elsewhere may not know of it.
func (n *node) connect(t *terminal) *socket {
	n.conns++
	s := &socket{conn: n.conns, session: t.token.session, epoch: t.token.epoch, terminal: t}
	n.sockets[s.conn] = s
	s.indexed = n.w.options.Bug != AttachReversed
	if notice, ended := n.view[s.session]; ended {
		n.notice(s.conn, notice)
		return s
	}
	boot := n.boot
	waits := func() bool { return n.boot == boot && n.sockets[s.conn] == s && s.phase == attaching }
	ask := func() {
		attach := session.Attach{Session: s.session, Epoch: s.epoch, Socket: session.Socket{Node: boot, Conn: s.conn}}
		n.ask(t.key, attach, func(_ session.Reply, err error) {
			if waits() {
				n.attached(s, err)
			}
		})
	}
	if t.token.issued > n.covers {
		ask()
	} else {
		n.w.store.Load(t.key, func(row session.Employee, err error) {
			if err == nil {
				_, err = row.Valid(s.session, s.epoch, n.w.now)
			}
			switch {
			case waits() && err != nil:
				n.attached(s, err)
			case waits():
				ask()
			}
		})
	}
	n.w.after(3*time.Second, func() {
		if waits() {
			n.drop(s.conn)
		}
	})
	return s
}

func (n *node) attached(s *socket, err error) {
	var ended *session.TerminatedError
	notice, known := n.view[s.session]
	switch {
	case known && n.w.options.Bug != AttachReversed:
		n.notice(s.conn, notice)
	case errors.As(err, &ended):
		n.notice(s.conn, ended.Notice)
	case errors.Is(err, session.ErrEpochAhead):
		n.w.check.refusedForGood(s.terminal.key, s.session)
		n.drop(s.conn)
	case err != nil, n.w.options.Bug == AttachRefused:
		n.drop(s.conn)
	default:
		s.phase, s.indexed = established, true
	}
}

// notice reaches a socket; a second one says nothing new.
func (n *node) notice(conn uint64, notice session.Notice) {
	s := n.sockets[conn]
	if s == nil || s.phase == told || s.session != notice.Session || n.w.options.Bug == NobodyTold {
		return
	}
	n.w.tell("%s tells %s of %s: %s", n.name, s.terminal.name, short(s.session), notice.Reason)
	n.w.check.mayBeTold(s.terminal.key, s.session)
	s.phase = told
	delete(n.sockets, conn)
	s.terminal.told(s)
}

// drop closes a socket without a word about its session.
func (n *node) drop(conn uint64) {
	s := n.sockets[conn]
	if s == nil {
		return
	}
	delete(n.sockets, conn)
	s.terminal.lost(s)
	boot := n.boot
	n.ask(s.terminal.key, session.Detach{Socket: session.Socket{Node: boot, Conn: conn}}, func(session.Reply, error) {})
}

// tail reads the endings that are new, adds them to the view, then tells the sockets.
func (n *node) tail() {
	n.w.after(200*time.Millisecond, n.tail)
	if n.down || n.w.fault(10) || n.w.options.Bug == NobodyTold {
		return
	}
	boot, start := n.boot, n.w.now
	n.w.after(n.w.soon(), func() {
		if n.boot != boot || n.down || n.w.now < n.w.store.away && !n.w.calm {
			return
		}
		fresh := n.fresh()
		for i := range fresh {
			if fresh[i].Type.Ends() {
				n.view[fresh[i].Session.ID] = fresh[i].Notice()
			}
		}
		for i := range fresh {
			if fresh[i].Type.Ends() {
				n.tellSession(fresh[i].Notice())
			}
		}
		n.seen, n.polled = n.read, max(n.polled, start)
	})
}

// fresh is what the log has got since the last poll.
func (n *node) fresh() []session.Event {
	fresh := n.w.store.log[n.read:]
	n.read = len(n.w.store.log)
	if n.w.options.Bug != TailByTime {
		return fresh
	}
	var later []session.Event
	for _, e := range fresh {
		if e.At >= n.latest {
			later, n.latest = append(later, e), e.At
		}
	}
	return later
}

func (n *node) tellSession(notice session.Notice) {
	for _, conn := range slices.Sorted(maps.Keys(n.sockets)) {
		if s := n.sockets[conn]; s.indexed && s.session == notice.Session {
			n.notice(conn, notice)
		}
	}
}

// local answers a token from this node's view, with the staleness that it states.
func (n *node) local(t token) (ended bool, staleness time.Duration, covered bool) {
	_, ended = n.view[t.session]
	return ended, n.w.now.Sub(n.polled), t.issued > n.covers
}
