package hub

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

// Options of a Hub. Node, Gate, Owners and Ended must be given.
type Options struct {
	Node   session.Node
	Gate   Gate
	Owners Owners
	Ended  Ended

	// AuthTimeout is how long a socket may take to send its token; 5 s. Longer holds sockets for
	// strangers, shorter loses slow links.
	AuthTimeout time.Duration
	// MaxAwaiting is how many such sockets there may be; 4096. Further ones get 503; those that
	// bring their token in the handshake are not counted.
	MaxAwaiting int
	// MaxStrangers is how many connections of one address, an IPv6 /64 being one, may owe a request
	// or a token at a time; 1024. Past it the oldest of them closes. Less hurts those who share an
	// address when they all come back at once; more lets one address take more descriptors.
	MaxStrangers int
	// TrustedProxies are addresses for which MaxStrangers does not hold: they bring everybody's.
	TrustedProxies []netip.Prefix
	// AttachTimeout bounds each question to the Gate and to the owner; 5 s. Past it the socket is
	// closed with 1013.
	AttachTimeout time.Duration
	// AckTimeout is how long a terminated socket may take to ack; 500 ms.
	AckTimeout time.Duration
	// Heartbeat is what clients are asked to ping at; 25 s.
	Heartbeat time.Duration
	// PingAfter is how long the server may have been silent before it pings, PingSpread how much
	// later it may do so; 25 s and 15 s. Proxies cut at 60 s of silence, so their sum stays below 45.
	PingAfter, PingSpread time.Duration
	// WriteQueue is how many bytes may wait for a peer that does not read; 64 KiB. WriteTimeout is
	// how long they may wait without any progress; 30 s.
	WriteQueue   int
	WriteTimeout time.Duration
	// UserTimeout is how long a peer may leave bytes unacknowledged before the kernel gives its
	// connection up; 20 s. With the pings this finds peers that have vanished; too short loses those
	// whose network only stumbles.
	UserTimeout time.Duration
	// MessageLimit is the longest message of a client, in bytes; 4 KiB.
	MessageLimit int
	// FrameBurst and FrameRate bound the frames of one socket: so many at once, and so many a
	// second; 60 and 10. A page sends one in 25 s.
	FrameBurst, FrameRate int

	// Goroutines serves every socket by a goroutine of its own, at some kilobytes each, where Linux
	// would do without. Sockets under TLS, and those of other systems, are always served so.
	Goroutines bool

	// Echo answers every message with itself, text or binary, and says nothing else: for suites that
	// test frames. Such a hub tells nobody anything.
	Echo bool

	// Now is the store's time, for test notices; the local clock by default.
	Now        func() session.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Refused    prometheus.Counter // hotseat_queue_refused_total of the sockets: write queues, MaxAwaiting and MaxStrangers
}

// Hub holds the sockets of one node. Any goroutine may call any of its methods, and those that
// actors call do not wait.
type Hub struct {
	options  Options
	rules    rules
	start    time.Time
	index    *index
	engine   engine
	engines  *engines // the same, as what takes over connections of net/http
	sockets  *goroutines
	metrics  *metrics
	closing  atomic.Bool  // new sockets are sent elsewhere
	awaiting atomic.Int64 // sockets that have not sent their token: at most Options.MaxAwaiting

	strangers   *strangers
	subscribers *subscribers // who hears by HTTP; a part of engine
}

// New makes a Hub that takes sockets at once; Run keeps their deadlines.
func New(o Options) (*Hub, error) {
	if o.Node == "" || o.Gate == nil || o.Owners == nil || o.Ended == nil {
		return nil, errors.New("hub: Node, Gate, Owners and Ended must be given")
	}
	o.setDefaults()
	if o.PingAfter+o.PingSpread > 43*time.Second {
		return nil, errors.New("hub: PingAfter and PingSpread leave a socket silent for more than 45 s")
	}
	h := &Hub{options: o, rules: o.rules(), start: time.Now(), index: newIndex()}
	h.strangers = newStrangers(o.MaxStrangers, o.TrustedProxies, h.refuseQueue)
	h.sockets = newGoroutines(h)
	h.engines = newEngines(h)
	h.engine = h.engines
	metrics, err := newMetrics(o.Registerer, h.Count, func() int { return len(h.NotReady()) })
	h.metrics = metrics
	if err == nil {
		err = h.addSubscribers()
	}
	return h, err
}

// Run keeps heartbeats and deadlines until ctx is done. Then it drops the sockets that are left, so
// drain before; it returns when no goroutine of the hub runs.
func (h *Hub) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { h.closing.Store(true) })()
	h.engine.run(ctx)
	return nil
}

// Count is how many sockets there are, those that are about to close included.
func (h *Hub) Count() int { return h.engines.count() }

// now is the time of conversations.
func (h *Hub) now() time.Duration { return time.Since(h.start) }

func (h *Hub) socket(conn uint64) session.Socket {
	return session.Socket{Node: h.options.Node, Conn: conn}
}

func (h *Hub) refuseQueue() {
	if h.options.Refused != nil {
		h.options.Refused.Inc()
	}
}

func (o *Options) setDefaults() {
	orDefault(&o.AuthTimeout, 5*time.Second)
	orDefault(&o.MaxAwaiting, 4096)
	orDefault(&o.MaxStrangers, 1024)
	orDefault(&o.AttachTimeout, 5*time.Second)
	orDefault(&o.AckTimeout, 500*time.Millisecond)
	orDefault(&o.Heartbeat, 25*time.Second)
	orDefault(&o.PingAfter, 25*time.Second)
	orDefault(&o.PingSpread, 15*time.Second)
	orDefault(&o.WriteQueue, 64<<10)
	orDefault(&o.WriteTimeout, 30*time.Second)
	orDefault(&o.UserTimeout, 20*time.Second)
	orDefault(&o.MessageLimit, 4<<10)
	orDefault(&o.FrameBurst, 60)
	orDefault(&o.FrameRate, 10)
	if o.Now == nil {
		o.Now = func() session.Time { return session.TimeOf(time.Now()) }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func orDefault[T int | time.Duration](option *T, value T) {
	if *option <= 0 {
		*option = value
	}
}

func (o *Options) rules() rules {
	return rules{
		authTimeout: o.AuthTimeout, attachTimeout: o.AttachTimeout, ackTimeout: o.AckTimeout,
		heartbeat: o.Heartbeat, quiet: o.PingAfter, spread: o.PingSpread, message: o.MessageLimit,
		echo: o.Echo, burst: o.FrameBurst, rate: time.Second / time.Duration(o.FrameRate),
	}
}
