package main

import (
	"context"
	"fmt"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/limits"
	"github.com/hotseat-hub/hotseat/bench/report"
	"github.com/hotseat-hub/hotseat/bench/scenario"
)

// localChecks are measured in turns with an empty handler of their own.
const localChecks = "checks, local"

// checks are asked of a node that has done nothing before, as the empty handler beside it has not: one
// that has just ended very many sessions looks for each among them.
func (s *suite) checks(ctx context.Context, name string, store func(string) (string, error), watch []host.Process) error {
	url, err := store("checks")
	if err != nil {
		return err
	}
	n, err := s.serve(ctx, name+"-checks", url, nil)
	if err != nil {
		return err
	}
	defer n.Stop()
	if err := s.bench(name, n, watch).checks(ctx); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, n.Said())
	}
	return nil
}

// checks asks the empty handler before and after, so that a neighbour on the machine meets both.
func (b *bench) checks(ctx context.Context) error {
	var rates []float64
	empty := func() error {
		a, err := limits.Handler(ctx, b.nothing(ctx)(), 64, b.length/4)
		rates = append(rates, a.Rate)
		return err
	}
	if err := empty(); err != nil {
		return err
	}
	local, err := b.scenario(ctx, localChecks, "check", func(o *scenario.Options) { o.Workers, o.Employees, o.Length = 64, 1000, b.length/2 })
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
