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
	fresh     string // a store for the least program
}

// measure is the order of a run: on each store takeovers first, while the store is small. A part that
// fails costs no other part its figures.
func (s *suite) measure(ctx context.Context) {
	server, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: s.disk, Settings: map[string]string{
		"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
	}})
	if err != nil {
		s.failed("postgres", err)
	} else {
		defer server.Close()
		database := host.Process{Name: "database", Used: server.CPU}
		s.part(ctx, "postgres", func() error { return s.onPostgres(ctx, server, database) })
		if !s.takeoversOnly {
			s.part(ctx, "three nodes", func() error { return s.cluster(ctx, server, database) })
			s.part(ctx, "naive takeovers", func() error { return s.naive(ctx, server) })
		}
	}
	s.part(ctx, "embedded", func() error {
		store := func(name string) (string, error) { return "embedded:" + filepath.Join(s.folder, "data-"+name), nil }
		return s.onStore(ctx, "embedded", store)
	})
}

// part does one, unless the run was interrupted, and notes that it failed.
func (s *suite) part(ctx context.Context, name string, do func() error) {
	err := context.Cause(ctx)
	if err == nil {
		err = do()
	}
	if err != nil {
		s.failed(name, err)
	}
}

func (s *suite) failed(name string, err error) {
	s.say("%s failed: %v", name, err)
	s.others.failed = append(s.others.failed, fmt.Sprintf("%s: %v", name, err))
}

func (s *suite) onPostgres(ctx context.Context, server *pgtest.Server, database host.Process) error {
	return s.onStore(ctx, "postgres", server.Database, database)
}

// onStore does everything that one node on a store can do; store answers with an empty one for a name.
func (s *suite) onStore(ctx context.Context, name string, store func(string) (string, error), watch ...host.Process) error {
	url, err := store("hotseat")
	if err != nil {
		return err
	}
	other, err := store("reference")
	if err != nil {
		return err
	}
	fresh, err := store("least")
	if err != nil {
		return err
	}
	s.say("what the machine can do")
	if s.abilities, err = limits.OfMachine(ctx, s.folder, s.nothing(ctx), 64, s.length/8); err != nil {
		return err
	}
	n, err := s.serve(ctx, name, url, nil)
	if err != nil {
		return err
	}
	defer n.Stop()
	b := s.bench(name, n, watch)
	b.fresh = fresh
	if b.reference, err = newReference(ctx, other); err != nil {
		return err
	}
	defer b.reference.store.Close()
	err = b.takeovers(ctx)
	if err == nil && !s.takeoversOnly {
		err = b.rest(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, n.Said())
	}
	if s.takeoversOnly {
		return nil
	}
	n.Stop()
	if err := s.checks(ctx, name, store, watch); err != nil {
		return err
	}
	return s.connects(ctx, name, store, watch)
}

// bench is for scenarios on a node, with the options that they share.
func (s *suite) bench(store string, n *node, watch []host.Process) *bench {
	b := &bench{suite: s, store: store, node: n}
	b.options = scenario.Options{
		ServiceKey: program.ServiceKey, Length: s.length, Warm: s.length / 8, Employees: s.employees, Seed: 1,
		Watch: append([]host.Process{n.process}, watch...), Command: "make bench",
	}
	b.options.Targets = append(b.options.Targets, n.target)
	return b
}

// nothing are commands that serve the empty handler.
func (s *suite) nothing(ctx context.Context) func() *exec.Cmd {
	return func() *exec.Cmd { return exec.CommandContext(ctx, s.binary, "bench", "nothing") }
}

// scenario runs one, and keeps its result under "store: what".
func (b *bench) scenario(ctx context.Context, what, name string, change func(*scenario.Options)) (*report.Result, error) {
	o := b.options
	o.Name, o.Prefix = b.store+": "+what, fmt.Sprintf("bench%d", len(b.results)) // no employee is in two runs
	change(&o)
	b.say("%s", o.Name)
	r, err := o.Run(ctx, name)
	if r != nil {
		b.beside(r, &o)
		b.results = append(b.results, *r)
		r = &b.results[len(b.results)-1]
	}
	return r, err
}

// beside puts what the machine can do beside a result: rates beside what was done as fast as it went
// with so much in flight, times beside what waited for nobody.
func (b *bench) beside(r *report.Result, o *scenario.Options) {
	offered := o.Rate > 0 || r.Scenario == "mixed"
	if offered || o.Workers == 1 {
		b.abilities.BesideTimes(r)
	}
	if !offered && o.Workers != 1 && o.Name != b.store+": "+localChecks {
		b.abilities.BesideRates(r)
	}
}

// takeovers: 64 in flight, one, 256, and at a rate. One comes when the store's log is as long as it gets.
func (b *bench) takeovers(ctx context.Context) error {
	if _, err := b.scenario(ctx, "64 takeovers in flight", "takeover", func(o *scenario.Options) { o.Workers, o.Length = 64, b.length/2 }); err != nil {
		return err
	}
	if err := b.alone(ctx, 100); err != nil {
		return err
	}
	b.part(ctx, b.store+": "+leastProgram, func() error { return b.leastAlone(ctx) })
	profiled := make(chan error, 1)
	profiled <- nil
	var profile <-chan error = profiled
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o755); err != nil {
			return err
		}
		profile = b.node.profiling(ctx, filepath.Join(b.profile, b.store+".pprof"), b.length)
	}
	r, err := b.scenario(ctx, "256 takeovers in flight", "takeover", func(o *scenario.Options) { o.Workers = 256 })
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

// rest are the other scenarios.
func (b *bench) rest(ctx context.Context) error {
	short := func(o *scenario.Options) { o.Employees, o.Length = 1000, b.length/2 }
	if _, err := b.scenario(ctx, "refreshes", "refresh", short); err != nil {
		return err
	}
	if _, err := b.scenario(ctx, "a day at work", "mixed", func(o *scenario.Options) { o.Employees, o.Workers = 1000, 256 }); err != nil {
		return err
	}
	_, err := b.scenario(ctx, "storm", "storm", func(o *scenario.Options) { o.Workers = 256 })
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
