package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// promised are the metrics of the wire contract, with their labels: no others, for none may be an id.
var promised = map[string]struct {
	kind   dto.MetricType
	labels []string
	moves  bool // what the test does is counted by it
}{
	"hotseat_build_info":                 {dto.MetricType_GAUGE, []string{"commit", "version"}, true},
	"hotseat_logins_total":               {dto.MetricType_COUNTER, []string{"kind", "outcome"}, true},
	"hotseat_sessions_ended_total":       {dto.MetricType_COUNTER, []string{"reason"}, true},
	"hotseat_notice_seconds":             {dto.MetricType_HISTOGRAM, []string{"stage"}, true},
	"hotseat_sockets":                    {dto.MetricType_GAUGE, []string{"transport"}, true},
	"hotseat_store_commit_seconds":       {dto.MetricType_HISTOGRAM, nil, true},
	"hotseat_store_batch_size":           {dto.MetricType_HISTOGRAM, nil, true},
	"hotseat_tail_lag_seconds":           {dto.MetricType_GAUGE, nil, false},
	"hotseat_relay_lag_seconds":          {dto.MetricType_GAUGE, []string{"sink"}, false},
	"hotseat_relay_backlog_events":       {dto.MetricType_GAUGE, []string{"sink"}, false},
	"hotseat_queue_refused_total":        {dto.MetricType_COUNTER, []string{"queue"}, false},
	"hotseat_lease_remaining_seconds":    {dto.MetricType_GAUGE, nil, true},
	"hotseat_invariant_violations_total": {dto.MetricType_COUNTER, nil, false},
}

func TestARunningServerCountsWhatTheContractNames(t *testing.T) {
	config := filepath.Join(t.TempDir(), "hotseat.yaml")
	require.NoError(t, os.WriteFile(config, []byte("receivers:\n- {name: out, kind: stdout}\n"), 0o600))
	s := startNode(t, pgtest.URL(t), "node-1", "--config", config)
	tabs := newCoder(t)
	for _, till := range []string{"till-1", "till-2"} {
		tabs.open(s, s.mustLogin("ada", till)).established(t)
	}
	require.Equal(t, 401, s.send("POST", "/v1/login", "", object{"employee_id": "ada", "password": "wrong"}).status)

	for name, want := range promised {
		require.Eventually(t, func() bool {
			family := scrape(t, s)[name]
			return family != nil && (!want.moves || slices.ContainsFunc(family.Metric, func(m *dto.Metric) bool { return amount(m) > 0 }))
		}, patience, 20*time.Millisecond, "%s is not there, or does not move", name)
		family := scrape(t, s)[name]
		require.Equal(t, want.kind, family.GetType(), name)
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetName())
			}
			slices.Sort(labels)
			require.Equal(t, want.labels, labels, name)
			if h := m.Histogram; h != nil {
				require.NotEmpty(t, h.Bucket, "%s: classic buckets", name)
				require.NotNil(t, h.Schema, "%s: native buckets", name)
			}
		}
	}
}

// scrape asks for metrics as Prometheus does when it wants native histograms.
func scrape(t *testing.T, s *server) map[string]*dto.MetricFamily {
	t.Helper()
	ops := &server{t: t, listen: s.ops}
	a := ops.send("GET", "/metrics", "", nil,
		"Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	require.NoError(t, a.err)
	require.Equal(t, 200, a.status)
	families := map[string]*dto.MetricFamily{}
	for r := bufio.NewReader(bytes.NewReader(a.body)); ; {
		family := &dto.MetricFamily{}
		err := protodelim.UnmarshalFrom(r, family)
		if errors.Is(err, io.EOF) {
			return families
		}
		require.NoError(t, err)
		families[family.GetName()] = family
	}
}

func amount(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
}
