package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/api/attempts"
	"github.com/hotseat-hub/hotseat/api/compat"
	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/batch"
	storeclock "github.com/hotseat-hub/hotseat/persistence/clock"
	"github.com/hotseat-hub/hotseat/session"
	"github.com/hotseat-hub/hotseat/web/demo"
)

// node is one running server: every part, joined. Its parts are made in the order of the fields and
// stopped in the reverse order.
type node struct {
	config   *config.Config
	log      *slog.Logger
	registry *prometheus.Registry
	refused  *prometheus.CounterVec

	listeners  *listeners
	store      persistence.Store
	batcher    *batch.Batcher
	clock      *storeclock.Clock
	keys       *token.Keys
	tokens     *token.Tokens
	passwords  *password.Pool
	view       *enforce.View
	feed       *enforce.Feed
	self       session.Node   // this run, on a single node
	system     *actors.System // nil on a node of a cluster, whose runs each have one
	cluster    *clustered     // nil on a single node
	employees  api.Employees  // system, or all nodes
	schema     int64          // newest that this program knows
	hub        *hub.Hub
	tail       *enforce.Tail
	events     events
	accessKeys Keys
	compat     *compat.Seats // nil without --compat-pos
	api        *api.API
	ready      readiness
	drained    sync.Once
}

// runServe runs the server until ctx is done and it has drained. What it has to say to a person goes
// to stdout, the log to stderr.
func runServe(ctx context.Context, cfg config.Config, stdout io.Writer) (err error) {
	n := &node{config: &cfg, log: newLogger(&cfg, os.Stderr)}
	if n.listeners, err = listen(n.config, n.log); err != nil {
		return err
	}
	defer n.listeners.close()
	if err := n.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.store.Close()) }()
	defer n.closeEvents()
	if err := n.join(ctx); err != nil {
		return err
	}
	return n.run(ctx, stdout)
}

// open makes the parts that need the store.
func (n *node) open(ctx context.Context) (err error) {
	cfg := n.config
	n.registry = prometheus.NewRegistry()
	n.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	n.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hotseat_queue_refused_total", Help: "What a full queue turned away, by queue.",
	}, []string{"queue"})
	n.registry.MustRegister(n.refused)
	n.store, err = persistence.Open(ctx, cfg.Store, persistence.Options{
		Migrate: persistence.Migrate(cfg.Migrate), Retention: cfg.HistoryRetention, RetentionMax: cfg.Events.RetentionMax, Log: n.log,
	})
	if err != nil {
		return err
	}
	n.store = faultyStore(n.store)
	return nil
}

// join gives every part what it needs of the others.
func (n *node) join(ctx context.Context) (err error) {
	cfg := n.config
	n.batcher = batch.New(n.store, batch.Options{Registerer: n.registry, Refused: n.refused.WithLabelValues("commit")})
	n.clock = storeclock.New(n.store)
	if err := n.clock.Sync(ctx); err != nil {
		return err
	}
	if err := n.openTokens(ctx); err != nil {
		return err
	}
	if err := n.openEvents(ctx); err != nil {
		return err
	}
	n.passwords = password.New(password.Options{Refused: n.refused.WithLabelValues("password")})
	n.view = enforce.NewView(enforce.Options{Rows: rows{n.batcher}, Now: n.clock.Now})
	if n.compat, err = n.openCompat(); err != nil {
		return err
	}
	if err := n.joinActorsAndHub(); err != nil {
		return err
	}
	n.feed = newFeed(n.clock, cfg.AccessTokenLifetime)
	n.tail, err = enforce.NewTail(enforce.TailOptions{
		Source: n.store.Tail(), View: n.view, Sockets: n.hub, Feed: n.feed, Log: n.log, Registerer: n.registry,
	})
	if err != nil {
		return err
	}
	n.ready.view, n.ready.maxStaleness = n.view, cfg.MaxStaleness
	return n.openAPI()
}

// joinActorsAndHub joins the two that need each other: commits tell sockets, sockets are announced.
func (n *node) joinActorsAndHub() (err error) {
	cfg := n.config
	status, err := n.store.Schema(context.Background())
	if err != nil {
		return err
	}
	n.schema = status.Latest
	var sockets hub.Owners
	if cfg.Clustered() {
		if err := n.joinCluster(); err != nil {
			return err
		}
		n.self, n.employees, sockets = session.Node(cfg.Node()), n.cluster.client, announcedOwners{n.cluster.announcer, n.view}
	} else {
		n.self = session.Node("local@" + uuid.NewString())
		n.system = actors.New(n.actorOptions(n.self))
		n.employees, sockets = n.system, owners{n.system}
	}
	gate, err := api.NewGate(api.GateOptions{
		Tokens: n.tokens, Rows: rows{n.batcher}, Clock: n.clock, Compat: n.compat,
		PublicURL: cfg.PublicURL, AllowedOrigins: cfg.AllowedOrigins, TrustedProxies: cfg.TrustedProxies, LoopbackOnly: cfg.Demo,
	})
	if err != nil {
		return err
	}
	n.hub, err = hub.New(hub.Options{
		Node: n.self, Gate: gate, Owners: sockets, Ended: n.view, Now: n.clock.Now,
		MaxStrangers: cfg.MaxStrangers, TrustedProxies: cfg.TrustedProxies,
		Log: n.log, Registerer: n.registry, Refused: n.refused.WithLabelValues("socket"),
	})
	n.ready.sockets, n.ready.cluster = n.hub, n.cluster
	return err
}

// actorOptions are for the actors of one run of this node.
func (n *node) actorOptions(self session.Node) actors.Options {
	return actors.Options{
		Store: n.batcher, Gateway: faultyGateway(&gateway{of: n, node: self}), View: n.view, Clock: n.clock,
		IdleAfter: max(idleAfter, n.config.DenyGrace), Log: n.log, Registerer: n.registry,
		Refused: n.refused.WithLabelValues("employee"),
	}
}

// issuer is the one kept in the store since the first start; asking for another later is an error,
// because every token in the world names the old one.
func (n *node) issuer(ctx context.Context) (string, error) {
	proposed := n.config.Issuer
	if proposed == "" {
		proposed = n.url()
	}
	kept, err := n.store.Setting(ctx, "issuer", []byte(proposed))
	if err != nil {
		return "", err
	}
	if n.config.Issuer != "" && string(kept) != n.config.Issuer {
		return "", fmt.Errorf("this store's issuer is %s and cannot become %s: tokens name it; leave --issuer out", kept, n.config.Issuer)
	}
	return string(kept), nil
}

// url is where clients reach this node.
func (n *node) url() string {
	if n.config.PublicURL != "" {
		return n.config.PublicURL
	}
	scheme := "http"
	if n.config.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + n.listeners.public.Addr().String()
}

func (n *node) openAPI() (err error) {
	cfg := n.config
	n.accessKeys, err = loadOrMakeKeys(cfg.DataDir(), *cfg)
	if err != nil {
		return err
	}
	n.api, err = api.New(api.Options{
		Employees: faultyEmployees(n.employees), Rows: faultyRows(rows{n.batcher}), Profiles: profiles{n.store}, View: n.view,
		Sockets: n.terminals(), Cluster: nodes{n}, Socket: n.hub, Subscriptions: n.hub, Revocations: n.feed, Events: eventLog{n}, Clock: n.clock, Tokens: n.tokens, Keys: n.keys, Passwords: n.passwords,
		Attempts: attempts.New(attempts.NewBook(rows{n.batcher})),
		NotReady: n.ready.reasons, SecurityEvents: n.securityEvents(), DeadLetters: deadLetters{n.store}, ServiceKeys: named(n.accessKeys.Service), AdminKeys: named(n.accessKeys.Admin), PublicURL: cfg.PublicURL,
		AllowedOrigins: cfg.AllowedOrigins, TrustedProxies: cfg.TrustedProxies, LoopbackOnly: cfg.Demo,
		SessionLifetime: cfg.SessionLifetime, SessionIdle: cfg.SessionIdle, MaxStaleness: cfg.MaxStaleness,
		Page: demo.FS(), PagePolicy: demo.Policy, Compat: n.compat, Introspection: cfg.Demo,
		Policy: cfg.Policy(), DenyGrace: cfg.DenyGrace, Log: n.log, Registerer: n.registry, Gatherer: n.registry,
	})
	return err
}

// listeners are open before anything else, so that a port in use or a certificate that cannot be used
// is known before the store is touched.
type listeners struct {
	public, ops net.Listener
	certificate *certificate // of public; nil: plain HTTP
}

func listen(cfg *config.Config, log *slog.Logger) (*listeners, error) {
	certificate, err := openCertificate(cfg, log)
	if err != nil {
		return nil, err
	}
	public, err := listenPublic(cfg)
	if err != nil {
		return nil, fmt.Errorf("listen on %s (--listen): %w", cfg.Listen, err)
	}
	ops, err := net.Listen("tcp", cfg.OpsListen)
	if err != nil {
		public.Close()
		return nil, fmt.Errorf("listen on %s (--ops-listen): %w", cfg.OpsListen, err)
	}
	return &listeners{public: public, ops: ops, certificate: certificate}, nil
}

// listenPublic opens the port that sockets and routes share. Under TLS all of it is net/http's.
func listenPublic(cfg *config.Config) (net.Listener, error) {
	if cfg.TLSCert != "" {
		return net.Listen("tcp", cfg.Listen)
	}
	return hub.Listen(cfg.Listen)
}

func (l *listeners) close() {
	l.public.Close()
	l.ops.Close()
}
