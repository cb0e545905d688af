package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// Store is what a relay needs of the store.
type Store interface {
	ReadLog(ctx context.Context, after store.LogPosition, limit int) (store.LogPage, error)
	LogHorizon(ctx context.Context) (store.Horizon, error)
	Mark(ctx context.Context, name string) (store.LogPosition, error)
	Marks
	Leaders
}

// Leaders lets one node at a time move the marks.
type Leaders interface {
	Lead(ctx context.Context, name, holder string, ttl time.Duration) (store.Term, error)
	Resign(ctx context.Context, name string, term store.Term) error
	SetMarkAs(ctx context.Context, leadership string, term store.Term, mark string, at store.LogPosition) error
}

// Sink is one place that events go to.
type Sink interface {
	// Deliver returns nil once the receiver has all the events, which are in order for each
	// employee. After an error it is called again with the same events; what had already arrived
	// may then be repeated. It is called by one goroutine at a time. When ctx is done it should end
	// soon; one that does not is left to itself, and the node goes on. What it keeps for the next leader
	// it gives to keep.
	Deliver(ctx context.Context, events []Event, keep Keep) error
	// Close gives back what the sink holds. It is called when this node no longer leads, though not
	// before Deliver has ended, and Deliver may be called again afterwards.
	Close()
}

// Keep sets a mark under the term of the delivery that it was given to: session.ErrConflict, and nothing
// done, when that term is over.
type Keep func(ctx context.Context, mark string, at store.LogPosition) error

// ErrFenced is what Deliver wraps when a later leader has taken the sink: this node leads no more,
// whatever it believes.
var ErrFenced = errors.New("a later leader has taken over")

// Route is a sink under its name.
type Route struct {
	// Name is that of the mark and the metrics' label: [a-z0-9-]{1,32}. Another name is another
	// sink, which begins anew.
	Name string
	Sink Sink
	// Watched: the receiver fetches events itself, and its mark is moved by who serves it; the relay
	// only measures how far it has come. There is no Sink.
	Watched bool
	// FromStart: a sink without a mark begins with the oldest event there is, not with the present.
	FromStart bool
}

// Options of a Relay. The zero value of a field is its default.
type Options struct {
	Store  Store
	Routes []Route
	Source string // the issuer: `source` of every event
	Holder string // this run of this node
	// TTL is how long a leader that was heard of last stays one; 6 s. Too short and a slow store
	// changes leaders; too long and events stand still after a crash.
	TTL time.Duration
	// Poll is how often a sink without news asks for some; 200 ms.
	Poll time.Duration
	// PageEvents is how many events a sink gets at once; 500.
	PageEvents int
	// Backoff is the longest pause after failed deliveries, which begin with a hundredth; 30 s.
	Backoff    time.Duration
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Relay carries events while this node leads. Run is called once.
type Relay struct {
	o        Options
	metrics  *metrics
	couriers []*courier
}

// leadership is the name under which relays lead.
const leadership = "relay"

var routeName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// New checks the options.
func New(o Options) (*Relay, error) {
	fill(&o.TTL, 6*time.Second)
	fill(&o.Poll, 200*time.Millisecond)
	fill(&o.PageEvents, 500)
	fill(&o.Backoff, 30*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Relay{o: o, metrics: newMetrics()}
	names := map[string]bool{}
	for _, route := range o.Routes {
		if !routeName.MatchString(route.Name) || names[route.Name] {
			return nil, fmt.Errorf("relay: the name of sink %q must be 1 to 32 of a-z, 0-9 and '-', and of one sink only", route.Name)
		}
		names[route.Name] = true
		r.couriers = append(r.couriers, newCourier(r, route))
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(collector{r}); err != nil {
			return nil, fmt.Errorf("relay: register metrics: %w", err)
		}
	}
	return r, nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Run stands for leader, and carries events whenever it is one, until ctx is done. Errors are logged
// and what failed is tried again; it returns nil.
func (r *Relay) Run(ctx context.Context) error {
	if len(r.couriers) == 0 {
		return nil
	}
	for ctx.Err() == nil {
		asked := time.Now()
		term, err := r.o.Store.Lead(ctx, leadership, r.o.Holder, r.o.TTL)
		if err != nil && ctx.Err() == nil {
			r.o.Log.Warn("the store does not say who carries events; asked again", "error", err)
		}
		if term != 0 && err == nil {
			r.lead(ctx, term, asked)
		}
		pause(ctx, r.o.TTL/3)
	}
	return nil
}

// lead runs the couriers for one term. They are stopped before another node may follow: the time to
// live counts from before the renewal was asked for.
func (r *Relay) lead(ctx context.Context, term store.Term, renewed time.Time) {
	r.o.Log.Info("this node carries events now", "term", term, "sinks", len(r.couriers))
	r.metrics.leading.Store(true)
	led, stop := context.WithCancelCause(ctx)
	var all sync.WaitGroup
	for _, c := range r.couriers {
		all.Go(func() {
			if err := c.run(led, term); err != nil {
				stop(err)
			}
		})
	}
	all.Go(func() { r.watchHorizon(led) })
	why := r.keep(led, term, renewed)
	stop(why)
	all.Wait()
	r.metrics.leading.Store(false)
	for _, c := range r.couriers {
		if !c.route.Watched && c.stuck == nil {
			c.route.Sink.Close()
		}
	}
	resign, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	r.o.Log.Info("this node carries events no more", "term", term, "because", context.Cause(led))
	if err := r.o.Store.Resign(resign, leadership, term); err != nil {
		r.o.Log.Info("the next leader follows when the lease is over", "error", err)
	}
}

// errExpired: the lease could not be renewed in time.
var errExpired = errors.New("the lease could not be renewed in time")

// keep renews the lease until it cannot, or led is done.
func (r *Relay) keep(led context.Context, term store.Term, renewed time.Time) error {
	for pause(led, r.o.TTL/3) {
		asked := time.Now()
		bounded, cancel := context.WithDeadline(led, renewed.Add(r.o.TTL*5/6))
		now, err := r.o.Store.Lead(bounded, leadership, r.o.Holder, r.o.TTL)
		cancel()
		switch {
		case err == nil && now != term:
			return fmt.Errorf("term %d is over: %w", term, ErrFenced)
		case err == nil:
			renewed = asked
		case time.Since(renewed) >= r.o.TTL*2/3:
			return errExpired
		}
	}
	return led.Err()
}

// horizonEvery is how often it is looked who holds the log's order back.
const horizonEvery = 5 * time.Second

// horizonAlarm is the age of a transaction from which operators should know its name.
const horizonAlarm = 30 * time.Second

func (r *Relay) watchHorizon(ctx context.Context) {
	warned := ""
	for {
		horizon, err := r.o.Store.LogHorizon(ctx)
		if err == nil {
			r.metrics.setHorizon(horizon)
			if horizon.Age > horizonAlarm && horizon.Blocker != warned {
				warned = horizon.Blocker
				r.o.Log.Warn("a transaction of the database holds events back; enforcement does not wait for it",
					"age", horizon.Age.Round(time.Second), "blocker", horizon.Blocker)
			}
		}
		if !pause(ctx, horizonEvery) {
			return
		}
	}
}

// pause waits for about d, and reports whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d*9/10 + rand.N(d/5+1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// isTermOver reports whether a mark was refused because somebody else leads.
func isTermOver(err error) bool { return errors.Is(err, session.ErrConflict) }
