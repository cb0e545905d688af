package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/scenario"
)

// ramp is one on a node that has done nothing before.
type ramp struct {
	what string
	env  []string
}

// ramps are, for each store, one for the handshakes; the memory for an employee, which is not the
// store's, is asked of a runtime that keeps nothing in reserve, and that costs CPU time.
var ramps = map[string][]ramp{
	"postgres": {{what: "connect"}},
	"embedded": {{what: "connect"}, {what: "connect, nothing in reserve", env: []string{"GOMEMLIMIT=16MiB"}}},
}

func (s *suite) connects(ctx context.Context, name string, store func(string) (string, error), watch []host.Process) error {
	for _, ramp := range ramps[name] {
		folder := strings.NewReplacer(", ", "_", " ", "_").Replace(ramp.what)
		url, err := store(folder)
		if err != nil {
			return err
		}
		n, err := s.serve(ctx, name+"-"+folder, url, ramp.env)
		if err != nil {
			return err
		}
		_, err = s.bench(name, n, watch).scenario(ctx, ramp.what, "connect", func(o *scenario.Options) {
			o.Employees, o.Hold, o.OpsURL = s.sockets, scenario.Asleep, "http://"+n.Ops
		})
		n.Stop()
		if err != nil {
			return fmt.Errorf("%w; the server said:\n%s", err, n.Said())
		}
	}
	return nil
}
