package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/verify"
)

func newVerify(p program) *cobra.Command {
	var options verify.Options
	cmd := &cobra.Command{
		Use:   "verify HISTORY",
		Short: "Check what clients saw against what Hotseat promises",
		Long: `Check a history, as "hotseat bench --record" and the fault tests write it, against the promises S1 to S5:
one seat per employee, ended tokens refused, answered logins there once, epochs and sockets in order,
events without gap. Prints what was looked at, and for a broken promise the smallest history that
shows it. HISTORY may be - for standard input.

Exits with 0 when all promises held, 1 when one was broken or nothing could be decided, 2 when there
is no such history.`,
		Example: `  hotseat verify history.jsonl
  hotseat verify history.jsonl --json
  hotseat verify history.jsonl --latency
  hotseat verify - < history.jsonl`,
		Args: takes("HISTORY"),
	}
	out := printing(cmd, p)
	cmd.Flags().BoolVar(&options.Latency, "latency", false, "also check L1: 99.9 % of the notices within 50 ms, faults excepted")
	cmd.Flags().StringVar(&options.Folder, "temp", "", "`folder` for temporary files, as large as the history (the system's)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		report, err := verify.File(cmd.Context(), args[0], options)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, history.ErrNoHistory) || errors.Is(err, history.ErrMalformed) {
			return &usageError{err}
		}
		if err != nil {
			return err
		}
		if err := printReport(p, out, report); err != nil {
			return err
		}
		return verdict(report)
	}
	return cmd
}

// printReport bypasses the printer's columns: a report has its own.
func printReport(p program, out *printer, report *verify.Report) error {
	if !out.json {
		return report.WriteText(p.out)
	}
	raw, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return out.result(raw, nil)
}

// verdict is the error that makes the exit code.
func verdict(r *verify.Report) error {
	broken := int64(0)
	for _, n := range r.Violated {
		broken += n
	}
	switch {
	case r.Clean():
		return nil
	case broken > 0:
		return fmt.Errorf("%d violations", broken)
	case r.Undecided > 0:
		return fmt.Errorf("%d operations overlap too much to be decided", r.Undecided)
	}
	return errors.New("the history holds nothing that could be checked")
}
