package hub

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// shards is the engine that spends no goroutine and no heap object on an idle socket: each shard waits
// for all of its descriptors at once. Any goroutine may use it.
type shards struct {
	hub     *Hub
	slab    slab
	all     []*shard
	open    atomic.Int64
	paused  atomic.Int32           // shards that do not accept
	want    atomic.Pointer[string] // of what the last of them paused
	ceiling int                    // the first descriptor that is kept for others than sockets
	next    atomic.Uint32
	ctx     context.Context // of the questions to the Gate before there is a socket
	cancel  context.CancelFunc

	mu      sync.Mutex // of stopped against running
	stopped bool
	running sync.WaitGroup // questions to the Gate
}

// maxShards is what fits into an id beside zero, which is no shard's.
const maxShards = 255

// newShards makes as many shards as Go runs threads; nil when the kernel refuses.
func newShards(h *Hub) carrier {
	e := &shards{hub: h, ceiling: descriptorCeiling()}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	for i := range min(runtime.GOMAXPROCS(0), maxShards) {
		s, err := newShard(e, i)
		if err != nil {
			h.options.Log.Error("no epoll: a goroutine serves each socket", "error", err)
			for _, s := range e.all {
				s.release()
			}
			return nil
		}
		e.all = append(e.all, s)
	}
	return e
}

// descriptorCeiling keeps some descriptors for the store, the operators' listener and files: a node
// that ran out of them could not even say so.
func descriptorCeiling() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return maxDescriptor
	}
	most := int(min(limit.Cur, maxDescriptor))
	return most - max(16, min(most/16, 512))
}

func (e *shards) shardOf(conn uint64) *shard {
	if n := int(conn>>shardShift) - 1; n < len(e.all) {
		return e.all[n]
	}
	return nil
}

func (e *shards) post(conn uint64, t turn) bool {
	s := e.shardOf(conn)
	if s == nil || e.slab.there(conn) == nil {
		return false
	}
	return s.direct(conn, t) || s.inbox.put(letter{conn: conn, turn: t})
}

func (e *shards) each(visit func(uint64)) {
	e.slab.visit(0, e.slab.size(), func(fd int, at *slot) {
		if id := at.id(fd); id&1 == 1 && e.slab.there(id) != nil {
			visit(id)
		}
	})
}

func (e *shards) count() int { return int(e.open.Load()) }

// adopt takes the descriptor out of a TCP connection that net/http gave up.
func (e *shards) adopt(nc net.Conn, head, early []byte, r *Request, v Verdict, protocol bool) bool {
	raw := direct(nc)
	if raw == nil {
		return false
	}
	fd := -1
	raw.Control(func(its uintptr) {
		if copied, err := unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			fd = copied
		}
	})
	if fd < 0 {
		return false
	}
	s := e.all[e.next.Add(1)%uint32(len(e.all))]
	took := fd <= maxDescriptor && s.inbox.put(letter{do: func(s *shard) {
		if !v.Await {
			r = nil
		}
		s.adopt(fd, begun{head: head, early: early, request: r, verdict: v, protocol: protocol})
	}})
	if !took {
		unix.Close(fd)
		return false
	}
	nc.Close() // takes it out of Go's own poller; the copy lives on
	return true
}

// enter counts a goroutine that run waits for.
func (e *shards) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return false
	}
	e.running.Add(1)
	return true
}

func (e *shards) run(ctx context.Context) {
	var running sync.WaitGroup
	for _, s := range e.all {
		running.Go(s.run)
	}
	<-ctx.Done()
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	e.cancel()
	for _, s := range e.all {
		s.inbox.put(letter{do: func(s *shard) { s.stopping = true }})
	}
	running.Wait()
	e.running.Wait()
}

// pauseRetry is how long a shard without descriptors waits before it looks for one again.
const pauseRetry = 100 * time.Millisecond

// What a shard may want when it does not accept.
const (
	wantDescriptors = "no descriptors are left for further connections; raise the limit of open files"
	wantWatches     = "the kernel watches no further connections; raise fs.epoll.max_user_watches"
)

// NotReady is why this node should get no further sockets. Any goroutine may call it.
func (h *Hub) NotReady() []string {
	if e, ok := h.engines.shards.(*shards); ok && e.paused.Load() > 0 {
		return []string{*e.want.Load()}
	}
	return nil
}

// AcceptFrom has the hub's shards accept the connections of a port. Those that ask for something else
// than a socket come from the port's Accept. It is called once for a port.
func (h *Hub) AcceptFrom(p *Port) error {
	e, ok := h.engines.shards.(*shards)
	if !ok {
		return errors.New("hub: a Port needs the engine that Options.Goroutines turns off; use net.Listen")
	}
	return p.accept(e)
}
