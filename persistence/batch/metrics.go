package batch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	seconds prometheus.Histogram
	size    prometheus.Histogram
}

func newMetrics(to prometheus.Registerer) *metrics {
	m := &metrics{
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "hotseat_store_commit_seconds",
			Help:    "Time one commit took, however many writes shared it.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14), NativeHistogramBucketFactor: 1.1,
		}),
		size: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "hotseat_store_batch_size",
			Help:    "Writes that shared one commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10), NativeHistogramBucketFactor: 1.1,
		}),
	}
	if to != nil {
		to.MustRegister(m.seconds, m.size)
	}
	return m
}

func (m *metrics) committed(writes int, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	m.size.Observe(float64(writes))
}
