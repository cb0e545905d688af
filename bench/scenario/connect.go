package scenario

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/crowd"
	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// warmShare of the employees connect before memory is first looked at, so that what one employee
// needs as much as all is not counted.
const warmShare = 0.13

// Asleep is how long after the last command a server's employees have all gone to sleep, which takes
// ten seconds and the beat of a wheel. Until then each has an actor, and more than twice the memory.
const Asleep = 12 * time.Second

// connect ramps up employees with a session and a socket each, holds them, and reads from the
// server's memory what one costs; then further sockets for the same sessions, if asked for.
func (r *run) connect(ctx context.Context) error {
	r.describe(fmt.Sprintf("%d employees log in and open a socket each; the sockets are held for %s.", r.Employees, r.Hold))
	warm := max(1, int(float64(r.Employees)*warmShare))
	nobody := make(chan struct{}, 1)
	r.crew.lost = func(_ *member, _ time.Time, code int) {
		r.rec.Fail(fmt.Sprintf("socket closed by the server: %d", code))
		if r.crew.sockets.Count() == 0 {
			select {
			case nobody <- struct{}{}:
			default: // it is said already
			}
		}
	}
	everyone := r.crew.all
	defer func() { r.crew.all = everyone }()
	r.crew.all = everyone[:warm]
	if err := r.seatEveryone(ctx); err != nil {
		return err
	}
	if err := r.hold(ctx, "rest", nobody); err != nil {
		return err
	}
	before := r.settled(ctx)
	r.crew.all = everyone[warm:]
	if err := r.logInEveryone(ctx); err != nil {
		return err
	}
	r.crew.all = everyone
	r.begin()
	if err := r.ramp(ctx, everyone[warm:]); err != nil {
		return err
	}
	r.pause()
	r.handshakeFigures(len(everyone) - warm)
	if err := r.hold(ctx, "hold", nobody); err != nil {
		return err
	}
	r.notes.Figures = append(r.notes.Figures, report.Figure{Name: "sockets held", Value: float64(r.crew.sockets.Count()), Better: report.Higher})
	after := r.settled(ctx)
	r.bytesFigure("memory of the server per connected employee", before, after, len(everyone)-warm)
	return r.furtherSockets(ctx, after, nobody)
}

// ramp opens a socket for each, at the rate if there is one.
func (r *run) ramp(ctx context.Context, who []*member) error {
	r.Progress.Phase("connect", 0)
	timer := r.rec.Timer("handshake")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pace := load.Pace{Workers: r.Workers, Rate: r.Rate, Steady: r.Steady, Seed: r.Seed, Count: len(who)}
	if r.Rate > 0 {
		pace.Count = 0
	}
	offered, err := r.offer(ctx, pace, func(ctx context.Context, s load.Start) error {
		if s.Number >= len(who) {
			cancel(errRamped)
			return nil
		}
		at, err := r.crew.sit(ctx, who[s.Number])
		if err != nil {
			return r.failed(ctx, kindOf(err))
		}
		timer.Record(s.At, at)
		return nil
	})
	r.offered = offered
	if cause := context.Cause(ctx); err == nil && cause != errRamped {
		err = cause
	}
	return err
}

// errRamped ends a ramp that has come to its top.
var errRamped = fmt.Errorf("all sockets were asked for")

func (r *run) handshakeFigures(n int) {
	r.notes.Figures = append(r.notes.Figures, report.Figure{
		Name: "handshakes/s", Value: perSecond(r.rec.Timer("handshake").Count(), r.rec.Active()), Unit: "/s", Better: report.Higher,
		Column: "handshake rate",
	})
	if used, known := r.serversUsed(); known {
		r.notes.Figures = append(r.notes.Figures, report.Figure{
			Name: "CPU of the server per handshake", Value: used.Seconds() * 1000 / float64(n), Unit: "ms", Better: report.Lower,
		})
	}
}

// hold waits, until nobody is left at most: then the server has gone.
func (r *run) hold(ctx context.Context, phase string, nobody <-chan struct{}) error {
	drain(nobody) // of one who was lost before the others came
	r.Progress.Phase(phase, 0)
	if r.crew.sockets.Count() == 0 {
		return errEmpty
	}
	select {
	case <-time.After(r.Hold):
	case <-nobody:
		return errEmpty
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// errEmpty: a server that dies says so by closing what it held.
var errEmpty = fmt.Errorf("%w: every socket was closed", ErrGone)

// furtherSockets opens more sockets for the same sessions: what one costs beyond its employee.
func (r *run) furtherSockets(ctx context.Context, before int64, nobody <-chan struct{}) error {
	if r.Sockets == 0 {
		return nil
	}
	more := &idle{opened: make(chan error, r.Employees*r.Sockets)}
	var err error
	more.sockets, err = crowd.New(crowd.Options{Events: more, Sockets: r.Employees * r.Sockets, Sources: r.Sources})
	if err != nil {
		return err
	}
	defer more.sockets.Close()
	total := r.Employees * r.Sockets
	r.Progress.Phase("further sockets", total)
	_, err = r.offer(ctx, load.Pace{Workers: r.Workers, Count: total}, func(ctx context.Context, s load.Start) error {
		m := r.crew.all[s.Number%len(r.crew.all)]
		t := r.Targets[m.number%len(r.Targets)]
		more.sockets.Open(uint64(s.Number), crowd.Seat{Address: t.Address, Host: t.Host, Terminal: m.seat.Terminal, Token: m.seat.Access, TLS: t.TLS})
		select {
		case err := <-more.opened:
			if err == nil {
				r.pulse.succeed()
			}
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err != nil {
		return fmt.Errorf("further sockets: %w", err)
	}
	if err := r.hold(ctx, "hold", nobody); err != nil {
		return err
	}
	r.bytesFigure("memory of the server per further socket", before, r.settled(ctx), total)
	return nil
}

// idle hears of sockets that nobody does anything with.
type idle struct {
	sockets *crowd.Crowd
	opened  chan error // its room is for all
}

func (i *idle) Open(_ uint64, _ time.Time, err error) { i.opened <- err }
func (*idle) Told(uint64, time.Time, crowd.Notice)    {}
func (*idle) Closed(uint64, time.Time, int)           {}

// settled is the memory of the server, or of all servers, after its garbage is gone, as far as it can
// be asked for that; 0 when no server is watched.
func (r *run) settled(ctx context.Context) (sum int64) {
	var servers []host.Process
	for _, m := range r.meters {
		if m.process.Server {
			servers = append(servers, m.process)
		}
	}
	if len(servers) == 0 {
		return 0
	}
	var err error
	if r.OpsURL == "" {
		sum, err = host.Resident(servers...)
	} else if sum, err = host.Settled(ctx, r.collect, servers...); err != nil {
		r.rec.Fail("settled memory: " + caller.Kind(err))
	}
	if err != nil {
		return 0 // it is not known
	}
	return sum
}

// collect has the server collect its garbage, which its heap profile does before it is made.
func (r *run) collect(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.OpsURL+"/debug/pprof/heap?gc=1", nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return reply.Body.Close()
}

func (r *run) bytesFigure(name string, before, after int64, n int) {
	if before == 0 || after == 0 || n == 0 {
		return
	}
	r.notes.Figures = append(r.notes.Figures, report.Figure{Name: name, Value: float64(after-before) / float64(n), Unit: "B", Better: report.Lower})
}
