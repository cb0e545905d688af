package main

import (
	"bytes"
	"fmt"
	"time"
)

// result is a run with its store's name.
type result struct {
	store string
	figures
}

func tables(results []result, employees int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d employees, each with an open tab; 256 logins in flight.\n\n", employees)
	b.WriteString("| store | takeovers/s | CPU s per 1000, app | CPU s per 1000, database | RSS of the app, MB |\n|---|---|---|---|---|\n")
	for _, r := range results {
		thousands := float64(r.takeovers) / 1000
		database := "in the app"
		if r.figures.store > 0 {
			database = fmt.Sprintf("%.3f", r.figures.store.Seconds()/thousands)
		}
		fmt.Fprintf(&b, "| %s | %.0f | %.3f | %s | %d |\n", r.store, float64(r.takeovers)/r.wall.Seconds(),
			r.app.Seconds()/thousands, database, r.resident>>20)
	}
	b.WriteString("\nFrom the start of the login's request to the frame read by the older tab, in milliseconds:\n\n")
	b.WriteString("| store | notice p50 / p99, one login in flight | one durable commit p50 / p99 | notice over commit p50 / p99 | notice p50 / p99, 64 in flight |\n|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s | %.2f / %.2f | %s |\n", r.store, pair(r.alone), pair(r.one),
			ratio(r.alone.at(.5), r.one.at(.5)), ratio(r.alone.at(.99), r.one.at(.99)), pair(r.crowd))
	}
	return b.Bytes()
}

func pair(l latency) string {
	return fmt.Sprintf("%.2f / %.2f", milliseconds(l.at(.5)), milliseconds(l.at(.99)))
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }
