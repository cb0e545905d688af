package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/api"
	"github.com/hotseat-hub/hotseat/api/token"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
	"github.com/hotseat-hub/hotseat/hub/enforce"
	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/batch"
	storeclock "github.com/hotseat-hub/hotseat/persistence/clock"
	"github.com/hotseat-hub/hotseat/session"
)

// The packages do not know each other: each says what it needs, and here is who gives it.

// gateway carries the actors' notices to the sockets. On a single node they are all in its hub; a
// socket of an earlier boot went with its process.
type gateway struct {
	of   *node // its hub is made after the actors
	node session.Node
}

func (g *gateway) Tell(told []session.Told, deliveries []*session.Delivery, since time.Time) {
	for i := range told {
		if told[i].Socket.Node == g.node {
			g.of.hub.Tell(told[i].Socket.Conn, told[i].Notice, deliveries[i], since)
		} else if deliveries[i] != nil {
			deliveries[i].Report(session.Offline, 0)
		}
	}
}

func (g *gateway) CloseSurplus(s session.Socket) {
	if s.Node == g.node {
		g.of.hub.CloseSurplus(s.Conn)
	}
}

func (g *gateway) Sockets(id session.ID) []session.Socket {
	var sockets []session.Socket
	for _, conn := range g.of.hub.SocketsOf(id) {
		sockets = append(sockets, session.Socket{Node: g.node, Conn: conn})
	}
	return sockets
}

// owners announces the hub's sockets to the actors.
type owners struct{ system *actors.System }

func (o owners) Attach(_ context.Context, key session.Key, a session.Attach, done func(session.Reply, error)) {
	o.system.Send(key, a, done)
}

func (o owners) Detach(key session.Key, s session.Socket) {
	o.system.Send(key, session.Detach{Socket: s}, nil)
}

// rows makes the batcher's reads synchronous: the strict check.
type rows struct{ batcher *batch.Batcher }

func (r rows) Load(ctx context.Context, key session.Key) (session.Employee, error) {
	type answer struct {
		row session.Employee
		err error
	}
	read := make(chan answer, 1)
	r.batcher.Load(key, func(row session.Employee, err error) { read <- answer{row, err} })
	select {
	case a := <-read:
		return a.row, a.err
	case <-ctx.Done():
		return session.Employee{}, session.ErrUnavailable
	}
}

// profiles reads records in the shape that api shows.
type profiles struct{ persistence.Store }

func (p profiles) Profiles(ctx context.Context, prefix string, after session.Key, limit int) ([]api.Record, error) {
	found, err := p.Store.Profiles(ctx, prefix, after, limit)
	records := make([]api.Record, len(found))
	for i := range found {
		records[i] = api.Record(found[i])
	}
	return records, err
}

// named are the keys that the API accepts.
func named(keys []config.Key) []api.NamedKey {
	named := make([]api.NamedKey, len(keys))
	for i, k := range keys {
		named[i] = api.NamedKey{Name: k.Name, Secret: k.Secret}
	}
	return named
}

// signingKeys keeps the token package's keys in the store.
type signingKeys struct{ store persistence.Store }

func (s signingKeys) SigningKeys(ctx context.Context) ([]token.Key, error) {
	stored, err := s.store.SigningKeys(ctx)
	keys := make([]token.Key, len(stored))
	for i := range stored {
		keys[i] = token.Key(stored[i])
	}
	return keys, err
}

func (s signingKeys) AddSigningKey(ctx context.Context, key token.Key) error {
	return s.store.AddSigningKey(ctx, persistence.SigningKey(key))
}

// startedLog walks the store's log for the sweeper, on the node that leads, and goes on where it or an
// earlier leader was.
type startedLog struct {
	store   persistence.Store
	holder  string // this node; unique among those that run
	term    persistence.Term
	at      persistence.LogPosition // up to here everything was swept
	reached persistence.LogPosition // the end of what next returned last
}

const (
	// sweepMark is the mark's name in the store, and the leadership's.
	sweepMark = "sweep"
	// sweepBatch is how many logins the sweeper looks at in one read.
	sweepBatch = 1000
	// sweepTerm is how long the leadership holds: two sweeps and a half.
	sweepTerm = 150 * time.Second
)

func (l *startedLog) next(ctx context.Context, before session.Time) (events []session.Event, err error) {
	term, err := l.store.Lead(ctx, sweepMark, l.holder, sweepTerm)
	if err != nil || term == 0 {
		l.term = 0
		return nil, err
	}
	if term != l.term {
		if l.at, err = l.store.Mark(ctx, sweepMark); err != nil {
			return nil, err
		}
		l.term = term
	}
	events, l.reached, err = l.store.Started(ctx, l.at, before, sweepBatch)
	return events, err
}

func (l *startedLog) swept(ctx context.Context) error {
	if err := l.store.SetMarkAs(ctx, sweepMark, l.term, sweepMark, l.reached); err != nil {
		l.term = 0 // somebody else may lead: look again
		return err
	}
	l.at = l.reached
	return nil
}

// newFeed is the list of ended sessions of this run of the node.
func newFeed(clock *storeclock.Clock, lifetime time.Duration) *enforce.Feed {
	o := enforce.FeedOptions{Now: clock.Now, Lifetime: lifetime}
	_, _ = rand.Read(o.Boot[:]) // never fails
	return enforce.NewFeed(o)
}

// loadFeed reads what ended before this start.
func (n *node) loadFeed(ctx context.Context) error {
	past := func(ctx context.Context, since session.Time, at string, limit int) ([]session.Event, string, error) {
		events, next, err := n.store.Ended(ctx, since, persistence.LogPosition(at), limit)
		return events, string(next), err
	}
	return n.feed.Load(ctx, past, n.log)
}
