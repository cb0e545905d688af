package hub

import (
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// conn is one connection of the goroutine engine: a goroutine that reads, a conversation, and what
// could not be written yet. Any goroutine may call turn.
type conn struct {
	id     uint64
	engine *goroutines
	net    net.Conn
	raw    syscall.RawConn // nil under TLS: everything is then written by flush

	mu      sync.Mutex // of all below
	talk    conversation
	request *Request // until the first message was judged
	timer   *time.Timer
	wound   time.Duration // the deadline that timer is for
	gone    bool
	out     queue
}

// newConn makes an admitted connection one of the engine.
func newConn(e *goroutines, id uint64, nc net.Conn) *conn {
	nc.SetDeadline(time.Time{}) // the HTTP server's
	tuneTCP(nc, e.hub.options.UserTimeout)
	return &conn{id: id, engine: e, net: nc, raw: direct(nc)}
}

// turn lets the conversation take one input and does what it says. False when the connection is gone.
func (c *conn) turn(t turn) bool {
	did := c.locked(t)
	if did == nil {
		return false
	}
	hub := c.engine.hub
	hub.report(session.Sent, did.sent)
	hub.report(session.Acked, did.acked)
	hub.report(session.Offline, did.offline)
	if did.seated != nil {
		hub.attach(c.id, did.seated)
	}
	if did.token != "" && c.engine.enter() {
		go func() {
			defer c.engine.running.Done()
			hub.authenticate(c.id, did.request, did.token)
		}()
	}
	return true
}

// done is what is left to do of a turn when the lock is free: its fields are those of output.
type done struct {
	sent, acked, offline []follow
	seated               *Seat
	token                string
	request              *Request
}

// locked is the part of turn that holds the lock. Nil when the connection is gone.
func (c *conn) locked(t turn) *done {
	c.mu.Lock()
	defer c.mu.Unlock() // a panic must not leave others waiting
	if c.gone {
		return nil
	}
	var out output
	t(&c.talk, c.engine.hub.now(), &out)
	if out.seated != nil {
		c.engine.hub.seat(c.id, out.seated)
	}
	did := done{acked: out.acked, offline: out.offline, seated: out.seated, token: out.token}
	var unsent []follow
	did.sent, unsent = c.write(out.frames, out.sent)
	did.offline = append(did.offline, unsent...)
	if out.shut {
		c.shut()
	}
	c.wind()
	if out.token != "" {
		did.request = c.arrived()
	}
	return &did
}

// arrived gives up the place among those who have not sent their token.
func (c *conn) arrived() *Request {
	r := c.request
	if r != nil {
		c.request = nil
		r.place.leave()
		c.engine.hub.awaiting.Add(-1)
	}
	return r
}

// wind sets the timer for a deadline of the conversation; the clock hand alone would be up to a
// second late. There is none while a socket is live. The caller holds the lock.
func (c *conn) wind() {
	due := c.talk.due
	if due == c.wound {
		return
	}
	if c.wound = due; c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if due != 0 {
		c.timer = time.AfterFunc(due-c.engine.hub.now(), func() { c.turn((*conversation).tick) })
	}
}

// leave ends everything about the connection. Only its reader calls it, once.
func (c *conn) leave() {
	c.drop()
	hub := c.engine.hub
	c.mu.Lock()
	c.gone = true
	c.talk.phase, c.talk.due = closed, 0
	c.wind()
	c.arrived()
	unsent := c.out.drop()
	c.mu.Unlock()
	hub.report(session.Offline, unsent)
	hub.gone(c.id, &c.talk)
	c.engine.forget(c)
	c.engine.running.Done()
}

// drop closes at once. Closing a TLS connection would first wait to write a last record, which whoever
// closes in order has written before.
func (c *conn) drop() { beneath(c.net).Close() }
