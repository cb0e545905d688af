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
	tuneTCP(nc)
	return &conn{id: id, engine: e, net: nc, raw: direct(nc)}
}

// turn lets the conversation take one input and does what it says. False when the connection is gone.
func (c *conn) turn(t turn) bool {
	var out output
	hub := c.engine.hub
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		return false
	}
	t(&c.talk, hub.now(), &out)
	if out.seated != nil {
		hub.seat(c.id, out.seated)
	}
	sent, unsent := c.write(out.frames, out.sent)
	if out.shut {
		c.shut()
	}
	c.wind()
	request := c.request
	if out.token != "" {
		c.request = nil
	}
	c.mu.Unlock()

	hub.report(session.Sent, sent)
	hub.report(session.Acked, out.acked)
	hub.report(session.Offline, append(out.offline, unsent...))
	if out.seated != nil {
		hub.attach(c.id, out.seated)
	}
	if out.token != "" && c.engine.enter() {
		go func() {
			defer c.engine.running.Done()
			hub.authenticate(c.id, request, out.token)
		}()
	}
	return true
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
