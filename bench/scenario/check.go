package scenario

import (
	"context"
	"time"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/bench/load"
)

// check asks as a reverse proxy does for each request that it lets through.
func (r *run) check(ctx context.Context) error {
	if err := r.logInEveryone(ctx); err != nil {
		return err
	}
	r.describe("Backends ask GET /v1/authz at level " + r.Level + " about the tokens of sessions that live.")
	timer := r.rec.Timer("check " + r.Level)
	connections := r.callers(r.Workers)
	defer connections.close()
	return r.measure(ctx, func(ctx context.Context, s load.Start) error {
		m := r.crew.all[s.Number%len(r.crew.all)]
		c := connections[s.Worker][0]
		done := r.sees()
		reply, err := c.Check(ctx, m.seat.Access, r.Level)
		done.use(history.Use, history.Level(r.Level), m, &m.seat, reply, c, err)
		if err != nil {
			return r.failed(ctx, err)
		}
		r.pulse.succeed()
		timer.Record(s.At, time.Now())
		return nil
	})
}

// refresh rotates the tokens of sessions, each by one worker at a time.
func (r *run) refresh(ctx context.Context) error {
	if err := r.logInEveryone(ctx); err != nil {
		return err
	}
	r.describe("Terminals exchange their refresh tokens; each exchange gives the next one.")
	for i := range r.crew.all {
		r.crew.free <- i
	}
	timer := r.rec.Timer("refresh")
	connections := r.callers(r.Workers)
	defer connections.close()
	return r.measure(ctx, func(ctx context.Context, s load.Start) error {
		var m *member
		select {
		case i := <-r.crew.free:
			m = r.crew.all[i]
		case <-ctx.Done():
			return nil
		}
		defer func() { r.crew.free <- m.number }()
		c := connections[s.Worker][0]
		done := r.sees()
		reply, err := c.Refresh(ctx, &m.seat)
		done.use(history.Refresh, "", m, &m.seat, reply, c, err)
		if err != nil {
			return r.failed(ctx, err)
		}
		r.pulse.succeed()
		timer.Record(s.At, time.Now())
		return nil
	})
}
