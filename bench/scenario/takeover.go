package scenario

import (
	"context"
	"time"

	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// takeover takes the seats of employees who each have an open tab. In a closed loop everybody's seat
// is taken once, then the new tabs are opened while the clock stands still, and so on; at a rate the
// tabs are opened as it goes, because the schedule does not wait.
func (r *run) takeover(ctx context.Context) error {
	if err := r.seatEveryone(ctx); err != nil {
		return err
	}
	connections := r.callers(r.Workers)
	defer connections.close()
	t := &takeovers{run: r, callers: connections, reply: r.rec.Timer("reply"), notice: r.rec.Timer("notice")}
	if r.Rate > 0 {
		r.notes.Did = "Logins at a rate end the sessions of employees with an open tab; the new tab is opened at once."
		for i := range r.crew.all {
			r.crew.free <- i
		}
		return r.measure(ctx, t.atRate)
	}
	r.notes.Did = "Logins in a closed loop end the sessions of employees with an open tab; the new tabs are opened while the clock stands still."
	if err := t.warm(ctx); err != nil {
		return err
	}
	r.Progress.Phase("measure", int(r.Length/time.Millisecond))
	r.begin()
	return t.rounds(ctx, r.Length)
}

type takeovers struct {
	*run
	callers       callers
	reply, notice *load.Timer
}

// warm is one or more whole rounds.
func (t *takeovers) warm(ctx context.Context) error {
	if t.Warm == 0 {
		return nil
	}
	t.Progress.Phase("warm up", 0)
	return t.rounds(ctx, t.Warm)
}

// rounds go on until so much was measured.
func (t *takeovers) rounds(ctx context.Context, length time.Duration) error {
	for took := time.Duration(0); took < length; {
		began := time.Now()
		t.resume()
		if err := t.round(ctx); err != nil {
			return err
		}
		t.pause()
		took += time.Since(began)
		if err := t.seatAgain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// after does what is to be measured in turns with the takeovers. Its time is no silence of the server's.
func (t *takeovers) after(ctx context.Context) error {
	if t.After == nil {
		return nil
	}
	t.rec.Pause()
	defer t.rec.Resume()
	began := time.Now()
	defer func() { t.pulse.succeeded.Add(int64(time.Since(began))) }()
	return t.After(ctx)
}

// round takes every seat once. An employee's tab counts when it was open before.
func (t *takeovers) round(ctx context.Context) error {
	began := make([]time.Time, len(t.crew.all))
	offered, err := t.offer(ctx, load.Pace{Workers: t.Workers, Count: len(t.crew.all)}, func(ctx context.Context, s load.Start) error {
		m := t.crew.all[s.Number]
		if m.isSeated() {
			began[s.Number] = s.At
		}
		return t.login(ctx, s, m)
	})
	t.add(offered)
	if err == nil {
		err = context.Cause(ctx)
	}
	for i := 0; i < len(began) && err == nil; i++ {
		if !began[i].IsZero() && !t.crew.all[i].seat.Session.IsZero() {
			err = t.told(ctx, t.crew.all[i], began[i])
		}
	}
	return err
}

// add sums up what several paces offered.
func (r *run) add(o *load.Offered) {
	if o == nil || r.rec.Began().IsZero() {
		return
	}
	if r.offered == nil {
		r.offered = o
		return
	}
	r.offered.Begun += o.Begun
	r.offered.Waited += o.Waited
}

func (t *takeovers) login(ctx context.Context, s load.Start, m *member) error {
	if err := t.logIn(ctx, t.callers[s.Worker][0], m); err != nil {
		return t.failed(ctx, err)
	}
	m.asked = s.Worker % len(t.Targets)
	t.reply.Record(s.At, time.Now())
	return t.after(ctx)
}

// wasTold counts a notice; where a tab and its employee's login met different targets, also apart.
func (t *takeovers) wasTold(m *member, from, at time.Time) {
	t.notice.Record(from, at)
	if m.asked != m.number%len(t.Targets) {
		t.rec.Timer("notice, another node").Record(from, at)
	}
}

// told waits for the notice of a login that succeeded; a socket whose login failed is not told.
func (t *takeovers) told(ctx context.Context, m *member, began time.Time) error {
	m.mu.Lock()
	current := m.seat.Session == m.sitting.Session
	m.mu.Unlock()
	if current {
		return nil
	}
	defer t.pulse.owes()()
	at, err := m.awaitNotice(ctx)
	if err != nil {
		return t.failed(ctx, err)
	}
	t.wasTold(m, began, at)
	return nil
}

// seatAgain opens the tabs of the new sessions; one that cannot be opened has its turn next time.
func (t *takeovers) seatAgain(ctx context.Context) error {
	workers := 32
	if t.History != nil {
		workers = min(workers, t.Workers) // each needs a caller
	}
	_, err := t.offer(ctx, load.Pace{Workers: workers, Count: len(t.crew.all)}, func(ctx context.Context, s load.Start) error {
		m := t.crew.all[s.Number]
		if m.isSeated() {
			return nil
		}
		if err := t.presentEnded(ctx, t.callers[s.Worker%len(t.callers)][0], m); err != nil {
			return t.failed(ctx, err)
		}
		if _, err := t.crew.sit(ctx, m); err != nil {
			return t.failed(ctx, kindOf(err))
		}
		return nil
	})
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// atRate is one takeover of whoever is free.
func (t *takeovers) atRate(ctx context.Context, s load.Start) error {
	var m *member
	select {
	case i := <-t.crew.free:
		m = t.crew.all[i]
	case <-ctx.Done():
		return nil
	}
	defer func() { t.crew.free <- m.number }()
	seated := m.isSeated()
	if err := t.logIn(ctx, t.callers[s.Worker][0], m); err != nil {
		return t.failed(ctx, err)
	}
	m.asked = s.Worker % len(t.Targets)
	t.reply.Record(s.At, time.Now())
	if seated {
		at, err := m.awaitNotice(ctx)
		if err != nil {
			return t.failed(ctx, err)
		}
		t.wasTold(m, s.At, at)
		if err := t.presentEnded(ctx, t.callers[s.Worker][0], m); err != nil {
			return t.failed(ctx, err)
		}
	}
	if _, err := t.crew.sit(ctx, m); err != nil {
		return t.failed(ctx, kindOf(err))
	}
	return nil
}

// figures of all scenarios whose operation is a login.
func (r *run) takeoverFigures() []report.Figure {
	logins := r.rec.Timer("reply").Count()
	return append([]report.Figure{
		{Name: "takeovers/s", Value: perSecond(logins, r.rec.Active()), Unit: "/s", Better: report.Higher, Column: "reply rate"},
	}, r.cpuFigures("per 1000 takeovers", logins)...)
}

func perSecond(n int64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(n) / took.Seconds()
}
