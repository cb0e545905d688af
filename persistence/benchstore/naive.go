package main

import (
	"context"

	"github.com/hotseat-hub/hotseat/persistence/benchstore/naive"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

// rival is the naive takeover on the same server.
type rival struct {
	o      options
	server *pgtest.Server
	bench  naive.Bench
}

func (n *rival) prepare(ctx context.Context) error {
	url, err := n.server.Database("naive")
	if err != nil {
		return err
	}
	n.bench = naive.Bench{URL: url, Program: n.server.Binary("pgbench"), Employees: n.o.employees, Clients: n.o.inFlight}
	return n.bench.Prepare(ctx)
}

func (n *rival) turn(ctx context.Context) (result, error) {
	before := n.server.CPU()
	r, err := n.bench.Run(ctx, n.o.turn)
	return result{takeovers: r.Takeovers, took: r.Took, postgres: n.server.CPU() - before, program: r.CPU}, err
}
