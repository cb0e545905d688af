package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/hotseat-hub/hotseat/bench/program"
)

var (
	most   = flag.Int("nodes", 5, "the largest cluster")
	rest   = flag.Duration("rest", 10*time.Second, "how long to look at a cluster at rest")
	logins = flag.Int("logins", 4000, "logins for each figure")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "nodes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "hotseat-nodes-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary, err := program.Build(ctx, folder)
	if err != nil {
		return err
	}
	alone := make([]string, 0, *most)
	fmt.Println("Logins at each node in turn:")
	fmt.Println("\n| nodes | at rest: CPU of a node | of PostgreSQL | transactions/s | per 1000 logins: CPU of all nodes | of PostgreSQL |")
	fmt.Println("|---|---|---|---|---|---|")
	for count := 1; count <= *most; count++ {
		line, err := byNodes(ctx, binary, count)
		if err != nil {
			return fmt.Errorf("%d nodes: %w", count, err)
		}
		alone = append(alone, line)
	}
	fmt.Println("\nAll logins at one node that owns everybody; the others, which drain, read the log and do nothing else:")
	fmt.Println("\n| nodes | per 1000 logins: CPU of the node | of each further node | of PostgreSQL |")
	fmt.Println("|---|---|---|---|")
	for _, line := range alone {
		fmt.Println(line)
	}
	fmt.Println("\nThree nodes, more employees, more logins at once:")
	fmt.Println("\n| employees | in flight | logins/s | per 1000 logins: CPU of all nodes | of PostgreSQL |")
	fmt.Println("|---|---|---|---|---|")
	for _, l := range []load{{200, 32}, {200, 256}, {20_000, 32}, {20_000, 256}} {
		if err := byLoad(ctx, binary, l); err != nil {
			return fmt.Errorf("%d employees, %d in flight: %w", l.employees, l.flight, err)
		}
	}
	return nil
}

// usual is the load under which nodes are counted.
var usual = load{employees: 200, flight: 32}

// byNodes prints what so many nodes cost, and returns the line of what they cost when one does it all.
func byNodes(ctx context.Context, binary string, count int) (alone string, err error) {
	s, err := newSite(ctx, binary, count)
	if err != nil {
		return "", err
	}
	defer s.close()
	if err := s.login(usual, 500, s.nodes); err != nil { // everything is open and warm
		return "", err
	}
	idle, err := s.during(ctx, func() error { time.Sleep(*rest); return nil })
	if err != nil {
		return "", err
	}
	busy, err := s.during(ctx, func() error { return s.login(usual, *logins, s.nodes) })
	if err != nil {
		return "", err
	}
	fmt.Printf("| %d | %.1f %% | %.1f %% | %.0f | %.2f s | %.2f s |\n", count, 100*idle.perSecond(idle.nodes())/float64(count),
		100*idle.perSecond(idle.postgres), idle.perSecond(float64(idle.transactions)), per1000(busy.nodes(), *logins), per1000(busy.postgres, *logins))

	if err := s.drainAllButOne(ctx); err != nil {
		return "", err
	}
	if idle, err = s.during(ctx, func() error { time.Sleep(*rest); return nil }); err != nil {
		return "", err
	}
	many := 10 * *logins // what a further node adds is little
	if busy, err = s.during(ctx, func() error { return s.login(usual, many, s.nodes[:1]) }); err != nil {
		return "", err
	}
	further := "–"
	if count > 1 { // less what they cost when nobody logs in
		each := (busy.further() - idle.perSecond(idle.further())*busy.took.Seconds()) / float64(count-1)
		further = fmt.Sprintf("%.4f s", per1000(each, many))
	}
	return fmt.Sprintf("| %d | %.2f s | %s | %.2f s |", count, per1000(busy.cpu[0], many), further, per1000(busy.postgres, many)), nil
}

// byLoad prints what three nodes cost under that load.
func byLoad(ctx context.Context, binary string, l load) error {
	s, err := newSite(ctx, binary, min(3, *most))
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.login(l, l.employees, s.nodes); err != nil { // everybody has a session to take over
		return err
	}
	many := 3 * *logins
	busy, err := s.during(ctx, func() error { return s.login(l, many, s.nodes) })
	if err != nil {
		return err
	}
	fmt.Printf("| %d | %d | %.0f | %.2f s | %.2f s |\n", l.employees, l.flight, busy.perSecond(float64(many)),
		per1000(busy.nodes(), many), per1000(busy.postgres, many))
	return nil
}
