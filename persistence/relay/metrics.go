package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/persistence/store"
	"github.com/hotseat-hub/hotseat/session"
)

// warnEvery is how often a sink that stays away is complained about.
const warnEvery = time.Minute

// state is what is known of one sink. Any goroutine may call its methods.
type state struct {
	mu         sync.Mutex
	oldest     session.Time // of what is not delivered; zero: everything is
	page       int64        // events read and not delivered
	waiting    int64        // commits behind them
	total      float64
	failures   float64
	failing    bool
	complained time.Time
	lost       time.Time
}

// see notes a page that was read.
func (s *state) see(page *store.LogPage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page, s.waiting, s.oldest, s.failing = int64(len(page.Events)), page.Waiting, page.Oldest, false
	if len(page.Events) > 0 {
		s.oldest = page.Events[0].At
	}
}

// delivered notes that the page has arrived.
func (s *state) delivered(page *store.LogPage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += float64(len(page.Events))
	s.page, s.oldest, s.failing = 0, page.Oldest, false
}

func (s *state) grow(waiting int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = waiting
}

// fail counts a delivery that failed, and reports whether it should be complained about.
func (s *state) fail() bool {
	s.mu.Lock()
	s.failures++
	s.mu.Unlock()
	return s.complain()
}

// complain reports whether trouble should be spoken of: when it begins, and seldom after that.
func (s *state) complain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	complain := !s.failing || time.Since(s.complained) > warnEvery
	if s.failing = true; complain {
		s.complained = time.Now()
	}
	return complain
}

func (s *state) setLost(at store.LogPosition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost, _ = time.Parse(time.RFC3339Nano, string(at)) // empty: never
}

// metrics are those of the relay as a whole.
type metrics struct {
	leading atomic.Bool
	mu      sync.Mutex
	horizon store.Horizon
}

func newMetrics() *metrics { return &metrics{} }

func (m *metrics) setHorizon(h store.Horizon) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.horizon = h
}

var (
	descLeading  = desc("hotseat_relay_leading", "1 on the node that carries events, else 0.")
	descLag      = desc("hotseat_relay_lag_seconds", "Age of the oldest event that the sink does not have; on the leading node.", "sink")
	descBacklog  = desc("hotseat_relay_backlog_events", "Events that the sink does not have, counted from commits; on the leading node.", "sink")
	descTotal    = desc("hotseat_relay_delivered_total", "Events delivered by this node, repeats included.", "sink")
	descFailures = desc("hotseat_relay_failures_total", "Deliveries of this node that failed and were tried again.", "sink")
	descLost     = desc("hotseat_relay_lost_timestamp_seconds", "When the sink last missed events for ever; 0: never.", "sink")
	descHorizon  = desc("hotseat_relay_horizon_age_seconds", "Age of the transaction that holds the order of events back; on the leading node.")
	descBlocked  = desc("hotseat_relay_horizon_blocked", "1 while a transaction holds the order of events back, by whose.", "by")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// collector shows the relay to Prometheus. What only a leader knows only a leader shows.
type collector struct{ r *Relay }

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLeading, descLag, descBacklog, descTotal, descFailures, descLost, descHorizon, descBlocked} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	leading := c.r.metrics.leading.Load()
	gauge(descLeading, boolean(leading))
	for _, courier := range c.r.couriers {
		name, s := courier.route.Name, courier.state.snapshot()
		out <- prometheus.MustNewConstMetric(descTotal, prometheus.CounterValue, s.total, name)
		out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, s.failures, name)
		if leading {
			gauge(descLag, s.lag(), name)
			gauge(descBacklog, float64(s.page+s.waiting), name)
			gauge(descLost, s.lostSeconds(), name)
		}
	}
	if leading {
		c.r.metrics.mu.Lock()
		h := c.r.metrics.horizon
		c.r.metrics.mu.Unlock()
		gauge(descHorizon, h.Age.Seconds())
		for _, kind := range []store.HorizonKind{store.HorizonOwn, store.HorizonForeign, store.HorizonPrepared, store.HorizonUnseen} {
			gauge(descBlocked, boolean(h.Kind == kind), string(kind))
		}
	}
}

// view is state at one moment.
type view struct {
	oldest          session.Time
	page, waiting   int64
	total, failures float64
	lost            time.Time
}

func (s *state) snapshot() view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return view{s.oldest, s.page, s.waiting, s.total, s.failures, s.lost}
}

// lag is by the node's clock, which the store's differs from by little.
func (v view) lag() float64 {
	if v.oldest == 0 {
		return 0
	}
	return max(0, session.TimeOf(time.Now()).Sub(v.oldest).Seconds())
}

func (v view) lostSeconds() float64 {
	if v.lost.IsZero() {
		return 0
	}
	return float64(v.lost.UnixMilli()) / 1000
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
