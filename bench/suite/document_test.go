package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// takeovers is a result of one store with the CPU time that its target looks at.
func takeovers(store string, cpu float64, complete bool) report.Result {
	return report.Result{Name: store + ": 256 takeovers in flight", Scenario: "takeover", Complete: complete, Seconds: 1, Figures: []report.Figure{
		{Name: "takeovers/s", Value: 8000}, {Name: "CPU of the server per 1000 takeovers", Value: cpu},
	}, Latencies: []report.Latency{{Name: "reply", Count: 8000, P50: 1}}}
}

const app = "CPU s per 1000 takeovers, PostgreSQL, trusted login over HTTP, 256 in flight: app"

// A reason explains the verdict beside which it was written; beside another it would be false.
func TestAReasonStaysAsLongAsItsVerdict(t *testing.T) {
	s := &suite{results: []report.Result{takeovers("postgres", .2, true)}}
	old := string(s.tables(map[string]reason{app: {"**missed**", "a neighbour"}}))
	require.Contains(t, old, "| "+app+" | ≤ 0.150 s | 0.200 s | **missed** | a neighbour |\n")
	require.Equal(t, reason{"**missed**", "a neighbour"}, reasons(old)[app])
	s.results[0] = takeovers("postgres", .1, true)
	require.Contains(t, string(s.tables(reasons(old))), "| "+app+" | ≤ 0.150 s | 0.100 s | met |  |\n")
}

// What one part has cost hours to measure is not lost to another.
func TestWhatWasMeasuredBeforeAPartFailedIsPublishedAndSaysSo(t *testing.T) {
	folder := t.TempDir()
	document := filepath.Join(folder, "performance.md")
	require.NoError(t, os.WriteFile(document, []byte("before\n"+tablesBegin+"old\n"+tablesEnd+"after\n"), 0o600))
	s := &suite{write: document, html: filepath.Join(folder, "report.html"), took: 83 * time.Second}
	ctx, cancel := context.WithCancelCause(t.Context())
	s.part(ctx, "postgres", func() error {
		s.results = append(s.results, takeovers("postgres", .1, false))
		return errors.New("the server is gone\nand said much")
	})
	s.part(ctx, "embedded", func() error { s.results = append(s.results, takeovers("embedded", .1, true)); return nil })
	cancel(errors.New("interrupted"))
	s.part(ctx, "three nodes", func() error { t.Error("a part began after the end"); return nil })
	require.NoError(t, s.publish())
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	require.Contains(t, string(text), "before\n"+tablesBegin+"**Not measured:** postgres: the server is gone\n\n**Not measured:** three nodes: interrupted\n")
	require.Contains(t, string(text), "| postgres: 256 takeovers in flight (**not complete**) | reply |")
	require.Contains(t, string(text), "| embedded: 256 takeovers in flight | reply |")
	require.Contains(t, string(text), "The whole run took 1m23s.")
	kept, err := report.Read(filepath.Join(folder, "performance.json"))
	require.NoError(t, err)
	require.Len(t, kept.Results, 2)
	require.FileExists(t, s.html)
	require.FileExists(t, filepath.Join(folder, "images", "performance-notices.svg"))
}

// each is what so many measurements of one length are.
func each(length time.Duration) *load.Histogram {
	h := load.NewHistogram()
	for range 100 {
		h.Record(length)
	}
	return h
}

// A target that no program of this stack reaches on a machine is told from one that the product misses.
func TestNoticeOverCommitSaysHowTheLeastProgramDid(t *testing.T) {
	const missed = "| notice p50 over one durable commit, embedded | ≤ 1.50 × | 1.90 ×"
	alone := func() *suite {
		return &suite{results: []report.Result{{Name: "embedded: " + lone, Complete: true, Seconds: 1, Latencies: []report.Latency{
			report.LatencyOf("notice", each(380*time.Microsecond)), report.LatencyOf(oneCommit, each(200*time.Microsecond)),
		}}}}
	}
	s := alone()
	require.Contains(t, string(s.tables(nil)), missed+" | **missed** |", "it was not measured")
	besideLeast(&s.results[0], each(320*time.Microsecond), each(200*time.Microsecond))
	text := string(s.tables(nil))
	require.Contains(t, text, missed+" (the least program that commits and tells: 1.60 ×, missed by it too) | **missed** |")
	require.Contains(t, text, "| embedded: one takeover in flight | notice p50 | the least program that commits and tells: 0.320 ms | 1.19 × |")
	require.Contains(t, text, "|  | the least program's notice | – |", "it has no rate of its own")
	require.Contains(t, text, "| notice p50 over one durable commit, PostgreSQL | ≤ 1.50 × | – | not measured |")

	s = alone()
	besideLeast(&s.results[0], each(280*time.Microsecond), each(200*time.Microsecond))
	require.Contains(t, string(s.tables(nil)), missed+" (the least program that commits and tells: 1.40 ×) | **missed** |")
}

// A short run has no targets; there the least program stands in the table of notices.
func TestTheTableOfNoticesHasTheLeastProgram(t *testing.T) {
	latency := func(name string, length time.Duration) report.Latency { return report.LatencyOf(name, each(length)) }
	s := &suite{takeoversOnly: true, results: []report.Result{
		{Name: "embedded: " + lone, Latencies: []report.Latency{latency("notice", 380*time.Microsecond), latency(oneCommit, 200*time.Microsecond)}},
		{Name: "embedded: 64 takeovers in flight", Latencies: []report.Latency{latency("notice", 5*time.Millisecond)}},
	}}
	require.Contains(t, string(s.tables(nil)), "| 1.90 / 1.90 | – |")
	besideLeast(&s.results[0], each(320*time.Microsecond), each(200*time.Microsecond))
	require.Contains(t, string(s.tables(nil)), "| 1.90 / 1.90 | 1.60 / 1.60 |")
}
