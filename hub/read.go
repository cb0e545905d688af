package hub

import (
	"io"
	"sync"
	"time"
)

// readSize is more than a message and its header; one that is longer is refused by its header.
const readSize = 4608

// buffers are borrowed for as long as bytes are read and heard, so an idle connection has none.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// read is the goroutine of a connection: it hears the client until either side has had enough.
func (c *conn) read(early []byte) {
	defer c.leave()
	defer func() { // what one client sends must not cost the others theirs
		if p := recover(); p != nil {
			c.engine.hub.panicked("a conversation panicked", p)
		}
	}()
	c.hear(early)
	for {
		buffer := buffers.Get().(*[readSize]byte)
		n, err := c.receive(&buffer)
		c.hear(buffer[:n])
		buffers.Put(buffer)
		if err != nil {
			return
		}
	}
}

func (c *conn) hear(b []byte) {
	if len(b) == 0 {
		return
	}
	c.turn(func(talk *conversation, now time.Duration, out *output) { talk.hear(b, now, out) })
}

// receive waits for bytes. Where the descriptor can be waited on by itself, the buffer is given back
// for that time.
func (c *conn) receive(buffer **[readSize]byte) (n int, err error) {
	if c.raw == nil {
		return c.net.Read((*buffer)[:])
	}
	waitErr := c.raw.Read(func(fd uintptr) bool {
		if *buffer == nil {
			*buffer = buffers.Get().(*[readSize]byte)
		}
		if n, err = tryRead(fd, (*buffer)[:]); err != errWouldBlock {
			return true
		}
		buffers.Put(*buffer)
		*buffer = nil
		return false
	})
	if *buffer == nil {
		*buffer = buffers.Get().(*[readSize]byte)
	}
	switch {
	case waitErr != nil:
		return 0, waitErr
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
