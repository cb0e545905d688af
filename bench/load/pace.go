package load

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Pace says when operations begin. The zero Rate is a closed loop.
type Pace struct {
	// Workers is how many operations run at once at most. At a rate it bounds what a stalled server
	// is sent; operations past it begin late, and are charged for their waiting.
	Workers int
	// Rate is operations a second, whatever the server does. Zero: each worker begins its next
	// operation when its last has ended.
	Rate float64
	// Steady makes the gaps of a Rate equal. Else they are those of a Poisson process, as of people
	// who do not know of each other.
	Steady bool
	// Schedule, when given, says when each operation is to begin, in ascending order from the run's
	// beginning, in the place of a Rate.
	Schedule []time.Duration
	// Seed decides the gaps.
	Seed uint64
	// Count ends a closed loop after so many operations; zero: only its context ends it.
	Count int
	// Length ends the offering of a Rate or a closed loop; operations under way are waited for,
	// since those that take longest are the ones that a sudden end would leave out. Zero: only the
	// Count or the context ends it.
	Length time.Duration
}

// Start is one operation's beginning.
type Start struct {
	Number int       // from 0
	Worker int       // from 0; a worker does one operation at a time
	At     time.Time // when it was to begin: its time counts from here
}

// Offered is what the generator did.
type Offered struct {
	Begun int
	// Late is, at a rate, how long after its due time an operation began although a worker was
	// free: the generator's own fault.
	Late *Histogram
	// Waited counts operations that were due while all workers were busy.
	Waited int
}

// Run calls work until the pace or ctx ends it, and returns when all of it has returned. After the
// first error of work no operation begins.
func (p Pace) Run(ctx context.Context, work func(context.Context, Start) error) (*Offered, error) {
	if p.Workers < 1 {
		return nil, fmt.Errorf("%d workers: at least one is needed", p.Workers)
	}
	if p.Rate < 0 || p.Count < 0 {
		return nil, fmt.Errorf("rate %g, count %d: neither may be below zero", p.Rate, p.Count)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &running{Pace: p, work: work, fail: cancel, offered: &Offered{Late: NewHistogram()}}
	if p.Rate > 0 || p.Schedule != nil {
		r.open(ctx)
	} else {
		r.closed(ctx)
	}
	return r.offered, r.err
}

// running is one Run.
type running struct {
	Pace
	work    func(context.Context, Start) error
	fail    context.CancelCauseFunc
	offered *Offered

	mu  sync.Mutex // of err and offered.Late
	err error
}

func (r *running) do(ctx context.Context, s Start) bool {
	err := r.work(ctx, s)
	if err == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
		r.fail(err)
	}
	return false
}

func (r *running) closed(ctx context.Context) {
	var (
		next  atomic.Int64
		all   sync.WaitGroup
		began = time.Now()
	)
	for worker := range r.Workers {
		all.Go(func() {
			for ctx.Err() == nil && (r.Length == 0 || time.Since(began) < r.Length) {
				n := int(next.Add(1)) - 1
				if r.Count > 0 && n >= r.Count {
					next.Add(-1)
					return
				}
				if !r.do(ctx, Start{Number: n, Worker: worker, At: time.Now()}) {
					return
				}
			}
		})
	}
	all.Wait()
	r.offered.Begun = int(next.Load())
}

// due is an operation whose time has come.
type due struct {
	number int
	at     time.Time
	free   bool // a worker was waiting for it
}

// backlog bounds the operations that are due and wait for a worker. When it is full the pacer
// waits too; what it offers then still counts from its due time.
const backlog = 1 << 16

func (r *running) open(ctx context.Context) {
	var (
		queue = make(chan due, backlog)
		idle  atomic.Int64 // workers that wait, less the operations that wait for them
		all   sync.WaitGroup
	)
	idle.Store(int64(r.Workers))
	for worker := range r.Workers {
		all.Go(func() {
			for d := range queue {
				if d.free {
					r.late(time.Since(d.at))
				}
				if ctx.Err() == nil {
					r.do(ctx, Start{Number: d.number, Worker: worker, At: d.at})
				}
				idle.Add(1)
			}
		})
	}
	r.pace(ctx, queue, &idle)
	close(queue)
	all.Wait()
}

func (r *running) pace(ctx context.Context, queue chan<- due, idle *atomic.Int64) {
	clock := newAlarm()
	defer clock.close()
	began := time.Now()
	for at := range r.times() {
		if !clock.until(ctx, began.Add(at)) {
			return
		}
		free := idle.Add(-1) >= 0
		if !free {
			r.offered.Waited++
		}
		select {
		case queue <- due{number: r.offered.Begun, at: began.Add(at), free: free}:
			r.offered.Begun++
		case <-ctx.Done():
			return
		}
	}
}

func (r *running) late(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offered.Late.Record(by)
}

// times are when operations are to begin.
func (r *running) times() iter.Seq[time.Duration] {
	if r.Schedule != nil {
		return slices.Values(r.Schedule)
	}
	gaps := r.gaps()
	return func(yield func(time.Duration) bool) {
		for at := gaps(); r.Length == 0 || at < r.Length; at += gaps() {
			if !yield(at) {
				return
			}
		}
	}
}

// gaps gives the time from each operation to the next.
func (r *running) gaps() func() time.Duration {
	mean := float64(time.Second) / r.Rate
	if r.Steady {
		return func() time.Duration { return time.Duration(mean) }
	}
	random := rand.New(rand.NewPCG(r.Seed, 0x6c6f6164))
	return func() time.Duration { return time.Duration(mean * random.ExpFloat64()) }
}
