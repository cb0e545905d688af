package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/bench/host"
	"github.com/hotseat-hub/hotseat/bench/report"
)

// finish makes the result of what was measured, be it all or a part.
func (r *run) finish(ctx context.Context, err error) (*report.Result, error) {
	if cause := context.Cause(ctx); cause != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = cause
	}
	if r.stop == nil { // it never came to the measurement
		if err == nil {
			err = errors.New("nothing was measured")
		}
		return nil, err
	}
	r.rec.Pause()
	r.stopMeters()
	r.stop()
	r.sampling.Wait()
	r.rec.CloseWindow(nil)
	n := &r.notes
	n.Complete = err == nil
	if err != nil {
		n.Incomplete = err.Error()
	}
	n.Seconds = r.rec.Active().Seconds()
	n.Series, n.Failures, n.Machine = r.rec.Series(), r.rec.Failures(), host.ThisMachine()
	for _, m := range r.meters {
		n.Watched = append(n.Watched, m.name)
	}
	n.Figures = append(n.Figures, r.figures()...)
	n.Figures = append(n.Figures, r.failureFigures()...)
	r.latencies()
	r.judge()
	return n, err
}

// figures are those of the scenario; some have put theirs into notes as they went.
func (r *run) figures() []report.Figure {
	switch r.notes.Scenario {
	case "takeover", "failover":
		return r.takeoverFigures()
	case "check":
		return r.rateFigures("checks", "check "+r.Level)
	case "refresh":
		return r.rateFigures("refreshes", "refresh")
	case "mixed":
		return r.mixedFigures()
	case "storm":
		return r.rateFigures("sockets back", "back")
	}
	return nil
}

func (r *run) rateFigures(what, timer string) []report.Figure {
	n := r.rec.Timer(timer).Count()
	return append([]report.Figure{
		{Name: what + "/s", Value: perSecond(n, r.rec.Active()), Unit: "/s", Better: report.Higher, Column: timer + " rate"},
	}, r.cpuFigures("per 1000 "+what, n)...)
}

// cpuFigures are what each process used for n operations, and its memory at the end.
func (r *run) cpuFigures(per string, n int64) (figures []report.Figure) {
	for _, m := range r.meters {
		if !m.broken && n > 0 {
			figures = append(figures, report.Figure{
				Name: fmt.Sprintf("CPU of the %s %s", m.name, per), Value: m.used.Seconds() / float64(n) * 1000, Unit: "s", Better: report.Lower,
			})
		}
		if resident, err := m.process.Resident(); err == nil && m.process.Server {
			figures = append(figures, report.Figure{Name: "memory of the " + m.name, Value: float64(resident) / 1e6, Unit: "MB", Better: report.Lower})
		}
	}
	return figures
}

func (r *run) failureFigures() []report.Figure {
	n := 0
	for _, of := range r.rec.Failures() {
		n += of
	}
	return []report.Figure{{Name: "failures", Value: float64(n), Better: report.Lower}}
}

// latencies describes each timer; of a closed loop also as somebody would have seen it who did not
// wait for answers. In a closed loop that somebody asks as often as a worker did at the median.
func (r *run) latencies() {
	for _, t := range r.rec.Timers() {
		h := t.Total()
		if h.Count() == 0 {
			continue
		}
		l := report.LatencyOf(t.Name, h)
		if r.closedLoop() {
			c := report.LatencyOf(t.Name+", corrected", h.Corrected(h.At(.5)))
			c.Histogram = nil
			l.Corrected = &c
		}
		r.notes.Latencies = append(r.notes.Latencies, l)
	}
}

// closedLoop says whether the offered load waited for the server.
func (r *run) closedLoop() bool {
	switch r.notes.Scenario {
	case "takeover", "check", "refresh":
		return r.Rate == 0
	}
	return false
}

// Past these the figures say more about the load generator than about the server.
const (
	ownShareOfCores = 0.9 // of all cores
	busyMachine     = 0.95
	ownShareOfBusy  = 0.3 // of a busy machine
	lateShare       = 0.2 // of the median
)

// judge says when this program was the limit.
func (r *run) judge() {
	g := &r.notes.Generator
	cores := float64(r.notes.Machine.Cores)
	seconds := r.rec.Active().Seconds()
	if client := r.meter("client"); client != nil && seconds > 0 {
		g.Cores = client.used.Seconds() / seconds
	}
	if r.meter("machine") != nil && seconds > 0 {
		g.MachineBusy = min(r.machine.used.Seconds()/seconds/cores, 1)
	}
	r.offeredNotes(g)
	switch {
	case g.Cores > ownShareOfCores*min(cores, float64(r.notes.Machine.MaxProc)):
		g.Limits = append(g.Limits, fmt.Sprintf("This program used %.1f of %.0f cores: the load generator was the limit, not the server. Use more machines for the load.", g.Cores, cores))
	case g.MachineBusy > busyMachine && g.Cores > ownShareOfBusy*cores:
		g.Limits = append(g.Limits, fmt.Sprintf("All cores were busy (%.0f %%), %.1f of %.0f with this program: on a machine of its own the server would do more. Its CPU seconds do not depend on that.",
			100*g.MachineBusy, g.Cores, cores))
	}
}

func (r *run) offeredNotes(g *report.Generator) {
	if r.offered == nil {
		return
	}
	g.Begun, g.Waited = r.offered.Begun, r.offered.Waited
	if r.Rate == 0 {
		return
	}
	late := r.offered.Late.At(.99)
	g.LateP99 = float64(late) / float64(time.Millisecond)
	if median := r.slowest(); late > 100*time.Microsecond && float64(late) > lateShare*float64(median) {
		g.Limits = append(g.Limits, fmt.Sprintf("One operation in a hundred began more than %.2f ms late although a worker was free: the load generator was short of CPU time, and its lateness is in the latencies.", g.LateP99))
	}
	if share := float64(g.Waited) / float64(max(g.Begun, 1)); share > .01 {
		g.Limits = append(g.Limits, fmt.Sprintf("%.0f %% of the operations were due while all %d workers were busy, and waited for one; their waiting is in the latencies. With more --in-flight it would be the server's queue.", 100*share, r.Workers))
	}
}

// slowest is the longest median of all timers.
func (r *run) slowest() (d time.Duration) {
	for _, t := range r.rec.Timers() {
		d = max(d, t.Total().At(.5))
	}
	return d
}

// describe is the sentence of the report.
func (r *run) describe(parts ...string) { r.notes.Did = strings.Join(parts, " ") }
