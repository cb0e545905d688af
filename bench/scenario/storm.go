package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// storm drops all sockets at once, as a proxy that restarts does, and all come back.
func (r *run) storm(ctx context.Context) error {
	if err := r.seatEveryone(ctx); err != nil {
		return err
	}
	r.describe(fmt.Sprintf("%d sockets drop at once and come back, spread over %s; %d times.", r.Employees, r.Spread, r.Storms))
	random := rand.New(rand.NewPCG(r.Seed, 0x73746f726d))
	worst := time.Duration(0)
	r.Progress.Phase("storms", 0)
	r.begin()
	for range r.Storms {
		r.pause()
		if err := r.dropAll(ctx); err != nil {
			return err
		}
		r.resume()
		began := time.Now()
		if err := r.comeBack(ctx, random); err != nil {
			return err
		}
		worst = max(worst, time.Since(began))
	}
	r.notes.Figures = append(r.notes.Figures, report.Figure{Name: "all sockets back after", Value: worst.Seconds(), Unit: "s", Better: report.Lower})
	return nil
}

// dropAll returns when no socket is left here; the server may still be noticing.
func (r *run) dropAll(ctx context.Context) error {
	for i, m := range r.crew.all {
		r.crew.stand(m, i%2 == 0) // one half vanishes, the other says good-bye to TCP
	}
	for r.crew.sockets.Count() > 0 {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// comeBack lets everybody come back at a moment of the spread; the time counts from that moment, also
// for those who had to try again.
func (r *run) comeBack(ctx context.Context, random *rand.Rand) error {
	timer := r.rec.Timer("back")
	due := make([]time.Duration, len(r.crew.all))
	for i := range due {
		due[i] = time.Duration(random.Int64N(int64(r.Spread) + 1))
	}
	slices.Sort(due)
	offered, err := r.offer(ctx, load.Pace{Workers: r.Workers, Schedule: due}, func(ctx context.Context, s load.Start) error {
		m := r.crew.all[s.Number]
		for {
			at, err := r.crew.sit(ctx, m)
			if err == nil {
				timer.Record(s.At, at)
				return nil
			}
			if err := r.failed(ctx, kindOf(err)); err != nil || ctx.Err() != nil {
				return err
			}
		}
	})
	r.add(offered)
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}
