package relay_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/persistence/embedded"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/persistence/postgres"
	"github.com/hotseat-hub/hotseat/persistence/relay"
	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/persistence/storetest"
	"github.com/hotseat-hub/hotseat/session"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const soon = 20 * time.Second

// notebook is a sink that notes what it gets; while away it takes nothing.
type notebook struct {
	mu     sync.Mutex
	events []relay.Event
	away   error
	hold   chan struct{} // Deliver waits for it, whatever happens
	calls  int
	closed int
}

func (n *notebook) Deliver(_ context.Context, events []relay.Event, _ relay.Keep) error {
	n.mu.Lock()
	hold := n.hold
	n.calls++
	n.mu.Unlock()
	if hold != nil {
		<-hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away != nil {
		return n.away
	}
	n.events = append(n.events, events...)
	return nil
}

func (n *notebook) Close() { n.set(func(n *notebook) { n.closed++ }) }

// count is how often the sink was given events, and was closed.
func (n *notebook) count() (calls, closed int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls, n.closed
}

func (n *notebook) set(change func(*notebook)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(n)
}

func (n *notebook) noted() []relay.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]relay.Event(nil), n.events...)
}

func (n *notebook) waitFor(t *testing.T, many int) []relay.Event {
	t.Helper()
	require.Eventually(t, func() bool { return len(n.noted()) >= many }, soon, 2*time.Millisecond, "%d events, not %d", len(n.noted()), many)
	return n.noted()
}

// carrying is a relay that runs.
type carrying struct {
	registry *prometheus.Registry
	stop     func()
}

func carry(t *testing.T, s relay.Store, change func(*relay.Options), routes ...relay.Route) *carrying {
	t.Helper()
	registry := prometheus.NewRegistry()
	o := relay.Options{
		Store: s, Routes: routes, Source: "https://hub.example", Holder: "this", TTL: 900 * time.Millisecond,
		Poll: 5 * time.Millisecond, Backoff: 50 * time.Millisecond, Registerer: registry,
	}
	if change != nil {
		change(&o)
	}
	r, err := relay.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	c := &carrying{registry: registry, stop: sync.OnceFunc(func() { cancel(); <-done })}
	t.Cleanup(c.stop)
	return c
}

// patient is of tests that allow no repeat: a term that ends because its leader stood still repeats some.
func patient(o *relay.Options) { o.TTL = 10 * time.Second }

// metric is the value of one series, or -1.
func (c *carrying) metric(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := c.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (label == "" || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func onEachStore(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Run("embedded", func(t *testing.T) { test(t, openEmbedded(t, store.Options{})) })
	t.Run("postgres", func(t *testing.T) { test(t, openPostgres(t, pgtest.URL(t))) })
}

func openEmbedded(t *testing.T, o store.Options) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(t.Context(), t.TempDir(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func openPostgres(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// logins takes seats: each after the first ends one session and starts one.
func logins(t *testing.T, s store.Store, seats []*storetest.Seat, rounds int) {
	t.Helper()
	subject := storetest.Subject{Store: s, T: t}
	for range rounds {
		for _, seat := range seats {
			subject.Login(seat)
		}
	}
}

func seats(names ...string) (made []*storetest.Seat) {
	for _, name := range names {
		made = append(made, storetest.NewSeat(name))
	}
	return made
}

// inOrder checks S5 after repeats were dropped by id; it answers how many repeats there were.
func inOrder(t *testing.T, s store.Store, events []relay.Event) (repeats int) {
	t.Helper()
	seen := map[string][]byte{}
	var kept []session.Event
	for _, e := range events {
		if before, again := seen[e.ID]; again {
			require.JSONEq(t, string(before), string(e.Data), "a repeat says the same")
			repeats++
			continue
		}
		seen[e.ID] = e.Data
		kept = append(kept, e.Event)
	}
	storetest.Subject{Store: s, T: t}.InOrder(kept)
	return repeats
}

var errAway = errors.New("away on purpose")
