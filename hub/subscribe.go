package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

// Transport is how a subscriber's messages travel.
type Transport string

// The transports beside the WebSocket.
const (
	SSE  Transport = "sse"
	Poll Transport = "poll"
)

// ErrDraining says that this node takes nobody any more.
var ErrDraining = errors.New("this node is being drained")

// The ids of subscribers are above those of connections that have a goroutine, and below all others'.
const (
	firstSubscriber = 1 << 55
	lastSubscriber  = 1<<56 - 1
)

func isSubscriber(conn uint64) bool { return firstSubscriber <= conn && conn <= lastSubscriber }

// ackOfSubscriber is how long a told subscriber may take to ack: by a request of its own, and as long
// as a login waits at most.
const ackOfSubscriber = 2 * time.Second

// subscribers is the engine of those who hear by HTTP: it owns no connection and no goroutine. Any
// goroutine may use it. An entry is a request under way, or lives at most ackOfSubscriber longer; the
// owner closes those that are too many for one session.
type subscribers struct {
	hub     *Hub
	rules   rules
	last    atomic.Uint64
	readers map[Transport]*atomic.Int64 // those under way; the map itself never changes

	mu      sync.RWMutex // of what follows
	table   map[uint64]*Subscriber
	stopped bool
}

// addSubscribers puts the engine of subscribers before that of sockets.
func (h *Hub) addSubscribers() error {
	e := &subscribers{hub: h, rules: h.rules, table: map[uint64]*Subscriber{}, readers: map[Transport]*atomic.Int64{}}
	e.rules.ackTimeout = ackOfSubscriber
	h.subscribers, h.engine = e, both{h.engine, e}
	for _, via := range []Transport{SSE, Poll} {
		count := new(atomic.Int64)
		e.readers[via] = count
		if h.options.Registerer == nil {
			continue
		}
		if err := h.options.Registerer.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "hotseat_sockets", Help: "Open sockets.", ConstLabels: prometheus.Labels{"transport": string(via)},
		}, func() float64 { return float64(count.Load()) })); err != nil {
			return err
		}
	}
	return nil
}

// Subscribe takes a seat without a connection, and returns once its owner has answered: the first
// message is session_established, or session_terminated when the session has ended. Otherwise the
// error is ErrDraining, a *Refused, or ctx's. Whoever gets a Subscriber must Leave it.
func (h *Hub) Subscribe(ctx context.Context, seat Seat, via Transport) (*Subscriber, error) {
	if h.closing.Load() {
		return nil, ErrDraining
	}
	return h.subscribe(ctx, seat, via)
}

func (h *Hub) subscribe(ctx context.Context, seat Seat, via Transport) (*Subscriber, error) {
	e := h.subscribers
	s := &Subscriber{id: firstSubscriber + e.last.Add(1), all: e, via: via, changed: make(chan struct{}, 1)}
	added := false
	s.turn(func(talk *conversation, now time.Duration, out *output) {
		talk.rules, talk.ask.protocol = &e.rules, true // who comes by HTTP speaks ours
		if added = e.add(s); added {                   // in the turn: whoever finds it finds it begun
			talk.begin(Verdict{Seat: &seat}, now, out)
		}
	})
	if !added {
		return nil, ErrDraining
	}
	h.leaveAgain(s.id)
	for s.phase() < live {
		select {
		case <-s.changed:
		case <-ctx.Done():
			s.Leave()
			return nil, ctx.Err()
		}
	}
	if err := s.refused(); err != nil {
		s.Leave()
		return nil, err
	}
	return s, nil
}

// Ack is a terminal's answer to the notice of its session's end, and answers how many subscribers it
// was for.
func (h *Hub) Ack(id session.ID, seq uint64) int {
	return h.count(h.subscribersOf(id), func(c *conversation, now time.Duration, out *output) bool {
		if c.phase != told {
			return false
		}
		c.message(message{kind: ackMessage, seq: seq}, now, out)
		return c.phase == closed
	})
}

func (h *Hub) subscribersOf(id session.ID) (conns []uint64) {
	for _, conn := range h.index.of(id) {
		if isSubscriber(conn) {
			conns = append(conns, conn)
		}
	}
	return conns
}

func (e *subscribers) add(s *Subscriber) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return false
	}
	e.table[s.id] = s
	e.readers[s.via].Add(1)
	return true
}

// forget is the last thing that happens to a subscriber.
func (e *subscribers) forget(s *Subscriber) {
	e.hub.gone(s.id, &s.talk)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.table, s.id)
}

func (e *subscribers) post(id uint64, t turn) bool {
	e.mu.RLock()
	s := e.table[id]
	e.mu.RUnlock()
	return s != nil && s.turn(t)
}

func (e *subscribers) each(visit func(uint64)) {
	e.mu.RLock()
	ids := make([]uint64, 0, len(e.table))
	for id := range e.table {
		ids = append(ids, id)
	}
	e.mu.RUnlock()
	for _, id := range ids {
		visit(id)
	}
}

// run closes who is left when ctx is done. Their readers see it and leave; they belong to the HTTP
// server, which waits for them.
func (e *subscribers) run(ctx context.Context) {
	<-ctx.Done()
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	e.each(func(id uint64) {
		e.post(id, func(c *conversation, now time.Duration, out *output) { c.refuse(refuseGoingAway, now, out) })
	})
}

// both is the sockets' engine and the subscribers' as one.
type both struct {
	sockets     engine
	subscribers *subscribers
}

func (b both) post(conn uint64, t turn) bool {
	if isSubscriber(conn) {
		return b.subscribers.post(conn, t)
	}
	return b.sockets.post(conn, t)
}

func (b both) each(visit func(uint64)) {
	b.sockets.each(visit)
	b.subscribers.each(visit)
}

func (b both) run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { b.subscribers.run(ctx) })
	b.sockets.run(ctx)
	running.Wait()
}
