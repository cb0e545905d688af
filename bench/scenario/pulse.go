package scenario

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// ErrGone: nothing has succeeded for GiveUp.
var ErrGone = errors.New("the server is gone")

// pulse tells a server that is gone from one that nobody asks anything. Any goroutine may use it.
type pulse struct {
	succeeded atomic.Int64 // when an operation last did, in nanoseconds of the wall clock

	mu    sync.Mutex // owed and since change at once: with an old since the first one after a pause looks like silence
	owed  int        // operations that wait for an answer
	since time.Time  // since when there has always been one
}

// succeed notes that the server lives.
func (p *pulse) succeed() { p.succeeded.Store(time.Now().UnixNano()) }

// owes begins an operation, and answers with its end.
func (p *pulse) owes() (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owed++; p.owed == 1 {
		p.since = time.Now()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.owed--
	}
}

// silence is for how long the server has owed how many answers without giving any.
func (p *pulse) silence() (silent time.Duration, owed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owed == 0 {
		return 0, 0
	}
	return min(time.Since(p.since), time.Since(time.Unix(0, p.succeeded.Load()))), p.owed
}

// offer runs operations at a pace.
func (r *run) offer(ctx context.Context, pace load.Pace, work func(context.Context, load.Start) error) (*load.Offered, error) {
	return pace.Run(ctx, func(ctx context.Context, s load.Start) error {
		defer r.pulse.owes()()
		return work(ctx, s)
	})
}

// watch ends the run when the server is silent for GiveUp: a server that takes connections and says
// nothing fails no operation.
func (r *run) watch(ctx context.Context) {
	tick := time.NewTicker(min(max(r.GiveUp/10, time.Millisecond), time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if silent, owed := r.pulse.silence(); silent > r.GiveUp {
			r.abort(fmt.Errorf("%w: nothing has succeeded for %s, and %d operations wait for an answer",
				ErrGone, silent.Round(100*time.Millisecond), owed))
		}
	}
}
