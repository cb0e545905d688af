package hub

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hotseat-hub/hotseat/session"
)

// metrics of the hub; their names are part of the contract, and no id is ever a label.
type metrics struct {
	write, ack prometheus.Observer
}

func newMetrics(r prometheus.Registerer, sockets, paused func() int) (*metrics, error) {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                           "hotseat_notice_seconds",
		Help:                           "From the commit of an ending until its notice was given to the kernel (write) or acked (ack).",
		Buckets:                        []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 5},
		NativeHistogramBucketFactor:    1.1,
		NativeHistogramMaxBucketNumber: 100,
	}, []string{"stage"})
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "hotseat_sockets",
		Help:        "Open sockets.",
		ConstLabels: prometheus.Labels{"transport": "websocket"},
	}, func() float64 { return float64(sockets()) })
	stopped := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hotseat_accept_paused",
		Help: "1 while no further connections are accepted because no descriptors are left for them, or the kernel watches no more, else 0.",
	}, func() float64 { return float64(paused()) })
	m := &metrics{write: seconds.WithLabelValues("write"), ack: seconds.WithLabelValues("ack")}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(r.Register(seconds), r.Register(open), r.Register(stopped))
}

func (m *metrics) notice(stage session.Stage, after time.Duration) {
	switch stage {
	case session.Sent:
		m.write.Observe(after.Seconds())
	case session.Acked:
		m.ack.Observe(after.Seconds())
	}
}
