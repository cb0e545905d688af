package cluster

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

// System is the actors of one run.
type System interface {
	Actors() *actor.ActorSystem
	// ConnectionLost says that a connection to other nodes' actors has ended.
	ConnectionLost(address string)
	// NodesLeft says that the members have changed.
	NodesLeft()
	// Disconnect returns when nothing is sent to other nodes any more.
	Disconnect()
}

// Life is what happens to the runs of this node. Its methods are called one after the other.
type Life interface {
	// Begin starts the actors of a run. It owns nobody until its lease holds.
	Begin(r *Run) System
	// Joined says that the lease holds for the first time.
	Joined(r *Run)
	// Changed says that the owners are others than before.
	Changed(r *Run)
	// Lost says that the run was marked dead: nothing it knows is true any more.
	Lost(r *Run)
	// End stops the actors of a run that was lost or has left.
	End(r *Run)
}

// Options of a Node.
type Options struct {
	Rules     Rules
	Name      string // of the node, the same over restarts
	Listen    string // host:port for other nodes
	Advertise string // host:port where they reach it; empty: where it listens
	TLS       *TLS   // nil: plain, for loopback
	// Member is what the row says beside the above.
	Member     Member
	Leases     Leases
	Life       Life
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Node is this process's part in the cluster. Run is for one goroutine, the rest for any.
type Node struct {
	o        Options
	run      atomic.Pointer[Run]
	draining atomic.Bool
	look     chan struct{} // asks for a renewal now; one is enough
}

// New checks the options and registers hotseat_lease_remaining_seconds.
func New(o Options) (*Node, error) {
	o.Rules = o.Rules.withDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if _, _, err := o.TLS.credentials(); err != nil {
		return nil, err
	}
	n := &Node{o: o, look: make(chan struct{}, 1)}
	if o.Registerer == nil {
		return n, nil
	}
	return n, o.Registerer.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hotseat_lease_remaining_seconds",
		Help: "How long this node's lease still holds; below 0 it owns nobody and answers 503.",
	}, func() float64 {
		if r := n.run.Load(); r != nil {
			return r.Remaining().Seconds()
		}
		return -1
	}))
}

// Current is the run of this moment; nil before the first and between two.
func (n *Node) Current() *Run { return n.run.Load() }

// Rules are the times in force.
func (n *Node) Rules() Rules { return n.o.Rules }

// NotReady says why this node should get no traffic; empty when it should.
func (n *Node) NotReady() string {
	r := n.run.Load()
	switch {
	case r == nil || r.Generation() == 0:
		return "not a member of the cluster yet"
	case !r.MayOwn():
		return "the lease does not hold: the store cannot be asked, or this node was stopped"
	}
	return ""
}

// Drain gives the employees to the other nodes. This node goes on answering until it leaves.
func (n *Node) Drain() {
	n.draining.Store(true)
	n.Look()
}

// Look renews at once, to see members that have come or gone.
func (n *Node) Look() {
	select {
	case n.look <- struct{}{}:
	default:
	}
}

// Run joins and stays a member, under as many boot ids as it takes, until ctx is done; then it leaves.
// It fails only when it cannot listen at its first start.
func (n *Node) Run(ctx context.Context) error {
	for first := true; ctx.Err() == nil; first = false {
		if err := n.live(ctx, first); err != nil {
			if first {
				return err
			}
			n.o.Log.Error("this node cannot come back", "error", err)
			pause(ctx, n.o.Rules.Beat)
		}
	}
	return nil
}

// live is one run from its beginning to its end.
func (n *Node) live(ctx context.Context, first bool) error {
	r := newRun(n.o.Rules, session.Node(n.o.Name+"@"+uuid.NewString()))
	system := n.o.Life.Begin(r)
	defer n.o.Life.End(r)
	link, err := startRemote(system.Actors(), &n.o, n.o.Log, system.ConnectionLost)
	if err != nil {
		return err
	}
	defer func() {
		system.Disconnect() // first: the library panics on what is sent after
		link.stop()
	}()
	n.run.Store(r)
	member := n.o.Member
	member.Boot, member.Name, member.Address = r.Boot, n.o.Name, link.address()
	if !n.join(ctx, member, first) {
		return nil
	}
	n.o.Log.Info("joined the cluster", "node", r.Boot, "address", member.Address)
	if n.stay(ctx, r, member, system, link) {
		n.o.Log.Warn("this node was marked dead by another; it closes its sockets and comes back as a new member", "node", r.Boot)
		n.o.Life.Lost(r)
		return nil
	}
	n.goodbye(r)
	return nil
}

// join asks until the row is there; false when ctx is done first.
func (n *Node) join(ctx context.Context, m Member, replace bool) bool {
	for ctx.Err() == nil {
		bounded, cancel := context.WithTimeout(ctx, n.o.Rules.TTL)
		err := n.o.Leases.Join(bounded, m, replace)
		cancel()
		if err == nil {
			return true
		}
		n.o.Log.Warn("cannot join the cluster yet", "error", err)
		pause(ctx, n.o.Rules.Beat)
	}
	return false
}

// stay renews until ctx is done, or reports that this run was marked.
func (n *Node) stay(ctx context.Context, r *Run, m Member, s System, l *link) (marked bool) {
	ticker := time.NewTicker(n.o.Rules.Beat)
	defer ticker.Stop()
	failing := false
	for ctx.Err() == nil {
		m.Draining = n.draining.Load()
		marked, err := n.renew(ctx, r, m, s, l)
		if marked {
			r.marked()
			return true
		}
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			n.o.Log.Warn("renewing the lease", "failing", failing, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-n.look:
		}
	}
	return false
}

// renew is one beat.
func (n *Node) renew(ctx context.Context, r *Run, m Member, s System, l *link) (marked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.o.Rules.TTL)
	defer cancel()
	sent, before := r.now(), r.Members()
	members, marked, err := n.o.Leases.Renew(ctx, m)
	if err != nil || marked {
		return marked, err
	}
	dead, changed := r.renewed(sent, r.now(), members)
	if changed {
		n.changed(r, before, s, l)
	}
	for _, gone := range dead {
		n.o.Log.Warn("a member has stopped and is marked dead", "node", gone.Boot, "beat", gone.Beat)
		if err := n.o.Leases.MarkDead(ctx, gone.Boot, gone.Beat); err != nil {
			return false, err
		}
	}
	if len(dead) > 0 {
		n.Look()
	}
	return false, nil
}

func (n *Node) changed(r *Run, before []Member, s System, l *link) {
	for _, m := range before {
		if !slices.ContainsFunc(r.Members(), func(other Member) bool { return other.Address == m.Address }) {
			l.forget(m.Address) // a node that was started again may have been reached already
		}
	}
	s.NodesLeft()
	if r.Generation() == 1 {
		n.o.Life.Joined(r)
	}
	n.o.Life.Changed(r)
}

// goodbye tells the others that this run is over. When the store cannot be asked, they find out.
func (n *Node) goodbye(r *Run) {
	ctx, cancel := context.WithTimeout(context.Background(), n.o.Rules.TTL)
	defer cancel()
	r.marked()
	if err := n.o.Leases.Leave(ctx, r.Boot); err != nil {
		n.o.Log.Warn("leave the cluster", "error", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
