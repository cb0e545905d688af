package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/limits"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/bench/report"
	"github.com/hotseat-hub/hotseat/bench/scenario"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// bench is one store with a node on it.
type bench struct {
	*suite
	store     string // for names: postgres or embedded
	node      *node
	options   scenario.Options
	reference *reference
}

// measure is the order of a run: on each store takeovers first, while the store is small.
func (s *suite) measure(ctx context.Context) error {
	server, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: s.disk, Settings: map[string]string{
		"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
	}})
	if err != nil {
		return err
	}
	defer server.Close()
	database := host.Process{Name: "database", Used: server.CPU}
	store, err := server.Database("hotseat")
	if err != nil {
		return err
	}
	other, err := server.Database("reference")
	if err != nil {
		return err
	}
	if err := s.onStore(ctx, "postgres", store, other, database); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if !s.takeoversOnly {
		if err := s.cluster(ctx, server, database); err != nil {
			return fmt.Errorf("three nodes: %w", err)
		}
		if err := s.naive(ctx, server); err != nil {
			return fmt.Errorf("naive takeovers: %w", err)
		}
	}
	folder := filepath.Join(s.folder, "data")
	if err := s.onStore(ctx, "embedded", "embedded:"+folder, "embedded:"+folder+"-reference"); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	return nil
}

func (s *suite) onStore(ctx context.Context, name, store, other string, watch ...host.Process) error {
	n, err := s.serve(ctx, name, store)
	if err != nil {
		return err
	}
	defer n.Stop()
	b := &bench{suite: s, store: name, node: n}
	b.options = scenario.Options{
		ServiceKey: program.ServiceKey, Length: s.length, Warm: s.length / 8, Employees: s.employees, Seed: 1,
		Watch: append([]host.Process{n.process}, watch...), Command: "make bench",
	}
	b.options.Targets = append(b.options.Targets, n.target)
	if b.reference, err = newReference(ctx, other); err != nil {
		return err
	}
	defer b.reference.store.Close()
	if err := b.takeovers(ctx); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, n.Said())
	}
	if s.takeoversOnly {
		return nil
	}
	if err := b.rest(ctx); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, n.Said())
	}
	return nil
}

// scenario runs one, and keeps its result under "store: what".
func (b *bench) scenario(ctx context.Context, what, name string, change func(*scenario.Options)) (*report.Result, error) {
	o := b.options
	o.Name, o.Prefix = b.store+": "+what, fmt.Sprintf("bench%d", len(b.results)) // no employee is in two runs
	change(&o)
	b.say("%s", o.Name)
	r, err := o.Run(ctx, name)
	if r != nil {
		b.results = append(b.results, *r)
		r = &b.results[len(b.results)-1]
	}
	return r, err
}

// takeovers: one in flight, in turns with single commits by the same store; 64; 256; and at a rate.
func (b *bench) takeovers(ctx context.Context) error {
	commits := load.NewHistogram()
	r, err := b.scenario(ctx, "one takeover in flight", "takeover", func(o *scenario.Options) {
		o.Workers, o.Employees, o.Length, o.Warm = 1, 100, b.length/4, b.length/16
		o.Between = func(ctx context.Context) error { return b.commits(ctx, commits, 100) }
	})
	if err != nil {
		return err
	}
	r.Latencies = append(r.Latencies, report.LatencyOf("one durable commit", commits))
	if err := b.disk(ctx, r); err != nil {
		return err
	}
	if _, err := b.scenario(ctx, "64 takeovers in flight", "takeover", func(o *scenario.Options) { o.Workers, o.Length = 64, b.length/2 }); err != nil {
		return err
	}
	profiled := make(chan error, 1)
	profiled <- nil
	var profile <-chan error = profiled
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o755); err != nil {
			return err
		}
		profile = b.node.profiling(ctx, filepath.Join(b.profile, b.store+".pprof"), b.length)
	}
	r, err = b.scenario(ctx, "256 takeovers in flight", "takeover", func(o *scenario.Options) { o.Workers = 256 })
	if err != nil {
		return err
	}
	if err := <-profile; err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if b.takeoversOnly {
		return nil
	}
	rate := r.Figures[0].Value / 4
	_, err = b.scenario(ctx, "takeovers at a quarter of that rate", "takeover", func(o *scenario.Options) { o.Workers, o.Rate = 256, rate })
	return err
}

func (b *bench) commits(ctx context.Context, into *load.Histogram, n int) error {
	for range n {
		began := time.Now()
		if err := b.reference.commit(ctx); err != nil {
			return fmt.Errorf("a single commit: %w", err)
		}
		into.Record(time.Since(began))
	}
	return nil
}

// disk puts the disk's own durable writes beside the notices.
func (b *bench) disk(ctx context.Context, r *report.Result) error {
	a, err := limits.Disk(ctx, b.folder, time.Second)
	if err != nil {
		return err
	}
	r.Beside("notice p50", report.Limit{Name: "one durable commit by the same store", Value: r.Latency("one durable commit").P50, Unit: "ms"})
	r.Beside("notice p50", report.Limit{Name: "one durable write to this disk", Value: float64(a.Latency.At(.5)) / 1e6, Unit: "ms"})
	return nil
}

// rest are the other scenarios.
func (b *bench) rest(ctx context.Context) error {
	if err := b.checks(ctx); err != nil {
		return err
	}
	short := func(o *scenario.Options) { o.Employees, o.Length = 1000, b.length/2 }
	if _, err := b.scenario(ctx, "refreshes", "refresh", short); err != nil {
		return err
	}
	if _, err := b.scenario(ctx, "a day at work", "mixed", func(o *scenario.Options) { o.Employees, o.Workers = 1000, 256 }); err != nil {
		return err
	}
	if _, err := b.scenario(ctx, "storm", "storm", func(o *scenario.Options) { o.Workers = 256 }); err != nil {
		return err
	}
	_, err := b.scenario(ctx, "connect", "connect", func(o *scenario.Options) {
		o.Employees, o.Hold, o.OpsURL = b.sockets, 8*time.Second, "http://"+b.node.Ops
	})
	return err
}

// checks asks the empty handler before and after, so that a neighbour on the machine meets both.
func (b *bench) checks(ctx context.Context) error {
	var rates []float64
	empty := func() error {
		a, err := limits.Handler(ctx, exec.CommandContext(ctx, b.binary, "bench", "nothing"), 64, b.length/4)
		rates = append(rates, a.Rate)
		return err
	}
	if err := empty(); err != nil {
		return err
	}
	local, err := b.scenario(ctx, "checks, local", "check", func(o *scenario.Options) { o.Workers, o.Employees, o.Length = 64, 1000, b.length/2 })
	if err != nil {
		return err
	}
	if err := empty(); err != nil {
		return err
	}
	local.Beside("checks/s", report.Limit{Name: "requests to an empty HTTP handler", Value: (rates[0] + rates[1]) / 2, Unit: "/s"})
	_, err = b.scenario(ctx, "checks, strict", "check", func(o *scenario.Options) { o.Workers, o.Employees, o.Length, o.Level = 64, 1000, b.length/2, "strict" })
	return err
}

// naive puts pgbench's naive takeover beside the program's on the same server.
func (s *suite) naive(ctx context.Context, server *pgtest.Server) error {
	s.say("naive takeovers in pgbench")
	url, err := server.Database("naive")
	if err != nil {
		return err
	}
	a, err := limits.Database(ctx, url, 50_000, 256, max(s.length, time.Second))
	if err != nil {
		return err
	}
	s.result("postgres: 256 takeovers in flight").Beside("takeovers/s", report.Limit{Name: a.Name, Value: a.Rate, Unit: "/s"})
	return nil
}
