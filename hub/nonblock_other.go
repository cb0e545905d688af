//go:build !unix

package hub

import (
	"errors"
	"net"
	"syscall"
)

var errWouldBlock = errors.New("would block")

// direct is nil: on this system every write goes through the queue.
func direct(net.Conn) syscall.RawConn { return nil }

func tryRead(uintptr, []byte) (int, error) { return 0, errWouldBlock }

func (c *conn) tryWrite([]byte) int { return 0 }
