package hub

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hotseat-hub/hotseat/session"
)

// awake is a socket of a shard that does not sleep: it has not been established or is being closed,
// half a message came, or its peer does not take what is written.
type awake struct {
	talk    conversation
	request *Request // until the first message was judged
	out     queue
	stalled time.Duration // when the peer must have taken something; zero: nothing waits
	linger  time.Duration // when a socket that said all is closed; zero: not yet
	wound   time.Duration // the alarm that is set; zero: none
	armed   bool          // epoll waits until the kernel takes more
}

// take lets the conversation of a socket take one input and does what it says.
func (s *shard) take(fd int, t turn) {
	hub, at := s.engine.hub, s.engine.slab.at(fd)
	now, a, slept := hub.now(), s.awake[fd], false
	if a == nil {
		a, slept = &s.spare, true
		a.talk = at.wake(&hub.rules, now)
		a.talk.seat = s.seats.get(at.seat)
	}
	s.run1(fd, at, a, slept, now, t)
}

// run1 is take, once the conversation is awake.
func (s *shard) run1(fd int, at *slot, a *awake, slept bool, now time.Duration, t turn) {
	hub, id := s.engine.hub, at.id(fd)
	var out output
	fine := s.guarded(a, now, t, &out)
	if out.seated != nil {
		hub.seat(id, out.seated)
	}
	sent, unsent := s.write(fd, a, &out, now)
	out.sent, out.offline = sent, append(out.offline, unsent...)
	if out.shut {
		s.shut(fd, a, now)
	}
	var request *Request
	if out.token != "" {
		request = s.arrived(a)
	}
	switch {
	case !fine:
		s.settleDown(fd, at, a, slept)
		s.close(fd)
	case a.canSleep() && slept && at.seat != 0:
		at.nap(&a.talk)
		*a = awake{}
	default:
		s.settleDown(fd, at, a, slept)
	}
	hub.settle(&out)
	if out.seated != nil && fine {
		hub.attach(id, out.seated)
	}
	if out.token != "" && s.engine.enter() {
		go func() {
			defer s.engine.running.Done()
			hub.authenticate(id, request, out.token)
		}()
	}
}

// guarded is a turn whose panic costs one socket and not the others theirs.
func (s *shard) guarded(a *awake, now time.Duration, t turn, out *output) (fine bool) {
	defer func() {
		if p := recover(); p != nil {
			s.engine.hub.panicked("a conversation panicked", p)
			fine = false
		}
	}()
	t(&a.talk, now, out)
	return true
}

// settle reports what a turn said of notices.
func (h *Hub) settle(out *output) {
	h.report(session.Sent, out.sent)
	h.report(session.Acked, out.acked)
	h.report(session.Offline, out.offline)
}

func (a *awake) canSleep() bool {
	c := &a.talk
	return c.phase == live && c.due == 0 && c.end == nil && c.in.Idle() && a.out.size == 0 &&
		a.request == nil && !a.armed && c.pace.tokens < 1<<16
}

// settleDown puts a socket where it belongs after a turn: to sleep, or among those awake.
func (s *shard) settleDown(fd int, at *slot, a *awake, slept bool) {
	if a.canSleep() {
		if at.seat != 0 {
			s.seats.drop(at.seat)
		}
		at.sleep(&a.talk, &s.seats)
		delete(s.awake, fd)
		return
	}
	if slept {
		kept := *a
		*a = awake{}
		a = &kept
		s.seats.drop(at.seat)
		at.seat = 0
	}
	s.awake[fd] = a
	s.most = max(s.most, len(s.awake)+len(s.arrivals))
	s.wind(fd, a)
}

// wind sets the alarm for what is due first.
func (s *shard) wind(fd int, a *awake) {
	due := a.talk.due
	for _, at := range [...]time.Duration{a.stalled, a.linger} {
		if at != 0 && (due == 0 || at < due) {
			due = at
		}
	}
	if due != a.wound {
		if a.wound = due; due != 0 {
			s.alarms.set(due, fd)
		}
	}
}

// late does what is due: a socket whose time is over is closed, and any other may have something to say.
func (s *shard) late(fd int, a *awake, now time.Duration) {
	if a.stalled != 0 && now >= a.stalled || a.linger != 0 && now >= a.linger {
		s.close(fd)
		return
	}
	s.take(fd, (*conversation).tick)
}

// receive reads once; epoll says when there is more. Of a peer that is said to have ended its side the
// end comes next, unless that was said of who had the number before.
func (s *shard) receive(fd int, ended bool) {
	n, err := tryRead(uintptr(fd), s.buffer[:readSize])
	switch {
	case errors.Is(err, unix.EAGAIN):
	case err != nil || n == 0:
		s.close(fd)
	default:
		s.hear(fd, s.buffer[:n])
		if ended && n < readSize && s.owns(fd) {
			s.receive(fd, false)
		}
	}
}

func (s *shard) hear(fd int, b []byte) {
	s.take(fd, func(c *conversation, now time.Duration, out *output) { c.hear(b, now, out) })
}

// arrived gives up the place among those who have not sent their token.
func (s *shard) arrived(a *awake) *Request {
	r := a.request
	if r != nil {
		a.request = nil
		r.place.leave()
		s.engine.hub.awaiting.Add(-1)
	}
	return r
}

// close ends everything about a socket. The slot is free before the number is, because the moment
// after another shard may get it.
func (s *shard) close(fd int) {
	hub, at := s.engine.hub, s.engine.slab.at(fd)
	id, a := at.id(fd), s.awake[fd]
	if a == nil {
		a = &awake{talk: at.wake(&hub.rules, hub.now())}
		a.talk.seat = s.seats.get(at.seat)
		s.seats.drop(at.seat)
		at.seat = 0
	}
	delete(s.awake, fd)
	at.generation.Add(1)
	at.owner.Store(0)
	s.discard(fd)
	s.sockets--
	a.talk.phase = closed
	s.arrived(a)
	hub.report(session.Offline, a.out.drop())
	hub.gone(id, &a.talk)
	s.engine.open.Add(-1)
}
