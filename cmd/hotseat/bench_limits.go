package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hotseat-hub/hotseat/bench/limits"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// limitsChoice is which abilities of the machine are measured before a scenario.
type limitsChoice struct {
	on      bool
	folder  string
	pgbench string
	length  time.Duration
}

func (l *limitsChoice) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&l.on, "limits", false, "measure also what this machine can do at best: durable writes, frames, an empty HTTP handler")
	flags.StringVar(&l.folder, "limits-folder", ".", "`folder` on the disk whose durable writes are measured")
	flags.StringVar(&l.pgbench, "pgbench", "", "postgres:// `URL` of an empty database on the store's server, for naive takeovers; tables sessions and events in it are dropped")
	flags.DurationVar(&l.length, "limits-time", 2*time.Second, "how long each limit is measured")
}

// abilities are what was measured.
type abilities struct{ disk, frames, handler, database limits.Ability }

func (l *limitsChoice) measure(ctx context.Context, b *benchCommand) (*abilities, error) {
	var a abilities
	var err error
	if l.on {
		if a.disk, err = limits.Disk(ctx, l.folder, l.length); err != nil {
			return nil, err
		}
		if a.frames, err = limits.Frames(ctx, l.length); err != nil {
			return nil, err
		}
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		if a.handler, err = limits.Handler(ctx, exec.Command(self, "bench", "nothing"), max(b.options.Workers, 1), l.length); err != nil { // #nosec G204 -- this program itself
			return nil, err
		}
	}
	if l.pgbench != "" {
		a.database, err = limits.Database(ctx, l.pgbench, max(b.options.Employees, 1000), max(b.options.Workers, 1), l.length)
	}
	return &a, err
}

// apply puts the abilities beside the figures that they bound.
func (a *abilities) apply(r *report.Result) {
	beside := func(ability limits.Ability, of ...string) {
		for _, name := range of {
			if ability.Rate > 0 {
				r.Beside(name, report.Limit{Name: ability.Name, Value: ability.Rate, Unit: "/s"})
			}
		}
	}
	beside(a.database, "takeovers/s")
	beside(a.disk, "takeovers/s", "refreshes/s")
	beside(a.frames, "takeovers/s")
	beside(a.handler, "takeovers/s", "checks/s", "refreshes/s", "handshakes/s", "sockets back/s", "deeds/s")
	if a.disk.Latency != nil {
		median := a.disk.Latency.At(.5).Seconds() * 1e3
		r.Beside("notice p50", report.Limit{Name: "one durable write", Value: median, Unit: "ms"})
	}
}

func newBenchNothing() *cobra.Command {
	return &cobra.Command{
		Use:     "nothing",
		Short:   "Serve an empty HTTP handler, the limit that --limits measures",
		Long:    "Answer every request with an empty reply, until standard input ends: what an HTTP server of this language does at best on this machine. --limits starts it by itself.",
		Example: "  hotseat bench nothing < /dev/null",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return limits.ServeNothing(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}
