package hub

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	eventsAtOnce = 256
	// handEvery is how often the clock hand moves on; it is around in a second.
	handEvery = 40 * time.Millisecond
	handStep  = time.Second / handSteps
	// shardBuffer holds one read: a whole request, or more than a message and its header.
	shardBuffer = 2 * maxHead
)

// shard is the sole owner of its descriptors: only who holds mu reads, writes and closes them, so a
// number that the kernel gives out anew can never be taken for what it was before. That is run, but
// while it sleeps; then others may take a turn themselves. Else they reach it by inbox.
//
// run is a goroutine that waits in Go's own poller for the shard's epoll descriptor. A locked thread
// that blocked in epoll_wait would keep its processor from all other goroutines until the runtime
// takes it away, which costs up to 10 ms where cores are few.
type shard struct {
	engine *shards
	number int
	inbox  inbox
	mu     sync.Mutex // of everything below but events, which are run's
	epoll  int
	poll   *os.File        // epoll, as Go's poller knows it
	wait   syscall.RawConn // of poll
	until  time.Duration   // poll's deadline

	doors    []*door
	arrivals map[int]*arrival
	awake    map[int]*awake
	most     int // how large both were together since they were made
	seats    seatStore
	alarms   alarms
	hand     time.Duration // where the clock hand was last
	sockets  int
	paused   time.Duration // when accepting is tried again; zero: it goes on
	stopping bool
	spare    awake // the conversation of a socket that may go back to sleep after its turn
	buffer   [shardBuffer]byte
	events   [eventsAtOnce]unix.EpollEvent
	letters  []letter
}

func newShard(e *shards, number int) (*shard, error) {
	s := &shard{engine: e, number: number, epoll: -1, arrivals: map[int]*arrival{}, awake: map[int]*awake{}}
	var err error
	if s.inbox.bell, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err == nil {
		err = errors.Join(unix.SetNonblock(s.epoll, true), s.watch(unix.EPOLL_CTL_ADD, s.inbox.bell, unix.EPOLLIN))
	}
	if err == nil {
		s.poll = os.NewFile(uintptr(s.epoll), "epoll")
		if s.wait, err = s.poll.SyscallConn(); err == nil {
			err = s.poll.SetReadDeadline(time.Time{}) // only what Go's poller takes has deadlines
		}
	}
	if err != nil {
		s.release()
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	return s, nil
}

// release closes what newShard made.
func (s *shard) release() {
	if s.poll != nil {
		s.poll.Close()
	} else if s.epoll >= 0 {
		unix.Close(s.epoll)
	}
	s.inbox.close()
}

// hearing is what a socket is watched for: bytes, and the end of them.
const hearing = unix.EPOLLIN | unix.EPOLLRDHUP

// watch has epoll wait for a descriptor, level-triggered, or changes what for.
func (s *shard) watch(how, fd int, events uint32) error {
	return unix.EpollCtl(s.epoll, how, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// discard closes a descriptor. Epoll must forget it first: what it watches is the open connection, which
// net/http may still hold, or a child of this process for a moment, and it would go on speaking of the
// number when that is another's.
func (s *shard) discard(fd int) {
	s.watch(unix.EPOLL_CTL_DEL, fd, 0)
	unix.Close(fd)
}

// run serves until a letter says stop, and leaves nothing behind.
func (s *shard) run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hand = s.engine.hub.now()
	for !s.stopping {
		n := s.sleep()
		s.read()
		for i := range n {
			s.event(&s.events[i])
		}
		now := s.engine.hub.now()
		s.ring(now)
		s.turnHand(now)
	}
	s.leave()
}

// sleep waits for events, letters or the next deadline, without mu.
func (s *shard) sleep() (n int) {
	s.setDeadline()
	idle := s.inbox.rest()
	s.mu.Unlock()
	err := s.wait.Read(func(fd uintptr) bool {
		var err error
		n, err = unix.EpollWait(int(fd), s.events[:], 0)
		return n > 0 || !idle || err != nil && !errors.Is(err, unix.EINTR)
	})
	s.mu.Lock()
	if err != nil {
		s.until = 0 // it has passed, and would go on passing
	}
	return max(n, 0)
}

// setDeadline moves the deadline of poll only when it would come too late; too early does no harm.
func (s *shard) setDeadline() {
	now := s.engine.hub.now()
	next := now + time.Hour
	if s.sockets > 0 {
		next = now + handEvery
	}
	if len(s.alarms) > 0 {
		next = min(next, s.alarms[0].at)
	}
	if s.paused > 0 {
		next = min(next, s.paused)
	}
	if s.until != 0 && s.until <= next {
		return
	}
	s.until = next
	s.poll.SetReadDeadline(s.engine.hub.start.Add(next))
}

// read does what the letters say.
func (s *shard) read() {
	s.letters = s.inbox.take(s.letters)
	for i := range s.letters {
		s.open(&s.letters[i])
	}
}

func (s *shard) open(l *letter) {
	switch {
	case l.do != nil:
		l.do(s)
	case s.engine.slab.there(l.conn) != nil:
		s.take(descriptorOf(l.conn), l.turn)
	default:
		s.tooLate(l.turn)
	}
}

// direct has a socket take a turn on the caller's goroutine, if the shard sleeps and nothing is in its
// inbox that came before. What this makes due is within a step of the clock hand, for which the shard
// wakes in any case.
func (s *shard) direct(conn uint64, t turn) bool {
	if !s.mu.TryLock() {
		return false
	}
	defer s.mu.Unlock()
	if s.engine.slab.there(conn) == nil || !s.inbox.empty() {
		return false
	}
	s.take(descriptorOf(conn), t)
	return true
}

// tooLate has a closed conversation take a turn, in the place of one that has gone since it was posted.
func (s *shard) tooLate(t turn) {
	closed := conversation{rules: &s.engine.hub.rules, phase: closed}
	var out output
	t(&closed, s.engine.hub.now(), &out)
	s.engine.hub.settle(&out)
}

// event lets a descriptor go on. Whatever epoll says about it is only a hint: an event of a descriptor
// that was closed and given out anew since finds nothing to read or write, or is another shard's.
func (s *shard) event(e *unix.EpollEvent) {
	fd := int(e.Fd)
	if d := s.door(fd); d != nil {
		s.accept(d)
		return
	}
	if a := s.arrivals[fd]; a != nil {
		s.arriving(fd, a)
		return
	}
	if !s.owns(fd) {
		return // the bell, or stale
	}
	if e.Events&unix.EPOLLOUT != 0 {
		s.flush(fd)
	}
	if e.Events&^uint32(unix.EPOLLOUT) != 0 && s.owns(fd) {
		s.receive(fd, e.Events&unix.EPOLLRDHUP != 0)
	}
}

// owns reports whether a descriptor is a socket of this shard.
func (s *shard) owns(fd int) bool {
	at := s.engine.slab.at(fd)
	return at != nil && at.owner.Load() == uint32(s.number+1) && at.generation.Load()&1 == 1
}

// ring looks at the descriptors whose alarms are due.
func (s *shard) ring(now time.Duration) {
	for {
		fd, at, ok := s.alarms.next(now)
		if !ok {
			break
		}
		if a := s.arrivals[fd]; a != nil && a.due == at {
			s.turnAway(fd)
		} else if a := s.awake[fd]; a != nil && a.wound == at {
			a.wound = 0
			s.late(fd, a, now)
		}
	}
	if s.paused > 0 && now >= s.paused {
		s.tryAgain(now)
	}
}

// turnHand takes the clock hand as many steps on as time has passed, so that each socket is looked
// at once in a second, and those that need a ping get it spread over that second.
func (s *shard) turnHand(now time.Duration) {
	defer s.shrink()
	if s.sockets == 0 {
		s.hand = now
		return
	}
	for ; s.hand+handStep <= now; s.hand += handStep {
		s.engine.slab.step(int(s.hand/handStep)%handSteps, func(fd int, at *slot) {
			if at.owner.Load() == uint32(s.number+1) && at.generation.Load()&1 == 1 && s.pingDue(fd, at, now) {
				s.take(fd, (*conversation).tick)
			}
		})
		if now-s.hand > 2*time.Second {
			s.hand = now - time.Second // the process was stopped for a while: once around is enough
		}
	}
}

func (s *shard) pingDue(fd int, at *slot, now time.Duration) bool {
	if at.seat != 0 {
		return now >= fine(at.ping, now)
	}
	a := s.awake[fd]
	return a != nil && now >= a.talk.ping
}

// shrink gives back what the maps keep of a storm.
func (s *shard) shrink() {
	s.most = max(s.most, len(s.awake)+len(s.arrivals))
	if s.most < 128 || (len(s.awake)+len(s.arrivals))*8 > s.most {
		return
	}
	s.most = len(s.awake) + len(s.arrivals)
	s.awake, s.arrivals = maps.Collect(maps.All(s.awake)), maps.Collect(maps.All(s.arrivals)) // a Clone keeps the size
}

// leave drops every descriptor, then answers the last letters.
func (s *shard) leave() {
	for _, d := range s.doors {
		unix.Close(d.fd)
	}
	s.doors = nil
	for fd := range s.arrivals {
		s.turnAway(fd)
	}
	s.engine.slab.visit(0, s.engine.slab.size(), func(fd int, _ *slot) {
		if s.owns(fd) {
			s.close(fd)
		}
	})
	if s.paused > 0 {
		s.engine.paused.Add(-1)
	}
	letters := append(s.inbox.take(s.letters), s.inbox.close()...)
	for i := range letters {
		s.open(&letters[i])
	}
	s.poll.Close()
}
