package hub

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Port is a TCP port that sockets and net/http share. The hub given to AcceptFrom accepts its
// connections; those that do not ask for a socket come from Accept, with what was read of them. It is
// a net.Listener, and any goroutine may call its methods.
type Port struct {
	address net.Addr
	ready   chan struct{} // something is in given

	mu     sync.Mutex // of all below
	doors  []int      // listening descriptors that no shard has taken
	takers []*shard
	given  []handed // bounded by descriptors, of which each is one
	closed bool
}

// handed is a connection for net/http.
type handed struct {
	fd    int
	early []byte
}

// Listen opens a port with one listening descriptor for each shard to come.
func Listen(address string) (*Port, error) {
	// A port of another program is in use even if that shares it with its own shards.
	probe, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p := &Port{address: probe.Addr(), ready: make(chan struct{}, 1)}
	if _, port, _ := net.SplitHostPort(address); port == "0" {
		address = p.address.String()
	}
	probe.Close()
	for range min(runtime.GOMAXPROCS(0), maxShards) {
		fd, err := listenShared(address)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.doors = append(p.doors, fd)
	}
	return p, nil
}

// listenShared opens one of several listening descriptors of a port.
func listenShared(address string) (fd int, err error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		controlErr := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		if err == nil {
			err = controlErr
		}
		return err
	}}
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return -1, err
	}
	defer l.Close() // takes it out of Go's poller; the copy goes on listening
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return -1, err
	}
	controlErr := raw.Control(func(its uintptr) { fd, err = unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = controlErr
	}
	if err != nil {
		return -1, fmt.Errorf("listen on %s: %w", address, err)
	}
	return fd, nil
}

// accept gives the listening descriptors to the shards.
func (p *Port) accept(e *shards) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, fd := range p.doors {
		s := e.all[i%len(e.all)]
		if !s.inbox.put(letter{do: func(s *shard) { s.openDoor(&door{fd: fd, port: p}) }}) {
			unix.Close(fd)
			continue
		}
		p.takers = append(p.takers, s)
	}
	p.doors = nil
	return nil
}

// give passes a connection on to net/http.
func (p *Port) give(fd int, early []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		unix.Close(fd)
		return
	}
	p.given = append(p.given, handed{fd, early})
	p.wake()
}

// wake lets one Accept look. Whoever leaves something behind wakes the next.
func (p *Port) wake() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// Accept implements net.Listener.
func (p *Port) Accept() (net.Conn, error) {
	for {
		<-p.ready
		h, ok, closed := p.next()
		if closed {
			return nil, net.ErrClosed
		}
		if !ok {
			continue
		}
		if nc := h.conn(); nc != nil {
			return nc, nil
		}
	}
}

func (p *Port) next() (h handed, ok, closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.wake()
		return h, false, true
	}
	if len(p.given) == 0 {
		return h, false, false
	}
	h, p.given = p.given[0], p.given[1:]
	if len(p.given) > 0 {
		p.wake()
	}
	return h, true, false
}

// conn makes a descriptor one of Go's poller; nil when that has no place, or the peer has gone.
func (h *handed) conn() net.Conn {
	file := os.NewFile(uintptr(h.fd), "")
	defer file.Close() // FileConn has copied it
	nc, err := net.FileConn(file)
	if err != nil {
		return nil
	}
	return &begunConn{TCPConn: nc.(*net.TCPConn), early: h.early}
}

// Addr implements net.Listener.
func (p *Port) Addr() net.Addr { return p.address }

// Close implements net.Listener: nothing is accepted any more. Sockets go on.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	p.closed = true
	for _, fd := range p.doors {
		unix.Close(fd)
	}
	for _, s := range p.takers {
		s.inbox.put(letter{do: func(s *shard) { s.closeDoor(p) }})
	}
	for _, h := range p.given {
		unix.Close(h.fd)
	}
	p.doors, p.given = nil, nil
	p.wake()
	return nil
}
