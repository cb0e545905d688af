package hub

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// arrival is a connection that has not become a socket.
type arrival struct {
	remote netip.Addr
	port   *Port
	due    time.Duration // when it must have got further
	place  *stranger     // until the request is whole
	begun  []byte        // of its request: at most maxHead and one read
	// While the Gate is asked: the request, and what came behind it.
	head  *head
	text  string
	early []byte
}

// begun is a socket to be: a granted upgrade.
type begun struct {
	head     []byte // the 101
	early    []byte // what came behind the request
	request  *Request
	verdict  Verdict
	protocol bool
}

// arrive takes in an accepted connection.
func (s *shard) arrive(fd int, p *Port, remote netip.Addr) {
	if fd > maxDescriptor {
		unix.Close(fd)
		return
	}
	if s.watch(unix.EPOLL_CTL_ADD, fd, hearing) != nil {
		unix.Close(fd)
		s.pause(wantWatches)
		return
	}
	a := &arrival{remote: remote, port: p}
	s.arrivals[fd] = a
	a.place = s.engine.hub.strangers.enter(remote, func() {
		s.inbox.put(letter{do: func(s *shard) { s.dismiss(fd, a) }})
	})
	s.expect(fd, a, s.engine.hub.rules.authTimeout)
}

// expect gives an arrival a while to get further.
func (s *shard) expect(fd int, a *arrival, within time.Duration) {
	a.due = s.engine.hub.now() + within
	s.alarms.set(a.due, fd)
}

// dismiss closes an arrival that has not said what it wants.
func (s *shard) dismiss(fd int, a *arrival) {
	if s.arrivals[fd] == a && a.head == nil {
		s.turnAway(fd)
	}
}

// arriving reads once of what a connection wants.
func (s *shard) arriving(fd int, a *arrival) {
	n, err := tryRead(uintptr(fd), s.buffer[len(a.begun):])
	switch {
	case errors.Is(err, unix.EAGAIN):
		return
	case err != nil || n == 0:
		s.turnAway(fd)
		return
	}
	if a.head != nil { // the Gate is being asked, and the client does not wait for the answer
		if a.early = append(a.early, s.buffer[:n]...); len(a.early) > shardBuffer {
			s.turnAway(fd)
		}
		return
	}
	copy(s.buffer[:], a.begun)
	b := s.buffer[:len(a.begun)+n]
	switch kind, end := classify(b); kind {
	case headPartial:
		a.begun = bytes.Clone(b)
	case headOther:
		s.handOver(fd, a, bytes.Clone(b))
	case headSocket:
		s.ask(fd, a, string(b[:end]), bytes.Clone(b[end:]))
	}
}

// ask has the Gate judge a whole request.
func (s *shard) ask(fd int, a *arrival, text string, early []byte) {
	hub, engine := s.engine.hub, s.engine
	head, ok := parseHead(text)
	if !ok || hub.closing.Load() || !engine.enter() {
		s.handOver(fd, a, append([]byte(text), early...))
		return
	}
	a.place.leave()
	a.begun, a.head, a.text, a.early = nil, head, text, early
	s.expect(fd, a, hub.rules.attachTimeout+time.Second)
	request := head.request(a.remote)
	go func() {
		defer engine.running.Done()
		ctx, cancel := context.WithTimeout(engine.ctx, hub.rules.attachTimeout)
		defer cancel()
		verdict := hub.judge(func() Verdict { return hub.options.Gate.Admit(ctx, request) })
		s.inbox.put(letter{do: func(s *shard) { s.judged(fd, a, request, verdict) }})
	}()
}

// judged makes a socket of a connection, or leaves the refusal to net/http, which gives the same
// answer to the same request.
func (s *shard) judged(fd int, a *arrival, request *Request, v Verdict) {
	hub := s.engine.hub
	if s.arrivals[fd] != a {
		return // it has gone
	}
	full := v.Await && hub.awaiting.Load() >= int64(hub.options.MaxAwaiting)
	if s.stopping || v.Status != 0 || full || hub.closing.Load() || v.Await && !hub.mayAwait() {
		s.handOver(fd, a, append([]byte(a.text), a.early...))
		return
	}
	delete(s.arrivals, fd)
	if !v.Await {
		request = nil
	}
	protocol := choose(v, a.head.offered)
	s.begin(fd, begun{
		head: switching(a.head.key, protocol, a.head.echo()), early: a.early,
		request: request, verdict: v, protocol: protocol == protocolName,
	})
}

// adopt takes in a connection that net/http has answered for.
func (s *shard) adopt(fd int, b begun) {
	if s.stopping || s.watch(unix.EPOLL_CTL_ADD, fd, hearing) != nil {
		unix.Close(fd)
		s.engine.hub.giveBack(b.verdict)
		if !s.stopping {
			s.pause(wantWatches)
		}
		return
	}
	s.begin(fd, b)
}

// begin makes a socket of a descriptor that epoll watches.
func (s *shard) begin(fd int, b begun) {
	hub, at := s.engine.hub, s.engine.slab.grow(fd)
	tune(fd, hub.options.UserTimeout)
	at.owner.Store(uint32(s.number + 1))
	at.generation.Add(1)
	s.sockets++
	s.engine.open.Add(1)
	id := at.id(fd)
	hub.await(b.request, b.verdict, id)
	s.run1(fd, at, &awake{request: b.request}, false, hub.now(), func(c *conversation, now time.Duration, out *output) {
		c.rules, c.ask.protocol = &hub.rules, b.protocol
		out.frames = append(out.frames, b.head...)
		c.begin(b.verdict, now, out)
	})
	if len(b.early) > 0 && s.engine.slab.there(id) != nil {
		s.hear(fd, b.early)
	}
	hub.leaveAgain(id)
}

// handOver gives a connection to net/http. Epoll must forget it first: what it watches is the open
// connection, which net/http's copy of the descriptor keeps open.
func (s *shard) handOver(fd int, a *arrival, early []byte) {
	delete(s.arrivals, fd)
	a.place.leave()
	s.watch(unix.EPOLL_CTL_DEL, fd, 0)
	a.port.give(fd, early)
}

// turnAway closes a connection that did not get further.
func (s *shard) turnAway(fd int) {
	s.arrivals[fd].place.leave()
	delete(s.arrivals, fd)
	s.discard(fd)
}

// tune is tuneTCP for a descriptor.
func tune(fd int, userTimeout time.Duration) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
}
