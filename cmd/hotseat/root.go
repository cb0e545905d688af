package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

// run executes one command line and answers the exit code; it is the only place that prints errors.
func run(ctx context.Context, args []string, p program) int {
	root := newRoot(p)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return client.ExitOK
	}
	fmt.Fprintf(p.err, "hotseat: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(p.err, "see `%s --help`\n", cmd.CommandPath())
		return client.ExitUsage
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return client.ExitCode(err)
}

// exitError has an exit code of its own.
type exitError struct {
	err  error
	code int
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func newRoot(p program) *cobra.Command {
	root := &cobra.Command{
		Use:           "hotseat",
		Short:         "One employee sits in one place at a time",
		Long:          "Hotseat ends an employee's older session when the employee logs in elsewhere, and tells the older terminal at once.",
		Example:       "  hotseat --help",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newServe(p), newLogin(p), newWatch(p), newSessions(p), newEmployees(p), newTestTermination(p), newCluster(p), newKeys(p),
		newBackup(p), newFence(p), newConsumeEvents(p), newMigrate(p), newBench(p), newVerify(p), newVersion(p), newCompletion(p),
	)
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownCommand(cmd, args[0])
	}
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Example = "  hotseat help serve"
	}
	return root
}

// group is a command that only has subcommands.
func group(use, short, example string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: cobra.ArbitraryArgs}
	cmd.AddCommand(subcommands...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s needs one of: %s", below(cmd), strings.Join(names(cmd), ", "))
		}
		return unknownCommand(cmd, args[0])
	}
	return cmd
}

func unknownCommand(cmd *cobra.Command, name string) error {
	return usagef("unknown command %q%s", name, config.DidYouMean(cmd.CommandPath()+" ", name, names(cmd)))
}

func names(cmd *cobra.Command) []string {
	var all []string
	for _, sub := range cmd.Commands() {
		all = append(all, sub.Name())
	}
	return all
}

// usageError is the caller's mistake: exit code 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// flagError names the nearest flag to one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return &usageError{err}
	}
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		return usagef("unknown flag -%s: only long flags exist here", short)
	}
	var all []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	return usagef("unknown flag --%s%s", unknown.GetSpecifiedName(), config.DidYouMean("--", unknown.GetSpecifiedName(), all))
}

// takes declares a command's arguments by name; a name in brackets is optional.
func takes(want ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for i, name := range want {
			if i >= len(args) && !strings.HasPrefix(name, "[") {
				return usagef("%s needs %s", below(cmd), name)
			}
		}
		if len(args) > len(want) {
			return usagef("%s does not take %q", below(cmd), args[len(want)])
		}
		return nil
	}
}

// below is a command's path without the program.
func below(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}
