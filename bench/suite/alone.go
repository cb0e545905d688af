package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
	"github.com/hotseat-hub/hotseat/bench/scenario"
)

// lone is the scenario of one takeover in flight, and oneCommit the latency beside it.
const (
	lone      = "one takeover in flight"
	oneCommit = "one durable commit"
)

// alone is one takeover in flight, and after each a single commit by the same store: what a takeover
// waits for in any case, on a machine that has as little to do in between.
func (b *bench) alone(ctx context.Context, employees int) error {
	if err := b.reference.fillLog(ctx); err != nil {
		return err
	}
	commits := load.NewHistogram()
	r, err := b.scenario(ctx, lone, "takeover", func(o *scenario.Options) {
		o.Workers, o.Employees, o.Length, o.Warm = 1, employees, b.lengthAlone(), b.length/16
		// The database has the single commits to do, too.
		o.Watch = slices.DeleteFunc(slices.Clone(o.Watch), func(p host.Process) bool { return p.Name == "database" })
		o.After = func(ctx context.Context) error { return b.commit(ctx, commits) }
	})
	if err != nil {
		return err
	}
	r.Latencies = append(r.Latencies, report.LatencyOf(oneCommit, commits))
	commit := r.Latency(oneCommit).P50
	r.Beside("notice p50", report.Limit{Name: "one durable commit by the same store", Value: commit, Unit: "ms"})
	if asked := b.abilities.Request.Latency; asked != nil { // to be asked and to tell wake sleepers as well
		both := commit + asked.At(.5).Seconds()*1e3
		r.Beside("notice p50", report.Limit{Name: "that commit and one request to an empty HTTP handler", Value: both, Unit: "ms"})
	}
	return nil
}

// lengthAlone is long enough for a hundred takeovers or so in the slowest hundredth.
func (b *bench) lengthAlone() time.Duration { return b.length * 3 / 4 }

// commit measures the second of two: beside the first the older tab is still being closed.
func (b *bench) commit(ctx context.Context, into *load.Histogram) error {
	var took time.Duration
	for range 2 {
		began := time.Now()
		if err := b.reference.commit(ctx); err != nil {
			return fmt.Errorf("a single commit: %w", err)
		}
		took = time.Since(began)
	}
	into.Record(took)
	return nil
}
