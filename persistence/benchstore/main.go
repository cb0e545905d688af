// Command benchstore measures what one durable login costs in the store, against what it replaces.
//
// It runs a PostgreSQL of its own with fsync on and, in turns on that one server, the naive takeover in
// pgbench (BEGIN; UPDATE; INSERT; INSERT; COMMIT from 256 connections) and takeovers made by the rules
// of package session through the batcher, 256 in flight, one lane. It prints both rates, their ratio,
// and the CPU time of PostgreSQL's processes per 1000 takeovers.
//
// Next: docs/performance.md for what was measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

func main() {
	o := options{}
	flag.IntVar(&o.employees, "employees", 200_000, "employees in each of the two schemas")
	flag.IntVar(&o.inFlight, "in-flight", 256, "takeovers in flight, and pgbench's connections")
	flag.IntVar(&o.lanes, "lanes", 1, "the batcher's lanes")
	flag.IntVar(&o.turns, "turns", 2, "how often each side has its turn")
	flag.DurationVar(&o.turn, "turn", 10*time.Second, "length of a turn")
	flag.StringVar(&o.dir, "dir", "", "where PostgreSQL's folder is made; a disk, not a tmpfs")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of this program's turns")
	flag.Float64Var(&o.least, "least", 0, "fail when the ratio is below this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "benchstore:", err)
		os.Exit(1)
	}
}

type options struct {
	employees, inFlight, lanes, turns int
	turn                              time.Duration
	dir, profile                      string
	least                             float64
}

// result adds up the turns of one side.
type result struct {
	takeovers int64
	took      time.Duration
	postgres  time.Duration // CPU time of the server
	program   time.Duration // CPU time of the client
}

func (r *result) add(o result) {
	r.takeovers += o.takeovers
	r.took += o.took
	r.postgres += o.postgres
	r.program += o.program
}

func (r result) perSecond() float64 { return float64(r.takeovers) / r.took.Seconds() }

func (r result) String() string {
	per1000 := func(d time.Duration) float64 { return d.Seconds() / float64(r.takeovers) * 1000 }
	return fmt.Sprintf("%8.0f/s   CPU s per 1000: PostgreSQL %.4f, client %.4f", r.perSecond(), per1000(r.postgres), per1000(r.program))
}

func run(ctx context.Context, o options) error {
	server, err := pgtest.Start(pgtest.Options{Fsync: true, Dir: o.dir, Settings: map[string]string{
		"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
	}})
	if err != nil {
		return err
	}
	defer server.Close()
	n := rival{o: o, server: server}
	g := grouped{o: o, server: server}
	if err := n.prepare(ctx); err != nil {
		return fmt.Errorf("prepare pgbench: %w", err)
	}
	if err := g.prepare(ctx); err != nil {
		return fmt.Errorf("prepare store: %w", err)
	}
	defer g.close()
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	return measure(ctx, o, &n, &g)
}

func measure(ctx context.Context, o options, n *rival, g *grouped) error {
	var naives, groups result
	for turn := range o.turns {
		a, err := n.turn(ctx)
		if err != nil {
			return fmt.Errorf("pgbench: %w", err)
		}
		b, err := g.turn(ctx)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		fmt.Printf("turn %d  naive   %s\n        hotseat %s, %.0f per commit, %.2f ms each\n", turn+1, a, b, g.batchSize(), g.commitTime().Seconds()*1000)
		naives.add(a)
		groups.add(b)
	}
	ratio := groups.perSecond() / naives.perSecond()
	fmt.Printf("all     naive   %s\n        hotseat %s\nratio   %.1f x\n", naives, groups, ratio)
	if ratio < o.least {
		return fmt.Errorf("%.1f times the naive rate, at least %.1f is wanted", ratio, o.least)
	}
	return nil
}
