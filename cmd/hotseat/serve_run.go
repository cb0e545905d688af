package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/session"
)

const (
	// idleAfter is how long an employee without command or socket stays in memory.
	idleAfter = 2 * time.Minute
	// lastWords bounds what is done after draining: requests under way, commits under way.
	lastWords = 10 * time.Second
)

// readiness says why this node should get no traffic.
type readiness struct {
	view         *enforce.View
	sockets      *hub.Hub
	cluster      *clustered // nil on a single node
	maxStaleness time.Duration
	draining     atomic.Bool
}

func (r *readiness) reasons() []string {
	var reasons []string
	if r.draining.Load() {
		reasons = append(reasons, "draining")
	}
	if r.cluster != nil {
		if why := r.cluster.NotReady(); why != "" {
			reasons = append(reasons, why)
		}
	}
	if age := r.view.Staleness(time.Now()); age > r.maxStaleness {
		reasons = append(reasons, fmt.Sprintf("the store has not answered for %s", age.Round(time.Millisecond)))
	}
	return append(reasons, r.sockets.NotReady()...)
}

// run serves until ctx is done, then drains: first not ready but still serving, then without
// sockets, then without requests, last without commits.
func (n *node) run(ctx context.Context, stdout io.Writer) error {
	parts, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	group, failed := errgroup.WithContext(parts)
	for _, run := range []func(context.Context) error{
		n.store.Run, n.clock.Run, n.keys.Run, n.tail.Run, n.loadFeed, n.hub.Run, n.sweeper().Run, n.events.relay.Run, keepHeadroom,
	} {
		group.Go(func() error { return run(failed) })
	}
	// The actors outlive those who ask them, the batcher outlives the actors.
	stopActors := n.runActors(group)
	stopBatcher := runUntilStopped(group, n.batcher.Run)
	if port, ok := n.listeners.public.(*hub.Port); ok {
		if err := n.hub.AcceptFrom(port); err != nil {
			return err
		}
	}
	public := n.serve(group, n.listeners.public, n.api.Handler())
	ops := n.serve(group, n.listeners.ops, n.api.OpsHandler())

	if err := n.welcome(ctx, stdout); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		n.drain()
	case <-failed.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	err := errors.Join(public.Shutdown(last), ops.Shutdown(last))
	stopParts()
	stopActors()
	stopBatcher()
	return errors.Join(group.Wait(), err)
}

// runActors returns what stops them; on a node of a cluster it leaves the cluster first.
func (n *node) runActors(group *errgroup.Group) (stop func()) {
	if n.cluster == nil {
		return runUntilStopped(group, n.system.Run)
	}
	ctx, stopAnnouncer := context.WithCancel(context.Background())
	group.Go(func() error { return n.cluster.announcer.Run(ctx) })
	leave := n.cluster.run(group)
	return func() {
		stopAnnouncer()
		leave()
	}
}

func runUntilStopped(group *errgroup.Group, run func(context.Context) error) (stop context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	group.Go(func() error { return run(ctx) })
	return stop
}

// drain lets proxies notice that this node is not ready, gives its employees to other nodes, and sends the
// sockets elsewhere. It is done once; who asks again waits for it.
func (n *node) drain() { n.drained.Do(n.drainOnce) }

func (n *node) drainOnce() {
	n.ready.draining.Store(true)
	if n.cluster != nil {
		n.cluster.Drain()
	}
	n.log.Info("draining", "delay", n.config.DrainDelay, "sockets", n.hub.Count(), "over", n.config.DrainDuration)
	<-time.After(n.config.DrainDelay)
	over, cancel := context.WithTimeout(context.Background(), n.config.DrainDuration)
	defer cancel()
	if err := n.hub.Drain(over, n.config.DrainDuration); err != nil {
		n.log.Warn("drain", "error", err)
	}
}

// serve answers on a listener, with TLS on the public one when a certificate was given.
func (n *node) serve(group *errgroup.Group, on net.Listener, handler http.Handler) *http.Server {
	server := api.NewServer(handler, n.log)
	server.RegisterOnShutdown(n.api.EndStreams)
	if on == n.listeners.public {
		server.ConnState = n.hub.ConnState
	}
	group.Go(func() error {
		var err error
		if n.listeners.certificate != nil && on == n.listeners.public {
			server.TLSConfig = n.listeners.certificate.config()
			err = server.ServeTLS(on, "", "")
		} else {
			err = server.Serve(on)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve on %s: %w", on.Addr(), err)
	})
	return server
}

func (n *node) sweeper() *actors.Sweeper {
	started := &startedLog{store: n.store, holder: string(n.self)}
	return &actors.Sweeper{
		Next: started.next, Swept: started.swept, Load: n.batcher.Load, Clock: n.clock, Lifetime: n.config.SessionLifetime, Log: n.log,
		Expire: func(ctx context.Context, key session.Key) error {
			_, err := n.employees.Do(ctx, key, session.Expire{})
			return err
		},
	}
}
