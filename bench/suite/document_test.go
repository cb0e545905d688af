package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
