package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(p program) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  hotseat version\n  hotseat version --json",
		Args:    takes(),
	}
	out := printing(cmd, p)
	cmd.RunE = func(*cobra.Command, []string) error {
		version, commit := buildVersion()
		raw := rawJSON(map[string]string{"version": version, "commit": commit, "go": runtime.Version()})
		return out.result(raw, func(w io.Writer) { fmt.Fprintf(w, "hotseat %s (commit %s, %s)\n", version, commit, runtime.Version()) })
	}
	return cmd
}

// buildVersion is what the Go tool wrote into the program.
func buildVersion() (version, commit string) {
	version, commit = "(devel)", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if info.Main.Version != "" {
		version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return version, commit
}
