package actors

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

type metrics struct {
	ended *prometheus.CounterVec
	// broken counts what session.State.Check refused to commit: a bug, never a load.
	broken prometheus.Counter
}

func newMetrics(r prometheus.Registerer, s *System) *metrics {
	m := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotseat_sessions_ended_total", Help: "Sessions ended by this node, by reason.",
		}, []string{"reason"}),
		broken: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hotseat_invariant_violations_total", Help: "States that the rules' own check refused to commit; a bug when not 0.",
		}),
	}
	if r == nil {
		return m
	}
	// A node of a cluster that starts again has a new System; its counters go on.
	m.ended, m.broken = registered(r, m.ended), registered(r, m.broken)
	for why := session.Reason(0); why.Valid(); why++ {
		m.ended.WithLabelValues(why.String()) // at 0: a counter that appears with its first burst hides it from alerts
	}
	resident := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hotseat_employees", Help: "Employees in memory.",
	}, func() float64 { return float64(s.Resident()) })
	r.Unregister(resident)
	r.MustRegister(resident)
	return m
}

func registered[C prometheus.Collector](r prometheus.Registerer, c C) C {
	err := r.Register(c)
	var before prometheus.AlreadyRegisteredError
	if errors.As(err, &before) {
		return before.ExistingCollector.(C)
	}
	if err != nil {
		panic("register metrics: " + err.Error())
	}
	return c
}
