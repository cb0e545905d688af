package actors

import "github.com/prometheus/client_golang/prometheus"

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
	if r != nil {
		r.MustRegister(m.ended, m.broken, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "hotseat_employees", Help: "Employees in memory.",
		}, func() float64 { return float64(s.Resident()) }))
	}
	return m
}
