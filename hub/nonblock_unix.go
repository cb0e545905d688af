//go:build unix

package hub

import (
	"errors"
	"net"
	"syscall"
)

const errWouldBlock = syscall.EAGAIN

// direct returns a plain TCP connection's descriptor, which Go keeps in non-blocking mode.
func direct(nc net.Conn) syscall.RawConn {
	if tcp, ok := nc.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// tryRead reads what is there, or answers errWouldBlock.
func tryRead(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), b)
		if !errors.Is(err, syscall.EINTR) {
			return max(n, 0), err
		}
	}
}

// tryWrite gives the kernel as much of b as it takes without waiting, and returns how much that was.
// An error counts as nothing: whoever writes the rest meets it again.
func (c *conn) tryWrite(b []byte) (written int) {
	c.raw.Write(func(fd uintptr) bool {
		for {
			n, err := syscall.Write(int(fd), b)
			if !errors.Is(err, syscall.EINTR) {
				written = max(n, 0)
				return true
			}
		}
	})
	return written
}
