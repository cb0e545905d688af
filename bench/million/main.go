package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/actors"
	"github.com/hotseat-hub/hotseat/session"
)

func main() {
	o := options{}
	flag.IntVar(&o.employees, "employees", 1_000_000, "how many, at least 15000")
	flag.StringVar(&o.profile, "heapprofile", "", "write a heap profile when all are there")
	flag.Float64Var(&o.mostRSS, "most-rss", 0, "fail when more GB than this are resident at the end")
	flag.DurationVar(&o.mostGC, "most-gc", 0, "fail when a full garbage collection takes more CPU time than this")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "million:", err)
		os.Exit(1)
	}
}

type options struct {
	employees int
	profile   string
	mostRSS   float64
	mostGC    time.Duration
}

// The slope of memory is taken between these numbers of employees: what the process needs without
// any is not in it.
const few, many = 2_000, 15_000

func (o *options) run() error {
	s := actors.New(actors.Options{Store: blank{}, Gateway: nowhere{}, View: nowhere{}, Clock: wall{}})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	defer func() { cancel(); <-stopped }()

	fmt.Printf("%-12s %14s %14s %14s %14s\n", "employees", "RSS MB", "bytes each", "full GC ms", "CPU us each")
	var last measured
	for at, next := range []int{0, few, many, max(o.employees, many)} {
		m, err := o.come(s, last, next)
		if err != nil {
			return err
		}
		if at > 0 {
			fmt.Printf("%-12d %14.1f %14.0f %14.1f %14.1f\n", m.employees, float64(m.rss)/1e6, m.each(last),
				m.gc.Seconds()*1e3, m.cpu.Seconds()*1e6/float64(m.employees-last.employees))
		}
		last = m
	}
	if err := o.awaken(s, last); err != nil {
		return err
	}
	return o.judge(last)
}

// measured is how the process stands with so many employees.
type measured struct {
	employees int
	rss       int64
	gc        time.Duration // CPU time of one full collection
	cpu       time.Duration // that it took to come so far from the step before
}

func (m measured) each(before measured) float64 {
	return float64(m.rss-before.rss) / float64(m.employees-before.employees)
}

// come has employees log in until there are so many, and looks when all of them are quiet.
func (o *options) come(s *actors.System, from measured, until int) (m measured, err error) {
	start := cpuTime()
	if err := each(from.employees, until, func(n int, done func(error)) { arrive(s, n, done) }); err != nil {
		return m, err
	}
	quiet(s)
	m = measured{employees: until, cpu: cpuTime() - start}
	if until == o.employees && o.profile != "" {
		if err := heapProfile(o.profile); err != nil {
			return m, err
		}
	}
	before := cpuTime()
	const collections = 3
	for range collections {
		runtime.GC()
	}
	m.gc = (cpuTime() - before) / collections
	debug.FreeOSMemory()
	m.rss, err = resident()
	return m, err
}

// awaken has some of the employees log in elsewhere: what one that sleeps costs more than one that
// has just been busy.
func (o *options) awaken(s *actors.System, all measured) error {
	const some = many
	for _, how := range []string{"asleep", "awake"} {
		start := cpuTime()
		if err := each(0, some, func(n int, done func(error)) { takeOver(s, n, done) }); err != nil {
			return err
		}
		fmt.Printf("a takeover of one %-6s %31.1f us of CPU\n", how, (cpuTime()-start).Seconds()*1e6/some)
	}
	return nil
}

func (o *options) judge(m measured) error {
	switch {
	case o.mostRSS > 0 && float64(m.rss) > o.mostRSS*1e9:
		return fmt.Errorf("%.2f GB are resident, at most %.2f are wanted", float64(m.rss)/1e9, o.mostRSS)
	case o.mostGC > 0 && m.gc > o.mostGC:
		return fmt.Errorf("a full garbage collection took %v of CPU, at most %v is wanted", m.gc, o.mostGC)
	}
	return nil
}

// each calls ask for every number, with inFlight of them unanswered at once.
func each(from, until int, ask func(n int, done func(error))) error {
	const inFlight = 1024
	places := make(chan struct{}, inFlight)
	var failed atomic.Pointer[error]
	for n := from; n < until; n++ {
		places <- struct{}{}
		ask(n, func(err error) {
			if err != nil {
				failed.Store(&err)
			}
			<-places
		})
	}
	for range inFlight {
		places <- struct{}{}
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func arrive(s *actors.System, n int, done func(error)) {
	key, login := loginOf(n, 0)
	s.Send(key, login, func(r session.Reply, err error) {
		if err != nil {
			done(err)
			return
		}
		attach := session.Attach{Session: r.Session.ID, Epoch: r.Session.Epoch, Socket: session.Socket{Node: node, Conn: uint64(n)}}
		s.Send(key, attach, func(_ session.Reply, err error) { done(err) })
	})
}

func takeOver(s *actors.System, n int, done func(error)) {
	key, login := loginOf(n, int(turns.Add(1)))
	s.Send(key, login, func(_ session.Reply, err error) { done(err) })
}

var turns atomic.Int64

func heapProfile(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	runtime.GC()
	if err := pprof.WriteHeapProfile(f); err != nil {
		return err
	}
	return f.Close()
}
