package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

var (
	most   = flag.Int("nodes", 5, "the largest cluster")
	rest   = flag.Duration("rest", 10*time.Second, "how long to look at a cluster at rest")
	logins = flag.Int("logins", 4000, "logins for each cluster")
	client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
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
	fmt.Println("| nodes | at rest: CPU of a node | of PostgreSQL | transactions/s | per 1000 logins: CPU of all nodes | of PostgreSQL |")
	fmt.Println("|---|---|---|---|---|---|")
	for count := 1; count <= *most; count++ {
		if err := measure(ctx, binary, count); err != nil {
			return fmt.Errorf("%d nodes: %w", count, err)
		}
	}
	return nil
}

// site is one cluster and its database.
type site struct {
	database *pgtest.Server
	watch    *pgx.Conn
	nodes    []*program.Node
}

func measure(ctx context.Context, binary string, count int) (err error) {
	s := &site{}
	if s.database, err = pgtest.Start(pgtest.Options{Fsync: true}); err != nil {
		return err
	}
	defer s.close()
	store, err := s.database.Database("hotseat")
	if err != nil {
		return err
	}
	if s.watch, err = pgx.Connect(ctx, store); err != nil {
		return err
	}
	for n := range count {
		if err := s.start(ctx, binary, store, n, count); err != nil {
			return err
		}
	}
	if err := s.login(500); err != nil { // everything is open and warm
		return err
	}
	nodes, postgres, transactions, err := s.during(ctx, func() error { time.Sleep(*rest); return nil })
	if err != nil {
		return err
	}
	seconds := rest.Seconds()
	fmt.Printf("| %d | %.1f %% | %.1f %% | %.0f ", count, 100*nodes/seconds/float64(count), 100*postgres/seconds, float64(transactions)/seconds)
	nodes, postgres, _, err = s.during(ctx, func() error { return s.login(*logins) })
	if err != nil {
		return err
	}
	fmt.Printf("| %.2f s | %.2f s |\n", nodes/float64(*logins)*1000, postgres/float64(*logins)*1000)
	return nil
}

// start runs a node and waits until it is ready.
func (s *site) start(ctx context.Context, binary, store string, n, count int) error {
	args := []string{"--log-level", "error"}
	if count > 1 {
		args = append(args, "--cluster-listen", "127.0.0.1:0", "--node-name", fmt.Sprintf("node-%d", n+1))
	}
	node, err := program.Start(ctx, program.Options{
		Binary: binary, Folder: fmt.Sprintf("%s-%d-%d", binary, count, n), Store: store, Args: args,
	})
	if err != nil {
		return err
	}
	s.nodes = append(s.nodes, node)
	return nil
}

// login makes takeovers, 32 in flight, each node in turn.
func (s *site) login(count int) error {
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, 32)
	for range cap(failed) {
		all.Go(func() {
			for i := int(next.Add(1)); i <= count; i = int(next.Add(1)) {
				if err := s.one(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (s *site) one(i int) error {
	body := fmt.Sprintf(`{"employee_id":"employee-%d","terminal_id":"till-%d"}`, i%200, i/200%2)
	request, err := http.NewRequest("POST", "http://"+s.nodes[i%len(s.nodes)].Listen+"/v1/sessions", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+program.ServiceKey)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("a login was answered %s", answer.Status)
	}
	return nil
}

// during answers the CPU seconds of all nodes and of the database, and its transactions, while do runs.
func (s *site) during(ctx context.Context, do func() error) (nodes, postgres float64, transactions int64, err error) {
	nodesBefore, err := s.cpu()
	postgresBefore, before := s.database.CPU(), s.transactions(ctx)
	if err = errors.Join(err, do()); err != nil {
		return 0, 0, 0, err
	}
	nodesAfter, err := s.cpu()
	return (nodesAfter - nodesBefore).Seconds(), (s.database.CPU() - postgresBefore).Seconds(), s.transactions(ctx) - before, err
}

func (s *site) cpu() (total time.Duration, err error) {
	for _, node := range s.nodes {
		used, failed := node.Process().CPU()
		total, err = total+used, errors.Join(err, failed)
	}
	return total, err
}

func (s *site) transactions(ctx context.Context) (count int64) {
	// What cannot be read is not measured: the figure is then plainly wrong, not nearly right.
	_, _ = s.watch.Exec(ctx, `SELECT pg_stat_clear_snapshot()`)
	_ = s.watch.QueryRow(ctx, `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&count)
	return count
}

func (s *site) close() {
	for _, node := range s.nodes {
		node.Stop()
	}
	if s.watch != nil {
		_ = s.watch.Close(context.Background())
	}
	s.database.Close()
}
