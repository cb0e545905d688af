package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/bench/program"
)

// run is one store with the binary on it. Its methods are for one goroutine.
type run struct {
	server    *program.Node
	storeCPU  func() time.Duration // of the database's processes; nil when the store is inside the server
	commit    func(context.Context) error
	employees int
	rounds    int // so far, for names of terminals
	logins    int // so far
	tabs      []*tab
	profile   string // file for a CPU profile of the server; none when empty
}

// figures are one run's results.
type figures struct {
	takeovers  int
	wall       time.Duration
	app, store time.Duration // CPU
	resident   int64
	alone      latency // notices, one login in flight
	crowd      latency // notices, 64 logins in flight
	one        latency // durable commits, one in flight
	whole      sum     // the run from its start
}

// latency is a sample of durations, sorted.
type latency []time.Duration

func (l latency) at(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(len(l)-1, int(q*float64(len(l))))]
}

// measure seats everybody, then takes turns: latencies with one login in flight against single
// commits, latencies with 64, and for as long as it is told takeovers with 256.
func (r *run) measure(length time.Duration) (f figures, err error) {
	r.tabs = make([]*tab, r.employees)
	if _, err := r.takeOver(64, r.all()); err != nil {
		return f, err
	}
	for turn := range 10 {
		turns := r.all()[turn*100 : turn*100+100]
		alone, err := r.takeOver(1, turns)
		if err != nil {
			return f, err
		}
		f.alone = append(f.alone, alone...)
		commits, err := r.commits(100)
		if err != nil {
			return f, err
		}
		f.one = append(f.one, commits...)
	}
	if f.crowd, err = r.takeOver(64, r.all()); err != nil {
		return f, err
	}
	profiled := r.profiling(length)
	for f.wall < length {
		if err := r.burst(&f); err != nil {
			return f, err
		}
	}
	if err := <-profiled; err != nil {
		return f, fmt.Errorf("profile: %w", err)
	}
	if err := r.carried(); err != nil {
		return f, err
	}
	app, store, err := r.cpu()
	if err != nil {
		return f, err
	}
	f.whole = sum{app + store, r.logins}
	f.resident, err = r.server.Process().Resident()
	for _, l := range []latency{f.alone, f.crowd, f.one} {
		slices.Sort(l)
	}
	return f, err
}

// profiling writes a CPU profile of the next so many seconds where one is wanted, and answers when it is
// there.
func (r *run) profiling(length time.Duration) <-chan error {
	done := make(chan error, 1)
	if r.profile == "" {
		done <- nil
		return done
	}
	go func() {
		profile, err := r.server.Profile(context.Background(), length)
		if err == nil {
			err = os.WriteFile(r.profile, profile, 0o644)
		}
		done <- err
	}()
	return done
}

func (r *run) all() []int {
	all := make([]int, r.employees)
	for i := range all {
		all[i] = i
	}
	return all
}

// commits are durable commits by the store itself, one after the other.
func (r *run) commits(n int) (took latency, err error) {
	for range n {
		began := time.Now()
		if err := r.commit(context.Background()); err != nil {
			return nil, fmt.Errorf("a single commit: %w", err)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// burst takes every seat once with 256 logins in flight and books what that cost. Opening the new
// tabs is not part of it.
func (r *run) burst(f *figures) error {
	app, store, err := r.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	seats, _, err := r.logIn(256, r.all())
	if err != nil {
		return err
	}
	for _, t := range r.tabs {
		<-t.told // nobody is overtaken by the next tab
	}
	f.wall += time.Since(began)
	app2, store2, err := r.cpu()
	if err != nil {
		return err
	}
	f.app, f.store = f.app+app2-app, f.store+store2-store
	f.takeovers += len(seats)
	return r.seat(r.all(), seats)
}

func (r *run) cpu() (app, store time.Duration, err error) {
	if r.storeCPU != nil {
		store = r.storeCPU()
	}
	app, err = r.server.Process().CPU()
	return app, store, err
}

// takeOver logs the employees in, with so many at once, and opens their new tabs. It returns how
// long after the start of each login the older tab had read its notice.
func (r *run) takeOver(atOnce int, who []int) (latency, error) {
	before := slices.Clone(r.tabs)
	seats, began, err := r.logIn(atOnce, who)
	if err != nil {
		return nil, err
	}
	var told latency
	for i, employee := range who {
		if t := before[employee]; t != nil {
			at, ok := <-t.told
			if !ok {
				return nil, fmt.Errorf("the tab of employee %d was closed untold", employee)
			}
			told = append(told, at.Sub(began[i]))
		}
	}
	return told, r.seat(who, seats)
}

// logIn returns the seats and the starts of the logins, in the order of who.
func (r *run) logIn(atOnce int, who []int) ([]seat, []time.Time, error) {
	seats, began := make([]seat, len(who)), make([]time.Time, len(who))
	r.rounds, r.logins = r.rounds+1, r.logins+len(who)
	terminal := fmt.Sprintf("till-%d", r.rounds)
	err := inParallel(atOnce, len(who), func() (func(int) error, error) {
		c, err := dial(r.server.Listen)
		return func(i int) (err error) {
			began[i] = time.Now()
			seats[i], err = c.login(fmt.Sprintf("employee-%d", who[i]), terminal)
			return err
		}, err
	})
	return seats, began, err
}

// seat opens a tab for each new session.
func (r *run) seat(who []int, seats []seat) error {
	return inParallel(16, len(who), func() (func(int) error, error) {
		return func(i int) (err error) {
			r.tabs[who[i]], err = sit(r.server.Listen, seats[i])
			return err
		}, nil
	})
}

// inParallel does 0 … n-1 with so many workers; each worker makes what it needs first.
func inParallel(workers, n int, worker func() (do func(int) error, err error)) error {
	var (
		next   atomic.Int64
		all    sync.WaitGroup
		failed = make(chan error, workers)
	)
	for range min(workers, n) {
		all.Go(func() {
			do, err := worker()
			for err == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				err = do(i)
			}
			failed <- err
		})
	}
	all.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
