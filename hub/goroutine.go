package hub

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const tableShards = 64

// goroutines is the engine that spends one goroutine on each connection: portable, and right for TLS.
// Any goroutine may use it.
type goroutines struct {
	hub  *Hub
	last atomic.Uint64 // the newest connection's id
	open atomic.Int64
	// table finds connections. An entry is a
	// connection, so descriptors bound it.
	table [tableShards]struct {
		mu    sync.RWMutex
		conns map[uint64]*conn
	}
	mu      sync.Mutex // of stopped against running
	stopped bool
	running sync.WaitGroup
}

func newGoroutines(h *Hub) *goroutines {
	e := &goroutines{hub: h}
	for i := range e.table {
		e.table[i].conns = map[uint64]*conn{}
	}
	return e
}

// adopt takes over a connection whose upgrade is granted: it writes head, the 101, reads first what
// came early, and answers false when the engine has stopped; the caller then closes the connection.
func (e *goroutines) adopt(nc net.Conn, head, early []byte, r *Request, v Verdict, protocol bool) bool {
	if !e.enter() {
		return false
	}
	c := newConn(e, e.last.Add(1), nc)
	if v.Await {
		c.request = r
	}
	e.hub.await(r, v, c.id)
	c.turn(func(talk *conversation, now time.Duration, out *output) {
		talk.rules, talk.ask.protocol = &e.hub.rules, protocol
		out.frames = append(out.frames, head...)
		talk.begin(v, now, out)
		e.remember(c) // in the turn: whoever finds it finds it begun
	})
	e.hub.leaveAgain(c.id)
	go c.read(early)
	if e.hasStopped() {
		c.drop() // stop may have looked for connections before this one was there
	}
	return true
}

func (e *goroutines) count() int { return int(e.open.Load()) }

func (e *goroutines) remember(c *conn) {
	shard := &e.table[c.id%tableShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.conns[c.id] = c
	e.open.Add(1)
}

// enter counts a goroutine that run waits for.
func (e *goroutines) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return false
	}
	e.running.Add(1)
	return true
}

func (e *goroutines) hasStopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopped
}

func (e *goroutines) post(id uint64, t turn) bool {
	shard := &e.table[id%tableShards]
	shard.mu.RLock()
	c := shard.conns[id]
	shard.mu.RUnlock()
	return c != nil && c.turn(t)
}

func (e *goroutines) each(visit func(uint64)) {
	for i := range e.table {
		for _, c := range e.shard(i) {
			visit(c.id)
		}
	}
}

func (e *goroutines) shard(i int) []*conn {
	shard := &e.table[i]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	conns := make([]*conn, 0, len(shard.conns))
	for _, c := range shard.conns {
		conns = append(conns, c)
	}
	return conns
}

// forget is the last thing that happens to a connection.
func (e *goroutines) forget(c *conn) {
	shard := &e.table[c.id%tableShards]
	shard.mu.Lock()
	delete(shard.conns, c.id)
	shard.mu.Unlock()
	e.open.Add(-1)
}

// run turns the hand of a clock: each second it passes every connection once, so that heartbeats
// need no timer each and are spread over the second.
func (e *goroutines) run(ctx context.Context) {
	hand := time.NewTicker(time.Second / tableShards)
	defer hand.Stop()
	for at := 0; ; at = (at + 1) % tableShards {
		select {
		case <-hand.C:
			for _, c := range e.shard(at) {
				c.turn((*conversation).tick)
			}
		case <-ctx.Done():
			e.stop()
			return
		}
	}
}

// stop drops every connection and waits until nothing runs any more.
func (e *goroutines) stop() {
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	for i := range e.table {
		for _, c := range e.shard(i) {
			c.drop()
		}
	}
	e.running.Wait()
}
