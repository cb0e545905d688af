package report

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/load"
)

// whole is a result with everything that a page may show.
func whole() Result {
	h := load.NewHistogram()
	for i := range 1000 {
		h.Record(time.Duration(i) * time.Microsecond)
	}
	r := Result{
		Scenario: "takeover", Name: "takeover", Did: "Logins end sessions.", Command: "hotseat bench takeover --employees=50 --prefix='a b'",
		Seed: 7, Seconds: 3, Complete: true, Targets: []string{"http://127.0.0.1:8080"}, Watched: []string{"server", "client"},
		Figures:   []Figure{{Name: "takeovers/s", Value: 1234, Unit: "/s"}, {Name: "failures", Value: 3}},
		Latencies: []Latency{LatencyOf("reply", h), LatencyOf("notice", h)},
		Failures:  map[string]int{"connection lost": 3},
		Machine:   host.Machine{OS: "linux/amd64", Kernel: "6.1.2-test", CPU: "Some CPU", Cores: 2, Go: "go1"},
		Generator: Generator{Limits: []string{"All cores were busy."}, Cores: .5},
	}
	r.Beside("takeovers/s", Limit{Name: "an empty handler", Value: 2468, Unit: "/s"})
	r.Series.Seconds = load.Column{1, 2, 3}
	r.Series.Columns = map[string]load.Column{"failures": {0, 1, 2}, "sockets": {50, 50, 50}}
	for _, name := range []string{
		"reply rate", "reply p50", "reply p90", "reply p99", "reply max", "notice rate", "notice p50", "notice p90", "notice p99", "notice max",
		"server cores", "client cores", "server MB", "client MB",
	} {
		r.Series.Columns[name] = load.Column{1, 2, 3}
	}
	return r
}

func TestThePageHasEveryPlotWithItsSeriesTheEnvironmentAndTheCommand(t *testing.T) {
	text, err := HTML([]Result{whole()})
	require.NoError(t, err)
	page := string(text)
	plots, err := plotsOf(new(whole()), 0)
	require.NoError(t, err)
	series := map[string]string{}
	for _, p := range plots {
		require.Contains(t, page, string(p.JSON), p.Title)
		var names []string
		for _, s := range p.Series {
			names = append(names, s.Name)
		}
		series[p.Title] = strings.Join(names, ", ")
	}
	require.Equal(t, map[string]string{
		"Latency over time: reply":  "p50, p90, p99, max",
		"Latency over time: notice": "p50, p90, p99, max",
		"Latency by percentile":     "reply, notice",
		"Throughput":                "reply",
		"CPU":                       "server, client",
		"Memory":                    "server, client",
		"Open sockets":              "sockets",
		"Failures":                  "failures",
	}, series)
	for _, said := range []string{
		"hotseat bench takeover --employees=50 --prefix=&#39;a b&#39;", "6.1.2-test", "Some CPU", "http://127.0.0.1:8080", "server, client", "<dd>7</dd>",
		"1,234", "an empty handler", "50 %", "connection lost", "All cores were busy.",
	} {
		require.Contains(t, page, said)
	}
	require.Empty(t, regexp.MustCompile(`(src|href)="?(https?:)?//[^"> ]*`).FindAllString(page, -1), "nothing is asked of a network")
}

func TestThePageOfAnEarlyEndSaysSo(t *testing.T) {
	r := whole()
	r.Complete, r.Incomplete = false, "the server is gone"
	text, err := HTML([]Result{r})
	require.NoError(t, err)
	require.Contains(t, string(text), "the server is gone")
}
