package main

import (
	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

// Config is what runServe gets.
type Config = config.Config

func newServe(p program) *cobra.Command {
	var printConfig bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server. With no flag it listens on 127.0.0.1:8080 and keeps everything in ./hotseat-data.

Each setting is a flag, an environment variable (--max-sessions is HOTSEAT_MAX_SESSIONS) or a key of the YAML
file (max-sessions: 2); flags are stronger than the environment, that is stronger than the file. Secrets are
also read from the file that HOTSEAT_…_FILE names.`,
		Example: `  # everything on this machine
  hotseat serve
  # to try it: employees ada, grace and edsger, password demo-password
  hotseat serve --demo
  # what a file, the environment and the defaults come to
  hotseat serve --config hotseat.yaml --print-config`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(cmd.Flags(), p.environ)
			if err != nil {
				return &usageError{err}
			}
			if printConfig {
				return c.Print(p.out)
			}
			return runServe(cmd.Context(), c, p.out)
		},
	}
	cmd.Flags().SortFlags = false
	config.Bind(cmd.Flags())
	cmd.Flags().BoolVar(&printConfig, "print-config", false, "print the settings, secrets masked, and exit")
	return cmd
}
