package api

import (
	"fmt"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// statsView is what this node counts, for people: the counters and gauges of its metrics that are
// Hotseat's own. It holds no id.
type statsView struct {
	Stats []statView `json:"stats"`
}

// statView is one count.
type statView struct {
	Name   string  `json:"name"`
	Labels string  `json:"labels"` // as in kind=password,outcome=ok
	Kind   string  `json:"kind"`   // counter, since the start, or gauge, now
	Value  float64 `json:"value"`
}

// stats is GET /v1/admin/stats.
func (x *exchange) stats() error {
	view := statsView{Stats: []statView{}}
	if x.o.Gatherer != nil {
		families, err := x.o.Gatherer.Gather()
		if err != nil {
			return fmt.Errorf("gather metrics: %w", err)
		}
		for _, f := range families {
			if strings.HasPrefix(f.GetName(), "hotseat_") {
				view.add(f)
			}
		}
	}
	return x.reply(http.StatusOK, view)
}

func (v *statsView) add(f *dto.MetricFamily) {
	for _, m := range f.GetMetric() {
		one := statView{Name: f.GetName(), Kind: "counter"}
		for i, label := range m.GetLabel() {
			if i > 0 {
				one.Labels += ","
			}
			one.Labels += label.GetName() + "=" + label.GetValue()
		}
		switch {
		case m.GetCounter() != nil:
			one.Value = m.GetCounter().GetValue()
		case m.GetGauge() != nil:
			one.Kind, one.Value = "gauge", m.GetGauge().GetValue()
		case m.GetHistogram() != nil:
			one.Name, one.Value = one.Name+"_count", float64(m.GetHistogram().GetSampleCount())
		}
		v.Stats = append(v.Stats, one)
	}
}
