package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hotseat-hub/hotseat/persistence"
	"github.com/hotseat-hub/hotseat/persistence/batch"
	"github.com/hotseat-hub/hotseat/persistence/pgtest"
	"github.com/hotseat-hub/hotseat/session"
)

// grouped is the takeover by the rules, through the batcher. It is the batcher's store itself, so as
// to see each commit.
type grouped struct {
	o      options
	server *pgtest.Server
	persistence.Store
	batcher *batch.Batcher
	states  []session.State
	stop    func()

	commits, writes, nanos atomic.Int64
}

func (g *grouped) prepare(ctx context.Context) (err error) {
	url, err := g.server.Database("hotseat")
	if err != nil {
		return err
	}
	if g.Store, err = persistence.Open(ctx, url, persistence.Options{}); err != nil {
		return err
	}
	g.batcher = batch.New(g, batch.Options{Lanes: g.o.lanes})
	running, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = g.batcher.Run(running) })
	g.stop = func() { cancel(); all.Wait() }
	g.states = make([]session.State, g.o.employees)
	var next atomic.Int64
	if err := g.work(func(int) (int, bool) { i := int(next.Add(1)) - 1; return i, i < g.o.employees }); err != nil {
		return err
	}
	return execute(ctx, url, "VACUUM ANALYZE")
}

func (g *grouped) close() {
	g.stop()
	_ = g.Close()
}

// Commit counts what it passes on.
func (g *grouped) Commit(ctx context.Context, lane int, writes []persistence.Write) []error {
	began := time.Now()
	errs := g.Store.Commit(ctx, lane, writes)
	g.nanos.Add(int64(time.Since(began)))
	g.commits.Add(1)
	g.writes.Add(int64(len(writes)))
	return errs
}

func (g *grouped) batchSize() float64 { return float64(g.writes.Load()) / float64(g.commits.Load()) }

func (g *grouped) commitTime() time.Duration {
	return time.Duration(g.nanos.Load() / g.commits.Load())
}

func (g *grouped) turn(ctx context.Context) (result, error) {
	g.commits.Store(0)
	g.writes.Store(0)
	g.nanos.Store(0)
	until, cancel := context.WithTimeout(ctx, g.o.turn)
	defer cancel()
	share := g.o.employees / g.o.inFlight
	cpu, own, began := g.server.CPU(), ownCPU(), time.Now()
	err := g.work(func(worker int) (int, bool) {
		return worker*share + rand.IntN(share), until.Err() == nil
	})
	return result{takeovers: g.writes.Load(), took: time.Since(began), postgres: g.server.CPU() - cpu, program: ownCPU() - own}, err
}

// work lets every worker take the seat that next names, one takeover after the other. No two workers
// may have the same employee at a time.
func (g *grouped) work(next func(worker int) (int, bool)) error {
	var all sync.WaitGroup
	failed := make(chan error, g.o.inFlight)
	for worker := range g.o.inFlight {
		all.Go(func() {
			done := make(chan error, 1)
			answer := func(err error, _ bool) { done <- err }
			for {
				i, more := next(worker)
				if !more {
					return
				}
				state, change, err := session.Step(g.states[i], session.TimeOf(time.Now()), login(i, g.states[i].Version))
				if err == nil {
					g.batcher.Commit(state.ID.Key(), g.states[i].Version, &change, answer)
					err = <-done
				}
				if err != nil {
					failed <- fmt.Errorf("takeover of employee %d: %w", i, err)
					return
				}
				g.states[i] = state
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

func login(i int, v session.Version) session.Login {
	var id session.ID
	binary.BigEndian.PutUint64(id[:8], uint64(i))
	binary.BigEndian.PutUint64(id[8:], uint64(v)+1)
	return session.Login{
		Employee: session.EmployeeID(fmt.Sprintf("employee-%07d", i)), Session: id, Terminal: session.TerminalID(fmt.Sprintf("till-%d", v%1000)),
		Device: "Chrome on Linux", IP: "192.0.2.7", Client: "pos-backend", Trusted: true, Lifetime: 12 * time.Hour, Token: 15 * time.Minute,
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		Default:   session.Policy{MaxSessions: 1, OnLimit: session.Takeover},
	}
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // the address is good
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}
