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

func (l *limitsChoice) measure(ctx context.Context, b *benchCommand) (a limits.Abilities, err error) {
	if l.on {
		self, err := os.Executable()
		if err != nil {
			return a, fmt.Errorf("find this program: %w", err)
		}
		nothing := func() *exec.Cmd { return exec.Command(self, "bench", "nothing") } // #nosec G204 -- this program itself
		if a, err = limits.OfMachine(ctx, l.folder, nothing, max(b.options.Workers, 1), l.length); err != nil {
			return a, err
		}
	}
	if l.pgbench != "" {
		a.Database, err = limits.Database(ctx, l.pgbench, max(b.options.Employees, 1000), max(b.options.Workers, 1), l.length)
	}
	return a, err
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
