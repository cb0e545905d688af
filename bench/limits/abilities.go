package limits

import (
	"context"
	"os/exec"
	"time"

	"github.com/hotseat-hub/hotseat/bench/report"
)

// Abilities are what a machine can do at best. One that was not measured is zero, and bounds nothing.
type Abilities struct {
	Disk, Frames, Handler, Database Ability
	// Request is the empty handler asked by one at a time, for its latency.
	Request Ability
}

// OfMachine measures all but the database: the disk of a folder, frames, and the empty handler that the
// commands of nothing run, asked by so many at once and by one.
func OfMachine(ctx context.Context, folder string, nothing func() *exec.Cmd, inFlight int, length time.Duration) (a Abilities, err error) {
	if a.Disk, err = Disk(ctx, folder, length); err != nil {
		return a, err
	}
	if a.Frames, err = Frames(ctx, length); err != nil {
		return a, err
	}
	if a.Handler, err = Handler(ctx, nothing(), inFlight, length); err != nil {
		return a, err
	}
	a.Request, err = Handler(ctx, nothing(), 1, length/2)
	return a, err
}

// BesideRates puts the abilities beside the rates of a closed loop that they bound. A rate that was
// asked for says nothing of what could be done.
func (a *Abilities) BesideRates(r *report.Result) {
	beside := func(ability Ability, of ...string) {
		for _, name := range of {
			if ability.Rate > 0 {
				r.Beside(name, report.Limit{Name: ability.Name, Value: ability.Rate, Unit: "/s"})
			}
		}
	}
	beside(a.Database, "takeovers/s")
	beside(a.Disk, "takeovers/s", "refreshes/s")
	beside(a.Frames, "takeovers/s")
	beside(a.Handler, "takeovers/s", "checks/s", "refreshes/s", "handshakes/s", "sockets back/s", "deeds/s")
}

// BesideTimes puts beside a latency's median what one durable write takes, where something becomes
// durable, and one request to the empty handler, where nothing does.
func (a *Abilities) BesideTimes(r *report.Result) {
	beside := func(ability Ability, name string, of ...string) {
		if ability.Latency == nil {
			return
		}
		for _, latency := range of {
			r.Beside(latency+" p50", report.Limit{Name: name, Value: ability.Latency.At(.5).Seconds() * 1e3, Unit: "ms"})
		}
	}
	beside(a.Disk, "one durable write", "notice", "login", "takeover", "refresh", "logout")
	beside(a.Request, "one request to an empty HTTP handler", "check", "check local", "check strict", "reload", "socket back")
}
