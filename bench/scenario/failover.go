package scenario

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// failover logs employees in at a rate, over all targets, while a node is killed. Whoever gets no
// answer asks the next target with the same idempotency key, and a socket that is lost comes back at
// another; the time counts from when the login was due, and from the loss.
func (r *run) failover(ctx context.Context) error {
	if err := r.seatEveryone(ctx); err != nil {
		return err
	}
	r.describe(fmt.Sprintf("Logins at %.0f a second over %d targets; %s after the beginning a node is killed by %q.", r.Rate, len(r.Targets), r.KillAfter, r.Kill))
	for i := range r.crew.all {
		r.crew.free <- i
	}
	f := &fall{run: r, callers: r.callers(r.Workers), reply: r.rec.Timer("reply"), notice: r.rec.Timer("notice"), back: r.rec.Timer("socket back")}
	defer f.callers.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.ctx = ctx
	r.crew.lost = f.lost
	f.lastSuccess = time.Now()
	killer := time.AfterFunc(r.Warm+r.KillAfter, func() { f.kill(ctx, cancel) })
	defer killer.Stop()
	err := r.measure(ctx, f.login)
	f.mu.Lock()
	f.over = true
	f.mu.Unlock()
	f.figures(time.Now())
	f.returning.Wait() // sockets that cannot come back end with ctx, by GiveUp
	return err
}

type fall struct {
	*run
	ctx                 context.Context // of those who come back
	callers             callers
	reply, notice, back *load.Timer
	returning           sync.WaitGroup

	mu          sync.Mutex
	killed      time.Time
	lastSuccess time.Time     // or the beginning
	longestGap  time.Duration // between two logins that succeeded, the later after the kill
	slowest     time.Duration // of logins that ended after the kill
	sockets     int           // lost
	over        bool          // nobody comes back any more
}

func (f *fall) kill(ctx context.Context, cancel context.CancelCauseFunc) {
	f.mu.Lock()
	f.killed = time.Now()
	f.mu.Unlock()
	if f.History != nil {
		now := f.History.Now()
		f.History.Record(history.Operation{Kind: history.Mark, Start: now, End: now, Fault: "node killed", Phase: history.Begin})
	}
	if out, err := exec.CommandContext(ctx, "sh", "-c", f.Kill).CombinedOutput(); err != nil && ctx.Err() == nil {
		cancel(fmt.Errorf("--kill %q: %w: %.500s", f.Kill, err, out))
	}
}

func (f *fall) login(ctx context.Context, s load.Start) error {
	var m *member
	select {
	case i := <-f.crew.free:
		m = f.crew.all[i]
	case <-ctx.Done():
		return nil
	}
	defer func() { f.crew.free <- m.number }()
	m.hands.Lock()
	defer m.hands.Unlock()
	seated := m.isSeated()
	if err := f.logInSomewhere(ctx, s, m); err != nil || ctx.Err() != nil {
		return err
	}
	now := time.Now()
	f.reply.Record(s.At, now)
	f.success(s.At, now)
	if seated {
		at, err := m.awaitNotice(ctx)
		if err == nil {
			f.notice.Record(s.At, at)
		} else if !errors.Is(err, errLost) {
			if err := f.failed(ctx, err); err != nil {
				return err
			}
		}
	}
	_, err := f.sitSomewhere(ctx, m)
	return err
}

// logInSomewhere asks one target after the other until one answers, with the same key: a login that
// was done although nobody answered is not done again.
func (f *fall) logInSomewhere(ctx context.Context, s load.Start, m *member) error {
	l := f.nextLogin(m)
	for try := 0; ctx.Err() == nil; try++ {
		err := f.logInAs(ctx, f.callers[s.Worker][try%len(f.Targets)], m, l)
		if err == nil {
			return nil
		}
		if err := f.failed(ctx, err); err != nil {
			return err
		}
	}
	return nil
}

func (f *fall) success(due, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.killed.IsZero() && now.After(f.killed) {
		f.longestGap = max(f.longestGap, now.Sub(f.lastSuccess))
		f.slowest = max(f.slowest, now.Sub(due))
	}
	f.lastSuccess = now
}

// sitSomewhere opens the socket at the first target that takes it.
func (f *fall) sitSomewhere(ctx context.Context, m *member) (time.Time, error) {
	for try := 0; ctx.Err() == nil; try++ {
		at, err := f.crew.sitAt(ctx, m, m.number+try)
		if err == nil || errors.Is(err, crowd.ErrEnded) {
			return at, nil
		}
		if err := f.failed(ctx, kindOf(err)); err != nil {
			return at, err
		}
	}
	return time.Time{}, nil
}

// lost brings a socket back whose server is gone, unless its employee has sat down elsewhere since.
func (f *fall) lost(m *member, at time.Time, _ int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	f.sockets++
	f.returning.Go(func() {
		m.hands.Lock()
		defer m.hands.Unlock()
		if m.isSeated() {
			return
		}
		if back, err := f.sitSomewhere(f.ctx, m); err == nil && m.isSeated() {
			f.back.Record(at, back)
		}
	})
}

// figures are of what followed the kill. A gap that nobody has closed counts until the end: it is what
// a cluster leaves that never came back.
func (f *fall) figures(end time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.killed.IsZero() {
		return
	}
	f.longestGap = max(f.longestGap, end.Sub(f.lastSuccess))
	f.notes.Figures = append(f.notes.Figures,
		report.Figure{Name: "longest time without a login", Value: f.longestGap.Seconds() * 1e3, Unit: "ms", Better: report.Lower},
		report.Figure{Name: "slowest login after the kill", Value: f.slowest.Seconds() * 1e3, Unit: "ms", Better: report.Lower},
		report.Figure{Name: "sockets lost", Value: float64(f.sockets)})
}
