package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/host"
)

// Options are what all scenarios have in common, and each one's own. The zero value of a field that
// a scenario uses is its default.
type Options struct {
	Targets []*caller.Target
	// ServiceKey is for trusted logins; with a Password employees log in themselves, and AdminKey
	// makes those that are not there.
	ServiceKey, AdminKey, Password string
	// Prefix begins the names of the employees: prefix-0 and on.
	Prefix string
	// Employees is how many there are; too few of them wait for each other.
	Employees int
	// Workers is how many operations run at once at most.
	Workers int
	// Rate is operations a second, in an open loop; zero: a closed loop.
	Rate float64
	// Steady gives a Rate even gaps.
	Steady bool
	Seed   uint64
	// Warm comes before the measurement, Length is how long it takes.
	Warm, Length time.Duration
	// Sources are addresses of this machine for the sockets.
	Sources []netip.Addr
	// Watch are processes whose CPU time and memory are of interest.
	Watch []host.Process
	// GiveUp is how long nothing may succeed before the run ends.
	GiveUp time.Duration
	// History gets every operation; nil: none.
	History *history.Recorder
	// Progress hears how far the run is; nil: nobody.
	Progress Progress
	// Command is the command line for the report, and Name the result's; empty: the scenario's.
	Command, Name string

	// After, when set, is called after each takeover of a closed loop with one in flight, while the
	// clock stands still: for what is to be measured in turns with them.
	After func(context.Context) error

	Sockets   int           // connect: further sockets for each session; storm: none
	Hold      time.Duration // connect: how long sockets are held before memory is read; under Asleep: of those awake
	Storms    int           // storm: how often
	Spread    time.Duration // storm: how long the clients' return is spread over
	Level     string        // check: local or strict
	Days      int           // mixed: shifts that fit into Length
	Kill      string        // failover: the command that ends a node
	KillAfter time.Duration // failover: when
	OpsURL    string        // connect: where a garbage collection can be asked for; empty: none is
}

// Progress hears how a run goes. Its methods are called by one goroutine at a time.
type Progress interface {
	// Phase begins a part of the run with so many steps; 0: a part that ends by itself.
	Phase(name string, steps int)
	// Step says how many of the steps are done, and what there is to see.
	Step(done int, say string)
}

// oneAtATime keeps the promise that a Progress is called by one goroutine at a time; to may be nil.
type oneAtATime struct {
	mu sync.Mutex
	to Progress
}

func (p *oneAtATime) Phase(name string, steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to != nil {
		p.to.Phase(name, steps)
	}
}

func (p *oneAtATime) Step(done int, say string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to != nil {
		p.to.Step(done, say)
	}
}

// Names are the scenarios, in the order in which they are best tried.
var Names = []string{"connect", "takeover", "storm", "check", "refresh", "mixed", "failover"}

func (o Options) defaulted(scenario string) (Options, error) {
	if !slices.Contains(Names, scenario) {
		return o, fmt.Errorf("no scenario %q", scenario)
	}
	if len(o.Targets) == 0 {
		return o, errors.New("no target")
	}
	if o.ServiceKey == "" && o.Password == "" {
		return o, ErrNoKey
	}
	fill(&o.Prefix, "bench")
	fill(&o.Employees, 1000)
	fill(&o.Workers, 64)
	fill(&o.Length, 10*time.Second)
	fill(&o.GiveUp, GiveUp(scenario))
	fill(&o.Level, "local")
	fill(&o.Storms, 3)
	fill(&o.KillAfter, o.Length/4)
	o.Progress = &oneAtATime{to: o.Progress}
	if scenario == "failover" {
		fill(&o.Rate, 200)
	}
	return o, o.check(scenario)
}

// GiveUp is how long nothing may succeed in a scenario, unless something else is asked for. A cluster
// that loses a node has longer to come back than a server that answers nobody.
func GiveUp(scenario string) time.Duration {
	if scenario == "failover" {
		return 30 * time.Second
	}
	return 5 * time.Second
}

// ErrOptions: what was asked for cannot be done with any server.
var ErrOptions = errors.New("these options do not go together")

func (o *Options) check(scenario string) error {
	switch {
	case scenario == "check" && o.Level != "local" && o.Level != "strict":
		return fmt.Errorf("%w: level %q is neither local nor strict", ErrOptions, o.Level)
	case scenario == "failover" && o.Kill == "":
		return fmt.Errorf("%w: failover needs --kill, a command that ends a node", ErrOptions)
	case scenario == "failover" && o.KillAfter >= o.Length:
		return fmt.Errorf("%w: the node would be killed %s after the beginning, and %s are measured", ErrOptions, o.KillAfter, o.Length)
	case o.Sockets < 0 || o.Sockets > mostFurther:
		return fmt.Errorf("%w: %d further sockets for each session, a server closes the oldest of more than 20: give at most %d", ErrOptions, o.Sockets, mostFurther)
	case o.Employees < 1 || o.Workers < 1 || o.Rate < 0 || o.Length < 0 || o.Warm < 0 || o.Storms < 1 || o.Spread < 0:
		return fmt.Errorf("%w: %d employees, %d in flight, rate %g, %s: none may be below zero, and the first two not zero",
			ErrOptions, o.Employees, o.Workers, o.Rate, o.Length)
	}
	return nil
}

// mostFurther sockets fit beside a session's own.
const mostFurther = 19

// ErrNoKey: nothing to log in with.
var ErrNoKey = errors.New("no service key: set HOTSEAT_SERVICE_KEY or HOTSEAT_SERVICE_KEY_FILE, run this where the server's data folder is, or give --login password")

func fill[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
