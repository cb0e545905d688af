package main

import (
	"encoding/json"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/bench/report"
)

func newBenchCompare(p program) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Compare two results, with ratios and their confidence",
		Long: `Compare two results of --out, scenario by scenario. Rates and latencies are compared by the windows of
each run: where their ratio lies with 95 % confidence, and whether the difference is more than noise.`,
		Example: `  hotseat bench compare before.json after.json`,
		Args:    takes("A.json", "B.json"),
		RunE: func(_ *cobra.Command, args []string) error {
			return compare(p, args[0], args[1], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func compare(p program, a, b string, asJSON bool) error {
	x, err := report.Read(a)
	if err != nil {
		return fileError(err)
	}
	y, err := report.Read(b)
	if err != nil {
		return fileError(err)
	}
	all, err := report.Compare(x, y)
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
	return report.CompareText(p.out, all, filepath.Base(a), filepath.Base(b))
}

// fileError is the caller's mistake when the file is of another kind.
func fileError(err error) error {
	if errors.Is(err, report.ErrNoReport) {
		return &usageError{err}
	}
	return err
}
