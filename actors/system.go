package actors

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/prometheus/client_golang/prometheus"
)

// Store is what employees need of the store: group commits and batched reads. The done functions
// come on a goroutine of the store's and do not block it.
type Store interface {
	Load(key session.Key, done func(session.Employee, error))
	// Commit tells done whether nobody else waits for its goroutine.
	Commit(key session.Key, expected session.Version, change *session.Change, done func(err error, alone bool))
	// Help calls ask, and lends the store the caller's goroutine for a commit that ask may have led to.
	Help(ask func())
	FindKey(key session.Key, hash [16]byte, since session.Time, done func(*session.KeyRecord, error))
}

// Gateway reaches the sockets of every node. Its methods do not block; deliveries may be nil.
type Gateway interface {
	Tell(told []session.Told, deliveries []*session.Delivery, since time.Time)
	CloseSurplus(socket session.Socket)
	// Sockets are this node's own.
	Sockets(id session.ID) []session.Socket
}

// View is this node's view of ended sessions.
type View interface {
	Add(ended []session.Event)
}

// Clock tells the store's time.
type Clock interface{ Now() session.Time }

// Options of a System. Store, Gateway, View and Clock must be given.
type Options struct {
	Store   Store
	Gateway Gateway
	View    View
	Clock   Clock
	// MemoryIsFresh reports whether this node has owned its employees for so long that an answer
	// which writes nothing needs no read; nil: always, as on a single node.
	MemoryIsFresh func() bool
	// Node is this run of this node, and Router knows the others; nil: there are none.
	Node   session.Node
	Router Router
	// Elsewhere is what other nodes may ask of this one beside commands; given with a Router.
	Elsewhere Elsewhere
	// PeerRefused counts questions to other nodes that were too many.
	PeerRefused prometheus.Counter
	// IdleAfter is how long an employee without command or socket stays in memory; 2 minutes. Below
	// the deny grace, a session without a socket would hold its seat for longer than that.
	IdleAfter time.Duration
	// SleepAfter is how long an employee in memory stays an actor without a command; 10 s. Shorter
	// makes actors anew for those who are only slow, longer keeps the actors of a storm.
	SleepAfter time.Duration
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Refused    prometheus.Counter // hotseat_queue_refused_total of this queue
}

// System holds this node's employees. Every method may be called by any goroutine.
type System struct {
	options   Options
	actors    *actor.ActorSystem
	guardian  *guardian
	steadfast *steadfast
	workers   *workers
	shards    [Shards]*shard
	resident  atomic.Int64
	asleep    atomic.Int64
	agents    agents
	metrics   *metrics
	peers     *peers // nil without a Router
}

// New starts the shards; Run turns their clocks.
func New(o Options) *System {
	if o.IdleAfter == 0 {
		o.IdleAfter = 2 * time.Minute
	}
	if o.SleepAfter == 0 {
		o.SleepAfter = 10 * time.Second
	}
	if o.MemoryIsFresh == nil {
		o.MemoryIsFresh = func() bool { return true }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &System{options: o, guardian: &guardian{log: o.Log}, steadfast: &steadfast{log: o.Log}, workers: startWorkers()}
	s.metrics = newMetrics(o.Registerer, s)
	s.actors = actor.NewActorSystem(
		// Failures are logged once, by the guardians; dead letters are late messages to who has left.
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
		actor.WithDeadLetterThrottleInterval(10*time.Millisecond)) // as long, a goroutine outlives a stop
	shrinkRegistry(s.actors)
	if o.Router != nil {
		s.peers = newPeers(s, &o)
		s.spawnReception()
	}
	for n := range s.shards {
		s.shards[n] = newShard(s, n)
	}
	return s
}

// Run turns the wheels until ctx is done, then stops the actors.
func (s *System) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var asking sync.WaitGroup
	if s.peers != nil {
		asking.Go(func() { s.peers.run(ctx) })
	}
	for {
		select {
		case <-ctx.Done():
			asking.Wait()
			return s.stop()
		case now := <-ticker.C:
			for _, sh := range s.shards {
				s.actors.Root.Send(sh.pid, beat{now: now})
			}
		}
	}
}

func (s *System) stop() error {
	for _, sh := range s.shards {
		if err := s.actors.Root.StopFuture(sh.pid).Wait(); err != nil {
			return err
		}
	}
	s.workers.stop()
	s.actors.Shutdown()
	return nil
}

// Send gives the command to the employee's owner. done is called once, on any goroutine, and must
// not block.
func (s *System) Send(key session.Key, cmd session.Command, done func(session.Reply, error)) {
	s.send(&Request{Command: cmd, At: time.Now(), Done: done, key: key})
}

func (s *System) send(r *Request) { s.actors.Root.Send(s.shards[shardOf(r.key)].pid, r) }

// Do is Send and wait. When ctx is done first, the command may still take effect.
func (s *System) Do(ctx context.Context, key session.Key, cmd session.Command) (session.Reply, error) {
	type answer struct {
		reply session.Reply
		err   error
	}
	answered := make(chan answer, 1)
	r := &Request{
		Command: cmd, At: time.Now(), key: key, waited: true,
		Done: func(r session.Reply, err error) { answered <- answer{r, err} },
	}
	s.options.Store.Help(func() { s.send(r) })
	select {
	case a := <-answered:
		return a.reply, a.err
	case <-ctx.Done():
		return session.Reply{}, session.ErrLate
	}
}

// Resident is how many employees are in memory.
func (s *System) Resident() int { return int(s.resident.Load()) }

// ended puts committed endings into the view and counts them.
func (s *System) ended(events []session.Event) {
	s.options.View.Add(events)
	for i := range events {
		s.metrics.ended.WithLabelValues(events[i].Reason.String()).Inc()
	}
}

func (s *System) refused() {
	if s.options.Refused != nil {
		s.options.Refused.Inc()
	}
}

// Asleep is how many of them have no actor because nothing happens to them.
func (s *System) Asleep() int { return int(s.asleep.Load()) }

// nextVisit is the wall second of the next routine visit of an employee's actor.
func (s *System) nextVisit() int64 {
	return time.Now().Add(min(s.options.IdleAfter, s.options.SleepAfter)).Unix()
}

// wall is the wall second of a time of the store's.
func (s *System) wall(at session.Time) int64 {
	return time.Now().Add(at.Sub(s.options.Clock.Now())).Unix()
}

func shardOf(key session.Key) uint64 { return mixed(key) % Shards }

// mixed mixes well: keys often differ in their last characters only, which FNV alone would send
// to neighbouring shards.
func mixed(key session.Key) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h
}
