package hub

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/session"
)

// write gives what a turn says to the kernel, or to the queue. It returns the follows whose frames have
// left already, and those whose frames never will. The last frames wait in the kernel for the end of
// the writing side, and leave with it.
func (s *shard) write(fd int, a *awake, said *output, now time.Duration) (sent, unsent []follow) {
	frames, follows := said.frames, said.sent
	if len(frames) > 0 && a.out.size == 0 {
		flags := 0
		if said.shut {
			flags = unix.MSG_MORE
		}
		frames = frames[tryWriteTo(fd, frames, flags):]
	}
	hub := s.engine.hub
	if a.out.size+len(frames) > hub.options.WriteQueue && a.talk.phase != closed {
		hub.refuseQueue()
		var close output
		a.talk.refuse(refuseSlow, now, &close)
		frames, unsent, follows = close.frames, follows, nil
		defer s.shut(fd, a, now)
	}
	a.out.put(frames)
	if a.out.size == 0 {
		return follows, unsent
	}
	for _, f := range follows {
		a.out.follows = append(a.out.follows, parting{a.out.given, f})
	}
	if a.stalled == 0 {
		a.stalled = now + hub.options.WriteTimeout
	}
	s.arm(fd, a, true)
	return nil, unsent
}

// arm has epoll say when the kernel takes more, or stop saying so.
func (s *shard) arm(fd int, a *awake, on bool) {
	if a.armed == on {
		return
	}
	a.armed = on
	events := uint32(hearing)
	if on {
		events |= unix.EPOLLOUT
	}
	s.watch(unix.EPOLL_CTL_MOD, fd, events)
}

// flush writes what the kernel did not take before.
func (s *shard) flush(fd int) {
	a := s.awake[fd]
	if a == nil {
		return
	}
	now := s.engine.hub.now()
	n := tryWriteTo(fd, a.out.waiting, 0)
	a.out.waiting = a.out.waiting[n:]
	sent := a.out.wrote(n)
	switch {
	case a.out.size == 0:
		a.out.waiting, a.stalled = nil, 0
		s.arm(fd, a, false)
		if a.out.shutting {
			unix.Shutdown(fd, unix.SHUT_WR)
			a.linger = now + linger
		}
	case n > 0:
		a.stalled = now + s.engine.hub.options.WriteTimeout
	}
	s.settleDown(fd, s.engine.slab.at(fd), a, false)
	s.engine.hub.report(session.Sent, sent)
}

// shut ends the writing side when the last frame has left; then what the peer sends is read until it
// ends its own, because a close with unread input would send RST and lose the close frame.
func (s *shard) shut(fd int, a *awake, now time.Duration) {
	if a.out.shutting {
		return
	}
	a.out.shutting = true
	if a.out.size > 0 {
		a.linger = now + slowLinger
		return
	}
	a.linger = now + linger
	unix.Shutdown(fd, unix.SHUT_WR)
}

// tryWriteTo gives the kernel as much of b as it takes without waiting, and returns how much that was.
// An error counts as nothing: epoll reports it, and the read that follows ends the socket.
func tryWriteTo(fd int, b []byte, flags int) int {
	for {
		n, err := unix.SendmsgN(fd, b, nil, nil, flags|unix.MSG_NOSIGNAL)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0)
		}
	}
}
