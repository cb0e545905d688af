package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/limits"
)

// tab waits for frames of the least program as a crowd's socket does: in the kernel, on a descriptor
// that Go's poller does not know, and on a thread of its own. One goroutine uses it.
type tab struct {
	fd   int
	told chan time.Time // one frame is under way at most; closed when the connection has ended
}

// openTab answers when the program knows of it.
func openTab(to netip.AddrPort) (*tab, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	t := &tab{fd: fd, told: make(chan time.Time, 1)}
	if err := t.connect(to); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open a tab at %s: %w", to, err)
	}
	go t.listen()
	return t, nil
}

func (t *tab) connect(to netip.AddrPort) error {
	if err := unix.Connect(t.fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		return err
	}
	if _, err := unix.Write(t.fd, fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", to)); err != nil {
		return err
	}
	head := make([]byte, len(switched))
	if _, err := t.fill(head); err != nil {
		return err
	}
	if string(head) != switched {
		return fmt.Errorf("the answer begins with %q", head)
	}
	return nil
}

// fill reads until there is so much, and answers the time right after the last read.
func (t *tab) fill(all []byte) (at time.Time, err error) {
	for have := 0; have < len(all); {
		n, err := unix.Read(t.fd, all[have:])
		at = time.Now()
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return at, err
		case n == 0:
			return at, errors.New("the connection has ended")
		}
		have += max(n, 0)
	}
	return at, nil
}

func (t *tab) listen() {
	defer close(t.told)
	runtime.LockOSThread()
	frame := make([]byte, limits.FrameBytes)
	for {
		at, err := t.fill(frame)
		if err != nil {
			return
		}
		t.told <- at
	}
}

// awaitNotice answers when the next frame was read.
func (t *tab) awaitNotice(ctx context.Context) (time.Time, error) {
	select {
	case at, told := <-t.told:
		if !told {
			return at, errors.New("the tab's connection has ended")
		}
		return at, nil
	case <-time.After(caller.Patience):
		return time.Time{}, errors.New("the tab was not told")
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

// close wakes the reader first: a descriptor must not be closed below it.
func (t *tab) close() {
	_ = unix.Shutdown(t.fd, unix.SHUT_RDWR) // an ended connection is not there to be shut
	for range t.told {
	}
	unix.Close(t.fd)
}
