package main

import (
	"context"
	"fmt"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/bench/scenario"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// cluster runs three nodes on one database: one takeover in flight, whose tab mostly sits at another
// node than the login asks, and the death of a node under logins.
func (s *suite) cluster(ctx context.Context, server *pgtest.Server, database host.Process) error {
	url, err := server.Database("cluster")
	if err != nil {
		return err
	}
	other, err := server.Database("cluster-reference")
	if err != nil {
		return err
	}
	b := &bench{suite: s, store: "three nodes"}
	if b.reference, err = newReference(ctx, other); err != nil {
		return err
	}
	defer b.reference.store.Close()
	b.options = scenario.Options{ServiceKey: program.ServiceKey, Length: s.length, Seed: 1, Command: "make bench", Watch: []host.Process{database}}
	var nodes []*node
	for i := range 3 {
		name := fmt.Sprintf("node%d", i+1)
		n, err := s.serve(ctx, name, url, nil, "--node-name", name, "--cluster-listen", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer n.Stop()
		n.process.Name = name
		nodes = append(nodes, n)
		b.options.Targets = append(b.options.Targets, n.target)
		b.options.Watch = append(b.options.Watch, n.process)
	}
	if err := b.alone(ctx, 150); err != nil {
		return err
	}
	_, err = b.scenario(ctx, "a node is killed", "failover", func(o *scenario.Options) {
		o.Workers, o.Employees, o.Rate, o.KillAfter = 256, 1000, 200, s.length/4
		o.Kill = fmt.Sprintf("kill -9 %d", nodes[2].process.PID)
	})
	if err != nil {
		return fmt.Errorf("%w; the first node said:\n%s", err, nodes[0].Said())
	}
	return nil
}
