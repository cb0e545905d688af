package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/actors/wire"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/hub/cluster"
	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/session"
)

// retireAfter is how long the actors of a run that was marked dead go on with what they had begun. Every
// command has passed its deadline then; what they still commit, the version fences.
const retireAfter = 11 * time.Second

// clustered is what a node of a cluster has more than a single one.
type clustered struct {
	*cluster.Node
	client    *actors.Client
	announcer *actors.Announcer
	life      *life
}

// joinCluster makes the node's part in the cluster; Run joins it.
func (n *node) joinCluster() (err error) {
	cfg := n.config
	client := &actors.Client{}
	c := &clustered{client: client, announcer: actors.NewAnnouncer(client), life: &life{node: n, client: client}}
	o := cluster.Options{
		Name: cfg.Node(), Listen: cfg.ClusterListen, Advertise: cfg.ClusterAdvertise,
		Leases: leases{nodesOf(n.store)}, Life: c.life, Log: n.log, Registerer: n.registry,
		Member: cluster.Member{URL: n.ownURL(), Program: programVersion(), Envelope: wire.Version()},
	}
	if schema, err := n.store.Schema(context.Background()); err == nil {
		o.Member.Schema = schema.Latest
	}
	if cfg.ClusterTLSCert != "" {
		o.TLS = &cluster.TLS{Cert: cfg.ClusterTLSCert, Key: cfg.ClusterTLSKey, CA: cfg.ClusterTLSCA}
	}
	c.Node, err = cluster.New(o)
	n.cluster = c
	return err
}

// ownURL is where clients reach this node and no other.
func (n *node) ownURL() string {
	scheme := "http"
	if n.config.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + n.listeners.public.Addr().String()
}

func programVersion() string {
	version, _ := buildVersion()
	return version
}

// run stays a member until the returned function is called, which returns when the node has left.
func (c *clustered) run(group *errgroup.Group) (leave func()) {
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan struct{})
	c.life.group = group
	group.Go(func() error {
		defer close(left)
		return c.Node.Run(ctx)
	})
	return func() {
		cancel()
		<-left
		c.life.stop()
	}
}

// life gives each run of this node actors of its own.
type life struct {
	node   *node
	client *actors.Client
	group  *errgroup.Group

	mu    sync.Mutex
	stops map[*cluster.Run]context.CancelFunc // of actors that run
}

// Begin implements cluster.Life.
func (l *life) Begin(r *cluster.Run) cluster.System {
	o := l.node.actorOptions(r.Boot)
	o.Node, o.Router, o.Elsewhere = r.Boot, router{r}, elsewhere{l.node}
	o.PeerRefused = l.node.refused.WithLabelValues("peer")
	system := actors.New(o)
	ctx, stop := context.WithCancel(context.Background())
	l.group.Go(func() error { return system.Run(ctx) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stops == nil {
		l.stops = map[*cluster.Run]context.CancelFunc{}
	}
	l.stops[r] = stop
	l.client.Use(system)
	return system
}

// Joined implements cluster.Life: until the others have looked, they own what is this node's.
func (l *life) Joined(*cluster.Run) { l.client.System().TellLook() }

// Changed implements cluster.Life.
func (l *life) Changed(r *cluster.Run) {
	l.node.log.Info("members of the cluster", "count", len(r.Members()))
}

// Lost implements cluster.Life: clients come back, here or elsewhere, and hear then how they stand.
func (l *life) Lost(*cluster.Run) {
	l.client.Use(nil)
	l.node.hub.Leave()
}

// End implements cluster.Life.
func (l *life) End(r *cluster.Run) {
	l.mu.Lock()
	stop := l.stops[r]
	l.mu.Unlock()
	time.AfterFunc(retireAfter, stop)
}

// stop stops the actors of every run.
func (l *life) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, stop := range l.stops {
		stop()
	}
}

// router tells the actors who is there, in their own words.
type router struct{ run *cluster.Run }

func peer(m cluster.Member) actors.Peer {
	return actors.Peer{Node: m.Boot, Address: m.Address, Envelope: m.Envelope}
}

func (r router) Owner(key session.Key) (actors.Peer, bool) {
	m, known := r.run.Owner(key)
	return peer(m), known && m.Boot == r.run.Boot
}

func (r router) MayOwn() bool            { return r.run.MayOwn() }
func (r router) FreshFor() time.Duration { return r.run.FreshFor() }
func (r router) Generation() uint64      { return r.run.Generation() }

func (r router) Peer(node session.Node) (actors.Peer, bool) {
	m, known := r.run.Member(node)
	return peer(m), known
}

func (r router) Peers() (others []actors.Peer) {
	for _, m := range r.run.Members() {
		if m.Boot != r.run.Boot {
			others = append(others, peer(m))
		}
	}
	return others
}

// nodesOf is the part of the store that keeps leases; only PostgreSQL has it, as the configuration was
// checked for.
func nodesOf(s persistence.Store) persistence.Nodes {
	if wrapped, ok := s.(interface{ Unwrap() persistence.Store }); ok {
		s = wrapped.Unwrap()
	}
	return s.(persistence.Nodes)
}

// leases keeps the members' leases in the store.
type leases struct{ nodes persistence.Nodes }

func row(m cluster.Member) persistence.Node {
	return persistence.Node{
		Boot: string(m.Boot), Name: m.Name, Address: m.Address, URL: m.URL, Beat: m.Beat, Draining: m.Draining,
		Program: m.Program, Schema: m.Schema, Envelope: m.Envelope,
	}
}

func (l leases) Join(ctx context.Context, m cluster.Member, replace bool) error {
	return l.nodes.Join(ctx, row(m), replace)
}

func (l leases) Renew(ctx context.Context, m cluster.Member) (members []cluster.Member, marked bool, err error) {
	rows, marked, err := l.nodes.Renew(ctx, row(m))
	for _, r := range rows {
		members = append(members, cluster.Member{
			Boot: session.Node(r.Boot), Name: r.Name, Address: r.Address, URL: r.URL, Beat: r.Beat, Draining: r.Draining,
			Program: r.Program, Schema: r.Schema, Envelope: r.Envelope,
		})
	}
	return members, marked, err
}

func (l leases) MarkDead(ctx context.Context, boot session.Node, beat int64) error {
	return l.nodes.MarkDead(ctx, string(boot), beat)
}

func (l leases) Leave(ctx context.Context, boot session.Node) error {
	return l.nodes.Leave(ctx, string(boot))
}

// announcedOwners announces the hub's sockets to owners on any node.
type announcedOwners struct {
	*actors.Announcer
	view *enforce.View
}

// Attach first asks the store about a session that may have ended before this node's view began: the
// owner, on another node, may have answered from a memory that its own view would have corrected, and
// this node would never hear of the ending again. The view remembers the answer.
func (o announcedOwners) Attach(ctx context.Context, key session.Key, a session.Attach, done func(session.Reply, error)) {
	if o.view.Knows(a.Session, a.Session.Made()) {
		o.Announcer.Attach(key, a, done)
		return
	}
	go func() {
		if _, err := o.view.Check(ctx, key, a.Session, a.Epoch, a.Session.Made()); err != nil {
			done(session.Reply{}, err)
			return
		}
		o.Announcer.Attach(key, a, done)
	}()
}

// elsewhere is what other nodes may ask of this one.
type elsewhere struct{ node *node }

func (e elsewhere) TestTermination(terminal session.TerminalID, force bool) int {
	return e.node.hub.TestTermination(terminal, force)
}

func (e elsewhere) Status() []byte { return e.node.status().JSON() }
func (e elsewhere) Drain()         { go e.node.drain() }
func (e elsewhere) Look()          { e.node.cluster.Look() }

var _ api.Employees = (*actors.Client)(nil)
