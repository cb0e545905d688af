package hub

import (
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// How long a connection that is being closed has to read what is left, and to close its own side.
const (
	linger     = 2 * time.Second // with nothing waiting to be written
	slowLinger = 5 * time.Second // with something
)

// queue is what the kernel did not take yet. Its bound is Options.WriteQueue: the frames that would
// pass it are dropped, and the connection is closed as a slow consumer.
type queue struct {
	waiting  []byte    // to be written after what flush has in its hands
	size     int       // of both together
	given    int64     // bytes that ever came in
	left     int64     // bytes that ever went out
	follows  []parting // in the order of their bytes
	flushing bool      // flush runs, and alone may write
	shutting bool      // the writing side ends once this is empty
}

// parting is who to tell when the connection has written that many bytes.
type parting struct {
	at int64
	follow
}

// write gives frames to the kernel, or to the queue. It returns the follows whose frames have left
// already, and those whose frames never will. The caller holds the lock.
func (c *conn) write(frames []byte, follows []follow) (sent, unsent []follow) {
	if len(frames) > 0 && !c.out.flushing && c.raw != nil {
		frames = frames[c.tryWrite(frames):]
	}
	if c.out.size+len(frames) > c.engine.hub.options.WriteQueue && c.talk.phase != closed {
		c.engine.hub.refuseQueue()
		var close output
		c.talk.refuse(refuseSlow, c.engine.hub.now(), &close)
		frames, unsent, follows = close.frames, follows, nil
		defer c.shut()
	}
	c.out.put(frames)
	if c.out.size == 0 {
		return follows, unsent
	}
	for _, f := range follows {
		c.out.follows = append(c.out.follows, parting{c.out.given, f})
	}
	if !c.out.flushing && c.engine.enter() {
		c.out.flushing = true
		go c.flush()
	}
	return nil, unsent
}

// flush writes what the kernel did not take at once, and ends when nothing is left.
func (c *conn) flush() {
	defer c.engine.running.Done()
	hub := c.engine.hub
	for {
		batch := c.nextBatch()
		if batch == nil {
			return
		}
		c.net.SetWriteDeadline(time.Now().Add(hub.options.WriteTimeout))
		if _, err := c.net.Write(batch); err != nil {
			c.drop() // its reader sees that and leaves
			return
		}
		c.mu.Lock()
		sent := c.out.wrote(len(batch))
		c.mu.Unlock()
		hub.report(session.Sent, sent)
	}
}

// nextBatch takes what is waiting for flush; nil ends flush.
func (c *conn) nextBatch() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil
	}
	if batch := c.out.waiting; len(batch) > 0 {
		c.out.waiting = nil
		return batch
	}
	c.out.flushing = false
	c.net.SetWriteDeadline(time.Time{})
	if c.out.shutting {
		c.closeWrite()
		c.net.SetReadDeadline(time.Now().Add(linger))
	}
	return nil
}

// shut ends the writing side when the last frame has left; then the reader waits for the peer to end
// its own, because a close with unread input would send RST and lose the close frame. The caller
// holds the lock.
func (c *conn) shut() {
	if c.out.shutting {
		return
	}
	c.out.shutting = true
	wait := linger
	if c.out.size > 0 {
		wait = slowLinger
	} else {
		c.closeWrite()
	}
	c.net.SetReadDeadline(time.Now().Add(wait))
}

// closeWrite ends the writing side. Under TLS that is a last record, which only flush may write.
func (c *conn) closeWrite() {
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

func (q *queue) put(frames []byte) {
	q.waiting = append(q.waiting, frames...)
	q.size += len(frames)
	q.given += int64(len(frames))
}

// wrote takes note of n bytes that have left, and returns who waited for them.
func (q *queue) wrote(n int) (sent []follow) {
	q.size -= n
	q.left += int64(n)
	for len(q.follows) > 0 && q.follows[0].at <= q.left {
		sent = append(sent, q.follows[0].follow)
		q.follows = q.follows[1:]
	}
	return sent
}

// drop forgets what was not written, and returns who waited for it.
func (q *queue) drop() (unsent []follow) {
	for _, p := range q.follows {
		unsent = append(unsent, p.follow)
	}
	*q = queue{flushing: q.flushing, shutting: q.shutting}
	return unsent
}
