package main

import (
	"fmt"
	"math"

	"github.com/hotseat-hub/hotseat/bench/report"
)

// target is a figure that must be reached.
type target struct {
	figure string
	most   float64 // must be at most, or
	least  float64 // at least this
	unit   string
	value  func(*suite) float64 // NaN when it was not measured
	floor  func(*suite) float64 // the same of the least program; nil: it has no such figure
}

var targets = []target{
	{
		figure: "CPU s per 1000 takeovers, PostgreSQL, trusted login over HTTP, 256 in flight: app", most: .15, unit: "s",
		value: figure("postgres: 256 takeovers in flight", "CPU of the server per 1000 takeovers"),
	},
	{
		figure: "the same: PostgreSQL", most: .04, unit: "s",
		value: figure("postgres: 256 takeovers in flight", "CPU of the database per 1000 takeovers"),
	},
	{
		figure: "durable logins/s inside the process over the naive takeover", least: 8, unit: "×",
		value: func(s *suite) float64 { return known(s.others.durableRatio) },
	},
	{
		figure: "notice p50 over one durable commit, PostgreSQL", most: 1.5, unit: "×",
		value: overCommit("postgres", .5), floor: leastOverCommit("postgres", .5),
	},
	{
		figure: "notice p99 over one durable commit, PostgreSQL", most: 1.5, unit: "×",
		value: overCommit("postgres", .99), floor: leastOverCommit("postgres", .99),
	},
	{
		figure: "notice p50 over one durable commit, embedded", most: 1.5, unit: "×",
		value: overCommit("embedded", .5), floor: leastOverCommit("embedded", .5),
	},
	{
		figure: "notice p99 over one durable commit, embedded", most: 1.5, unit: "×",
		value: overCommit("embedded", .99), floor: leastOverCommit("embedded", .99),
	},
	{
		figure: "process memory per idle socket beyond its employee", most: 300, unit: "B",
		value: func(s *suite) float64 { return known(s.others.socketBytes) },
	},
	{
		figure: "process memory per connected employee (actor, session, socket)", most: 1500, unit: "B",
		value: figure("embedded: connect, nothing in reserve", "memory of the server per connected employee"),
	},
	{
		figure: "server CPU per authenticated handshake, token in the cache, embedded", most: .06, unit: "ms",
		value: figure("embedded: connect", "CPU of the server per handshake"),
	},
	{
		figure: "server CPU per authenticated handshake, token in the cache, PostgreSQL", most: .06, unit: "ms",
		value: figure("postgres: connect", "CPU of the server per handshake"),
	},
	{figure: "1,000,000 resident employees with a session and a handle: RSS", most: 1200, unit: "MB", value: func(s *suite) float64 {
		return known(s.others.millionMB)
	}},
	{figure: "the same: CPU of a full garbage collection", most: 500, unit: "ms", value: func(s *suite) float64 {
		return known(s.others.millionGC)
	}},
	{figure: "frames/s broadcast over a bare write loop", least: .8, unit: "×", value: func(s *suite) float64 {
		return ratio(s.others.frames, s.others.bareFrames)
	}},
	{figure: "/v1/authz level local over an empty net/http handler, requests/s", least: .7, unit: "×", value: func(s *suite) float64 {
		for _, l := range s.result("embedded: checks, local").Limits {
			return l.Ratio
		}
		return math.NaN()
	}},
	{figure: "three nodes: notice to a tab on another node over single node, p50", most: 2, unit: "×", value: func(s *suite) float64 {
		return ratio(quantile(s, "three nodes: "+lone, "notice, another node", .5), quantile(s, "postgres: "+lone, "notice", .5))
	}},
	{
		figure: "node killed: slowest login of the employees after it", most: 1000, unit: "ms",
		value: figure("three nodes: a node is killed", "slowest login after the kill"),
	},
}

func figure(result, name string) func(*suite) float64 {
	return func(s *suite) float64 {
		if f := s.result(result).Figure(name); f != nil {
			return f.Value
		}
		return math.NaN()
	}
}

func overCommit(store string, q float64) func(*suite) float64 {
	return func(s *suite) float64 {
		name := store + ": " + lone
		return ratio(quantile(s, name, "notice", q), quantile(s, name, oneCommit, q))
	}
}

func leastOverCommit(store string, q float64) func(*suite) float64 {
	return func(s *suite) float64 {
		name := store + ": " + lone
		return ratio(quantile(s, name, leastNotice, q), quantile(s, name, leastCommit, q))
	}
}

func quantile(s *suite, result, latency string, q float64) float64 {
	l := s.result(result).Latency(latency)
	switch {
	case l == nil:
		return math.NaN()
	case q == .5:
		return l.P50
	}
	return l.P99
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

// known is a figure that is zero when it was not measured.
func known(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

// row is a target's line of the table, with what people wrote beside it as long as its verdict stands.
func (t *target) row(s *suite, old reason) string {
	must := "≤ " + withUnit(t.most, t.unit)
	if t.least > 0 {
		must = "≥ " + withUnit(t.least, t.unit)
	}
	v := t.value(s)
	verdict, measured := "met", withUnit(v, t.unit)+t.besideLeast(s)
	switch {
	case math.IsNaN(v):
		verdict, measured = "not measured", "–"
	case t.least > 0 && v < t.least, t.least == 0 && v > t.most:
		verdict = "**missed**"
	}
	why := ""
	if verdict == old.verdict {
		why = old.why
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", t.figure, must, measured, verdict, why)
}

// besideLeast says how the least program did, and whether it would miss: then no program of this stack
// reaches the figure on this machine.
func (t *target) besideLeast(s *suite) string {
	if t.floor == nil || math.IsNaN(t.floor(s)) {
		return ""
	}
	v := t.floor(s)
	says := fmt.Sprintf(" (%s: %s", leastProgram, withUnit(v, t.unit))
	if v > t.most {
		says += ", missed by it too"
	}
	return says + ")"
}

func withUnit(v float64, unit string) string { return report.Number(v) + " " + unit }
