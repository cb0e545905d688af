package scenario

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// mixed is a day at work, told in a shorter time. Each deed's time counts from when the plan has it.
func (r *run) mixed(ctx context.Context) error {
	if r.Password != "" {
		if err := r.logInEveryone(ctx); err != nil { // makes them
			return err
		}
	}
	deeds := plan(r.Employees, r.Length, max(r.Days, 1), r.Seed)
	r.describe(fmt.Sprintf("A day at work of %d employees in %s: %d deeds of arriving, reloading, moving to another till, backends that ask, renewing, leaving.", r.Employees, r.Length, len(deeds)))
	schedule := make([]time.Duration, len(deeds))
	for i := range deeds {
		schedule[i] = deeds[i].at
	}
	w := &work{run: r, callers: r.callers(r.Workers), busy: make([]sync.Mutex, r.Employees)}
	defer w.callers.close()
	r.Progress.Phase("a day at work", int(r.Length/time.Millisecond))
	r.begin()
	var err error
	r.offered, err = r.offer(ctx, load.Pace{Workers: r.Workers, Schedule: schedule}, func(ctx context.Context, s load.Start) error {
		return w.do(ctx, s, deeds[s.Number])
	})
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

type work struct {
	*run
	callers callers
	busy    []sync.Mutex // an employee does one thing at a time
}

func (w *work) do(ctx context.Context, s load.Start, d deed) error {
	w.busy[d.who].Lock()
	defer w.busy[d.who].Unlock()
	m, c := w.crew.all[d.who], w.callers[s.Worker][0]
	if m.seat.Access == "" && d.what != arrive {
		return nil // whoever could not arrive does nothing that day
	}
	err := w.deed(ctx, s, d.what, m, c)
	if err != nil {
		return w.failed(ctx, err)
	}
	w.pulse.succeed()
	return nil
}

func (w *work) deed(ctx context.Context, s load.Start, what string, m *member, c *caller.Caller) error {
	done := w.sees()
	switch what {
	case arrive, move:
		return w.takeSeat(ctx, s, what, m, c)
	case reload:
		w.crew.stand(m, false)
		return w.sitDown(ctx, s, m)
	case ask:
		reply, err := c.Check(ctx, m.seat.Access, "local")
		done.use(history.Use, history.Local, m, &m.seat, reply, c, err)
		return w.timedAs("check", s, err)
	case renew:
		reply, err := c.Refresh(ctx, &m.seat)
		done.use(history.Refresh, "", m, &m.seat, reply, c, err)
		return w.timedAs("refresh", s, err)
	case leave:
		reply, err := c.LogOut(ctx, &m.seat)
		done.use(history.Logout, "", m, &m.seat, reply, c, err)
		w.crew.stand(m, false)
		m.seat.Access = ""
		return w.timedAs("logout", s, err)
	}
	w.crew.stand(m, true)
	m.seat.Access = ""
	return nil
}

// takeSeat logs in and opens the tab; the tab that was open is told.
func (w *work) takeSeat(ctx context.Context, s load.Start, what string, m *member, c *caller.Caller) error {
	seated := m.isSeated()
	if err := w.logIn(ctx, c, m); err != nil {
		return err
	}
	name := "login"
	if what == move {
		name = "takeover"
	}
	if err := w.timedAs(name, s, nil); err != nil {
		return err
	}
	if seated {
		at, err := m.awaitNotice(ctx)
		if err != nil {
			return err
		}
		w.rec.Timer("notice").Record(s.At, at)
		if err := w.presentEnded(ctx, c, m); err != nil {
			return err
		}
	}
	_, err := w.crew.sit(ctx, m)
	if err != nil {
		return kindOf(err)
	}
	return nil
}

func (w *work) sitDown(ctx context.Context, s load.Start, m *member) error {
	at, err := w.crew.sit(ctx, m)
	if err != nil {
		return kindOf(err)
	}
	w.rec.Timer("reload").Record(s.At, at)
	return nil
}

func (w *work) timedAs(name string, s load.Start, err error) error {
	if err == nil {
		w.rec.Timer(name).Record(s.At, time.Now())
	}
	return err
}

func (r *run) mixedFigures() []report.Figure {
	n := int64(0)
	for _, t := range r.rec.Timers() {
		if t.Name != "notice" {
			n += t.Count()
		}
	}
	return append([]report.Figure{
		{Name: "deeds/s", Value: perSecond(n, r.rec.Active()), Unit: "/s", Better: report.Higher},
	}, r.cpuFigures("per 1000 deeds", n)...)
}
