package hub

import (
	"io"
	"net"
)

// begunConn is a connection whose first bytes were read before net/http got it.
type begunConn struct {
	*net.TCPConn
	early []byte // what Read gives first; whoever reads the connection owns it
}

func (c *begunConn) Read(b []byte) (int, error) {
	if len(c.early) == 0 {
		return c.TCPConn.Read(b)
	}
	n := copy(b, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n, nil
}

// WriteTo keeps io.Copy from passing by Read.
func (c *begunConn) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(c.early)
	c.early = nil
	if err != nil {
		return int64(n), err
	}
	more, err := c.TCPConn.WriteTo(w)
	return int64(n) + more, err
}

// whole is the connection itself, when it was a begun one, and all that was read of it already.
func whole(nc net.Conn, early []byte) (net.Conn, []byte) {
	if c, ok := nc.(*begunConn); ok {
		return c.TCPConn, append(early, c.early...)
	}
	return nc, early
}
