package scenario

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// run is one scenario under way.
type run struct {
	Options
	rec     *load.Recorder
	crew    *crew
	meters  []*meter
	machine meter // of all cores
	notes   report.Result
	offered *load.Offered

	abort    context.CancelCauseFunc
	pulse    pulse
	sampling sync.WaitGroup
	stop     context.CancelFunc // of the sampling
}

// Run does one scenario. With an error there may be a result all the same: of what was measured until
// then, marked as not complete.
func (o Options) Run(ctx context.Context, scenario string) (*report.Result, error) {
	o, err := o.defaulted(scenario)
	if err != nil {
		return nil, err
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	r := &run{Options: o, rec: load.NewRecorder(), abort: abort}
	r.notes = report.Result{Scenario: scenario, Name: scenario, Seed: o.Seed, Command: o.Command, Started: time.Now().UTC()}
	if o.Name != "" {
		r.notes.Name = o.Name
	}
	for _, p := range o.Watch {
		r.meters = append(r.meters, &meter{name: p.Name, process: p})
	}
	for _, t := range o.Targets {
		r.notes.Targets = append(r.notes.Targets, t.URL)
	}
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	sources, err := crowd.SourcesFor(o.Targets[0].Address.Addr(), r.sockets(scenario)/len(o.Targets), o.Sources)
	if err != nil {
		return nil, err
	}
	r.crew = newCrew(r)
	r.crew.sockets, err = crowd.New(crowd.Options{Events: r.crew, Sockets: r.sockets(scenario), Sources: sources})
	if err != nil {
		return nil, err
	}
	defer r.crew.close()
	if err := crowd.TableFor(r.ownFiles()); err != nil {
		return nil, err
	}
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(ctx) })
	defer func() { abort(nil); watching.Wait() }()
	return r.finish(ctx, r.do(ctx, scenario))
}

// sockets is how many a scenario holds at once, those that are closing included.
func (r *run) sockets(scenario string) int {
	switch scenario {
	case "connect":
		return r.Employees * (1 + r.Sockets)
	case "check", "refresh":
		return 1
	}
	return 2 * r.Employees
}

func (r *run) do(ctx context.Context, scenario string) error {
	switch scenario {
	case "connect":
		return r.connect(ctx)
	case "takeover":
		return r.takeover(ctx)
	case "storm":
		return r.storm(ctx)
	case "check":
		return r.check(ctx)
	case "refresh":
		return r.refresh(ctx)
	case "mixed":
		return r.mixed(ctx)
	default:
		return r.failover(ctx)
	}
}

// ready looks at the targets, and at what can be known beforehand to fail later.
func (r *run) ready(ctx context.Context) error {
	for _, t := range r.Targets {
		c := caller.New(t)
		err := c.Ready(ctx)
		c.Close()
		if err != nil {
			return err
		}
	}
	for _, m := range r.meters {
		limit, err := m.process.FileLimit()
		need := r.sockets(r.notes.Scenario)/max(len(r.Targets), 1) + r.Workers + 128
		if err == nil && m.process.Server && limit < need {
			return fmt.Errorf("the %s (process %d) may open %d files, about %d are needed: run `prlimit --pid %d --nofile=%d`",
				m.name, m.process.PID, limit, need, m.process.PID, need)
		}
	}
	return nil
}

// ownFiles is how many descriptors the run takes of this process's own table: the connections of its
// callers, and sockets with TLS, which no shard holds.
func (r *run) ownFiles() int {
	encrypted := 0
	for _, t := range r.Targets {
		if t.TLS != nil {
			encrypted++
		}
	}
	return r.Workers*len(r.Targets) + crowd.Unsharded(r.sockets(r.notes.Scenario), r.sockets(r.notes.Scenario)*encrypted/len(r.Targets))
}

// measure warms up and measures, at the rate or in a closed loop. What was begun is waited for.
func (r *run) measure(ctx context.Context, work func(context.Context, load.Start) error) error {
	pace := load.Pace{Workers: r.Workers, Rate: r.Rate, Steady: r.Steady, Seed: r.Seed}
	if r.Warm > 0 {
		r.Progress.Phase("warm up", 0)
		pace.Length = r.Warm
		if _, err := r.offer(ctx, pace, work); err != nil {
			return err
		}
	}
	r.Progress.Phase("measure", int(r.Length/time.Millisecond))
	r.begin()
	pace.Length, pace.Seed = r.Length, r.Seed+1
	var err error
	r.offered, err = r.offer(ctx, pace, work)
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// begin starts the clock, the meters and the sampling. What a warm-up used is forgotten.
func (r *run) begin() {
	r.pulse.succeed()
	r.rec.Begin()
	for _, m := range r.allMeters() {
		m.used = 0
	}
	r.startMeters()
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.sampling.Go(func() { r.sample(ctx) })
}

// pause and resume leave what is between them out of all figures. Neither counts as a success: rounds
// that all fail must come to an end.
func (r *run) pause()  { r.rec.Pause(); r.stopMeters() }
func (r *run) resume() { r.startMeters(); r.rec.Resume() }

// unanswered is the kind of the operations that were under way when a run gave up.
const unanswered = "no answer before the run gave up"

// failed counts an operation that failed, and ends the run when nothing has succeeded for long. An
// error that no repeat can mend ends it at once.
func (r *run) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		if errors.Is(err, ErrGone) {
			r.rec.Fail(unanswered)
		}
		return nil // else it is not the server's fault
	}
	var refused *caller.Refused
	if errors.As(err, &refused) && hopeless(refused) {
		r.abort(err)
		return err
	}
	r.rec.Fail(caller.Kind(err))
	since := time.Since(time.Unix(0, r.pulse.succeeded.Load()))
	if since > r.GiveUp {
		err = fmt.Errorf("%w: nothing has succeeded for %s; last: %w", ErrGone, since.Round(100*time.Millisecond), err)
		r.abort(err)
		return err
	}
	// What cannot be reached fails at once; asked without a pause it would only heat the machine.
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
	return nil
}

// hopeless are refusals that say that the caller is not who it claims to be, or calls a stranger.
func hopeless(e *caller.Refused) bool {
	switch e.Code {
	case "", "invalid_token", "insufficient_scope", "invalid_credentials", "invalid_request", "not_found", "method_not_allowed":
		return e.Status < 500
	}
	return false
}

// prepare is failed for what comes before the measurement: it bears no failure.
func prepare(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
