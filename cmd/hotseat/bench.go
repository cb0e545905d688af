package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/report"
	"github.com/hotseat-hub/hotseat/bench/scenario"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/client"
	"github.com/hotseat-hub/hotseat/cmd/hotseat/config"
)

func newBench(p program) *cobra.Command {
	return group("bench", "Measure a server or a cluster, your own for example", "  hotseat bench takeover --html report.html",
		newBenchConnect(p), newBenchTakeover(p), newBenchStorm(p), newBenchCheck(p), newBenchRefresh(p), newBenchMixed(p),
		newBenchFailover(p), newBenchCompare(p), newBenchNothing())
}

// benchCommand is what one scenario was asked to do.
type benchCommand struct {
	program
	name     string
	options  scenario.Options
	targets  []string
	sources  []string
	watch    []string
	login    string
	password *passwordSource
	json     bool
	jsonFile string
	html     string
	record   string
	limits   limitsChoice
}

// newScenario is a command with the flags that all scenarios have; own adds its own.
func newScenario(p program, name, short, long, example string, own func(*cobra.Command, *benchCommand)) *cobra.Command {
	b := &benchCommand{program: p, name: name}
	cmd := &cobra.Command{
		Use: name, Short: short, Example: example, Args: takes(),
		Long: long + `

Nothing is measured on employees of yours: those of the run are called bench-0 and on (--prefix), and are left
behind with their last sessions. Do not run it against a cluster whose users would notice.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context(), cmd) },
	}
	flags, o := cmd.Flags(), &b.options
	flags.SortFlags = false
	flags.StringArrayVar(&b.targets, "target", nil, "`URL` of a node; repeat it for several (env HOTSEAT_SERVER; default "+defaultServer+")")
	flags.IntVar(&o.Employees, "employees", 1000, "how many employees take part")
	flags.StringVar(&o.Prefix, "prefix", "bench", "`text` that their names begin with")
	own(cmd, b)
	flags.Uint64Var(&o.Seed, "seed", 1, "decides everything that is random")
	flags.StringVar(&b.login, "login", "trusted", "trusted (a backend with a service key) or password")
	b.password = passwords(cmd, p)
	flags.StringArrayVar(&b.sources, "source", nil, "`address` of this machine for sockets; repeat it past 25,000 sockets")
	flags.StringArrayVar(&b.watch, "watch", nil, "`NAME=PID` of a process whose CPU and memory are of interest, its children included; local servers are found by themselves")
	flags.DurationVar(&o.GiveUp, "give-up", scenario.GiveUp(name), "end when nothing has succeeded for so long")
	flags.BoolVar(&b.json, "json", false, "print the result as JSON")
	flags.StringVar(&b.jsonFile, "out", "", "`file` for the result as JSON, for hotseat bench compare")
	flags.StringVar(&b.html, "html", "", "`file` for a report to look at; it needs no network")
	flags.StringVar(&b.record, "record", "", "`file` for the history of every operation, for hotseat verify")
	b.limits.bind(flags)
	return cmd
}

// paced adds the flags of scenarios that do one thing again and again.
func paced(cmd *cobra.Command, b *benchCommand, workers int) {
	flags := cmd.Flags()
	flags.IntVar(&b.options.Workers, "in-flight", workers, "how many operations are under way at once, at most")
	flags.Float64Var(&b.options.Rate, "rate", 0, "operations a second, whatever the server does (0: each begins when another has ended)")
	flags.BoolVar(&b.options.Steady, "steady", false, "even gaps in --rate, instead of those of people who do not know of each other")
	lasting(cmd, b)
	flags.DurationVar(&b.options.Warm, "warm-up", 2*time.Second, "how long before that nothing is counted")
}

func lasting(cmd *cobra.Command, b *benchCommand) {
	cmd.Flags().DurationVar(&b.options.Length, "time", 10*time.Second, "how long is measured")
}

func (b *benchCommand) run(ctx context.Context, cmd *cobra.Command) error {
	if err := b.prepare(ctx, cmd); err != nil {
		return err
	}
	if err := b.writable(); err != nil {
		return err
	}
	limits, err := b.limits.measure(ctx, b)
	if err != nil {
		return err
	}
	progress := newProgress(b.err)
	b.options.Progress = progress
	result, err := b.options.Run(ctx, b.name)
	progress.close()
	if b.options.History != nil {
		err = errors.Join(err, b.options.History.Close())
	}
	if result != nil {
		limits.BesideRates(result)
		limits.BesideTimes(result)
		err = errors.Join(err, b.write(result))
	}
	return benchError(err)
}

// benchError gives errors of the load the exit codes of other commands.
func benchError(err error) error {
	var (
		unreachable *caller.Unreachable
		refused     *caller.Refused
	)
	switch {
	case errors.Is(err, scenario.ErrOptions):
		return &usageError{err}
	case errors.Is(err, scenario.ErrGone), errors.As(err, &unreachable):
		return &exitError{err, client.ExitUnreachable}
	case errors.As(err, &refused) && refused.Code != "", errors.Is(err, scenario.ErrNoKey):
		return &exitError{err, client.ExitRefused}
	}
	return err
}

func (b *benchCommand) prepare(ctx context.Context, cmd *cobra.Command) error {
	o := &b.options
	if len(b.targets) == 0 {
		b.targets = []string{defaultServer}
		if given := getenv(b.environ, "HOTSEAT_SERVER"); given != "" {
			b.targets[0] = given
		}
	}
	for _, t := range b.targets {
		target, err := caller.NewTarget(ctx, t)
		var unreachable *caller.Unreachable
		if errors.As(err, &unreachable) {
			return benchError(err)
		}
		if err != nil {
			return usagef("--target: %w", err)
		}
		o.Targets = append(o.Targets, target)
	}
	for _, s := range b.sources {
		address, err := netip.ParseAddr(s)
		if err != nil {
			return usagef("--source: %w", err)
		}
		o.Sources = append(o.Sources, address)
	}
	if err := b.keys(cmd.Context()); err != nil {
		return err
	}
	o.Command = commandLine(cmd)
	return b.watched()
}

// keys finds what to log in with. A run has one key; of several that are found the first is taken.
func (b *benchCommand) keys(ctx context.Context) error {
	c := &connection{program: b.program}
	var found []string
	var err error
	switch b.login {
	case "trusted":
		found, err = c.secrets(serviceKeyFile, "service", func(s *config.Config) []config.Key { return s.ServiceKeys })
		b.options.ServiceKey = first(found)
	case "password":
		if b.options.Password, err = b.password.ask(ctx, "all employees of the run", false); err == nil {
			found, err = c.secrets(adminKeyFile, "admin", func(s *config.Config) []config.Key { return s.AdminKeys })
			b.options.AdminKey = first(found)
		}
	default:
		err = usagef("--login: %q is neither trusted nor password", b.login)
	}
	return err
}

func first(secrets []string) string {
	if len(secrets) == 0 {
		return ""
	}
	return secrets[0]
}

// watched are the processes that --watch names, and the servers of this machine.
func (b *benchCommand) watched() error {
	for _, w := range b.watch {
		name, number, _ := strings.Cut(w, "=")
		pid, err := strconv.Atoi(number)
		if err != nil || name == "" || pid <= 0 {
			return usagef("--watch: %q is not NAME=PID", w)
		}
		b.options.Watch = append(b.options.Watch, host.Process{Name: name, PID: pid, Children: true, Server: name == "server"})
	}
	for i, t := range b.options.Targets {
		found, err := host.Listening(t.Address)
		if err != nil || slices.ContainsFunc(b.options.Watch, func(p host.Process) bool { return p.PID == found.PID }) {
			continue // elsewhere, or not ours: then nothing is said about it; or it is watched already
		}
		if len(b.options.Targets) > 1 {
			found.Name = fmt.Sprintf("server %d", i+1)
		}
		b.options.Watch = append(b.options.Watch, found)
	}
	return nil
}

// writable finds out before the run that its files can be written, and leaves them as they are.
func (b *benchCommand) writable() error {
	for _, path := range []string{b.jsonFile, b.html} {
		if path == "" {
			continue
		}
		if err := history.Writable(path); err != nil {
			return err
		}
	}
	if b.record == "" {
		return nil
	}
	var err error
	b.options.History, err = history.CreateLate(b.record, history.Header{Command: b.options.Command, Seed: b.options.Seed, Alone: true})
	return err
}

func (b *benchCommand) write(r *report.Result) error {
	results := []report.Result{*r}
	encoded, err := report.Encode(results)
	if err != nil {
		return err
	}
	if b.jsonFile != "" {
		if err := os.WriteFile(b.jsonFile, encoded, 0o644); err != nil { // #nosec G306 -- a report, for everybody to read
			return err
		}
	}
	if b.html != "" {
		page, err := report.HTML(results)
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.html, page, 0o644); err != nil { // #nosec G306 -- a report, for everybody to read
			return err
		}
	}
	if b.json {
		_, err = b.out.Write(encoded)
		return err
	}
	return report.Text(b.out, r)
}

// commandLine is the command as a shell would read it: every flag that was given. No flag holds a secret.
func commandLine(cmd *cobra.Command) string {
	words := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			words = append(words, "--"+f.Name+"="+quoted(v))
		}
	})
	return strings.Join(words, " ")
}

// quoted is a word for a shell.
func quoted(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,") == "" && word != "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
