package main

import (
	"os"
	"path/filepath"

	"github.com/hotseat-hub/hotseat/bench/report"
)

// plots draws what the document shows.
func (s *suite) plots(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	distribution := report.Drawing{Title: "From a login to the notice read by the older tab", Unit: "ms", Across: "percentile", Log: true}
	for _, name := range []string{"postgres: one takeover in flight", "postgres: takeovers at a quarter of that rate", "postgres: 256 takeovers in flight", "embedded: one takeover in flight"} {
		if l := s.result(name).Latency("notice"); l != nil {
			distribution.Percentiles(name, l)
		}
	}
	if l := s.result("postgres: one takeover in flight").Latency(oneCommit); l != nil {
		distribution.Percentiles("postgres: one durable commit", l)
	}
	rates := report.Drawing{Title: "A day at work: operations a second", Unit: "/s", Across: "second"}
	day := s.result("postgres: a day at work")
	for _, l := range day.Latencies {
		if l.Name != "notice" {
			rates.Line(l.Name, day.Series.Seconds, day.Series.Columns[l.Name+" rate"])
		}
	}
	for file, d := range map[string]*report.Drawing{"performance-notices.svg": &distribution, "performance-day.svg": &rates} {
		if err := os.WriteFile(filepath.Join(folder, file), d.SVG(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
