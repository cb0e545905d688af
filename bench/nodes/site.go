package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
)

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}

// site is one cluster and its database.
type site struct {
	database *pgtest.Server
	watch    *pgx.Conn
	nodes    []*program.Node
}

func newSite(ctx context.Context, binary string, count int) (s *site, err error) {
	s = &site{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.database, err = pgtest.Start(pgtest.Options{Fsync: true}); err != nil {
		return s, err
	}
	store, err := s.database.Database("hotseat")
	if err != nil {
		return s, err
	}
	if s.watch, err = pgx.Connect(ctx, store); err != nil {
		return s, err
	}
	for n := range count {
		if err := s.start(ctx, binary, store, n, count); err != nil {
			return s, err
		}
	}
	return s, nil
}

// start runs a node and waits until it is ready.
func (s *site) start(ctx context.Context, binary, store string, n, count int) error {
	args := []string{"--log-level", "error"}
	if count > 1 {
		args = append(args, "--cluster-listen", "127.0.0.1:0", "--node-name", name(n))
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

func name(n int) string { return fmt.Sprintf("node-%d", n+1) }

// load is who logs in, and how many at once.
type load struct{ employees, flight int }

// login makes takeovers at these nodes in turn.
func (s *site) login(l load, count int, at []*program.Node) error {
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, l.flight)
	for range cap(failed) {
		all.Go(func() {
			for i := int(next.Add(1)); i <= count; i = int(next.Add(1)) {
				body := fmt.Sprintf(`{"employee_id":"employee-%d","terminal_id":"till-%d"}`, i%l.employees, i/l.employees%2)
				if _, err := call("POST", at[i%len(at)], "/v1/sessions", program.ServiceKey, body); err != nil {
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

// drainAllButOne makes the first node the owner of everybody. The others go on reading the log.
func (s *site) drainAllButOne(ctx context.Context) error {
	for n := 1; n < len(s.nodes); n++ {
		if _, err := call("POST", s.nodes[0], "/v1/admin/nodes/"+name(n)+"/drain", program.AdminKey, ""); err != nil {
			return err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		reply, err := call("GET", s.nodes[0], "/v1/admin/cluster", program.AdminKey, "")
		if err != nil {
			return err
		}
		if strings.Count(string(reply), `"draining":true`) == len(s.nodes)-1 {
			tick.Stop()
			return nil
		}
		select {
		case <-tick.C:
		case <-bounded.Done():
			return fmt.Errorf("the other nodes do not drain: %s", reply)
		}
	}
}

// call answers the body, whatever its form; every status but a success is an error.
func call(method string, at *program.Node, path, key, body string) (reply json.RawMessage, err error) {
	request, err := http.NewRequest(method, "http://"+at.Listen+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s was answered %s", path, answer.Status)
	}
	if answer.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	return reply, json.NewDecoder(answer.Body).Decode(&reply)
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
	if s.database != nil {
		s.database.Close()
	}
}

// used is what a site used, in seconds of CPU and in transactions, and in what time.
type used struct {
	cpu          []float64 // by node
	postgres     float64
	transactions int64
	took         time.Duration
}

// during measures while do runs.
func (s *site) during(ctx context.Context, do func() error) (u used, err error) {
	before, err := s.cpu()
	postgres, transactions, start := s.database.CPU(), s.transactions(ctx), time.Now()
	if err = errors.Join(err, do()); err != nil {
		return u, err
	}
	u.took = time.Since(start)
	after, err := s.cpu()
	for n := range after {
		u.cpu = append(u.cpu, (after[n] - before[n]).Seconds())
	}
	u.postgres, u.transactions = (s.database.CPU() - postgres).Seconds(), s.transactions(ctx)-transactions
	return u, err
}

func (s *site) cpu() (each []time.Duration, err error) {
	for _, node := range s.nodes {
		one, failed := node.Process().CPU()
		each, err = append(each, one), errors.Join(err, failed)
	}
	return each, err
}

// nodes is the CPU of all nodes, further that of all but the first.
func (u used) nodes() float64 { return u.cpu[0] + u.further() }

func (u used) further() (total float64) {
	for _, one := range u.cpu[1:] {
		total += one
	}
	return total
}

func (u used) perSecond(what float64) float64 { return what / u.took.Seconds() }

func per1000(what float64, logins int) float64 { return 1000 * what / float64(logins) }
