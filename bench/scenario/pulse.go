package scenario

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hotseat-hub/hotseat/bench/load"
)

// ErrGone: nothing has succeeded for GiveUp.
var ErrGone = errors.New("the server is gone")

// pulse tells a server that is gone from one that nobody asks anything. Any goroutine may use it.
type pulse struct {
	succeeded atomic.Int64 // when an operation last did, in nanoseconds of the wall clock
	owed      atomic.Int64 // operations that wait for an answer
	since     atomic.Int64 // since when there has always been one
}

// succeed notes that the server lives.
func (p *pulse) succeed() { p.succeeded.Store(time.Now().UnixNano()) }

// owes begins an operation, and answers with its end.
func (p *pulse) owes() (done func()) {
	if p.owed.Add(1) == 1 {
		p.since.Store(time.Now().UnixNano())
	}
	return func() { p.owed.Add(-1) }
}

// silence is for how long the server has owed an answer without giving any.
func (p *pulse) silence() time.Duration {
	if p.owed.Load() == 0 {
		return 0
	}
	return time.Since(time.Unix(0, max(p.succeeded.Load(), p.since.Load())))
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
		if silent := r.pulse.silence(); silent > r.GiveUp {
			r.abort(fmt.Errorf("%w: nothing has succeeded for %s, and %d operations wait for an answer",
				ErrGone, silent.Round(100*time.Millisecond), r.pulse.owed.Load()))
		}
	}
}
