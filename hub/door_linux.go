package hub

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// acceptsAtOnce bounds how long those who arrive keep those who are there waiting.
const acceptsAtOnce = 64

// door is a listening descriptor of a shard.
type door struct {
	fd   int
	port *Port
}

func (s *shard) door(fd int) *door {
	for _, d := range s.doors {
		if d.fd == fd {
			return d
		}
	}
	return nil
}

func (s *shard) openDoor(d *door) {
	if s.stopping {
		unix.Close(d.fd)
		return
	}
	s.doors = append(s.doors, d)
	if s.paused == 0 && s.watch(unix.EPOLL_CTL_ADD, d.fd, unix.EPOLLIN) != nil {
		s.pause(wantWatches)
	}
}

// closeDoor closes what the shard has of a port, those included that have not said what they want.
func (s *shard) closeDoor(p *Port) {
	s.doors = slices.DeleteFunc(s.doors, func(d *door) bool {
		if d.port == p {
			unix.Close(d.fd)
		}
		return d.port == p
	})
}

// accept takes those who wait at a door.
func (s *shard) accept(d *door) {
	for range acceptsAtOnce {
		// That of package unix asks the kernel what protocol each address is of.
		fd, from, err := syscall.Accept4(d.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
			s.pause(wantDescriptors)
			return
		case errors.Is(err, unix.EAGAIN):
			return
		case err != nil:
			continue // of the connection that was to be accepted: it has gone
		}
		if s.arrive(fd, d.port, addressOf(from)); fd >= s.engine.ceiling {
			s.pause(wantDescriptors)
		}
		if s.paused > 0 {
			return
		}
	}
}

func addressOf(from syscall.Sockaddr) netip.Addr {
	switch a := from.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrFrom4(a.Addr)
	case *syscall.SockaddrInet6:
		return netip.AddrFrom16(a.Addr).Unmap()
	}
	return netip.Addr{}
}

// pause stops accepting until there is again what it wants. Those who come wait in the kernel; a door
// that was still watched would wake the shard without end.
func (s *shard) pause(want string) {
	if s.paused == 0 {
		s.engine.want.Store(&want)
		s.engine.paused.Add(1)
		s.engine.hub.options.Log.Warn("accepting is paused: " + want)
		s.ignoreDoors()
	}
	s.paused = s.engine.hub.now() + pauseRetry
}

func (s *shard) ignoreDoors() {
	for _, d := range s.doors {
		s.watch(unix.EPOLL_CTL_DEL, d.fd, 0)
	}
}

// tryAgain accepts again if the lowest free descriptor is one for sockets, and can be watched, and so
// can the doors: what was free for the one may be another shard's before the others have it.
func (s *shard) tryAgain(now time.Duration) {
	s.paused = now + pauseRetry
	fd, err := unix.FcntlInt(uintptr(s.inbox.bell), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return
	}
	unwatched := s.watch(unix.EPOLL_CTL_ADD, fd, 0)
	s.discard(fd)
	if fd >= s.engine.ceiling || unwatched != nil {
		return
	}
	for _, d := range s.doors {
		if s.watch(unix.EPOLL_CTL_ADD, d.fd, unix.EPOLLIN) != nil {
			s.ignoreDoors()
			return
		}
	}
	s.paused = 0
	s.engine.paused.Add(-1)
}
