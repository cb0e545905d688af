package hub

import (
	"context"
	"net"
	"sync"
)

// carrier is an engine that takes over connections.
type carrier interface {
	engine
	// adopt takes over a connection whose upgrade is granted: it writes head, the 101, and reads
	// first what came early. False when it cannot; the connection is then still the caller's.
	adopt(nc net.Conn, head, early []byte, r *Request, v Verdict, protocol bool) bool
	// count is how many connections there are.
	count() int
}

// engines are those behind one Hub: shards hold plain TCP on Linux, goroutines hold TLS, and
// everything elsewhere. The highest byte of a connection's id is zero when it is a goroutine's.
type engines struct {
	goroutines carrier
	shards     carrier // nil where there are none
}

func newEngines(h *Hub) *engines {
	e := &engines{goroutines: h.sockets}
	if !h.options.Goroutines {
		e.shards = newShards(h)
	}
	return e
}

func (e *engines) adopt(nc net.Conn, head, early []byte, r *Request, v Verdict, protocol bool) bool {
	nc, early = whole(nc, early)
	if e.shards != nil && e.shards.adopt(nc, head, early, r, v, protocol) {
		return true
	}
	return e.goroutines.adopt(nc, head, early, r, v, protocol)
}

func (e *engines) of(conn uint64) engine {
	if conn>>shardShift != 0 && e.shards != nil {
		return e.shards
	}
	return e.goroutines
}

func (e *engines) post(conn uint64, t turn) bool { return e.of(conn).post(conn, t) }

func (e *engines) each(visit func(conn uint64)) {
	e.goroutines.each(visit)
	if e.shards != nil {
		e.shards.each(visit)
	}
}

func (e *engines) count() int {
	n := e.goroutines.count()
	if e.shards != nil {
		n += e.shards.count()
	}
	return n
}

func (e *engines) run(ctx context.Context) {
	var both sync.WaitGroup
	if e.shards != nil {
		both.Go(func() { e.shards.run(ctx) })
	}
	e.goroutines.run(ctx)
	both.Wait()
}

// The parts of a shard's connection id: shard and one | descriptor | generation.
const (
	shardShift      = 56
	descriptorShift = 32
	maxDescriptor   = 1<<(shardShift-descriptorShift) - 1
)
