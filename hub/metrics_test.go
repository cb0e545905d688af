package hub_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/hub"
	"github.com/hotseat-hub/hotseat/hub/hubtest"
)

func TestTheMetricsOfTheContractCount(t *testing.T) {
	registry := prometheus.NewRegistry()
	refused := prometheus.NewCounter(prometheus.CounterOpts{Name: "refused"})
	registry.MustRegister(refused)
	hubtest.Takeover(t, hubtest.Plain, hub.Options{Registerer: registry, Refused: refused}, func() {
		require.EqualValues(t, 1, metric(t, registry, "hotseat_sockets", "transport", "websocket").GetGauge().GetValue())
	})
	for _, stage := range []string{"write", "ack"} {
		h := metric(t, registry, "hotseat_notice_seconds", "stage", stage).GetHistogram()
		require.EqualValues(t, 1, h.GetSampleCount(), stage)
		require.Less(t, h.GetSampleSum(), 10.0)
	}
}

func metric(t *testing.T, r *prometheus.Registry, name, label, value string) *dto.Metric {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				if l.GetName() == label && l.GetValue() == value {
					return m
				}
			}
		}
	}
	t.Fatalf("no %s{%s=%q}", name, label, value)
	return nil
}

func TestAHubNeedsItsNeighbours(t *testing.T) {
	_, err := hub.New(hub.Options{})
	require.ErrorContains(t, err, "must be given")
}
