package crowd

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// start begins to connect a socket.
func (s *shard) start(o *order) {
	fd, err := dial(o.seat.Address, o.source)
	if err == nil {
		if err = s.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLOUT); err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		s.crowd.opened(o.tag, time.Now(), err)
		return
	}
	for fd >= len(s.conns) {
		s.conns = append(s.conns, make([]conn, 1024)...)
	}
	s.conns[fd] = conn{tag: o.tag, phase: connecting, here: true}
	s.tags[o.tag] = int32(fd)
	s.asks[int32(fd)] = &ask{seat: o.seat, until: time.Now().Add(s.crowd.options.Patience)}
}

// dial begins a connection without waiting for it. The port is chosen at connect, so that each
// source address has all ports for each server.
func dial(to netip.AddrPort, from netip.Addr) (int, error) {
	family := unix.AF_INET
	if to.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("make a socket: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // without it only slower
	if from.IsValid() {
		_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) // without it only fewer ports
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(from, 0))); err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("use the source address %s: %w", from, err)
		}
	}
	if err := unix.Connect(fd, sockaddr(to)); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		unix.Close(fd)
		return -1, fmt.Errorf("connect to %s: %w", to, err)
	}
	return fd, nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// connected sends the request. It is far smaller than a socket's buffer.
func (s *shard) connected(fd int) {
	a := s.asks[int32(fd)]
	failed, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && failed != 0 {
		err = fmt.Errorf("connect to %s: %w", a.seat.Address, unix.Errno(failed))
	}
	if err == nil {
		_, err = unix.Write(fd, request(s.buffer[:0], &a.seat))
	}
	if err == nil {
		err = s.watch(unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN)
	}
	if err != nil {
		s.end(fd, err, 0)
		return
	}
	s.conns[fd].phase = asking
}

// receive reads once and does what was said.
func (s *shard) receive(fd int) {
	c := &s.conns[fd]
	kept := copy(s.buffer[:], s.rests[int32(fd)])
	n, err := unix.Read(fd, s.buffer[kept:])
	at := time.Now()
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return
	case err != nil:
		s.end(fd, err, 1006)
		return
	case n == 0:
		s.end(fd, errPeer, 1006)
		return
	}
	t := talk{phase: c.phase}
	rest := t.hear(s.buffer[:kept+n])
	c.phase = t.phase
	if len(t.out) > 0 {
		_, _ = unix.Write(fd, t.out) // what is lost here shows at the next read
	}
	s.heard(fd, c.tag, at, &t)
	if s.conns[fd].here {
		s.keep(fd, rest)
	}
}

func (s *shard) keep(fd int, rest []byte) {
	if len(rest) > 0 {
		s.rests[int32(fd)] = append([]byte(nil), rest...)
	} else if len(s.rests) > 0 {
		delete(s.rests, int32(fd))
	}
	if len(rest) == len(s.buffer) {
		s.end(fd, errPeer, 1006) // a message far longer than any of the contract
	}
}

func (s *shard) heard(fd int, tag uint64, at time.Time, t *talk) {
	if t.heard.established {
		delete(s.asks, int32(fd))
		s.crowd.opened(tag, at, nil)
	}
	if t.heard.told {
		s.crowd.options.Events.Told(tag, at, t.heard.notice)
	}
	switch {
	case t.heard.err != nil:
		s.end(fd, t.heard.err, 1006)
	case t.heard.closed:
		s.end(fd, errPeer, t.heard.code)
	}
}

// end closes a socket and tells: why it never opened, or the code of its close.
func (s *shard) end(fd int, err error, code int) {
	tag, never := s.conns[fd].tag, s.asks[int32(fd)] != nil
	s.forget(fd)
	hangUpFD(fd, false)
	if never {
		s.crowd.opened(tag, time.Now(), err)
	} else {
		s.crowd.closed(tag, time.Now(), code)
	}
}

// hangUp closes a socket on a caller's wish.
func (s *shard) hangUp(fd int, abrupt bool) {
	tag, never := s.conns[fd].tag, s.asks[int32(fd)] != nil
	s.forget(fd)
	hangUpFD(fd, abrupt)
	if never {
		s.crowd.opened(tag, time.Now(), errors.New("given up"))
	} else {
		s.crowd.closed(tag, time.Now(), 1006)
	}
}

func (s *shard) forget(fd int) {
	delete(s.tags, s.conns[fd].tag)
	delete(s.asks, int32(fd))
	delete(s.rests, int32(fd))
	s.conns[fd] = conn{}
}

func hangUpFD(fd int, abrupt bool) {
	if abrupt {
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // else it is an ordinary close
	}
	unix.Close(fd)
}
