package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/hotseat-hub/hotseat/bench/caller"
	"github.com/hotseat-hub/hotseat/bench/limits"
	"github.com/hotseat-hub/hotseat/bench/load"
	"github.com/hotseat-hub/hotseat/bench/program"
	"github.com/hotseat-hub/hotseat/bench/report"
)

const (
	leastProgram = "the least program that commits and tells"
	leastNotice  = "the least program's notice"
	leastCommit  = "one durable commit in turns with it"
)

// inTurns are latencies of what was done in turns with a scenario, at no rate of its own.
var inTurns = []string{oneCommit, leastNotice, leastCommit}

// warmTurns come before any that counts.
const warmTurns = 300

// loginBody is as long as a login's of the scenarios.
const loginBody = `{"employee_id":"bench1-42","terminal_id":"till-18a1b2c3d4e5f607-1f40","device_name":"Till"}`

// leastAlone puts the least program beside one takeover in flight: the same store, the same request, as
// long, and the same single commit in turns with it.
func (b *bench) leastAlone(ctx context.Context) error {
	b.say("%s: %s", b.store, leastProgram)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, self, "-least", b.fresh)
	command.Stderr = os.Stderr
	server, end, err := limits.Begin(ctx, command)
	if err != nil {
		return fmt.Errorf("start it: %w", err)
	}
	defer end()
	f := floor{bench: b, caller: caller.New(server)}
	defer f.caller.Close()
	if f.tab, err = openTab(server.Address); err != nil {
		return err
	}
	defer f.tab.close()
	if err := f.measure(ctx); err != nil {
		return err
	}
	besideLeast(b.result(b.store+": "+lone), f.notices, f.commits)
	return nil
}

// floor is the least program at work, and what was measured of it.
type floor struct {
	*bench
	caller           *caller.Caller
	tab              *tab
	notices, commits *load.Histogram
}

func (f *floor) measure(ctx context.Context) error {
	f.notices, f.commits = load.NewHistogram(), load.NewHistogram()
	for range warmTurns {
		if err := f.turn(ctx); err != nil {
			return err
		}
	}
	f.notices, f.commits = load.NewHistogram(), load.NewHistogram()
	for began := time.Now(); time.Since(began) < f.lengthAlone(); {
		if err := f.turn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// turn is one takeover, and the single commit after it.
func (f *floor) turn(ctx context.Context) error {
	began := time.Now()
	reply, err := f.caller.Do(ctx, http.MethodPost, "/v1/sessions", program.ServiceKey, []byte(loginBody))
	if err != nil {
		return err
	}
	if reply.Status != http.StatusOK {
		return fmt.Errorf("a takeover was answered %d: %s", reply.Status, reply.Body)
	}
	at, err := f.tab.awaitNotice(ctx)
	if err != nil {
		return err
	}
	f.notices.Record(at.Sub(began))
	return f.commit(ctx, f.commits)
}

// besideLeast adds what the least program did to a result.
func besideLeast(r *report.Result, notices, commits *load.Histogram) {
	r.Latencies = append(r.Latencies, report.LatencyOf(leastNotice, notices), report.LatencyOf(leastCommit, commits))
	r.Beside("notice p50", report.Limit{Name: leastProgram, Value: r.Latency(leastNotice).P50, Unit: "ms"})
}
