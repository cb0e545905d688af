package limits

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	frameSockets = 256
	// FrameBytes is as long as a session_terminated.
	FrameBytes = 329
)

// Frames is how many frames a second a bare loop writes to sockets of this machine whose other ends
// read: no server can tell more tabs.
func Frames(ctx context.Context, length time.Duration) (a Ability, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return a, fmt.Errorf("measure frames: %w", err)
	}
	var readers sync.WaitGroup
	var conns []net.Conn
	defer func() {
		listener.Close()
		for _, c := range conns {
			c.Close()
		}
		readers.Wait()
	}()
	for range frameSockets {
		near, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return a, fmt.Errorf("measure frames: %w", err)
		}
		conns = append(conns, near)
		far, err := listener.Accept()
		if err != nil {
			return a, fmt.Errorf("measure frames: %w", err)
		}
		readers.Go(func() { _, _ = io.Copy(io.Discard, far); far.Close() })
	}
	frame := make([]byte, FrameBytes)
	began := time.Now()
	for n := 0; ; {
		for _, c := range conns {
			if _, err := c.Write(frame); err != nil {
				return a, fmt.Errorf("measure frames: %w", err)
			}
			n++
		}
		if took := time.Since(began); took >= length || ctx.Err() != nil {
			return Ability{Name: "frames written by a bare loop", Rate: float64(n) / took.Seconds()}, context.Cause(ctx)
		}
	}
}
