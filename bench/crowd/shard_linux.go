package crowd

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	eventsAtOnce = 256
	sweepEvery   = 250 * time.Millisecond // for handshakes that take too long
)

// shard is the sole owner of its descriptors. Its goroutine is locked to a thread with a table of
// descriptors of its own, and waits in the kernel: by way of Go's poller another thread would wake
// first, and hand over. Others reach it by post.
type shard struct {
	crowd *Crowd
	done  chan struct{}

	mu     sync.Mutex // of orders, closed, and the bell against its closing
	orders []order    // unbounded: a caller has a few sockets under way, and nothing may be lost
	bell   int        // eventfd in the table of the shard; rung by its copy outside
	ring   *os.File
	closed bool

	epoll  int
	conns  []conn           // by descriptor
	tags   map[uint64]int32 // descriptors by tag
	asks   map[int32]*ask   // of the sockets that are not established
	rests  map[int32][]byte // the beginnings of frames
	swept  time.Time
	events [eventsAtOnce]unix.EpollEvent
	taken  []order
	buffer [16 << 10]byte
	leave  bool
}

// conn is one socket; 16 bytes.
type conn struct {
	tag   uint64
	phase phase
	here  bool
}

// ask is what a socket needs until it is established.
type ask struct {
	seat  Seat
	until time.Time
}

// order is from another goroutine.
type order struct {
	what   int
	tag    uint64
	seat   Seat
	source netip.Addr
}

// What an order wants.
const (
	toOpen = iota
	toDrop
	toReset
	toLeave
)

// Unsharded is how many of the sockets are in the process's own table: those with TLS.
func Unsharded(_, encrypted int) int { return encrypted }

func newShards(c *Crowd) ([]carrier, error) {
	n, err := ShardsFor(c.options.Sockets)
	if err != nil {
		return nil, err
	}
	var all []carrier
	for range n {
		s, err := newShard(c)
		if err != nil {
			for _, made := range all {
				made.close()
			}
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func newShard(c *Crowd) (*shard, error) {
	s := &shard{
		crowd: c, done: make(chan struct{}), tags: map[uint64]int32{}, asks: map[int32]*ask{}, rests: map[int32][]byte{},
	}
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	s.bell, s.ring = bell, os.NewFile(uintptr(bell), "eventfd")
	started := make(chan error)
	go s.run(started)
	if err := <-started; err != nil {
		s.ring.Close()
		return nil, err
	}
	return s, nil
}

func (s *shard) run(started chan<- error) {
	defer close(s.done)
	runtime.LockOSThread() // and never unlocked: the thread ends with its table, and the table with its sockets
	err := s.ownTable()
	if err == nil {
		err = s.prepare()
	}
	started <- err
	if err != nil {
		return
	}
	for !s.leave {
		s.turn()
	}
	for fd := range s.conns {
		if s.conns[fd].here {
			hangUpFD(fd, true)
		}
	}
	unix.Close(s.epoll)
}

// ownTable gives the thread a table of descriptors of its own, without the sockets of the process,
// which would stay open here after the process had closed them. Go's own descriptors must stay.
func (s *shard) ownTable() error {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return fmt.Errorf("unshare the table of descriptors: %w", err)
	}
	const folder = "/proc/thread-self/fd"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		target, err := os.Readlink(folder + "/" + e.Name())
		if err != nil || !strings.HasPrefix(target, "socket:") {
			continue
		}
		var fd int
		if _, err := fmt.Sscan(e.Name(), &fd); err == nil {
			unix.Close(fd)
		}
	}
	return nil
}

func (s *shard) prepare() (err error) {
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("make an epoll: %w", err)
	}
	err = s.watch(unix.EPOLL_CTL_ADD, s.bell, unix.EPOLLIN)
	s.swept = time.Now()
	return err
}

func (s *shard) watch(how, fd int, events uint32) error {
	return unix.EpollCtl(s.epoll, how, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// turn waits for something to happen and does all of it.
func (s *shard) turn() {
	patience := -1
	if len(s.asks) > 0 {
		patience = int(sweepEvery / time.Millisecond)
	}
	n, _ := unix.EpollWait(s.epoll, s.events[:], patience) // its only error here is an interruption
	for i := range max(n, 0) {
		s.event(&s.events[i])
	}
	s.obey()
	if now := time.Now(); len(s.asks) > 0 && now.Sub(s.swept) >= sweepEvery {
		s.sweep(now)
	}
}

func (s *shard) event(e *unix.EpollEvent) {
	fd := int(e.Fd)
	if fd == s.bell {
		var rung [8]byte
		unix.Read(s.bell, rung[:])
		return
	}
	if fd >= len(s.conns) || !s.conns[fd].here {
		return
	}
	if s.conns[fd].phase == connecting {
		s.connected(fd)
		return
	}
	s.receive(fd)
}

// sweep ends handshakes that take too long.
func (s *shard) sweep(now time.Time) {
	s.swept = now
	for fd, a := range s.asks {
		if now.After(a.until) {
			s.end(int(fd), ErrLate, 0)
		}
	}
}

func (s *shard) obey() {
	s.mu.Lock()
	s.taken, s.orders = s.orders, s.taken[:0]
	s.mu.Unlock()
	for i := range s.taken {
		o := &s.taken[i]
		switch o.what {
		case toOpen:
			s.start(o)
		case toDrop, toReset:
			if fd, ok := s.tags[o.tag]; ok {
				s.hangUp(int(fd), o.what == toReset)
			}
		case toLeave:
			s.leave = true
		}
	}
	clear(s.taken)
}

func (s *shard) post(o order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = o.what == toLeave
	if s.orders = append(s.orders, o); len(s.orders) == 1 {
		_, _ = s.ring.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0}) // an eventfd takes it
	}
}

func (s *shard) open(tag uint64, seat Seat, source netip.Addr) {
	s.post(order{what: toOpen, tag: tag, seat: seat, source: source})
}

func (s *shard) drop(tag uint64, abrupt bool) {
	what := toDrop
	if abrupt {
		what = toReset
	}
	s.post(order{what: what, tag: tag})
}

func (s *shard) close() {
	s.post(order{what: toLeave})
	<-s.done
	s.ring.Close()
}
